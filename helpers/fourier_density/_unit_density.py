"""The density on [−1, 1] as numpy sees it, at many points: tables where the formula would cost O(N) a point."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from helpers.fourier_density._jacobian import log_jacobian
from helpers.fourier_density._table import RealTable, Table, horner
from helpers.fourier_density._types import Array, Complex
from helpers.fourier_density.distribution import distribution_coefficients
from helpers.fourier_density.spectral_factorization import fejer_riesz
from helpers.fourier_density.trigonometric_series import autocorrelation

PIECE = 8192  # points at a time, so that what is computed of them stays in the cache


def in_pieces(function: Callable[[Array], Array], x: Array) -> Array:
    """function(x), a function of vectors applied piece by piece to x of any shape."""
    flat = x.ravel()
    out = np.empty(flat.size)
    for start in range(0, flat.size, PIECE):
        out[start : start + PIECE] = function(flat[start : start + PIECE])
    return out.reshape(x.shape)


class UnitDensity:
    """|Σ_k a_k e^{−iπkx}|²/2 on [−1, 1], for a (N+1,) of unit norm. All points x (n,) are valid ones."""

    def __init__(self, a: Complex):
        self.a, self.degree = a, a.size - 1

    @cached_property
    def b(self) -> Complex:
        """c_n/c_0."""
        c = autocorrelation(self.a)
        c[0] = c[0].real
        b: Complex = c / c[0]
        return b

    @cached_property
    def minimum_phase(self) -> Complex:
        """The minimum-phase factor of unit norm."""
        a = fejer_riesz(self.b)
        unit: Complex = a / np.linalg.norm(a)
        return unit

    @cached_property
    def _pdf_table(self) -> RealTable:
        return RealTable(self.b)

    @cached_property
    def _amplitude_table(self) -> Table:
        return Table(self.a, self.degree / 2)

    @cached_property
    def _cdf_table(self) -> RealTable:
        return RealTable(distribution_coefficients(self.b))

    def pdf(self, x: Array) -> Array:
        """p(x) for x in [−1, 1]: the table of p, and |A|² where p is small, whose relative error is smaller there."""
        p = self._pdf_table(x)
        p -= 0.5
        small = np.flatnonzero(p < 1e-3)
        if small.size:
            amplitude = horner(self._amplitude_table.values, *self._amplitude_table.locate(x[small]))
            p[small] = (amplitude.real**2 + amplitude.imag**2) / 2
        return p

    def log_prob(self, x: Array) -> Array:
        """log p(x) for any x; −inf outside [−1, 1] and where p = 0."""
        with np.errstate(divide="ignore"):
            values = np.log(self.pdf(np.clip(x, -1, 1)))
        outside = (x < -1) | (x > 1)
        if outside.any():
            values[outside] = -np.inf
        return values

    def line_log_prob(self, y: Array, loc: float, scale: float) -> Array:
        """log density of y = loc + scale · artanh(x) for any y."""
        z = (y - loc) / scale
        with np.errstate(divide="ignore"):
            return np.log(self.pdf(np.tanh(z))) + (log_jacobian(z) - np.log(scale))

    def cdf(self, x: Array) -> Array:
        """Φ(x) for x in [−1, 1]."""
        values = np.clip((x + 1) / 2 + self._cdf_table(x), 0, 1)
        values[x == -1], values[x == 1] = 0, 1
        return values

    @cached_property
    def _knots(self) -> tuple[Array, Array]:
        """Edges of the cells, and Φ there, non-decreasing from 0 to 1."""
        edges = -1 + np.arange(self._cdf_table.cells + 1, dtype=np.float64) * (2 / self._cdf_table.cells)
        return edges, np.maximum.accumulate(self.cdf(edges))

    def icdf(self, u: Array) -> Array:
        """x in [−1, 1] with |Φ(x) − u| ≤ 1e-13: the cell of x, then bracketed Newton steps on Φ's polynomial there.

        The plain method is `quantiles_by_bisection`.
        """
        edges, values = self._knots
        cell = np.clip(np.searchsorted(values, u, side="right") - 1, 0, edges.size - 2)
        # Within its cell, Φ(x) = Φ_middle + polynomial(offset): offsets between −½ and ½ bracket the solution.
        half = 1 / self._cdf_table.cells
        local = self._cdf_table.rows[:, cell]
        local[0] += (self._cdf_table.middles[cell] + 1) / 2 - u
        local[1] += half
        low, high = np.full(u.shape, -0.5), np.full(u.shape, 0.5)
        rise = values[cell + 1] - values[cell]
        offset = np.clip((u - values[cell]) / np.maximum(rise, 1e-300) - 0.5, -0.5, 0.5)
        for _ in range(60):
            error, slope = local[-1].copy(), np.zeros_like(u)
            for row in local[-2::-1]:
                slope *= offset
                slope += error
                error *= offset
                error += row
            if np.abs(error).max() <= 2e-15:
                break
            np.copyto(low, offset, where=error < 0)
            np.copyto(high, offset, where=error > 0)
            step = offset - error / np.where(slope > 0, slope, 1e-300)
            offset = np.where((step > low) & (step < high), step, np.where(error == 0, offset, (low + high) / 2))
            if (high - low).max() < 1e-14:
                break
        x = self._cdf_table.middles[cell] + 2 * half * offset
        return np.where(u == 0, -1.0, np.where(u == 1, 1.0, x))
