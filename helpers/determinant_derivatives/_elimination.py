"""The adjugate by elimination with complete pivoting: from PAQ = L D U, adj A = ± Q U⁻¹ adj(D) L⁻¹ P.

Nothing is divided by but pivots larger than what follows, and adj D leaves one pivot out of each product, so that no
rank is special. L and U are well-conditioned, and all that is small in A shows in D: with d₁ ≥ d₂ ≥ … the pivots, the
error of the adjugate is about ε d₁/d_{n−1}. Where that leaves fewer than ten digits, the same is done with 106 bits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, lapack

from helpers.determinant_derivatives._double_double import LongFactors, long_factors, product_with_diagonal
from helpers.determinant_derivatives._exponents import Array, Integers, largest_exponent, times_power
from helpers.determinant_derivatives._scaling import equilibrate, leave_one_out

SMALL_PIVOT = 2.0**-20  # × the largest entry: a smaller pivot that counts asks for 106 bits


class Parts(NamedTuple):
    """adj(A) = (high + low) 2^exponent, entry by entry; det(A) = det 2^det_exponent; pivots of the scaled matrix.

    low is empty where no matrix of the batch needed it.
    """

    high: Array
    low: Array
    exponent: Integers
    det: Array
    det_exponent: Integers
    pivots: Array


class _Factors(NamedTuple):
    """PAQ = L diag(pivots) U with A[rows][:, columns] = PAQ; ``sign`` is det P det Q."""

    rows: list[int]
    columns: list[int]
    sign: int
    pivots: Array
    lu: Array | LongFactors


def _factors(B: Array, largest: float, last: int) -> _Factors:
    n = len(B)
    # LAPACK reads columns first: it is handed Bᵀ without a copy, so rows and columns change places.
    lu, column_swaps, row_swaps, small = lapack.dgetc2(B.T)
    (rows, row_sign), (columns, column_sign) = _order(row_swaps), _order(column_swaps)
    pivots = lu.diagonal()
    if small:  # LAPACK put ε · largest in place of a smaller pivot; if it was the last, it is computed again
        pivots = pivots.copy()
        pivots[-1] = B[rows[-1], columns[-1]] - lu[-1, :-1] @ lu[:-1, -1]
    if n >= last and (abs(pivots[n - last]) <= SMALL_PIVOT * largest or not largest):
        long = long_factors(B)
        return _Factors(long.rows, long.columns, long.sign, long.pivots, long)
    return _Factors(rows, columns, row_sign * column_sign, pivots, lu)


def _order(swaps: Array) -> tuple[list[int], int]:
    """The permutation that LAPACK's exchanges make, and its sign."""
    order, sign = list(range(len(swaps))), 1
    for k, other in enumerate(swaps.tolist()):
        if other != k:
            order[k], order[other], sign = order[other], order[k], -sign
    return order, sign


def adjugate_parts(A: Array, rank_tolerance: float = 0.0, last: int = 2) -> Parts:
    """`Parts` of a batch (…, n, n), right to about ten digits or more for all that depends on d_1 … d_{n+1−last}.

    rank_tolerance: pivots up to that times the first count as zero. last: 2 for the adjugate, 1 for det A too.
    """
    n, batch = A.shape[-1], A.shape[:-2]
    B, r, c = equilibrate(A)
    B = B.reshape(-1, n, n)
    found = [_factors(*item, last) for item in zip(B, np.abs(B).max((1, 2)).tolist(), strict=True)]
    sign, pivots = np.array([[f.sign] for f in found]), np.array([f.pivots for f in found])
    if rank_tolerance:
        pivots = np.where(np.abs(pivots) <= rank_tolerance * np.abs(pivots[:, :1]), 0.0, pivots)
    others, power = leave_one_out(pivots)
    top = largest_exponent(others, power, -1)
    others = sign * times_power(others, power - top[:, None])
    rows, columns = np.array([f.rows for f in found]), np.array([f.columns for f in found])
    place = np.arange(len(found))[:, None, None], columns[:, :, None], rows[:, None, :]
    high, low = (_placed(part, place, A.shape) for part in _inner_products(found, pivots, others))
    total = top.reshape(batch) + r.sum(-1) + c.sum(-1)
    exponent = total[..., None, None] - c[..., :, None] - r[..., None, :]
    det, det_exponent = np.frexp(pivots[:, -1])
    det = (det * others[:, -1]).reshape(batch)
    return Parts(high, low, exponent, det, total + det_exponent.reshape(batch), pivots.reshape(*batch, n))


def _placed(part: Array, place: tuple[NDArray[np.integer], ...], shape: tuple[int, ...]) -> Array:
    result = np.empty(part.shape)
    if part.size:
        result[place] = part
        return result.reshape(shape)
    return result


def _inner_products(found: list[_Factors], pivots: Array, others: Array) -> tuple[Array, Array]:
    """U⁻¹ diag(others) L⁻¹ of each matrix, and what rounding lost of it: an empty array where nobody asked for that."""
    n = pivots.shape[-1]
    high = np.empty((len(found), n, n))
    low = np.zeros_like(high) if any(isinstance(f.lu, LongFactors) for f in found) else np.empty(0)
    unit, pivots = np.eye(n, order="F"), np.where(pivots == 0, 1.0, pivots)  # beside the last, only its own 1 stands
    for k, f in enumerate(found):
        if isinstance(f.lu, LongFactors):
            high[k], low[k] = product_with_diagonal(f.lu, others[k])
        else:  # of Bᵀ: its L has ones on the diagonal, its U the pivots
            right = blas.dtrsm(1.0, f.lu / pivots[k, :, None], unit, diag=1)
            high[k] = blas.dtrsm(1.0, f.lu, right * others[k], side=1, lower=1, diag=1, overwrite_b=1).T
    return high, low
