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
from helpers.determinant_derivatives._scaling import equilibrate, leave_one_out, transpose

SMALL_PIVOT = 2.0**-20  # × the largest entry: a smaller pivot that counts asks for 106 bits


class Parts(NamedTuple):
    """adj(A) = (high + low) 2^exponent, entry by entry; low is empty where no matrix of the batch needed it."""

    high: Array
    low: Array
    exponent: Integers


class Eliminated(NamedTuple):
    """The adjugate; det(A) = det 2^det_exponent; pivots of the scaled matrix."""

    adjugate: Parts
    det: Array
    det_exponent: Integers
    pivots: Array


class _Factors(NamedTuple):
    """PAQ = L diag(pivots) U for each matrix of a batch (m, n, n), with A[rows][:, columns] = PAQ.

    sign: det P det Q, (m,). packed: U above the diagonal, L diag(pivots) below. long: the matrices with 106 bits.
    """

    rows: Integers
    columns: Integers
    sign: Integers
    pivots: Array
    packed: Array
    long: dict[int, LongFactors]


def _factors(B: Array, last: int) -> _Factors:
    n, packed = B.shape[-1], B.copy()
    # LAPACK reads columns first: it is handed each Bᵀ without a copy, so rows and columns change places.
    found = [lapack.dgetc2(matrix.T, overwrite_a=1) for matrix in packed]  # all that is done one by one
    swaps = np.concatenate([swaps for _, *both, _ in found for swaps in both]).reshape(-1, n)
    (columns, rows), exchanges = (_order(swaps).reshape(-1, 2, n).swapaxes(0, 1)), swaps != np.arange(n)
    sign = 1 - 2 * (exchanges.reshape(-1, 2 * n).sum(1) % 2)
    pivots = packed.diagonal(0, 1, 2).copy()
    long: dict[int, LongFactors] = {}
    for k in [k for k, (*_, small) in enumerate(found) if small]:
        # LAPACK put ε · largest in place of a smaller pivot; if it was the last, it is computed again
        pivots[k, -1] = B[k, rows[k, -1], columns[k, -1]] - packed[k, -1, :-1] @ packed[k, :-1, -1]
    if n >= last:
        largest = np.abs(B).max((1, 2))
        for k in np.flatnonzero((np.abs(pivots[:, n - last]) <= SMALL_PIVOT * largest) | (largest == 0)).tolist():
            rows[k], columns[k], sign[k], pivots[k], *_ = long[k] = long_factors(B[k])
    return _Factors(rows, columns, sign, pivots, packed, long)


def _order(swaps: Integers) -> Integers:
    """The permutations that LAPACK's exchanges make, a row each: in lists, which is the faster way."""
    identity = list(range(swaps.shape[-1]))
    orders = []
    for exchanges in swaps.tolist():
        order = identity.copy()
        for k, other in enumerate(exchanges):
            if other != k:
                order[k], order[other] = order[other], order[k]
        orders.append(order)
    return np.array(orders)


def adjugate_parts(A: Array, rank_tolerance: float = 0.0) -> Parts:
    """The adjugates of a batch (…, n, n), right to about ten digits or more; for n ≤ 2 exact: the entries, rearranged.

    rank_tolerance: pivots up to that times the first count as zero.
    """
    if A.shape[-1] > 2 or rank_tolerance:
        return eliminated(A, rank_tolerance).adjugate
    turned = transpose(A[..., ::-1, ::-1]) if A.shape[-1] == 2 else np.ones_like(A)
    high, exponent = np.frexp(np.where(np.eye(A.shape[-1], dtype=bool), turned, 0 - turned))
    return Parts(high, np.empty(0), exponent.astype(np.int64))


def eliminated(A: Array, rank_tolerance: float = 0.0, last: int = 2) -> Eliminated:
    """The same by elimination for every n, right to ten digits for all that depends on d_1 … d_{n+1−last}.

    last: 2 for the adjugate, 1 for det A too.
    """
    n, batch = A.shape[-1], A.shape[:-2]
    B, r, c = equilibrate(A)
    B = B.reshape(-1, n, n)
    factors = _factors(B, last)
    pivots = factors.pivots
    if rank_tolerance:
        pivots = np.where(np.abs(pivots) <= rank_tolerance * np.abs(pivots[:, :1]), 0.0, pivots)
    others, power = leave_one_out(pivots)
    top = largest_exponent(others, power, -1)
    others = factors.sign[:, None] * times_power(others, power - top[:, None])
    place = np.arange(len(B))[:, None, None], factors.columns[:, :, None], factors.rows[:, None, :]
    high, low = (_placed(part, place, A.shape) for part in _inner_products(factors, others))
    total = top.reshape(batch) + r.sum(-1) + c.sum(-1)
    exponent = total[..., None, None] - c[..., :, None] - r[..., None, :]
    det, det_exponent = np.frexp(pivots[:, -1])
    det = (det * others[:, -1]).reshape(batch)
    det_exponent = total + det_exponent.reshape(batch)
    return Eliminated(Parts(high, low, exponent), det, det_exponent, pivots.reshape(*batch, n))


def _placed(part: Array, place: tuple[NDArray[np.integer], ...], shape: tuple[int, ...]) -> Array:
    result = np.empty(part.shape)
    if part.size:
        result[place] = part
        return result.reshape(shape)
    return result


def _inner_products(factors: _Factors, others: Array) -> tuple[Array, Array]:
    """U⁻¹ diag(others) L⁻¹ of each matrix, and what rounding lost of it: an empty array where nobody asked for that."""
    packed, n = factors.packed, others.shape[-1]
    triangles = packed / packed.diagonal(0, 1, 2)[:, None, :]  # ones on the diagonal, and L below it
    if n <= 4:  # many small matrices are faster in whole arrays, one large by its triangles
        both = np.where(np.tri(n, k=-1, dtype=bool), np.array([triangles, transpose(packed)]), np.eye(n))
        X, Y = np.linalg.inv(both)  # its elimination finds the pivots on the diagonal, and nothing to do
        high = transpose(Y) @ (others[:, :, None] * X)
    else:
        high, unit = np.empty_like(packed), np.eye(n, order="F")
        for k in range(len(packed)):
            right = blas.dtrsm(1.0, triangles[k].T, unit, diag=1)
            high[k] = blas.dtrsm(1.0, packed[k].T, right * others[k], side=1, lower=1, diag=1, overwrite_b=1).T
    low = np.zeros_like(high) if factors.long else np.empty(0)
    for k, long in factors.long.items():
        high[k], low[k] = product_with_diagonal(long, others[k])
    return high, low
