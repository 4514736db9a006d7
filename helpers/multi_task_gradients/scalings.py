"""Weights by rescaling alone: equal, equal lengths, equal projections, equal singular values."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.gram import gradient_lengths, gram_matrix

_EPS = float(np.finfo(np.float64).eps)


def mean_weights(gram: ArrayLike) -> Array:
    """1/n each: the gradient of the mean loss. Gram matrices (..., n, n) → weights (..., n), as all methods.

    ValueError as `gram_matrix`.

    >>> mean_weights(np.eye(4))
    array([0.25, 0.25, 0.25, 0.25])
    """
    matrix = gram_matrix(gram)
    return np.full(matrix.shape[:-1], 1.0 / matrix.shape[-1])


def normalized_weights(gram: ArrayLike) -> Array:
    """1/‖g_i‖, so that u = Σ g_i/‖g_i‖: unchanged when a loss is scaled or shifted. A zero gradient gets weight 0.

    >>> normalized_weights(np.diag([4.0, 0.25]))
    array([0.5, 2. ])
    """
    return gradient_lengths(gram_matrix(gram))[1]


def imtl_g_weights(gram: ArrayLike) -> Array:
    """Equal projections on all gradients' directions, weights summing to 1: α ∝ G⁺ (‖g_1‖, …, ‖g_n‖).

    Weights may be negative, and all are 0 where they cannot be made to sum to 1. Liu et al., Towards impartial
    multi-task learning (2021); the pseudo-inverse is Quinton & Rey's extension (2024).

    >>> imtl_g_weights(np.diag([4.0, 1.0])).round(12)  # u = ⅓(2, 0) + ⅔(0, 1)
    array([0.33333333, 0.66666667])
    """
    matrix = gram_matrix(gram)
    lengths, _ = gradient_lengths(matrix)
    raw = np.matmul(np.linalg.pinv(matrix, hermitian=True), lengths[..., None])[..., 0]
    total = raw.sum(-1, keepdims=True)
    usable = np.abs(total) > 1e-12 * np.abs(raw).sum(-1, keepdims=True)
    return np.divide(raw, total, out=np.zeros_like(raw), where=usable)


def aligned_mtl_weights(gram: ArrayLike) -> Array:
    """Equal weights after all principal components of the gradients are scaled to the smallest: σ_min (√G)⁺ 1/n.

    Senushkin et al., Independent component alignment for multi-task learning (2023), algorithm 1.

    >>> aligned_mtl_weights(np.diag([4.0, 1.0]))  # u = ½(1, 0) + ½(0, 1)
    array([0.25, 0.5 ])
    """
    matrix = gram_matrix(gram)
    n = matrix.shape[-1]
    values, vectors = np.linalg.eigh(matrix)
    kept = values > values[..., -1:] * n * _EPS
    smallest = np.where(kept, values, np.inf).min(-1, keepdims=True)
    scale = np.sqrt(np.divide(smallest, values, out=np.zeros_like(values), where=kept))
    projected = np.matmul(np.swapaxes(vectors, -1, -2), np.full((n, 1), 1.0 / n))[..., 0]
    weights = np.matmul(vectors, (scale * projected)[..., None])[..., 0]
    return np.where(values[..., -1:] > 0, weights, 1.0 / n)
