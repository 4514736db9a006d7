"""Elimination with numbers of 106 bits, each the unevaluated sum of two floats, (high, low).

The sums and products of floats below are exact (Knuth; Dekker, Numer. Math. 18, 1971), in whole arrays at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from helpers.determinant_derivatives._exponents import Array

Pair = tuple[Array, Array]


class LongFactors(NamedTuple):
    """PAQ = L diag(pivots) U, L and U with ones on the diagonal; ``sign`` is det P det Q."""

    rows: list[int]
    columns: list[int]
    sign: int
    pivots: Array
    lower_inverse: Pair
    upper_inverse: Pair


def _two_sum(a: Array, b: Array) -> Pair:
    """a + b exactly: the rounded sum and what rounding lost."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: Array, b: Array) -> Pair:
    """a · b exactly, for factors that broadcast: the rounded product and what rounding lost."""
    product = a * b
    (a1, a2), (b1, b2) = ((high := 134217729.0 * x - (134217729.0 * x - x), x - high) for x in (a, b))  # 2²⁷ + 1
    return product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2


def _less_outer(block: Pair, a: Pair, b: Pair) -> Pair:
    """block − a bᵀ."""
    high, low = two_product(a[0][:, None], b[0])
    low += a[0][:, None] * b[1] + a[1][:, None] * b[0]
    total, rest = _two_sum(block[0], -high)
    return _two_sum(total, rest + (block[1] - low))


def _over(a: Pair, pivot: Pair) -> Pair:
    """a / pivot, a vector and a number: a quotient, and the quotient of what it leaves."""
    first = a[0] / pivot[0]
    high, low = two_product(first, np.asarray(pivot[0]))
    rest = (a[0] - high) - low + a[1] - first * pivot[1]
    return _two_sum(first, rest / pivot[0])


def _unit_lower_inverse(L: Pair) -> Pair:
    n = len(L[0])
    X = np.eye(n), np.zeros((n, n))
    for k in range(n - 1):
        below, row = np.s_[k + 1 :, : k + 1], np.s_[k, : k + 1]
        block = _less_outer((X[0][below], X[1][below]), (L[0][k + 1 :, k], L[1][k + 1 :, k]), (X[0][row], X[1][row]))
        X[0][below], X[1][below] = block
    return X


def long_factors(A: Array) -> LongFactors:
    """Elimination with complete pivoting of one matrix (n, n); where the pivots end, zeros follow."""
    n = len(A)
    high, low = A.copy(), np.zeros_like(A)
    L, Ut = ((np.eye(n), np.zeros((n, n))) for _ in range(2))
    rows, columns, sign, pivots = list(range(n)), list(range(n)), 1, np.zeros(n)
    for k in range(n):
        i, j = (k + int(m) for m in np.unravel_index(np.abs(high[k:, k:]).argmax(), (n - k, n - k)))
        if not high[i, j]:
            break
        for array in (high, low):
            array[[k, i]] = array[[i, k]]
            array[:, [k, j]] = array[:, [j, k]]
        for array in (*L, *Ut):  # the rows already eliminated move along
            m = i if array is L[0] or array is L[1] else j
            array[[k, m], :k] = array[[m, k], :k]
        rows[k], rows[i], columns[k], columns[j] = rows[i], rows[k], columns[j], columns[k]
        sign = -sign if (i == k) != (j == k) else sign
        pivots[k], pivot = high[k, k], (high[k, k], low[k, k])
        after, column, row = np.s_[k + 1 :, k + 1 :], np.s_[k + 1 :, k], np.s_[k, k + 1 :]
        L[0][column], L[1][column] = _over((high[column], low[column]), pivot)
        Ut[0][column], Ut[1][column] = _over((high[row], low[row]), pivot)
        high[after], low[after] = _less_outer(
            (high[after], low[after]), (L[0][column], L[1][column]), (high[row], low[row])
        )
    X, Y = _unit_lower_inverse(L), _unit_lower_inverse(Ut)
    return LongFactors(rows, columns, sign, pivots, X, (Y[0].T, Y[1].T))


def product_with_diagonal(factors: LongFactors, others: Array) -> Pair:
    """U⁻¹ diag(others) L⁻¹ as a pair of arrays."""
    (Y, y), (X, x) = factors.upper_inverse, factors.lower_inverse
    n = len(others)
    total = np.zeros((n, n)), np.zeros((n, n))
    for k in np.flatnonzero(others):
        high, low = two_product(X[k], others[k : k + 1])
        total = _less_outer(total, (-Y[:, k], -y[:, k]), (high, low + x[k] * others[k]))
    return total


def sum_of_pairs(high: Array, low: Array) -> Array:
    """Σ (high + low) along the last axis, by halves; only the last step rounds to a float."""
    while high.shape[-1] > 1:
        if high.shape[-1] % 2:
            high, low = (np.concatenate([x, np.zeros_like(x[..., :1])], -1) for x in (high, low))
        high, lost = _two_sum(high[..., ::2], high[..., 1::2])
        low = low[..., ::2] + low[..., 1::2] + lost
    return (high + low)[..., 0]
