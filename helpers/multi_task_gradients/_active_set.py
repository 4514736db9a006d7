"""Active sets: non-negative quadratic programs with Gram matrices, the machinery behind `min_norm` and `cone`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.optimize import nnls

from helpers.multi_task_gradients.gram import Array

_EPS = float(np.finfo(np.float64).eps)
_LOCKSTEP = 16  # up to this many tasks, several problems are solved in lockstep by batched linear algebra


def equilibrated(gram: Array, rounding: float) -> tuple[Array, Array, Array]:
    """Row-scaled Gram matrices, the scales, and which rows are zero (validated).

    Returns C (..., n, n) with C_ij = G_ij 2^(−h_i−h_j), diagonal in [1/4, 1) (1 for zero rows); c (..., n) with
    c_i = 2^(min h − h_i) in (0, 1]; zero (..., n). Powers of two make the scaling free of rounding.
    """
    diagonal = np.diagonal(gram, axis1=-2, axis2=-1)
    zero = diagonal == 0
    half = (np.frexp(diagonal)[1] + 1) // 2
    half = np.where(zero, half.max(), half)
    # Two ldexp: 2^(−h_i−h_j) alone could overflow where the entry is tiny.
    scaled = np.ldexp(np.ldexp(gram, -half[..., :, None]), -half[..., None, :])
    scaled = (scaled + np.swapaxes(scaled, -1, -2)) / 2
    if zero.any():
        scaled = np.where(zero[..., :, None] | zero[..., None, :], 0.0, scaled)
        scaled[zero] += np.eye(gram.shape[-1])[np.nonzero(zero)[-1]]
    try:
        np.linalg.cholesky(scaled + rounding * np.eye(gram.shape[-1]))
    except np.linalg.LinAlgError:
        raise ValueError("gram: is indefinite beyond rounding; give a positive semidefinite matrix") from None
    return scaled, np.ldexp(1.0, half.min(-1, keepdims=True) - half), zero


def factored(scaled: Array) -> tuple[Array, bool]:
    """A (r, n) with AᵀA = C up to rounding, and whether C is well conditioned (then r = n, A triangular)."""
    factor, failed = lapack.dpotrf(scaled.T)
    if not failed and factor.diagonal().min() > 1e-4:
        return factor, True
    return _pivoted_factor(scaled), False


def _pivoted_factor(scaled: Array, size: float = 1.0) -> Array:
    """A (r, n) with AᵀA = C up to rounding, r the numerical rank: Cholesky with complete pivoting."""
    n = len(scaled)
    factor, pivots, rank, _ = lapack.dpstrf(scaled.T, tol=n * _EPS * size)
    rows = np.zeros((rank, n))
    rows[:, pivots - 1] = np.triu(factor[:rank])
    return rows


def _solve_passive(matrix: Array, target: Array, passive: NDArray[np.bool_]) -> Array:
    """z (B, n) with (M z)_P = q_P on the passive set P of each problem and z = 0 elsewhere. M is (1 or B, n, n)."""
    n = target.shape[-1]
    if n <= _LOCKSTEP:
        block = np.where(passive[:, :, None] & passive[:, None, :], matrix, np.eye(n))
        return np.linalg.solve(block, np.where(passive, target, 0.0)[..., None])[..., 0]
    solution = np.zeros_like(target)
    for k, indices in enumerate(map(np.flatnonzero, passive)):  # small systems: cheaper than padding to n
        block = matrix[k % len(matrix)].take(indices, 0).take(indices, 1)
        solution[k, indices] = lapack.dposv(block.T, target[k, indices], overwrite_a=True)[1]
    return solution


def _block_pivot(matrix: Array, target: Array, passive: NDArray[np.bool_]) -> tuple[Array, NDArray[np.bool_]]:
    """min ½ zᵀMz − qᵀz over z ≥ 0 by block principal pivoting, all problems in lockstep.

    matrix: (1 or B, n, n), positive definite. target: q (B, n). passive: first guess of the support.
    Every round solves on the support P, then moves all indices of the wrong sign (z_i < 0 in P, (Mz − q)_i < 0
    outside) across; when that does not reduce their number, only the last of them moves (Murty's rule, which is
    finite). Returns z and which problems converged. Portugal, Júdice & Vicente, Math. Comp. 63 (1994).
    """
    batch, n = target.shape
    result, done = np.zeros_like(target), np.zeros(batch, bool)
    todo, passive = np.arange(batch), passive.copy()
    fewest, patience = np.full(batch, n + 1), np.full(batch, 3)
    slack = 4 * n * _EPS
    for _ in range(5 * n + 20):
        shared = matrix if len(matrix) == 1 else matrix[todo]
        z = _solve_passive(shared, target[todo], passive)
        dual = np.matmul(shared, z[..., None])[..., 0] - target[todo]
        wrong = np.where(passive, z < 0, dual < -slack * (1 + np.abs(z).max(-1, keepdims=True)))
        count = wrong.sum(-1)
        right = count == 0
        result[todo[right]], done[todo[right]] = z[right], True
        better = count < fewest
        patience = np.where(better, 3, patience - 1)
        fewest = np.minimum(fewest, count)
        only_last = np.arange(n) == n - 1 - np.argmax(wrong[:, ::-1], -1)[:, None]
        passive ^= np.where((patience >= 0)[:, None], wrong, wrong & only_last)
        keep = ~right
        todo, passive, fewest, patience = todo[keep], passive[keep], fewest[keep], patience[keep]
        if not len(todo):
            break
    return result, done


def _nonnegative_least_squares(rows: Array, target: Array) -> Array:
    """scipy's compiled Lawson–Hanson active set, with room for more exchanges than its default."""
    return nnls(rows, target, maxiter=30 * rows.shape[1] + 100)[0]


