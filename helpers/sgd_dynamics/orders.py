"""The order of a scheme: its error against the equation that it discretises, at several time steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import integer, real_array, real_number
from helpers.sgd_dynamics._types import Array, Field
from helpers.sgd_dynamics.flows import inertial_flow
from helpers.sgd_dynamics.schemes import integrate, resting_velocity


def fitted_power(x: ArrayLike, y: ArrayLike) -> float:
    """The p of y ∝ xᵖ: the slope of a straight line through log y against log x. x, y > 0; ValueError otherwise.

    >>> round(fitted_power([1, 2, 4], [5, 20, 80]), 9)
    2.0
    """
    x, y = real_array("x", x, above=0), real_array("y", y, above=0)
    if x.ndim != 1 or x.shape != y.shape or x.size < 2:
        raise ValueError(f"x, y: have shapes {x.shape} and {y.shape}; give one axis of at least two numbers each")
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def scheme_errors(
    gradient: Field,
    start: ArrayLike,
    resolutions: ArrayLike,
    *,
    horizon: float,
    friction: float,
    rule: Callable[[float, float], tuple[Any, Any]],
    scheme: str = "heavy_ball",
    resting: bool = True,
    late: float = 0.0,
    hessian: Field | None = None,
    equation: Callable[[float], Mapping[str, Any]] | None = None,
) -> Array:
    """Largest error up to time ``horizon``, for every number of steps in ``resolutions`` (n,), shape (n,).

    rule: (friction, γ) to (α, β), such as `momentum_from_friction`. resting: start at rest at t = 0, by
    `resting_velocity`; otherwise with v = 0. late: the share of a step by which the clock of the scheme is late.
    equation: γ to further arguments of `inertial_flow`, the solution compared with; none for Newton's equation.
    Other arguments and errors as in `integrate`.

    >>> from helpers.sgd_dynamics.momentum import momentum_from_friction
    >>> setting = {"horizon": 1, "friction": 1, "rule": momentum_from_friction}
    >>> coarse, fine = scheme_errors(lambda x: x, [1.0], [20, 40], **setting)
    >>> round(float(coarse / fine), 1)  # of second order
    4.0
    """
    horizon = real_number("horizon", horizon, above=0)
    found = []
    for n in np.ravel(np.asarray(resolutions)).tolist():
        step = horizon / integer("resolutions", n, 1)
        alpha, beta = rule(friction, step)
        velocity = resting_velocity(gradient, start, step) if resting else 0.0
        path, _ = integrate(
            gradient,
            start,
            learning_rate=alpha,
            momentum=beta,
            steps=n,
            scheme=scheme,
            velocity=velocity,
            hessian=hessian,
            record=True,
        )
        more = equation(step) if equation is not None else {}
        times = step * (np.arange(n + 1) + late)
        found.append(np.abs(path - inertial_flow(gradient, start, times, friction=friction, **more)[0]).max())
    return np.array(found)
