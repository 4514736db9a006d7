"""UPGrad: the mean of the projections onto the cone of directions that hurt no task."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import lsq_linear

from helpers.inputs import real_array
from helpers.multi_task_gradients._active_set import project_stack
from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.gram import solved_weights


def upgrad_weights_by_projection(rows: ArrayLike) -> Array:
    """`upgrad_weights` of the gradients (n, parameters) themselves, by one non-negative least squares per gradient.

    By Moreau's theorem the projection of g_k onto {u : ⟨g_i, u⟩ ≥ 0} is g_k + Σ z_i g_i, where −Σ z_i g_i, z ≥ 0, is
    the combination nearest to g_k. ValueError for another shape, nan and inf.

    >>> upgrad_weights_by_projection([[1, 0], [-1, 1]])  # the first gains half the second, which gains it whole
    array([1.  , 0.75])
    """
    jacobian = real_array("rows", rows)
    if jacobian.ndim != 2:
        raise ValueError(f"rows: shape {jacobian.shape}; give (tasks, parameters)")
    extra = [lsq_linear(-jacobian.T, g, (0, np.inf), method="bvls", tol=1e-14).x for g in jacobian]
    return (1 + np.sum(extra, 0)) / len(jacobian)


def upgrad_weights(gram: ArrayLike) -> Array:
    """The mean of the gradients' projections onto the cone {u : ⟨g_i, u⟩ ≥ 0 for all i}.

    The projection of g_k is Σ_j (e_k + z)_j g_j with z = argmin over z ≥ 0 of (e_k + z)ᵀG(e_k + z): n non-negative
    quadratic programs with one matrix. Quinton & Rey, Jacobian descent (2024), proposition 1. ValueError as
    `min_norm_weights`.

    >>> upgrad_weights([[1, -1], [-1, 2]])  # (1, 0) and (−1, 1)
    array([1.  , 0.75])
    """
    return solved_weights(gram, _mean_projections)


def _mean_projections(work: Array, weights: Array) -> None:
    projected = np.zeros((*weights.shape, weights.shape[-1]))
    projected[:] = np.eye(weights.shape[-1])
    project_stack(work, projected)
    weights[:] = projected.mean(-2)
