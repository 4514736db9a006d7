"""The distribution function Φ(x) = ∫_{−1}^x p and its inverse, on [−1, 1]."""

from __future__ import annotations

import numpy as np

from helpers.fourier_density._arrays import density_coefficients
from helpers.fourier_density._types import Array, Complex, Given
from helpers.fourier_density.trigonometric_series import trigonometric_sum
from helpers.inputs import real_array


def distribution_coefficients(b: Given) -> Complex:
    """d with Φ(x) = (x+1)/2 + Re Σ_{n≥0} d_n e^{iπnx}: d_n = b_n/(iπn), and d_0 such that Φ(−1) = 0; b (N+1,).

    >>> (distribution_coefficients([1, 0.5]) * np.pi).imag.tolist()  # p = ½ + ½ cos πx, Φ = (x+1)/2 + sin(πx)/(2π)
    [0.0, -0.5]
    """
    b = density_coefficients("b", b)
    n = np.arange(1, b.size)
    d = b[1:] / (1j * np.pi * n)
    return np.concatenate([[-(d * (-1.0) ** n).sum().real], d])


def quantiles_by_bisection(b: Given, u: Given) -> Array:
    """x with Φ(x) = u, by halving the interval 60 times; u in [0, 1], any shape. O(60 N) a point: `icdf` is faster.

    >>> quantiles_by_bisection([1], [0.0, 0.25, 1.0]).round(12).tolist()  # uniform: 2u − 1
    [-1.0, -0.5, 1.0]
    """
    u, d = real_array("u", u, at_least=0, at_most=1, empty=True), distribution_coefficients(b)
    low, high = np.full(u.shape, -1.0), np.full(u.shape, 1.0)
    for _ in range(60):
        middle = (low + high) / 2
        below = (middle + 1) / 2 + trigonometric_sum(d, middle) < u
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2
