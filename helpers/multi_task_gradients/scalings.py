"""Weights by rescaling alone: equal, equal lengths, equal projections, equal singular values."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.gram import gram_matrix, unit_gram


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
    _, lengths, _ = unit_gram(gram)
    return np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)


def imtl_g_weights(gram: ArrayLike) -> Array:
    """Equal projections on all gradients' directions, weights summing to 1: α ∝ G⁺ (‖g_1‖, …, ‖g_n‖).

    Solved for unit gradients, so that their lengths may differ by any factor. Weights may be negative, and all are 0
    where they cannot be made to sum to 1; a zero gradient gets weight 0. Where gradients become dependent, u tends to
    0; where they are so to rounding, the pseudo-inverse ignores that combination, and u jumps. Liu et al., Towards
    impartial multi-task learning (2021); Quinton & Rey (2024) take the pseudo-inverse of G, which lengths distort.

    >>> imtl_g_weights(np.diag([4.0, 1.0])).round(12)  # u = ⅓(2, 0) + ⅔(0, 1)
    array([0.33333333, 0.66666667])
    """
    cosines, lengths, lost = unit_gram(gram)
    equal = (lengths > 0).astype(float)
    # Divided by the shortest length, since only ratios matter and 1/length may be large.
    shortest = np.where(lengths > 0, lengths, np.inf).min(-1, keepdims=True)
    raw = np.matmul(np.linalg.pinv(cosines, rtol=lost, hermitian=True), equal[..., None])[..., 0]
    raw *= np.divide(shortest, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    total = raw.sum(-1, keepdims=True)
    usable = np.abs(total) > 1e-12 * np.abs(raw).sum(-1, keepdims=True)
    return np.divide(raw, total, out=np.zeros_like(raw), where=usable)


def aligned_mtl_weights(gram: ArrayLike) -> Array:
    """Equal weights after all principal components of the gradients are scaled to the smallest: σ_min (√G)⁺ 1/n.

    Which components there are is decided for unit gradients, so that a short gradient counts. As in `imtl_g_weights`, u
    tends to 0 where gradients become dependent, and jumps where they are so to rounding. Senushkin et al., Independent
    component alignment for multi-task learning (2023), algorithm 1.

    >>> aligned_mtl_weights(np.diag([4.0, 1.0]))  # u = ½(1, 0) + ½(0, 1)
    array([0.25, 0.5 ])
    """
    cosines, lengths, lost = unit_gram(gram)
    values, vectors = np.linalg.eigh(cosines)
    kept = values > values[..., -1:] * lost
    # A has A Aᵀ = G; its singular values are found to rounding, where those of G lose half the digits.
    rows = lengths[..., None] * vectors * np.sqrt(np.where(kept, values, 0.0))[..., None, :]
    left, singular, _ = np.linalg.svd(rows)
    rank = (kept.sum(-1) - (lengths == 0).sum(-1))[..., None]
    found = np.arange(lengths.shape[-1]) < rank
    smallest = np.where(found, singular, np.inf).min(-1, keepdims=True)
    scale = np.divide(smallest, singular, out=np.zeros_like(singular), where=found & (singular > 0))
    weights = np.matmul(left, (scale * left.mean(-2))[..., None])[..., 0]
    return np.where(rank > 0, weights, 1.0 / lengths.shape[-1])
