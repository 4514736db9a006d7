"""Fourier sums at many points, by local polynomials: a cost that does not grow with the number of waves.

The plain methods are `trigonometric_sum` and `fourier_log_prob`; tests hold the tables to them. Points are given by
their distance 1 + x from the left end of [−1, 1], which keeps its digits where x → −1.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from helpers.fourier_density._kernels import TERMS, add_moments, amplitudes, polynomial_sums
from helpers.fourier_density._types import Array, Complex, Indices

CELLS_PER_DEGREE, TAYLOR_TERMS = 32, 9


def cells_for(degree: float) -> int:
    """A power of two of at least 32 cells a wave."""
    return 1 << (CELLS_PER_DEGREE * max(int(np.ceil(degree)), 2) - 1).bit_length()


def pairs(values: Complex) -> Array:
    """Complex numbers (…) as pairs of real ones (…, 2), rows one after the other in memory."""
    return np.ascontiguousarray(values)[..., None].view(np.float64)


class RealTable:
    """Re Σ_n coefficients_n e^{iπnx}: in each cell the polynomial through the sum at 8 Chebyshev points.

    Cells are centred on the points −1 + 2k/M, k = 0 … M; with 32 a wave the error is near (π/32)^8/(8! 2^7) ≈ 2e-15.
    """

    def __init__(self, coefficients: Complex):
        n = np.arange(coefficients.size)
        self.cells = cells_for(n[-1])
        offset = 0.5 * np.cos(np.pi * (np.arange(TERMS) + 0.5) / TERMS)
        shifted = coefficients * np.exp(1j * np.pi * n * (2 * offset[:, None] / self.cells - 1))
        sums = self.cells * np.fft.ifft(shifted, self.cells).real
        rows = np.linalg.solve(np.vander(offset, increasing=True), sums)
        self.rows: Array = np.concatenate([rows, rows[:, :1]], axis=1).T.copy()  # of period 2

    def __call__(self, distance: Array) -> Array:
        """The sum where 1 + x = distance, any shape."""
        out = np.empty(distance.shape)
        polynomial_sums(self.rows, np.ascontiguousarray(distance).ravel(), out.reshape(-1))
        return out


class Table:
    """Σ_k coefficients_k e^{−iπ(k − center)x} as a local Taylor polynomial about the middle of each of M cells.

    With at least 32 cells a wave, nine terms leave an error of (π/32)^9/9! ≈ 2e-15.
    """

    def __init__(self, coefficients: Complex, center: float = 0.0):
        degree = coefficients.size - 1
        self.cells = cells_for(max(center, degree - center))
        middles = -1 + (np.arange(self.cells) + 0.5) * 2 / self.cells
        frequency = -1j * np.pi * (np.arange(degree + 1) - center)
        order = np.arange(TAYLOR_TERMS)[:, None]
        self.factors = (frequency * 2 / self.cells) ** order / special.factorial(order)
        self.phase = np.exp(frequency * middles[0])
        self.twist = np.exp(1j * np.pi * center * (middles - middles[0]))
        self.set(coefficients)

    def set(self, coefficients: Complex) -> None:
        """Replace the coefficients: one FFT a Taylor term."""
        values = np.fft.fft(self.factors * (self.phase * coefficients), self.cells) * self.twist
        self.rows: Array = pairs(values.T)

    def locate(self, distance: Array) -> tuple[Indices, Array]:
        """Cell of each point, and its offset from the cell's middle in units of a cell, in [−½, ½]."""
        offset = distance * (self.cells / 2)
        cell = np.minimum(offset.astype(np.int64), self.cells - 1)
        return cell, offset - cell - 0.5

    def sums(self, cell: Indices, offset: Array) -> tuple[Complex, Complex]:
        """The sum at each point, and its derivative in x."""
        amplitude, slope = np.empty((cell.size, 2)), np.empty((cell.size, 2))
        amplitudes(self.rows, cell, offset, amplitude, slope)
        return amplitude.view(np.complex128)[:, 0], slope.view(np.complex128)[:, 0] * (self.cells / 2)

    def adjoint(self, cell: Indices, offset: Array, weights: Complex) -> Complex:
        """Σ_i weights_i e^{−iπ(k − center)x_i} for every k, the transpose of evaluation."""
        moments = np.zeros((self.cells, TAYLOR_TERMS, 2))
        add_moments(moments, cell, offset, pairs(weights))
        spectrum = np.fft.fft(moments.view(complex)[..., 0].T * self.twist)[:, : self.phase.size]
        return (self.factors * spectrum).sum(0) * self.phase
