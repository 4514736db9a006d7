"""UPGrad: the mean of the projections onto the cone of directions that hurt no task."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from helpers.multi_task_gradients._active_set import dual_cone_weights, equilibrated, factored, plain_factor
from helpers.multi_task_gradients.gram import Array, gram_matrix, gram_rounding, is_plain


def upgrad_weights_by_projection(rows: ArrayLike) -> Array:
    """`upgrad_weights` of the gradients (n, parameters) themselves, by one non-negative least squares per gradient.

    By Moreau's theorem the projection of g_k onto {u : ⟨g_i, u⟩ ≥ 0} is g_k + Σ z_i g_i, where −Σ z_i g_i, z ≥ 0, is
    the combination nearest to g_k.

    >>> upgrad_weights_by_projection([[1.0, 0.0], [-1.0, 1.0]])  # the first gains half the second, which gains it whole
    array([1.  , 0.75])
    """
    rows = np.asarray(rows, float)
    extra = [nnls(-rows.T, g)[0] for g in rows]
    return np.ones(len(rows)) / len(rows) + np.mean(extra, axis=0)


def upgrad_weights(gram: ArrayLike) -> Array:
    """The mean of the gradients' projections onto the cone {u : ⟨g_i, u⟩ ≥ 0 for all i}.

    The projection of g_k is Σ_j (e_k + z)_j g_j with z = argmin over z ≥ 0 of (e_k + z)ᵀG(e_k + z): n non-negative
    quadratic programs with one matrix. Quinton & Rey, Jacobian descent (2024), proposition 1. ValueError as
    `min_norm_weights`.

    >>> upgrad_weights([[1, -1], [-1, 2]])  # (1, 0) and (−1, 1)
    array([1.  , 0.75])
    """
    if is_plain(gram) and (plain := plain_factor(gram)) is not None:
        return dual_cone_weights(gram, *plain[:2])
    array = gram_matrix(gram)
    n = array.shape[-1]
    scaled, c, _ = equilibrated(array, gram_rounding(gram))
    if n == 2:  # only the other task can be in the way: g_1 loses its component along g_2, and conversely
        squares = np.diagonal(scaled, axis1=-2, axis2=-1)
        push = -np.minimum(scaled[..., :1, 1], 0) / squares * (c / c[..., ::-1])
        return (1 + push) / 2
    total = np.empty_like(c)
    for index in np.ndindex(c.shape[:-1]):
        factor, good = factored(scaled[index])
        total[index] = c[index] * dual_cone_weights(scaled[index], factor, good, 1 / c[index])
    return total
