"""Scaling by powers of two, which is exact, so that squares can be held at any scale."""

from __future__ import annotations

import numpy as np

from helpers.fourier_density._types import Complex, Indices


def with_exponent(values: Complex) -> tuple[Complex, Indices]:
    """unit (…, n) and e (…, 1) with values = unit · 2^e exactly, and the largest part of each row in [½, 1), or 0."""
    largest = np.maximum(np.abs(values.real), np.abs(values.imag)).max(-1, keepdims=True)
    exponent = np.frexp(largest)[1].astype(np.int64)
    return times_power_of_two(values, -exponent), exponent


def times_power_of_two(values: Complex, exponent: Indices) -> Complex:
    """values · 2^exponent, which a product of complex numbers would not give near the ends of float64's range."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        parts: Complex = np.ldexp(values.real, exponent) + 1j * np.ldexp(values.imag, exponent)
    return parts
