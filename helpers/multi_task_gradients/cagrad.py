"""Conflict-averse gradient descent (CAGrad): the worst task is served best within a ball around the mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import real_number
from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.gram import gram_matrix
from helpers.multi_task_gradients.min_norm import min_norm_weights

_EPS = float(np.finfo(np.float64).eps)


def cagrad_weights(gram: ArrayLike, radius: float = 0.4) -> Array:
    """Conflict-averse: max over ‖u − g_0‖ ≤ c‖g_0‖ of min_i ⟨g_i, u⟩, with g_0 the mean gradient and c = ``radius``.

    The dual, min over the simplex of ⟨g_w, g_0⟩ + c‖g_0‖‖g_w‖, becomes a shortest-vector problem with
    ‖g_w‖ = min over t > 0 of (‖g_w‖²/t + t)/2: for fixed s = t/(c‖g_0‖) its minimiser is that of ‖g_w + s g_0‖, and
    s is right where ‖g_w‖ = s c‖g_0‖; ‖g_w‖² − t² has one change of sign because the dual is convex in t. So
    `min_norm_weights` solves it, within a search for s. Liu et al. (2021), algorithm 1, without its rescaling.
    ValueError as `gram_matrix`, and for a radius outside [0, 1).

    >>> cagrad_weights(np.eye(2)).round(12)  # nothing to repair, so u = (1 + c) g_0 = 1.4 (½, ½)
    array([0.7, 0.7])
    """
    matrix = gram_matrix(gram)
    radius = real_number("radius", radius, at_least=0, below=1)
    n = matrix.shape[-1]
    mean = np.full(matrix.shape[:-1], 1.0 / n)
    image = matrix.mean(-1)
    square = image.mean(-1)  # ‖g_0‖²
    size = np.diagonal(matrix, axis1=-2, axis2=-1).max(-1)
    active = square > 64 * _EPS * size
    if radius == 0 or not active.any():
        return mean
    reach = radius * np.sqrt(np.where(active, square, 1.0))
    # From vectors, since the entries of G + s(…) + s²(…) cancel where g_w is nearly −s g_0.
    values, vectors = np.linalg.eigh(matrix)
    rows = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]

    def shortest(exponent: Array) -> tuple[Array, Array]:
        """g_w for s = 2^exponent, and log2 of ‖g_w‖/(s c‖g_0‖), which is 0 at the right s."""
        shifted = rows + np.exp2(exponent)[..., None, None] * rows.mean(-2, keepdims=True)
        weights = min_norm_weights(np.matmul(shifted, np.swapaxes(shifted, -1, -2)))
        length = np.linalg.norm(np.matmul(weights[..., None, :], rows)[..., 0, :], axis=-1)
        return weights, np.log2(np.maximum(length / reach, 1e-300)) - exponent

    low, high = np.full(reach.shape, -52.0), np.log2(np.sqrt(np.where(active, size, 1.0)) / reach) + 1
    at_low, (weights, at_high) = shortest(low)[1], shortest(high)
    at_low = np.maximum(at_low, 0.0)  # a root below 2^−52 is taken to be there
    before = np.zeros(reach.shape)
    for k in range(80):  # regula falsi; an end that stays has its value halved (Illinois), and now and then a bisection
        width = np.where(at_low > at_high, at_low - at_high, 1.0)
        middle = (low + high) / 2 if k % 8 == 7 else low + (high - low) * np.clip(at_low / width, 0, 1)
        weights, value = shortest(middle)
        side = np.sign(value)
        stale = np.where(side == before, 0.5, 1.0)
        at_low, at_high = np.where(side > 0, value, at_low * stale), np.where(side > 0, at_high * stale, value)
        low, high, before = np.where(side > 0, middle, low), np.where(side > 0, high, middle), side
        if np.abs(np.where(active, value, 0.0)).max() < 1e-13:
            break
    return np.where(active[..., None], mean + weights / np.exp2(middle)[..., None], mean)
