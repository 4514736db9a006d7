"""Fourier sums at many points, by local polynomials: a cost that does not grow with the number of waves.

The plain methods are `trigonometric_sum` and `fourier_log_prob`; tests hold the tables to them.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from helpers.fourier_density._types import Array, Complex

_Cells = NDArray[np.int64]
_Scalar = TypeVar("_Scalar", np.float64, np.complex128)

# With at least 32 cells a wavelength, nine Taylor terms leave an error of (π/32)^9/9! ≈ 2e-15.
_CELLS_PER_DEGREE, TERMS = 32, 9


class Table:
    """Σ_k coefficients_k e^{−iπ(k − center)x} as a local Taylor polynomial about the middle of each of M cells."""

    def __init__(self, coefficients: Complex, center: float = 0.0):
        degree = coefficients.size - 1
        highest = max(int(np.ceil(max(center, degree - center))), 2)
        self.cells = 1 << (_CELLS_PER_DEGREE * highest - 1).bit_length()
        self.middles = -1 + (np.arange(self.cells) + 0.5) * 2 / self.cells
        frequency = -1j * np.pi * (np.arange(degree + 1) - center)
        order = np.arange(TERMS)[:, None]
        self.factors = (frequency * 2 / self.cells) ** order / special.factorial(order)
        self.phase = np.exp(frequency * self.middles[0])
        self.twist = np.exp(1j * np.pi * center * (self.middles - self.middles[0]))
        self.set(coefficients)

    def set(self, coefficients: Complex) -> None:
        """Replace the coefficients: one FFT a Taylor term."""
        self.values: Complex = np.fft.fft(self.factors * (self.phase * coefficients), self.cells) * self.twist

    def locate(self, x: Array) -> tuple[_Cells, Array]:
        """Cell of each x in [−1, 1], and the offset from its middle in units of a cell, in [−½, ½]."""
        offset = (x + 1) * (self.cells / 2)
        cell = np.minimum(offset.astype(np.int64), self.cells - 1)
        offset -= cell
        offset -= 0.5
        return cell, offset

    def adjoint(self, cell: _Cells, powers: Array, weights: Complex) -> Complex:
        """Σ_i weights_i e^{−iπ(k − center)x_i} for every k, the transpose of evaluation, for sorted x.

        cell and powers (TERMS, n) of the offsets as from `locate`.
        """
        last = np.flatnonzero(np.diff(cell, append=self.cells))
        running = np.cumsum(powers * weights, axis=1)[:, last]  # sums over cells are differences of running sums
        moments = np.zeros((TERMS, self.cells), dtype=complex)
        moments[:, cell[last]] = np.diff(running, axis=1, prepend=0)
        spectrum = np.fft.fft(moments * self.twist)[:, : self.phase.size]
        return (self.factors * spectrum).sum(0) * self.phase


class RealTable(Table):
    """Re Σ_n coefficients_n e^{iπnx}: a `Table` of the conjugates, of which only the real parts are read."""

    def __init__(self, coefficients: Complex):
        super().__init__(coefficients.conj())
        self.rows: Array = np.ascontiguousarray(self.values.real)

    def __call__(self, x: Array) -> Array:
        """The sum at every x (n,) in [−1, 1]."""
        return horner(self.rows, *self.locate(x))


def horner(rows: NDArray[_Scalar], cell: _Cells, offset: Array) -> NDArray[_Scalar]:
    """Σ_t rows_t[cell] offset^t; rows (terms, M) real or complex."""
    total: NDArray[_Scalar] = rows[-1].take(cell)
    for row in rows[-2::-1]:
        total *= offset
        total += row.take(cell)
    return total


def powers_of(offset: Array) -> Array:
    """offset^t for t < TERMS, shape (TERMS, n)."""
    powers = np.empty((TERMS, offset.size))
    powers[0] = 1
    for t in range(1, TERMS):
        np.multiply(powers[t - 1], offset, out=powers[t])
    return powers
