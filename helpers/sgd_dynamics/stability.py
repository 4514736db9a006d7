"""Stability on a quadratic: one step as a matrix, its largest eigenvalue, and the tuning that makes it smallest."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import broadcast, choice, real_array, real_number
from helpers.sgd_dynamics._range import finite, quotient
from helpers.sgd_dynamics._types import Array
from helpers.sgd_dynamics.schemes import LOOKAHEAD, SCHEMES


def amplification(a: ArrayLike, beta: ArrayLike, scheme: str) -> Array:
    """Matrix (…, 2, 2) that takes (θ, v) one step further on L = ½kθ², with a = αk.

    a ≥ 0 and 0 ≤ β ≤ 1 broadcast; ValueError outside, or for a scheme not in SCHEMES.

    >>> amplification(1, 0.5, "heavy_ball").tolist()  # v ← v/2 − θ, then θ ← θ + v
    [[0.0, 0.5], [-1.0, 0.5]]
    """
    force, kept, _ = _coefficients(a, beta, scheme)
    return np.stack([np.stack([1 - force, kept], -1), np.stack([-force, kept], -1)], -2)


def _coefficients(a: ArrayLike, beta: ArrayLike, scheme: str) -> tuple[Array, Array, Array]:
    """(f, c, 2 + 2c − f) of one step v ← cv − fθ, θ ← θ + v; the third, without cancellation, is 0 at the limit."""
    choice("scheme", scheme, SCHEMES)
    a, beta = broadcast(a=real_array("a", a, at_least=0), beta=real_array("beta", beta, at_least=0, at_most=1))
    if scheme == "implicit":
        return a / (1 + a / 2), beta / (1 + a / 2), 2 * (1 + beta) / (1 + a / 2)
    ahead = LOOKAHEAD[scheme]
    with np.errstate(over="ignore"):
        rest = finite("a", 2 * (1 + beta) - a * (1 + 2 * ahead * beta))
    return a, beta * (1 - ahead * a), rest


def spectral_radius_by_eigenvalues(a: ArrayLike, beta: ArrayLike, scheme: str) -> Array:
    """Largest eigenvalue modulus of `amplification`, numerically: the plain method, a few 1e−8 off at double roots.

    >>> round(float(spectral_radius_by_eigenvalues(1, 0.25, "heavy_ball")), 6)  # complex pair of modulus √β
    0.5
    """
    return np.abs(np.linalg.eigvals(amplification(a, beta, scheme))).max(-1)


def spectral_radius(a: ArrayLike, beta: ArrayLike, scheme: str) -> Array:
    """Largest eigenvalue modulus of `amplification`, in closed form; the scheme converges where it is below 1.

    Within a few units of the last digit it is on the right side of 1, and 1 itself where it must be (a = 0, or β = 1
    for heavy ball). At double roots, whose position depends on the square root of rounding, it is 1e−8 off.

    >>> float(spectral_radius(1, 0.25, "heavy_ball")), float(spectral_radius(0, 0.9, "heavy_ball"))
    (0.5, 1.0)
    """
    force, kept, rest = _coefficients(a, beta, scheme)
    half_trace, modulus = np.abs(1 - force + kept) / 2, np.sqrt(np.abs(kept))  # the determinant is c: |z₁z₂| = |c|
    below = half_trace - modulus
    # z² − (1 − f + c)z + c has the roots ±(h ± √(h² − c)), here without squares, which overflow beyond 1e154
    spread = np.where(
        kept < 0, np.hypot(half_trace, modulus), np.sqrt(np.maximum(below, 0)) * np.sqrt(half_trace + modulus)
    )
    largest = half_trace + spread
    other = np.divide(kept, largest, out=np.zeros_like(largest), where=largest > 0)
    # (1 − z₁)(1 − z₂) = f and (1 + z₁)(1 + z₂) = 2 + 2c − f: so the distance from 1 has no cancellation
    gap = np.where(1 - force + kept < 0, rest, force)
    gap = np.divide(gap, 1 - other, out=np.zeros_like(gap), where=other < 1)
    return np.where((kept > 0) & (below < 0), modulus, 1 - gap)


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

    >>> optimal_tuning(1, 4, "gradient_descent")
    (0.4, 0.0, 0.6)
    """
    mu = real_number("smallest", smallest, above=0)
    top = real_number("largest", largest, at_least=mu)
    choice("method", method, ("gradient_descent", "heavy_ball", "nesterov", "nesterov_best"))
    q = mu / top  # 1/κ, which cannot overflow
    root = math.sqrt(q)
    if method == "gradient_descent":
        scaled, momentum, contraction = 2 / (1 + q), 0.0, (1 - q) / (1 + q)
    elif method == "heavy_ball":
        contraction = (1 - root) / (1 + root)
        scaled, momentum = 4 / (1 + root) ** 2, contraction**2
    elif method == "nesterov":
        scaled, momentum, contraction = 1.0, (1 - root) / (1 + root), 1 - root
    else:
        root = math.sqrt(q / (3 + q))
        scaled, momentum, contraction = 4 / (3 + q), (1 - 2 * root) / (1 + 2 * root), 1 - 2 * root
    return float(quotient("largest", [scaled], [top])), momentum, contraction
