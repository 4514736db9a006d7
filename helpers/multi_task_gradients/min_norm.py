"""The shortest convex combination of the gradients (MGDA): closed form, all supports, fast solver, certificate."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import ArrayLike

from helpers.multi_task_gradients._active_set import min_norm_stack
from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.gram import gram_matrix, solved_weights


def two_task_weights(gram: ArrayLike) -> Array:
    """Exact minimiser of αᵀGα for two tasks: the foot of the altitude, or the shorter gradient. (..., 2, 2) → (..., 2).

    Clamped cases: ⟨g_1, g_2⟩ ≥ ‖g_1‖² gives (1, 0), ⟨g_1, g_2⟩ ≥ ‖g_2‖² gives (0, 1); equal rows give (½, ½).
    Only the entries G_11, G_12, G_22 are read, and nothing is validated; `min_norm_weights` validates.

    >>> two_task_weights([[4, 0], [0, 1]])
    array([0.2, 0.8])
    """
    # One power of two per problem: differences of entries near 1e308 or 1e−308 would overflow or underflow.
    matrix = np.asarray(gram, float)
    first, both, second = matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 1, 1]
    shift = -np.frexp(np.maximum(first, second))[1]
    first, both, second = (np.ldexp(x, shift) for x in (first, both, second))
    weights = np.stack([np.maximum(second - both, 0.0), np.maximum(first - both, 0.0)], -1)
    total = weights.sum(-1, keepdims=True)
    return np.divide(weights, total, out=np.full_like(weights, 0.5), where=total > 0)


def min_norm_weights_by_supports(gram: ArrayLike) -> Array:
    """`min_norm_weights` of one matrix (n, n) by trying every set of tasks that may carry weight: 2ⁿ − 1 of them.

    On its support P the optimum has equal inner products (G_PP α_P)_i = v, so α_P ∝ G_PP⁻¹ 1, and of the candidates
    with α ≥ 0 the one with the smallest αᵀGα is it. For a positive definite G, and for small n only.

    >>> min_norm_weights_by_supports(np.diag([4.0, 1.0]))
    array([0.2, 0.8])
    """
    matrix = gram_matrix(gram)
    n, best, shortest = len(matrix), np.zeros(len(matrix)), math.inf
    for size in range(1, n + 1):
        for support in map(list, itertools.combinations(range(n), size)):
            weights = np.zeros(n)
            weights[support] = np.linalg.solve(matrix[np.ix_(support, support)], np.ones(size))
            weights /= weights.sum()
            if weights.min() >= 0 and (value := float(weights @ matrix @ weights)) < shortest:
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

    >>> duality_gap(np.diag([4.0, 1.0]), [[0.2, 0.8], [0.5, 0.5]]).round(12)
    array([0. , 0.3])
    """
    matrix, alpha = np.asarray(gram, float), np.asarray(weights, float)
    image = np.matmul(matrix, alpha[..., None])[..., 0]
    gap = (alpha * image).sum(-1) - image.min(-1)
    size = (alpha * np.diagonal(matrix, axis1=-2, axis2=-1)).sum(-1)
    return np.divide(gap, size, out=np.zeros_like(gap), where=size > 0)
