"""Sums of waves e^{iπnx}, and which of them are squares: c_n = Σ_k a_k a*_{k+n}."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from helpers.fourier_density._arrays import complex_array, returned
from helpers.fourier_density._types import Array, Complex, Given, Returned
from helpers.inputs import real_array


def autocorrelation_by_sum(a: Given) -> Complex:
    """c_n = Σ_{k=0}^{N−n} a_k a*_{k+n} for n = 0 … N, of a vector a (N+1,): the coefficients of f = |Σ a_k e^{−iπkx}|².

    >>> autocorrelation_by_sum([1, 2, 3]).real
    array([14.,  8.,  3.])
    """
    a = complex_array("a", a)
    return np.array([np.sum(a[: a.size - n] * a[n:].conj()) for n in range(a.size)])


def autocorrelation(a: Given) -> Returned:
    """The sums of `autocorrelation_by_sum`, over the last axis of a (…, N+1), by FFT; errors of a few ε·c_0.

    complex128; torch (detached) for torch.

    >>> autocorrelation([1, 2j]).round(12).tolist()  # 1·1 + 2i·(−2i), 1·(−2i)
    [(5+0j), -2j]
    """
    values = complex_array("a", a)
    degree = values.shape[-1] - 1
    spectrum = np.fft.fft(values, 2 * degree + 1)
    return returned(np.fft.fft(np.abs(spectrum) ** 2)[..., : degree + 1] / (2 * degree + 1), a)


def trigonometric_sum(coefficients: Given, x: Given, derivative: int = 0) -> Array:
    """Re Σ_n (iπn)^derivative coefficients_n e^{iπnx}, summed directly: exact but O(N) a point; x of any shape.

    >>> trigonometric_sum([1, 2j], [0.0, 0.5]).round(12)  # 1 − 2 sin πx
    array([ 1., -1.])
    """
    coefficients, x = complex_array("coefficients", coefficients), real_array("x", x, empty=True)
    n = np.arange(coefficients.size)
    return (np.exp(1j * np.pi * x[..., None] * n) @ (coefficients * (1j * np.pi * n) ** derivative)).real


def descending_zeros(slope: Callable[[Array], Array], degree: int) -> Array:
    """Where ``slope``, a function of period 2, changes from + to −: points of [−1, 1), increasing.

    Bisection from a grid of 16 cells a degree, which may miss two sign changes within one cell.

    >>> descending_zeros(lambda x: np.cos(np.pi * x), 1).round(12)
    array([0.5])
    """
    cells = 16 * degree
    grid = -1 + (np.arange(cells + 1) + 0.5) * 2 / cells  # from cell middle to cell middle, past the seam at ±1
    values = slope((grid + 1) % 2 - 1)
    down = np.flatnonzero((values[:-1] > 0) & (values[1:] <= 0))
    low, high = grid[down], grid[down + 1]
    for _ in range(50):
        middle = (low + high) / 2
        positive = slope((middle + 1) % 2 - 1) > 0
        low, high = np.where(positive, middle, low), np.where(positive, high, middle)
    return np.sort((low + high + 2) / 2 % 2 - 1)
