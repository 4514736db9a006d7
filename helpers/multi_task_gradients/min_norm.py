"""The shortest convex combination of the gradients (MGDA): closed form, all supports, fast solver, certificate."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import broadcast, real_array
from helpers.multi_task_gradients._active_set import min_norm_stack
from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.gram import gram_matrix, solved_weights


def two_task_weights(gram: ArrayLike) -> Array:
    """Exact minimiser of αᵀGα for two tasks: the foot of the altitude, or the shorter gradient. (..., 2, 2) → (..., 2).

    Clamped cases: ⟨g_1, g_2⟩ ≥ ‖g_1‖² gives (1, 0), ⟨g_1, g_2⟩ ≥ ‖g_2‖² gives (0, 1); equal rows give (½, ½).
    ValueError as `min_norm_weights`, and for another number of tasks.

    >>> two_task_weights([[4, 0], [0, 1]])
    array([0.2, 0.8])
    """
    matrix = gram_matrix(gram)
    if matrix.shape[-1] != 2:
        raise ValueError(f"gram: shape {matrix.shape}; give matrices of two tasks (..., 2, 2)")
    # One power of two per problem: differences of entries near 1e308 or 1e−308 would overflow or underflow.
    first, second = matrix[..., 0, 0], matrix[..., 1, 1]
    shift = -np.frexp(np.maximum(first, second))[1]
    both = np.ldexp(matrix[..., 0, 1], shift) / 2 + np.ldexp(matrix[..., 1, 0], shift) / 2
    first, second = np.ldexp(first, shift), np.ldexp(second, shift)
    weights = np.stack([np.maximum(second - both, 0.0), np.maximum(first - both, 0.0)], -1)
    total = weights.sum(-1, keepdims=True)
    return np.divide(weights, total, out=np.full_like(weights, 0.5), where=total > 0)


def min_norm_weights_by_supports(gram: ArrayLike) -> Array:
    """`min_norm_weights` of one matrix (n, n) by trying every set of tasks that may carry weight: 2ⁿ − 1 of them.

    On its support P the optimum has equal inner products (G_PP α_P)_i = v and Σ α_i = 1: a linear system for α_P and v.
    Of the solutions with α ≥ 0 the one with the smallest αᵀGα is the optimum. ValueError as `gram_matrix`, for a batch,
    and for more than 16 tasks.

    >>> min_norm_weights_by_supports([[4, 0], [0, 1]]).round(12)
    array([0.2, 0.8])
    """
    matrix = gram_matrix(gram)
    n, best, shortest = len(matrix), np.zeros(len(matrix)), math.inf
    if matrix.ndim != 2 or n > 16:
        raise ValueError(f"gram: shape {matrix.shape}; give one matrix of at most 16 tasks")
    for size in range(1, n + 1):
        for support in map(list, itertools.combinations(range(n), size)):
            system = np.block([[matrix[np.ix_(support, support)], -np.ones((size, 1))], [np.ones(size), 0.0]])
            weights = np.zeros(n)
            weights[support] = np.linalg.lstsq(system, np.eye(size + 1)[-1], rcond=None)[0][:-1]
            value = float(weights @ matrix @ weights)
            if weights.min() > -1e-12 and abs(weights.sum() - 1) < 1e-9 and value < shortest:
                best, shortest = weights, value
    return best


def min_norm_weights(gram: ArrayLike) -> Array:
    """The exact minimiser of αᵀGα over the simplex: the shortest convex combination of the gradients.

    gram: (..., n, n) real, symmetric positive semidefinite up to the rounding of its dtype, any scale from 1e−150² to
    1e150² (also mixed within one matrix). Returns α (..., n) in float64, α ≥ 0, Σα = 1. Rank-deficient, duplicate and
    nearly parallel rows are fine; zero rows share all the weight, since they make the optimum zero. The relative
    `duality_gap` is below 1e−12 where lengths are within 10³ of each other; beyond that the rounding of G itself limits
    it, and max_i (‖u‖² − ⟨g_i, u⟩)/‖g_i‖ is below 1e−12 Σ α_j‖g_j‖.

    ValueError for a wrong shape or dtype, empty, nan, inf, asymmetric or indefinite beyond rounding.

    Method: min over x ≥ 0 of xᵀGx + (1ᵀx − 1)². For a fixed direction x/1ᵀx = α the best length leaves v/(v + 1) with
    v = αᵀGα, which grows with v: so the solution, normalised, is α. That non-negative quadratic program is solved by an
    active set, compiled (`_active_set`), after powers of two have made the lengths comparable. Where G is well
    conditioned, ½xᵀGx − 1ᵀx over x ≥ 0 has the same direction, and all tasks make a good first support.

    >>> min_norm_weights([[4, 0], [0, 1]])
    array([0.2, 0.8])
    >>> min_norm_weights(np.ones((5, 3, 3))).shape
    (5, 3)
    """
    return solved_weights(gram, min_norm_stack)


def duality_gap(gram: ArrayLike, weights: ArrayLike) -> Array:
    """(αᵀGα − min_i (Gα)_i) / Σ_i α_i G_ii, shapes (..., n, n) and (..., n) → (...).

    The numerator is ≥ ‖u − u*‖² and zero only at the optimum. The denominator is the mean squared length of the
    gradients under α: unlike ‖u‖² it does not vanish at a Pareto-stationary point. 0/0 (all weight on zero rows) is 0.
    ValueError as `gram_matrix`, and for weights that are not ≥ 0 with sum 1 to within 1e−6, so that no nan passes.

    >>> duality_gap([[4, 0], [0, 1]], [[0.2, 0.8], [0.5, 0.5]]).round(12)
    array([0. , 0.3])
    """
    matrix, alpha = gram_matrix(gram), real_array("weights", weights, at_least=-1e-6)
    if alpha.ndim == 0 or alpha.shape[-1] != matrix.shape[-1] or (np.abs(alpha.sum(-1) - 1) > 1e-6).any():
        raise ValueError(
            f"weights: shape {alpha.shape}; give {matrix.shape[-1]} weights ≥ 0 that sum to 1 for each matrix"
        )
    broadcast(gram=matrix[..., 0], weights=alpha)
    image = np.matmul(matrix, alpha[..., None])[..., 0]
    gap = (alpha * image).sum(-1) - image.min(-1)
    size = (alpha * np.diagonal(matrix, axis1=-2, axis2=-1)).sum(-1)
    return np.divide(gap, size, out=np.zeros_like(gap), where=size > 0)


def excess(weights: ArrayLike, gram: ArrayLike) -> Array:
    """(‖u‖² − ‖u*‖²) over the mean squared length of the gradients, (..., n) and (..., n, n) → (...).

    u is the combination with these weights, u* the shortest one; 0/0 (all gradients zero) is 0.
    ValueError as `gram_matrix`.

    >>> excess([0.5, 0.5], [[4, 0], [0, 1]]).round(12)  # ‖u‖² = 1.25, ‖u*‖² = 0.8, mean squared length 2.5
    np.float64(0.18)
    """
    matrix, alpha = gram_matrix(gram), real_array("weights", weights)
    size = np.einsum("...ii->...", matrix) / matrix.shape[-1]
    square = [np.einsum("...i,...ij,...j->...", w, matrix, w) for w in (alpha, min_norm_weights(matrix))]
    above = square[0] - square[1]
    return np.divide(above, size, out=np.zeros_like(above), where=size > 0)
