"""The softmax of one row, relative to its top entry, which keeps norms and entropies accurate where they are tiny."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers._types import Array
from helpers.inputs import broadcast, real_array


def checked_row(scores: ArrayLike, alpha: ArrayLike) -> tuple[Array, Array]:
    """Scores (…, n), real or −inf for an absent key, a key in each row, and α ≥ 0; ValueError for anything else."""
    scores = real_array("scores", scores, at_most=np.finfo(float).max, finite=False)
    alpha = real_array("alpha", alpha, at_least=0)
    if scores.ndim == 0:
        raise ValueError("scores: is a single number; give an array with a last axis of length n ≥ 1")
    if (scores[..., 0] == -np.inf).any() and (scores.max(-1) == -np.inf).any():
        raise ValueError("scores: a row holds only -inf; give each row a key that is present")
    broadcast(alpha=alpha, rows=scores[..., 0])
    return scores, alpha


def half_gaps(scores: Array) -> Array:
    """(s − max s)/2, halved so that no difference overflows; −inf for the (first) maximal entry and for absent keys.

    Leaving the top weight out lets the formulas be sums of positive terms: 1 − p_max = rest/(1 + rest).
    """
    gaps = scores / 2
    top = scores.argmax(-1)[..., None]
    gaps -= np.take_along_axis(gaps, top, -1)
    np.put_along_axis(gaps, top, -np.inf, -1)
    return gaps


def rest_weights(gaps: Array, alpha: Array) -> tuple[Array, Array]:
    """Weights e^{α(s − max s)} of all keys but the top one, whose weight is 1, and their sum; from `half_gaps`."""
    with np.errstate(over="ignore", invalid="ignore"):
        weights = alpha[..., None] * gaps
        weights *= 2
        np.exp(weights, out=weights)
    if not alpha.all():
        np.copyto(weights, 0, where=np.isneginf(gaps))  # 0 · (−inf) is nan
    return weights, weights.sum(-1)


def relative_weights(scores: ArrayLike, alpha: ArrayLike) -> tuple[Array, Array, Array]:
    """`rest_weights` of checked scores, their sum and α."""
    scores, alpha = checked_row(scores, alpha)
    return *rest_weights(half_gaps(scores), alpha), alpha
