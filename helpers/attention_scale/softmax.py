"""Means and entropies under the softmax of one row."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from helpers.attention_scale._weights import Array, relative_weights
from helpers.inputs import real_array, real_number


def softmax_entropy(scores: ArrayLike, alpha: ArrayLike, order: float = 1.0) -> Array:
    """Rényi entropy of softmax(αs) in nats: log Σp^order/(1 − order); Shannon's for order 1, −log max p for inf.

    order: ≥ 0. Other arguments and errors as in `softmax_gradient_norm`.

    >>> [round(float(np.exp(softmax_entropy([0, 0, -1e3], 1.0, order))), 12) for order in (0, 1, math.inf)]
    [3.0, 2.0, 2.0]
    """
    order = real_number("order", order, at_least=0, finite=False)
    weights, rest, _ = relative_weights(scores, alpha)
    if order == 1:
        return np.log1p(rest) + special.entr(weights).sum(-1) / (1 + rest)  # entr(0) = 0
    if math.isinf(order):
        return np.log1p(rest)
    if order == 0:
        return np.full(rest.shape, math.log(weights.shape[-1]))
    return (np.log1p((weights**order).sum(-1)) - order * np.log1p(rest)) / (1 - order)


def softmax_mean(scores: ArrayLike, alpha: ArrayLike, values: ArrayLike | None = None) -> Array:
    """Σ p_i v_i with p = softmax(αs); ``values`` v defaults to the scores, which gives ∂ log Z/∂α.

    For scores with density e^{−V} that vanishes at both ends of its range, integration by parts turns the mean
    objective into this form with v = V′(s): E[α(1 − Σp²)] = E[Σ p_i V′(s_i)]; V′(s) = s for normal scores (Stein's
    lemma). It has a far smaller variance.
    Other arguments and errors as in `softmax_gradient_norm`; values: finite, of the shape of scores.

    >>> float(softmax_mean([0, 0, -1e3], 1.0, [1, 2, 9]))
    1.5
    """
    weights, rest, _ = relative_weights(scores, alpha)
    scores = real_array("scores", scores)
    values = scores if values is None else real_array("values", values)
    if values.shape != scores.shape:
        raise ValueError(f"values: has shape {values.shape}; give the shape of scores, {scores.shape}")
    first = np.take_along_axis(values, scores.argmax(-1)[..., None], -1)
    return first[..., 0] + (weights * (values - first)).sum(-1) / (1 + rest)
