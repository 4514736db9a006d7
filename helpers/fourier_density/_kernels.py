"""Loops over points, compiled: what numpy would do in twenty passes over memory, these do in one.

Every loop is the plain formula of its docstring for one point after the other.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from helpers.fourier_density._types import Array, Indices

TERMS = 8  # of a real table: a row fills one line of the cache


@njit(cache=True, nogil=True)
def polynomial_sums(rows: Array, distance: Array, out: Array) -> None:
    """out_i = Σ_t rows_kt o^t, with k + o = distance_i · M/2, k the nearest of the M + 1 rows; distance in [0, 2]."""
    half = 0.5 * (rows.shape[0] - 1)
    for i in range(distance.size):
        o = distance[i] * half
        k = int(o + 0.5)
        o -= k
        r, o2 = rows[k], o * o
        # Estrin's scheme: the four brackets do not wait for each other.
        low, high = (r[0] + r[1] * o) + (r[2] + r[3] * o) * o2, (r[4] + r[5] * o) + (r[6] + r[7] * o) * o2
        out[i] = low + high * (o2 * o2)


@njit(cache=True, nogil=True)
def invert_distribution(rows: Array, knots: Array, u: Array, out: Array) -> None:
    """out_i = the distance 1 + x at which Φ = u_i in (0, 1), by Newton's steps, halving where they leave the bracket.

    Φ = (k + o)/M + Σ_t rows_kt o^t in cell k of the M + 1, which spans |o| ≤ ½, and half of that at ±1; knots: Φ at the
    edges of the cells, 0 … 1. In cell 0 the unknown is log o, so that tails keep their relative precision.
    """
    cells = rows.shape[0] - 1
    for i in range(u.size):
        k = min(max(np.searchsorted(knots, u[i], side="right") - 1, 0), cells)
        low, high = 0.0 if k == 0 else -0.5, 0.0 if k == cells else 0.5
        o = low + (high - low) * (u[i] - knots[k]) / max(knots[k + 1] - knots[k], 1e-300)
        for _ in range(200):
            value, slope = 0.0, 0.0
            for t in range(TERMS - 1, -1, -1):
                slope = slope * o + value
                value = value * o + rows[k, t]
            value, slope = value + (k + o) / cells, slope + 1 / cells
            if value < u[i]:
                low = o
            else:
                high = o
            new = low
            if k == 0 and value > 0 and slope > 0 and o > 0:
                new = o * math.exp(math.log(u[i] / value) * value / (o * slope))
            elif slope > 0:
                new = o - (value - u[i]) / slope
            if abs(new - o) <= 1e-12 * (k + o):  # Newton's error is squared at each step: this was the last
                o = min(max(new, low), high)
                break
            o = new if low < new < high else 0.5 * (low + high)
        out[i] = (k + o) * 2 / cells


@njit(cache=True, nogil=True)
def amplitudes(values: Array, cell: Indices, offset: Array, amplitude: Array, slope: Array) -> None:
    """amplitude_i = Σ_t values_kt o^t and slope_i its derivative in o, with k = cell_i and o = offset_i.

    Complex numbers as pairs of real ones along the last axis: compiled products with a real factor are faster so.
    """
    last = values.shape[1] - 1
    for i in range(cell.size):
        row, o = values[cell[i]], offset[i]
        for part in range(2):
            total, rate = row[last, part], 0.0
            for t in range(last - 1, -1, -1):
                rate = rate * o + total
                total = total * o + row[t, part]
            amplitude[i, part], slope[i, part] = total, rate


@njit(cache=True, nogil=True)
def add_moments(moments: Array, cell: Indices, offset: Array, weights: Array) -> None:
    """moments_kt += weights_i o^t with k = cell_i and o = offset_i, for every point: the transpose of `amplitudes`."""
    for i in range(cell.size):
        row, o = moments[cell[i]], offset[i]
        real, imaginary = weights[i]
        for t in range(row.shape[0]):
            row[t, 0] += real
            row[t, 1] += imaginary
            real *= o
            imaginary *= o
