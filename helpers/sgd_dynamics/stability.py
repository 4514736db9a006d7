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
    force, kept, _, _ = _coefficients(a, beta, scheme)
    return np.stack([np.stack([1 - force, kept], -1), np.stack([-force, kept], -1)], -2)


def _coefficients(a: ArrayLike, beta: ArrayLike, scheme: str) -> tuple[Array, Array, Array, Array]:
    """f and c of one step v ← cv − fθ, θ ← θ + v; and, without cancellation, 1 − c and 2 + 2c − f."""
    choice("scheme", scheme, SCHEMES)
    a, beta = broadcast(a=real_array("a", a, at_least=0), beta=real_array("beta", beta, at_least=0, at_most=1))
    if scheme == "implicit":
        scale = 1 + a / 2
        return a / scale, beta / scale, (1 - beta + a / 2) / scale, 2 * (1 + beta) / scale
    ahead = LOOKAHEAD[scheme]
    with np.errstate(over="ignore"):
        rest = finite("a", 2 * (1 + beta) - a * (1 + 2 * ahead * beta))
    return a, beta * (1 - ahead * a), 1 - beta + ahead * beta * a, rest


def spectral_radius_by_eigenvalues(a: ArrayLike, beta: ArrayLike, scheme: str) -> Array:
    """Largest eigenvalue modulus of `amplification`, numerically: the plain method, a few 1e−8 off at double roots.

    >>> round(float(spectral_radius_by_eigenvalues(1, 0.25, "heavy_ball")), 6)  # complex pair of modulus √β
    0.5
    """
    return np.abs(np.linalg.eigvals(amplification(a, beta, scheme))).max(-1)


def spectral_radius(a: ArrayLike, beta: ArrayLike, scheme: str) -> Array:
    """Largest eigenvalue modulus of `amplification`, in closed form; the scheme converges where it is below 1.

    On the right side of 1 unless a is within rounding of the limit, and 1 itself where it must be (a = 0, or β = 1 for
    heavy ball). Near a double root the error is the square root of rounding, 1e−8, as it is for the coefficients.

    >>> float(spectral_radius(1, 0.25, "heavy_ball")), float(spectral_radius(0, 0.9, "heavy_ball"))
    (0.5, 1.0)
    """
    force, kept, lost, rest = _coefficients(a, beta, scheme)
    # z² − 2hz + c with 2h = 1 − f + c has the roots h ± √(h² − c); the determinant c is the product of the roots
    middle, modulus = (1 - force + kept) / 2, np.sqrt(np.abs(kept))
    # for c > 0, 4(h² − c) = ((1 − √c)² − f)((1 + √c)² − f), which keeps its digits where f and 1 − c are small
    near, far = (lost / (1 + modulus)) ** 2 - force, (1 + modulus) ** 2 - force
    spread = np.where(kept > 0, np.sqrt(np.abs(near)) * np.sqrt(np.abs(far)) / 2, np.hypot(middle, modulus))
    # (1 − z₁)(1 − z₂) = f and (1 + z₁)(1 + z₂) = 2 + 2c − f give the distance from 1 without cancellation
    product = np.where(middle < 0, rest, force)
    mean = product / 2 + lost / 2
    gap = np.divide(product, mean + spread, out=np.asarray(mean - spread), where=mean > 0)
    return np.where((kept > 0) & (near < 0) & (far > 0), modulus, 1 - gap)


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
