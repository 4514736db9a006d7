"""The density on [−1, 1] as numpy sees it, at many points: tables where the formula would cost O(N) a point."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from helpers.fourier_density._kernels import invert_distribution
from helpers.fourier_density._line import from_line, standardized
from helpers.fourier_density._table import RealTable, Table
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
    """|Σ_k a_k e^{−iπkx}|²/2 on [−1, 1], for a (N+1,) of unit norm.

    Points (n,) are given by their distance 1 + x from −1, which keeps the digits of the left tail; all are valid ones.
    """

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
    def mirrored(self) -> UnitDensity:
        """The density p(−x)."""
        return UnitDensity(self.a.conj())

    @cached_property
    def minimum_phase(self) -> Complex:
        """The minimum-phase factor of unit norm."""
        a = fejer_riesz(self.b)
        unit: Complex = a / np.linalg.norm(a)
        return unit

    @cached_property
    def _pdf_table(self) -> RealTable:
        return RealTable(np.concatenate([[0.5], self.b[1:]]))

    @cached_property
    def _amplitude_table(self) -> Table:
        return Table(self.a, self.degree / 2)

    @cached_property
    def _cdf_table(self) -> RealTable:
        table = RealTable(distribution_coefficients(self.b))
        table.rows[[0, -1], 0] = 0  # exactly, so that Φ keeps its digits where it is small
        return table

    def pdf(self, distance: Array) -> Array:
        """p: the table of p, and |A|² where p is small, whose relative error is smaller there."""
        p = self._pdf_table(distance)
        if p.min(initial=1) < 1e-3:
            small = np.flatnonzero(p < 1e-3)
            amplitude, _ = self._amplitude_table.sums(*self._amplitude_table.locate(distance[small]))
            p[small] = (amplitude.real**2 + amplitude.imag**2) / 2
        return p

    def log_prob(self, x: Array) -> Array:
        """log p(x) for any x; −inf outside [−1, 1] and where p = 0."""
        p = self.pdf(np.clip(x, -1, 1) + 1)
        if x.size and (x.min() < -1 or x.max() > 1):
            p[(x < -1) | (x > 1)] = 0
        with np.errstate(divide="ignore"):
            return np.log(p, out=p)

    def line_log_prob(self, y: Array, loc: float, scale: float) -> Array:
        """log density of y = loc + scale · artanh(x) for any y."""
        distance, log_jacobian = from_line(standardized(y, loc, scale))
        with np.errstate(divide="ignore"):
            return np.log(self.pdf(distance)) + (log_jacobian - np.log(scale))

    def cdf(self, distance: Array) -> Array:
        """Φ, in [0, 1]."""
        return np.clip(distance / 2 + self._cdf_table(distance), 0, 1)

    @cached_property
    def _knots(self) -> Array:
        """Φ at the edges of the cells, non-decreasing from 0 to 1."""
        cells = self._cdf_table.cells
        edges = np.clip((np.arange(cells + 2) - 0.5) * (2 / cells), 0, 2)
        return np.maximum.accumulate(self.cdf(edges))

    def icdf(self, u: Array) -> Array:
        """The distance 1 + x at which |Φ − u| ≤ 1e-13; the plain method is `quantiles_by_bisection`."""
        out = np.where(u == 1, 2.0, 0.0)
        inside = (u > 0) & (u < 1)
        found = np.empty(np.count_nonzero(inside))
        invert_distribution(self._cdf_table.rows, self._knots, u[inside], found)
        out[inside] = found
        return out
