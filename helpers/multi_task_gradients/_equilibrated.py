"""Gram matrices scaled to comparable lengths and factored, and what is wrong with those that are none; compiled."""

from __future__ import annotations

import math

import numpy as np

from helpers.multi_task_gradients._compiled import Array, compiled

_FINE, _NEGATIVE, _TOO_SMALL, _ASYMMETRIC, _TOO_LARGE, _INDEFINITE = range(6)
FAULTS = {
    _NEGATIVE: "has a negative diagonal entry; give a positive semidefinite matrix",
    _TOO_SMALL: "holds products of gradients shorter than 1e-154, which lost digits; give gradients of a larger scale",
    _ASYMMETRIC: "is asymmetric beyond rounding; give a matrix of inner products",
    _TOO_LARGE: "an entry exceeds the product of its two lengths; give a positive semidefinite matrix",
    _INDEFINITE: "is indefinite beyond rounding; give a positive semidefinite matrix",
}


@compiled
def _equilibrate(gram: Array, rounding: float, scaled: Array, c: Array) -> int:
    """Fill C_ij = G_ij 2^(−h_i−h_j), diagonal in [1/4, 1), and c_i = 2^(min h − h_i) ≤ 1.

    A zero gradient has C_ii = 1 and c_i = inf. Powers of two make this free of rounding. Returns the first fault of
    ``gram``, or 0; the comparisons are written so that nan is a fault.
    """
    n = len(gram)
    half = np.zeros(n, np.int64)
    shrink = np.ones(n)
    lowest = 2000
    for i in range(n):
        square = gram[i, i]
        if not 0 <= square < np.inf:
            return _NEGATIVE
        if 0 < square < 2.0**-1022:  # a subnormal number, which has lost digits
            return _TOO_SMALL
        if square > 0:
            half[i] = (math.frexp(square)[1] + 1) // 2
            shrink[i] = math.ldexp(1.0, -half[i])
            lowest = min(lowest, half[i])
    for i in range(n):
        zero = gram[i, i] == 0
        scaled[i, i] = 1.0 if zero else gram[i, i] * shrink[i] * shrink[i]
        c[i] = np.inf if zero else math.ldexp(1.0, lowest - half[i])
        for j in range(i):
            above, below = gram[j, i] * shrink[j] * shrink[i], gram[i, j] * shrink[i] * shrink[j]
            if (zero or gram[j, j] == 0) and abs(above) + abs(below) > 0:
                return _TOO_SMALL if abs(above) < 2.0**-511 else _TOO_LARGE
            length = math.sqrt(scaled[i, i] * scaled[j, j])
            if not abs(above - below) <= rounding * length:
                return _ASYMMETRIC
            middle = (above + below) / 2
            if not abs(middle) <= (1 + rounding) * length:
                return _TOO_LARGE
            scaled[i, j] = scaled[j, i] = middle
    return _FINE


@compiled
def _cholesky(matrix: Array, least: float, factor: Array) -> bool:
    """Fill L with LLᵀ = M; False where a squared pivot is not above ``least``."""
    for i in range(len(matrix)):
        for j in range(i):
            total = matrix[i, j]
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            factor[i, j] = total / factor[j, j]
        square = matrix[i, i]
        for k in range(i):
            square -= factor[i, k] * factor[i, k]
        if not square > least:
            return False
        factor[i, i] = math.sqrt(square)
    return True


@compiled
def _semidefinite(matrix: Array, rounding: float, left: Array) -> bool:
    """Whether elimination with the largest pivots leaves nothing but rounding; ``left`` (n, n) is overwritten.

    O(n² · rank). Only the upper triangle is used.
    """
    n = len(matrix)
    for i in range(n):
        for j in range(i, n):
            left[i, j] = matrix[i, j]
    for step in range(n):
        pivot = step
        for i in range(step + 1, n):
            if left[i, i] > left[pivot, pivot]:
                pivot = i
        if left[pivot, pivot] <= rounding:
            for i in range(step, n):
                for j in range(i, n):
                    if abs(left[i, j]) > 4 * rounding:
                        return False
            return True
        left[step, step], left[pivot, pivot] = left[pivot, pivot], left[step, step]
        for i in range(step + 1, pivot):
            left[step, i], left[i, pivot] = left[i, pivot], left[step, i]
        for i in range(pivot + 1, n):
            left[step, i], left[pivot, i] = left[pivot, i], left[step, i]
        for i in range(step + 1, n):
            share = left[step, i] / left[step, step]
            for j in range(i, n):
                left[i, j] -= share * left[step, j]
    return True


@compiled
def equilibrate_stack(grams: Array, rounding: float, work: Array) -> int:
    """`_equilibrate` for (batch, n, n), and L where C is well conditioned. Returns the first fault, of FAULTS, or 0.

    work (batch, 2n + 2, n) receives, one below the other, C, L, c, and a row that starts with 1 where L is ready, else
    with 0. One array, since each argument costs a call as much as a small problem.
    """
    n = grams.shape[1]
    for k in range(len(grams)):
        scaled, factor, ready = work[k, :n], work[k, n : 2 * n], work[k, 2 * n + 1]
        fault = _equilibrate(grams[k], rounding, scaled, work[k, 2 * n])
        if fault != _FINE:
            return fault
        ready[0] = _cholesky(scaled, 1e-8, factor)
        if not ready[0] and not _semidefinite(scaled, rounding, factor):
            return _INDEFINITE
    return _FINE
