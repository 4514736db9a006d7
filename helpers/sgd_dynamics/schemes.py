"""The schemes: gradient descent with momentum, the gradient taken at four different points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import broadcast, choice, integer, real_array
from helpers.sgd_dynamics._range import quotient
from helpers.sgd_dynamics._types import Array, Field, field_values, locked

SCHEMES = ("heavy_ball", "nesterov_half", "nesterov", "implicit")
LOOKAHEAD = {"heavy_ball": 0.0, "nesterov_half": 0.5, "nesterov": 1.0}  # share of βv at which ∇L is taken


def _midpoint(gradient: Field, hessian: Field, centre: Array, half_rate: Array) -> Array:
    """Solve m + (α/2)∇L(m) = centre by Newton: the midpoint of the implicit scheme, a proximal step."""
    m, identity, last = centre, np.eye(centre.shape[-1]), False
    for _ in range(60):
        m.setflags(write=False)
        residual = m + half_rate * field_values("gradient", gradient, m) - centre
        curved = half_rate[..., None] * field_values("hessian", hessian, m, m.shape[-1:])
        try:
            change = np.linalg.solve(identity + curved, residual[..., None])[..., 0]
        except np.linalg.LinAlgError:
            break
        m = m - change
        size = np.abs(m).max(-1) + np.abs(centre).max(-1)
        share = (np.abs(change).max(-1) / (size + 5e-324)).max()
        # Newton squares the error, so that the step after a change of 1e−8 is the last that can help
        if last or share <= 1e-16:
            return m
        last = share <= 1e-8
    raise ArithmeticError("implicit scheme: Newton did not converge in 60 iterations; take a smaller learning rate")


def integrate(
    gradient: Field,
    start: ArrayLike,
    *,
    learning_rate: ArrayLike,
    momentum: ArrayLike = 0.0,
    steps: int,
    scheme: str = "heavy_ball",
    velocity: ArrayLike = 0.0,
    hessian: Field | None = None,
    record: bool = False,
    observe: Callable[[Array, Array], None] | None = None,
) -> tuple[Array, Array]:
    """Run one of SCHEMES for ``steps`` steps from every start at once; returns (θ, v).

    gradient: maps positions (…, d) to ∇L of the same shape; hessian: (…, d) to (…, d, d), for "implicit" only.
    start: (…, d), or a number for d = 1. velocity: the initial v, same shape or broadcast.
    learning_rate > 0 and momentum in (−1, 1]: batch-shaped, that is, they broadcast with ``start.shape[:-1]``.
    record: return all steps, with a leading axis of steps + 1. observe: called with (θ, v) after every step.
    ValueError for bad arguments, and when a run diverges beyond float64; ArithmeticError where Newton's method fails.

    >>> theta, v = integrate(lambda x: x, 1, learning_rate=0.5, momentum=0.5, steps=2, record=True)
    >>> theta[:, 0].tolist()  # v = −0.5, then −0.25 − 0.25
    [1.0, 0.5, 0.0]
    """
    choice("scheme", scheme, SCHEMES)
    steps = integer("steps", steps, 1)
    start = np.atleast_1d(real_array("start", start))
    rate = real_array("learning_rate", learning_rate, above=0)[..., None]
    beta = real_array("momentum", momentum, above=-1, at_most=1)[..., None]
    v = real_array("velocity", velocity)
    if scheme == "implicit" and hessian is None:
        raise ValueError("hessian: the implicit scheme solves for its step; give ∇²L")
    try:
        shape = np.broadcast_shapes(start.shape, rate.shape, beta.shape)
        v = np.broadcast_to(v, shape).copy()
    except ValueError as error:
        raise ValueError(
            f"start, velocity, learning_rate, momentum: shapes do not fit ({error}); give shapes that broadcast"
        ) from error
    if shape[-1] != start.shape[-1]:
        raise ValueError(f"start: {start.shape[-1]} coordinates do not fit the batch {shape}; give one for each")
    theta, rate, beta = np.broadcast_to(start, shape).copy(), *np.broadcast_arrays(rate, beta)
    ahead = LOOKAHEAD[scheme] * beta if LOOKAHEAD.get(scheme) else None
    theta.setflags(write=False)  # a gradient that works in place fails at its first call
    path = [(theta, v)]
    with np.errstate(over="ignore", invalid="ignore"):  # what diverges is found at the end: inf never comes back
        for _ in range(steps):
            if hessian is not None and scheme == "implicit":
                v = 2 * (_midpoint(gradient, hessian, theta + beta * v / 2, rate / 2) - theta)
            else:
                point = theta + ahead * v if ahead is not None else theta
                v = beta * v - rate * field_values("gradient", gradient, point)
            theta = theta + v
            if record:
                path.append((theta, v))
            if observe is not None:
                observe(theta.copy(), v.copy())
    bad = ~(np.isfinite(theta) & np.isfinite(v)).all(-1)
    if bad.any():
        raise ValueError(
            f"learning_rate: {bad.sum()} of {bad.size} runs left the range of float64; give a smaller rate"
        )
    if record:
        return np.stack([p[0] for p in path]), np.stack([p[1] for p in path])
    return theta, v


def resting_velocity(gradient: Field, start: ArrayLike, step: ArrayLike) -> Array:
    """v₀ = ½γ²∇L(θ₀): what starts the centred scheme at rest at t = 0, since v belongs to the time −γ/2.

    It makes (v₀ + v₁)/2 = 0 exactly. start: (…, d); step > 0, batch-shaped. ValueError otherwise.

    >>> resting_velocity(lambda x: x, [1.0, -2.0], step=2).tolist()
    [2.0, -4.0]
    """
    start = np.atleast_1d(real_array("start", start))
    step = real_array("step", step, above=0)
    slope = field_values("gradient", gradient, locked(start))
    if start.ndim > 1 or step.ndim:
        slope, step = broadcast(start=slope, step=step[..., None])
    return quotient("step, gradient", [0.5, step, step, slope])
