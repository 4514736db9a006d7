"""The schemes: gradient descent with momentum, the gradient taken at four different points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import choice, integer, real_array
from helpers.sgd_dynamics._types import Array, Field

SCHEMES = ("heavy_ball", "nesterov_half", "nesterov", "implicit")
LOOKAHEAD = {"heavy_ball": 0.0, "nesterov_half": 0.5, "nesterov": 1.0}  # share of βv at which ∇L is taken


def _midpoint(gradient: Field, hessian: Field, centre: Array, half_rate: Array) -> Array:
    """Solve m + (α/2)∇L(m) = centre by Newton: the midpoint of the implicit scheme, a proximal step."""
    m, identity = centre.copy(), np.eye(centre.shape[-1])
    for _ in range(60):
        residual = m + half_rate * gradient(m) - centre
        change = np.linalg.solve(identity + half_rate[..., None] * hessian(m), residual[..., None])[..., 0]
        m = m - change
        if (np.abs(change) <= 1e-14 * (1 + np.abs(m))).all():
            return m
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
    ValueError for bad arguments; diverging runs are the caller's business and may return inf.

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
    path = [(theta, v)]
    for _ in range(steps):
        if hessian is not None and scheme == "implicit":
            v = 2 * (_midpoint(gradient, hessian, theta + beta * v / 2, rate / 2) - theta)
        else:
            ahead = LOOKAHEAD[scheme]
            point = theta + ahead * beta * v if ahead else theta
            v = beta * v - rate * gradient(point)
        theta = theta + v
        if record:
            path.append((theta, v))
        if observe is not None:
            observe(theta, v)
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
    return real_array("step", step, above=0)[..., None] ** 2 / 2 * gradient(start)
