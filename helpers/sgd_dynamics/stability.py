"""Stability on a quadratic: one step as a matrix, its largest eigenvalue, and the tuning that makes it smallest."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import choice, real_array, real_number
from helpers.sgd_dynamics._types import Array
from helpers.sgd_dynamics.schemes import LOOKAHEAD, SCHEMES


def amplification(a: ArrayLike, beta: ArrayLike, scheme: str) -> Array:
    """Matrix (…, 2, 2) that takes (θ, v) one step further on L = ½kθ², with a = αk.

    a ≥ 0 and 0 ≤ β ≤ 1 broadcast; ValueError outside, or for a scheme not in SCHEMES.

    >>> amplification(1, 0.5, "heavy_ball").tolist()  # v ← v/2 − θ, then θ ← θ + v
    [[0.0, 0.5], [-1.0, 0.5]]
    """
    choice("scheme", scheme, SCHEMES)
    a, beta = real_array("a", a, at_least=0), real_array("beta", beta, at_least=0, at_most=1)
    a, beta = np.broadcast_arrays(a, beta)
    if scheme == "implicit":
        force, carry = a / (1 + a / 2), beta / (1 + a / 2)
    else:
        force, carry = a, beta * (1 - LOOKAHEAD[scheme] * a)
    return np.stack([np.stack([1 - force, carry], -1), np.stack([-force, carry], -1)], -2)


def spectral_radius(a: ArrayLike, beta: ArrayLike, scheme: str) -> Array:
    """Largest eigenvalue modulus of `amplification`, in closed form; the scheme converges where it is below 1.

    >>> float(spectral_radius(1, 0.25, "heavy_ball"))  # complex pair of modulus √β
    0.5
    """
    matrix = amplification(a, beta, scheme)
    half_trace = (matrix[..., 0, 0] + matrix[..., 1, 1]) / 2
    determinant = matrix[..., 1, 1] * (matrix[..., 0, 0] - matrix[..., 1, 0])  # carry·(1 − force + force)
    discriminant = half_trace**2 - determinant
    real = np.abs(half_trace) + np.sqrt(np.maximum(discriminant, 0))
    return np.where(discriminant < 0, np.sqrt(np.maximum(determinant, 0)), real)


def stability_limit(beta: ArrayLike, scheme: str) -> Array:
    """Supremum of αk for which the scheme converges on ½kθ²: inf for "implicit".

    From the Jury conditions: 2(1 + β) / (1 + 2cβ) with c = 0, ½, 1 for heavy ball, half and standard Nesterov.
    0 ≤ β < 1; ValueError otherwise.

    >>> float(stability_limit(0.5, "heavy_ball")), float(stability_limit(0.5, "nesterov"))
    (3.0, 1.5)
    """
    beta = real_array("beta", beta, at_least=0, below=1)
    if choice("scheme", scheme, SCHEMES) == "implicit":
        return np.full(beta.shape, math.inf)
    return 2 * (1 + beta) / (1 + 2 * LOOKAHEAD[scheme] * beta)


def optimal_tuning(smallest: float, largest: float, method: str) -> tuple[float, float, float]:
    """(learning rate, momentum, contraction per step) of the best tuning on quadratics with curvatures in [μ, ℓ].

    method: "gradient_descent", "heavy_ball" (Polyak 1964), "nesterov" (α = 1/ℓ), or "nesterov_best" (Lessard, Recht &
    Packard 2016, the best α and β). 0 < μ ≤ ℓ; ValueError otherwise.

    >>> optimal_tuning(1, 3, "gradient_descent")
    (0.5, 0.0, 0.5)
    """
    mu = real_number("smallest", smallest, above=0)
    top = real_number("largest", largest, at_least=mu)
    choice("method", method, ("gradient_descent", "heavy_ball", "nesterov", "nesterov_best"))
    root = math.sqrt(top / mu)
    if method == "gradient_descent":
        return 2 / (top + mu), 0.0, (top - mu) / (top + mu)
    if method == "heavy_ball":
        rate = (root - 1) / (root + 1)
        return 4 / (math.sqrt(top) + math.sqrt(mu)) ** 2, rate**2, rate
    if method == "nesterov":
        return 1 / top, (root - 1) / (root + 1), 1 - 1 / root
    root = math.sqrt(3 * top / mu + 1)
    return 4 / (3 * top + mu), (root - 2) / (root + 2), 1 - 2 / root
