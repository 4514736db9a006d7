"""The equations that the schemes discretise: gradient flow, and a ball with mass and friction."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from helpers.inputs import real_array, real_number
from helpers.sgd_dynamics._types import Array, Field


def gradient_flow(gradient: Field, start: ArrayLike, times: ArrayLike) -> Array:
    """θ(t) of θ̇ = −∇L for one start (d,) at increasing times ≥ 0 (T,), shape (T, d), to about 1e−11 (DOP853).

    >>> gradient_flow(lambda x: x, [1.0], [0.0, 1.0]).round(6).tolist()  # e^{−t}
    [[1.0], [0.367879]]
    """
    start, times = _start_and_times(start, times)
    return _solve(lambda t, y: -gradient(y), start, times)


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
    """(θ, θ̇), each (T, d), of mθ̈ + (λ + h∇²L)θ̇ = −∇L from rest at ``start`` (d,), to about 1e−11 (DOP853).

    With m = 1, h = 0 it is the article's eq. 10; m = 1 − λγ/2, h = cγ is the high-resolution equation of the Nesterov
    schemes (after Shi, Du, Jordan & Su 2018). times: increasing, ≥ 0. h ≠ 0 needs the hessian. ValueError otherwise.

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
            drag = drag + extra * hessian(theta) @ eta
        return np.concatenate([eta, -(drag + gradient(theta)) / mass])

    y = _solve(rhs, np.concatenate([start, np.zeros(size)]), times)
    return y[:, :size], y[:, size:]


def _start_and_times(start: ArrayLike, times: ArrayLike) -> tuple[Array, Array]:
    start, times = np.atleast_1d(real_array("start", start)), np.atleast_1d(real_array("times", times, at_least=0))
    if start.ndim != 1 or times.ndim != 1 or (np.diff(times) < 0).any():
        raise ValueError(
            f"start, times: have shapes {start.shape} and {times.shape}; give one axis each, and times that increase"
        )
    return start, times


def _solve(rhs: Callable[[float, Array], Array], start: Array, times: Array) -> Array:
    solution = solve_ivp(rhs, (0.0, max(times[-1], 1e-300)), start, "DOP853", t_eval=times, rtol=1e-12, atol=1e-13)
    if not solution.success:
        raise ArithmeticError(f"the equation could not be integrated: {solution.message}")
    return solution.y.T


def critical_friction(gradient: Field, start: float, barrier: float, high: float = 10.0) -> float:
    """The friction λ above which a ball released at rest at ``start`` (one coordinate) no longer reaches ``barrier``.

    Bisection (brentq) on the velocity of arrival, or minus the distance that is missing at the first turning point.
    ValueError when the ball crosses even at λ = ``high``, or fails to at λ = 0.

    >>> round(critical_friction(lambda x: x**3 - x, -1.6, 0.0), 4)
    0.3501
    """
    start, barrier = real_number("start", start), real_number("barrier", barrier)
    direction = math.copysign(1.0, barrier - start)

    def margin(friction: float) -> float:
        def arrived(t: float, y: Array) -> float:
            return y[0] - barrier

        def turned(t: float, y: Array) -> float:
            return y[1] * direction

        arrived.terminal = turned.terminal = True  # type: ignore[attr-defined]  # how solve_ivp is told to stop
        turned.direction = -1  # type: ignore[attr-defined]
        force = lambda t, y: [y[1], -friction * y[1] - float(gradient(np.array([y[0]]))[0])]  # noqa: E731
        path = solve_ivp(force, (0, 1e4), [start, 0.0], "DOP853", events=[arrived, turned], rtol=1e-10, atol=1e-12)
        if path.t_events[0].size:
            return abs(path.y[1, -1])
        return -abs(path.y[0, -1] - barrier)

    low, top = margin(0.0), margin(high)
    if low <= 0 or top >= 0:
        raise ValueError(f"start, barrier: no friction between 0 and {high:g} separates crossing from not crossing")
    return float(brentq(margin, 0.0, high, xtol=1e-9))
