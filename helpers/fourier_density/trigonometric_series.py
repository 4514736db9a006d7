"""Sums of waves e^{iπnx}, and which of them are squares: c_n = Σ_k a_k a*_{k+n}."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from helpers.fourier_density._arrays import complex_array, complex_vector, returned
from helpers.fourier_density._exponents import times_power_of_two, with_exponent
from helpers.fourier_density._types import Array, Complex, Given, Indices, Returned
from helpers.fourier_density._waves import wave_sum
from helpers.inputs import integer, real_array


def autocorrelation_by_sum(a: Given) -> Complex:
    """c_n = Σ_{k=0}^{N−n} a_k a*_{k+n} for n = 0 … N, of a vector a (N+1,): the coefficients of f = |Σ a_k e^{−iπkx}|².

    >>> autocorrelation_by_sum([1, 2, 3]).real
    array([14.,  8.,  3.])
    """
    a = complex_vector("a", a)
    unit, exponent = with_exponent(a)
    return _restored(np.array([np.sum(unit[: a.size - n] * unit[n:].conj()) for n in range(a.size)]), exponent)


def _restored(unit: Complex, exponent: Indices) -> Complex:
    """c of a from that of a/2^exponent; ValueError where float64 cannot hold it."""
    c = times_power_of_two(unit, 2 * exponent)
    size = np.abs(c[..., 0])
    if not (np.isfinite(c).all() and ((size > 1e-300) | (unit[..., 0] == 0)).all()):
        raise ValueError(f"a: has a sum of squares near 2^{2 * exponent.max()}; give one from 1e-300 to 1e300")
    return c


def autocorrelation(a: Given) -> Returned:
    """The sums of `autocorrelation_by_sum`, over the last axis of a (…, N+1), by FFT; errors of a few ε·c_0.

    complex128; torch (detached) for torch.

    >>> autocorrelation([1, 2j]).round(12).tolist()  # 1·1 + 2i·(−2i), 1·(−2i)
    [(5+0j), -2j]
    """
    values = complex_array("a", a)
    (unit, exponent), degree = with_exponent(values), values.shape[-1] - 1
    spectrum = np.fft.fft(unit, 2 * degree + 1)
    c = np.fft.fft(np.abs(spectrum) ** 2)[..., : degree + 1] / (2 * degree + 1)
    return returned(_restored(c, exponent), a)


def trigonometric_sum(coefficients: Given, x: Given, derivative: int = 0) -> Array:
    """Re Σ_n (iπn)^derivative coefficients_n e^{iπnx}, summed directly: exact but O(N) a point; x of any shape.

    >>> trigonometric_sum([1, 2j], [0.0, 0.5]).round(12)  # 1 − 2 sin πx
    array([ 1., -1.])
    """
    coefficients, points = complex_vector("coefficients", coefficients), real_array("x", x, empty=True)
    with np.errstate(over="ignore", invalid="ignore"):
        points = points - 2 * np.rint(points / 2)  # exact, and no change in [−1, 1]
        total = wave_sum(coefficients, points, integer("derivative", derivative, 0))
    if not np.isfinite(total).all():
        raise ValueError(f"coefficients: reach {np.abs(coefficients).max():.3g}; give ones whose sum float64 can hold")
    return total


def descending_zeros(slope: Callable[[Array], Array], degree: int) -> Array:
    """Where ``slope``, a function of period 2, changes from + to −: points of [−1, 1), increasing.

    Bisection from a grid of 16 cells a degree, which may miss two sign changes within one cell.

    >>> descending_zeros(lambda x: np.cos(np.pi * x), 1).round(12)
    array([0.5])
    """
    cells = 16 * integer("degree", degree, 1)
    grid = -1 + (np.arange(cells + 1) + 0.5) * 2 / cells  # from cell middle to cell middle, past the seam at ±1
    values = slope((grid + 1) % 2 - 1)
    if not np.isfinite(values).all():
        raise ValueError("slope: returns nan or inf; give a function that is finite on [−1, 1)")
    down = np.flatnonzero((values[:-1] > 0) & (values[1:] <= 0))
    low, high = grid[down], grid[down + 1]
    for _ in range(50):
        middle = (low + high) / 2
        positive = slope((middle + 1) % 2 - 1) > 0
        low, high = np.where(positive, middle, low), np.where(positive, high, middle)
    return np.sort((low + high + 2) / 2 % 2 - 1)


def touching_series(degree: int, rng: np.random.Generator) -> Complex:
    """c_0 … c_N of a random real series whose minimum is 0: raised until it touches, and not made as a square.

    c_n is normal, divided by n + 1, for n ≥ 1. ValueError: degree < 1.

    >>> c = touching_series(3, np.random.default_rng(0))
    >>> bool(abs(trigonometric_sum([c[0], *2 * c[1:]], np.linspace(-1, 1, 100001)).min()) < 1e-8)
    True
    """
    degree = integer("degree", degree, 1)
    c: Complex = np.asarray(rng.normal(size=degree + 1) + 1j * rng.normal(size=degree + 1), dtype=complex)
    c /= 1 + np.arange(degree + 1)
    shape = np.concatenate([[0], 2 * c[1:]])
    low = descending_zeros(lambda x: -wave_sum(shape, x, 1), degree)
    c[0] = -wave_sum(shape, low).min() * (1 + 1e-12)
    return c
