"""The equations that the schemes discretise: gradient flow, and a ball with mass and friction."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import cumulative_simpson, solve_ivp
from scipy.optimize import brentq

from helpers.inputs import real_array, real_number
from helpers.sgd_dynamics._types import Array, Field, field_values, locked

_EVALUATIONS = 50_000  # of the gradient, after which a method gives up: a few seconds


def gradient_flow(gradient: Field, start: ArrayLike, times: ArrayLike) -> Array:
    """θ(t) of θ̇ = −∇L for one start (d,) at times ≥ 0 that do not decrease (T,), shape (T, d).

    Accurate to about 1e−11 (DOP853), 1e−9 where it is stiff (LSODA). ValueError for bad arguments, and for a flow that
    blows up or takes more than 50 000 evaluations of the gradient.

    >>> gradient_flow(lambda x: x, [1.0], [0.0, 1.0]).round(6).tolist()  # e^{−t}
    [[1.0], [0.367879]]
    """
    start, times = _start_and_times(start, times)
    size = np.abs(start).max() or times[-1] * np.abs(field_values("gradient", gradient, locked(start))).max()
    return _solve(lambda t, y: -field_values("gradient", gradient, locked(y)), start, times, size * np.ones(start.size))


def inertial_flow(
    gradient: Field,
    start: ArrayLike,
    times: ArrayLike,
    *,
    friction: float,
    mass: float = 1.0,
    curvature_friction: float = 0.0,
    hessian: Field | None = None,
) -> tuple[Array, Array]:
    """(θ, θ̇), each (T, d), of mθ̈ + (λ + h∇²L)θ̇ = −∇L from rest at ``start`` (d,).

    With m = 1, h = 0 it is the article's eq. 10; m = 1 − λγ/2, h = cγ is the high-resolution equation of the Nesterov
    schemes (after Shi, Du, Jordan & Su 2018). h ≠ 0 needs the hessian. Times, accuracy, errors as in `gradient_flow`.

    >>> theta, velocity = inertial_flow(lambda x: x, [1.0], [np.pi], friction=0)  # cos t and −sin t
    >>> round(theta.item(), 6), round(abs(velocity.item()), 6)
    (-1.0, 0.0)
    """
    start, times = _start_and_times(start, times)
    friction, mass = real_number("friction", friction, at_least=0), real_number("mass", mass, above=0)
    extra, size = real_number("curvature_friction", curvature_friction), start.size
    if extra and hessian is None:
        raise ValueError("hessian: is None; give ∇²L where curvature_friction is not 0")

    def rhs(t: float, y: Array) -> Array:
        theta, eta = y[:size], y[size:]
        drag = friction * eta
        if hessian is not None and extra:
            drag = drag + extra * field_values("hessian", hessian, locked(theta), (size,)) @ eta
        return np.concatenate([eta, -(drag + field_values("gradient", gradient, locked(theta))) / mass])

    reach = (
        np.abs(start).max() or times[-1] ** 2 * np.abs(field_values("gradient", gradient, locked(start))).max() / mass
    )
    scale = np.repeat([reach, reach / max(1.0, times[-1])], size)
    y = _solve(rhs, np.concatenate([start, np.zeros(size)]), times, scale)
    return y[:, :size], y[:, size:]


def _start_and_times(start: ArrayLike, times: ArrayLike) -> tuple[Array, Array]:
    start, times = np.atleast_1d(real_array("start", start)), np.atleast_1d(real_array("times", times, at_least=0))
    if start.ndim != 1 or times.ndim != 1 or (np.diff(times) < 0).any():
        raise ValueError(
            f"start, times: have shapes {start.shape} and {times.shape}; give one axis each, and times that increase"
        )
    return start, times


class _TooMany(Exception):
    """The explicit method has used up its evaluations: the equation is stiff."""


def _solve(rhs: Callable[[float, Array], Array], start: Array, times: Array, scale: Array) -> Array:
    """States (T, …) at ``times``, each step to 1e−12 of themselves or 1e−13 of ``scale``, at most 1."""
    moments, where = np.unique(times, return_inverse=True)
    if moments[-1] == 0:
        return np.repeat(start[None], times.size, 0)
    tolerance, calls = {"rtol": 1e-12, "atol": np.clip(1e-13 * scale, 1e-300, 1e-13)}, 0

    def counted(t: float, y: Array) -> Array:
        nonlocal calls
        calls += 1
        if calls > _EVALUATIONS:
            raise _TooMany
        return rhs(t, y)

    for method in ("DOP853", "LSODA"):  # explicit, and one that turns implicit where the equation is stiff
        calls = 0
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # LSODA warns of what `success` says
            try:
                solution = solve_ivp(counted, (0.0, moments[-1]), start, method, t_eval=moments, **tolerance)
            except _TooMany:
                continue
        if solution.success and np.isfinite(solution.y).all():
            return solution.y.T[where]
        break
    raise ValueError(f"gradient, times: the equation cannot be integrated up to {moments[-1]:g}; give earlier times")


def critical_friction(gradient: Field, start: float, barrier: float, high: float = 10.0) -> float:
    """The friction λ above which a ball released at rest at ``start`` (one coordinate) no longer reaches ``barrier``.

    Root finding (brentq) on the speed of arrival, or minus the distance that is missing where the ball turns or has
    too little energy left for the highest point ahead. Lengths are measured by the way, times by the strongest push.
    In those units the result is within about 1e−9, for a barrier of 1e−5 of the fall before it or higher.
    ValueError when the ball crosses even at λ = ``high``, or fails to at λ = 0, and for a barrier below 1e−6 of it.

    >>> round(critical_friction(lambda x: x**3 - x, -1.6, 0.0), 4)
    0.3501
    """
    start, barrier = real_number("start", start), real_number("barrier", barrier)
    high, way = real_number("high", high, above=0), barrier - start

    def pull(x: Array) -> Array:
        """Force (…, 1) towards the barrier at the share x of the way."""
        return -field_values("gradient", gradient, start + way * x) * math.copysign(1.0, way)

    x = np.linspace(0.0, 1.0, 4097)
    with np.errstate(all="ignore"):
        forces = pull(x[:, None])[:, 0]
        strongest = float(np.abs(forces).max())
        height = -cumulative_simpson(forces / strongest, x=x, initial=0)
        ahead = np.maximum.accumulate(height[::-1])[::-1]  # the highest point that is still to come
    if not (way and forces[0] > 0 and np.isfinite(height).all()):
        raise ValueError("start, barrier: the ball is not pushed towards the barrier; give a start above it")
    unit = math.sqrt(strongest) / math.sqrt(abs(way))  # 1/time
    rise = (ahead - height).max()

    def margin(friction: float) -> float:
        """Of the ball with friction × unit; its state is (share of the way, velocity, height)."""

        def force(t: float, y: Array) -> list[float]:
            push = float(pull(y[:1])[0]) / strongest
            return [y[1], push - friction * y[1], -push * y[1]]

        def arrived(t: float, y: Array) -> float:
            return y[0] - 1

        def turned(t: float, y: Array) -> float:
            return y[1]

        def lost(t: float, y: Array) -> float:
            return y[1] ** 2 / 2 + y[2] - np.interp(y[0], x, ahead) + 1e-6 * rise  # more than the height's own error

        events = [arrived, turned, lost]
        for event in events:
            event.terminal, event.direction = True, -1 if event is not arrived else 0  # type: ignore[attr-defined]
        with np.errstate(over="ignore", invalid="ignore"):
            path = solve_ivp(force, (0, 1e4), [0.0, 0.0, 0.0], "DOP853", events=events, rtol=1e-10, atol=1e-12)
        # a ball that turns just behind the barrier may have passed it twice within a step, unseen by `arrived`
        return abs(path.y[1, -1]) if path.t_events[0].size else path.y[0, -1] - 1

    low, most = 0.0, high / unit
    upper = min(0.125, most)  # doubled until the ball fails: a stiff equation far above the root is never solved
    hopeless = rise <= 1e-6 * np.ptp(height) or margin(0.0) <= 0
    while not hopeless and margin(upper) >= 0:
        hopeless = upper == most
        low, upper = upper, min(2 * upper, most)
    if hopeless:
        raise ValueError(
            f"start, barrier: no friction between 0 and {high:g} separates crossing from not crossing, "
            "or the barrier is below 1e−6 of the fall; give others"
        )
    return unit * float(brentq(margin, low, upper, xtol=1e-9))