def _dense_support(scaled: Array, c: Array, factor: Array) -> Array | None:
    """y > 0 on P, C_PP y_P = c_P, Cy ≥ c: the optimum of a well conditioned C up to its length, or None.

    Starts from all tasks, since most of them carry weight when the gradients are independent; R = ``factor``.
    """
    y = lapack.dpotrs(factor, c)[0]
    if y.min() > 0:
        return y
    floor = (1 - 1e-13) * c
    for _ in range(12):  # block exchanges, as in _block_pivot; ten or so rounds suffice up to n = 256
        support = (y > 0).nonzero()[0]
        _, part, failed = lapack.dposv(scaled.take(support, 0).take(support, 1).T, c.take(support), overwrite_a=True)
        if failed:
            return None
        y = np.zeros_like(c)
        y[support] = part
        dual = scaled @ y
        if part.min() > 0:
            if not (dual < floor).any():
                return y
        y = np.where((dual < floor) & (y == 0), 1.0, y)
    return None


def one_min_norm(scaled: Array, c: Array, factor: Array, good: bool, size: float) -> Array:
    """y ≥ 0 with cᵀy = 1 that minimises yᵀCy; the diagonal of C is of order ``size``."""
    if good and (y := _dense_support(scaled, c, factor)) is not None:
        return y / (c @ y)
    rank, root = len(factor), math.sqrt(size)
    rows, target = np.empty((rank + 1, len(c))), np.zeros(rank + 1)
    rows[:rank] = factor
    rows[rank] = root * c
    target[rank] = root
    y = _nonnegative_least_squares(rows, target)
    return _polished(scaled, c, y / (c @ y))


def _polished(scaled: Array, c: Array, y: Array) -> Array:
    """``y``, or the solution of C_PP y ∝ c_P on its support P where that has the smaller duality gap."""
    image = scaled @ y
    value = y @ image
    gap = max((value * c - image).tolist())
    if gap <= 256 * _EPS * value:
        return y
    support = y.nonzero()[0]
    _, part, failed = lapack.dposv(scaled.take(support, 0).take(support, 1).T, c[support], overwrite_a=True)
    if failed or part.min() <= 0:
        return y
    other = np.zeros_like(y)
    other[support] = part / (c[support] @ part)
    image = scaled @ other
    return other if (other @ image * c - image).max() < gap else y


def plain_factor(gram: Array) -> tuple[Array, bool, float] | None:
    """`factored` and the largest G_ii of one matrix in the usual case, or None: symmetric, lengths within 10³.

    No scaling. A nan, an inf or an indefinite matrix fails one of the tests; the careful way names it then.
    """
    n = len(gram)
    diagonal = gram.diagonal().tolist()
    low, high = min(diagonal), max(diagonal)  # of a list: for few tasks a numpy call costs more than the work in it
    if not (1e-200 < high < 1e200 and low > 1e-6 * high):
        return None
    factor, failed = lapack.dpotrf(gram.T)  # symmetric; the transpose is in LAPACK's order and needs no copy
    if not failed and min(factor.diagonal().tolist()) ** 2 > 1e-8 * high:
        return (factor, True, high) if (gram == gram.T).all() else None
    rows = _pivoted_factor(gram, high)
    # What a semidefinite matrix leaves is rounding. Written so that a nan fails.
    return (rows, False, high) if np.abs(gram - rows.T @ rows).max() <= 64 * n * _EPS * high else None


def stack_min_norm(scaled: Array, c: Array) -> Array:
    """y (B, n) as `one_min_norm`, for a stack of equilibrated matrices."""
    batch, n = c.shape
    result, done = np.zeros_like(c), np.zeros(batch, bool)
    if n == 1:
        return np.ones_like(c)
    if 1 < batch and n <= _LOCKSTEP:
        matrix = scaled + c[:, :, None] * c[:, None, :] + 4 * n * _EPS * np.eye(n)
        result, done = _block_pivot(matrix, c, np.ones_like(c, bool))
        done &= _relative_gap(scaled, c, result) < 1e-13
    for k in np.flatnonzero(~done):  # compiled active sets, one problem each: for large n no slower than a batched one
        result[k] = one_min_norm(scaled[k], c[k], *factored(scaled[k]), 1.0)
    return result


def _relative_gap(scaled: Array, c: Array, y: Array) -> Array:
    """Scaled duality gap over yᵀCy (inf where that is not positive), for stacks."""
    y = y / (c * y).sum(-1, keepdims=True)
    image = np.matmul(scaled, y[..., None])[..., 0]
    value = (y * image).sum(-1)
    gap = (value[..., None] * c - image).max(-1)
    return np.divide(gap, value, out=np.full_like(value, np.inf), where=value > 0)


def dual_cone_weights(scaled: Array, factor: Array, good: bool, lengths: Array | None = None) -> Array:
    """Mean over k of y_k + z_k with z_k = argmin over z ≥ 0 of (y_k + z)ᵀC(y_k + z), y_k = ``lengths``[k] e_k."""
    n = len(scaled)
    total = np.ones(n) if lengths is None else lengths.copy()
    conflict = -scaled if lengths is None else -scaled * lengths[:, None]
    todo = np.flatnonzero((conflict > 0).any(-1))
    if good and n > _LOCKSTEP and len(todo):
        extra, done = _block_pivot(scaled[None], conflict[todo], conflict[todo] > 0)
        total += extra.sum(0)
        todo = todo[~done]
    for k in todo:
        target = -factor[:, k] if lengths is None else -lengths[k] * factor[:, k]
        total += _nonnegative_least_squares(factor, target)
    return total / n
