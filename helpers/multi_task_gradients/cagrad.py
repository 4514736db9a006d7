"""Conflict-averse gradient descent (CAGrad): the worst task is served best within a ball around the mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import real_number
from helpers.multi_task_gradients._active_set import project_stack
from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.gram import solved_weights, unit_gram
from helpers.multi_task_gradients.min_norm import min_norm_weights


def cagrad_weights(gram: ArrayLike, radius: float = 0.4) -> Array:
    """Conflict-averse: max over ‖u − g_0‖ ≤ c‖g_0‖ of min_i ⟨g_i, u⟩, with g_0 the mean gradient and c = ``radius``.

    The dual, min over the simplex of ⟨g_w, g_0⟩ + c‖g_0‖‖g_w‖, becomes a shortest-vector problem with
    ‖g_w‖ = min over t > 0 of (‖g_w‖²/t + t)/2: for fixed s = t/(c‖g_0‖) its minimiser is that of ‖g_w + s g_0‖, and
    s is right where ‖g_w‖ = s c‖g_0‖; ‖g_w‖² − t² has one change of sign because the dual is convex in t. So
    `min_norm_weights` solves it, within a search for s, and u = g_0 + g_w/s. Where some gradients balance, no u serves
    all of them, s may be 0, and u is the point of the ball nearest to the cone of directions that hurt none. The best
    of these two and the mean is returned. Liu et al. (2021), algorithm 1, without its rescaling.
    ValueError as `min_norm_weights`, and for a radius outside [0, 1).

    >>> cagrad_weights(np.eye(2)).round(12)  # nothing to repair, so u = (1 + c) g_0 = 1.4 (½, ½)
    array([0.7, 0.7])
    """
    cosines, lengths, lost = unit_gram(gram)
    radius = real_number("radius", radius, at_least=0, below=1)
    # From vectors, since the entries of G + s(…) + s²(…) cancel where g_w is nearly −s g_0. The longest has length 1.
    values, vectors = np.linalg.eigh(cosines)
    kept = values > values[..., -1:] * lost  # the root of rounding would be a direction of its own
    units = vectors * np.sqrt(np.where(kept, values, 0.0))[..., None, :]
    longest = lengths.max(-1, keepdims=True)
    shrunk = lengths / np.where(longest > 0, longest, 1.0)
    rows = shrunk[..., None] * units
    mean = rows.mean(-2)
    reach = radius * np.linalg.norm(mean, axis=-1)
    best = np.full(lengths.shape, 1.0 / lengths.shape[-1])
    active = reach > 1e-7 * radius  # else the mean is 0 to rounding, and so is the ball
    if not active.any():
        return best
    along = vectors * kept[..., None, :]
    to_cone = solved_weights(gram, _project_mean) - best
    for extra in (shrunk * _dual_extra(rows, mean, np.where(active, reach, 1.0)), shrunk * to_cone):
        # As multiples of the unit gradients, without the combinations that are 0 to rounding, and not out of the ball.
        extra = np.matmul(along, np.matmul(extra[..., None, :], along).swapaxes(-1, -2))[..., 0]
        length = np.linalg.norm(np.matmul(extra[..., None, :], units)[..., 0, :], axis=-1)
        extra = extra * np.minimum(1.0, reach / np.maximum(length, 1e-300))[..., None]
        extra = np.divide(extra, shrunk, out=np.zeros_like(shrunk), where=active[..., None] & (shrunk > 0))
        other = 1.0 / lengths.shape[-1] + extra
        best = np.where((_worst_served(rows, other) > _worst_served(rows, best))[..., None], other, best)
    return best


def _worst_served(rows: Array, weights: Array) -> Array:
    """min_i ⟨g_i, u⟩ for u = Σ α_i g_i."""
    u = np.matmul(weights[..., None, :], rows)
    served: Array = np.matmul(rows, np.swapaxes(u, -1, -2))[..., 0].min(-1)
    return served


def _project_mean(work: Array, weights: Array) -> None:
    """Weights of the projection of g_0 onto the cone {u : ⟨g_i, u⟩ ≥ 0 for all i}."""
    mean = np.full((*weights.shape[:1], 1, weights.shape[1]), 1 / weights.shape[1])
    project_stack(work, mean)
    weights[:] = mean[:, 0]


def _dual_extra(rows: Array, mean: Array, reach: Array) -> Array:
    """w/s for the s at which ‖g_w‖ = s · reach."""

    def shortest(exponent: Array) -> tuple[Array, Array]:
        """g_w for s = 2^exponent, and log2 of ‖g_w‖/(s · reach), which is 0 at the right s."""
        shifted = rows + np.exp2(exponent)[..., None, None] * mean[..., None, :]
        weights = min_norm_weights(np.matmul(shifted, np.swapaxes(shifted, -1, -2)))
        length = np.linalg.norm(np.matmul(weights[..., None, :], rows)[..., 0, :], axis=-1)
        return weights, np.log2(np.maximum(length / reach, 1e-300)) - exponent

    # Below s = 2^−26 the weights' rounding decides about u; the cone's point is right there.
    low, high = np.full(reach.shape, -26.0), 1 - np.log2(reach)
    at_low, (weights, at_high) = shortest(low)[1], shortest(high)
    at_low = np.maximum(at_low, 0.0)
    middle, before = high, np.zeros(reach.shape)
    for k in range(80):  # regula falsi; an end that stays has its value halved (Illinois), and now and then a bisection
        width = np.where(at_low > at_high, at_low - at_high, 1.0)
        middle = (low + high) / 2 if k % 8 == 7 else low + (high - low) * np.clip(at_low / width, 0, 1)
        weights, value = shortest(middle)
        side = np.sign(value)
        stale = np.where(side == before, 0.5, 1.0)
        at_low, at_high = np.where(side > 0, value, at_low * stale), np.where(side > 0, at_high * stale, value)
        low, high, before = np.where(side > 0, middle, low), np.where(side > 0, high, middle), side
        if np.abs(value).max() < 1e-13:
            break
    return weights / np.exp2(middle)[..., None]
