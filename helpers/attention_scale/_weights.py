"""The softmax of one row, relative to its top entry, which keeps norms and entropies accurate where they are tiny."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers.inputs import broadcast, real_array

Array = NDArray[np.float64]


def relative_weights(scores: ArrayLike, alpha: ArrayLike) -> tuple[Array, Array, Array]:
    """Rest weights, their sum and α: e^{α(s − max s)} with the (first) maximal entry set from 1 to 0.

    Leaving the top weight out lets the formulas be sums of positive terms: 1 − p_max = rest/(1 + rest).
    scores: (…, n), alpha: broadcasts against (…); ValueError for anything else.
    """
    scores, alpha = real_array("scores", scores), real_array("alpha", alpha, at_least=0)
    if scores.ndim == 0:
        raise ValueError("scores: is a single number; give an array with a last axis of length n ≥ 1")
    top = scores.max(-1, keepdims=True)
    with np.errstate(over="ignore"):
        if not np.isfinite(top - scores.min(-1, keepdims=True)).all():
            raise ValueError("scores: differ by more than float64 can hold; give scores within ±8e307")
    broadcast(alpha=alpha, rows=top[..., 0])
    with np.errstate(under="ignore", over="ignore"):
        weights = np.exp(alpha[..., None] * (scores - top))
    first = np.broadcast_to(scores.argmax(-1)[..., None], (*weights.shape[:-1], 1))
    np.put_along_axis(weights, first, 0.0, -1)
    return weights, weights.sum(-1), np.broadcast_to(alpha, weights.shape[:-1])
