"""Weierstrass's function: continuous everywhere, differentiable nowhere."""

from __future__ import annotations

import numpy as np

from helpers.derivatives._types import Array, Real
from helpers.inputs import integer, real_array, real_number


def weierstrass(x: Real, a: float = 0.5, b: int = 13, terms: int = 40) -> np.floating | Array:
    """Weierstrass's function W(x) = Σ_{k < terms} a^k cos(b^k π x): continuous, and nowhere differentiable if ab ≥ 1.

    a: in (0, 1). b: integer, 2 to 64 (Weierstrass 1872 asked for odd b with ab > 1 + 3π/2; Hardy 1916 for ab ≥ 1).
    x: real. b^k x is reduced mod 2 at every step, which is exact for a multiple of 2^−44 (else rounding
    errors grow by the factor b per term, and the function is that of a nearby point per term).

    >>> round(float(weierstrass(0.0)), 9)  # Σ 2^−k
    2.0
    """
    _check_series(a, b, terms)
    phase = np.mod(real_array("x", x), 2.0)
    total = np.zeros_like(phase)
    for k in range(terms):
        total += a**k * np.cos(np.pi * phase)
        phase = np.mod(b * phase, 2.0)
    return total[()]


def weierstrass_rms_slope(h: Real, a: float = 0.5, b: int = 13, terms: int = 40) -> np.floating | Array:
    """Root mean square over x of the secant slope (W(x + h) − W(x)) / h, exactly.

    The cosines are orthogonal, so the mean of (W(x + h) − W(x))² is Σ_k a^{2k} (1 − cos(b^k π h)). For small h it grows
    like h^{α − 1} with α = ln(1/a) / ln b. h: multiples of 2^−44, ≠ 0. Other arguments as in `weierstrass`.

    >>> round(float(weierstrass_rms_slope(1.0)), 9)  # cos(b^k π(x + 1)) = −cos(b^k πx) for odd b: √(2 Σ 4^−k)
    1.632993162
    """
    _check_series(a, b, terms)
    h = real_array("h", h)
    if np.any(h == 0):
        raise ValueError("h: holds 0; give steps different from 0")
    if np.any(np.fmod(h, 2.0**-44)):  # fmod is exact
        raise ValueError("h: is not a multiple of 2^−44; give np.round(h * 2.0**44) / 2.0**44")
    # 1 − cos(πt) loses the digits of a small t, 2 sin²(πt/2) keeps them, with t taken in [−1, 1]
    phase, mean_square = _nearest_phase(h), np.zeros_like(h)
    for k in range(terms):
        mean_square += a ** (2 * k) * 2 * np.sin(np.pi * phase / 2) ** 2
        phase = _nearest_phase(b * phase)
    return (np.sqrt(mean_square) / np.abs(h))[()]


def _nearest_phase(t: Array) -> Array:
    """t minus the nearest even number, exactly."""
    return t - 2 * np.rint(t / 2)


def _check_series(a: float, b: int, terms: int) -> None:
    real_number("a", a, above=0, below=1)
    integer("b", b, 2, 64)
    integer("terms", terms, 1, 1000)
