"""Means and entropies under the softmax of one row."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from helpers.attention_scale._weights import Array, checked_row, half_gaps, rest_weights
from helpers.inputs import real_array, real_number


def softmax_entropy(scores: ArrayLike, alpha: ArrayLike, order: float = 1.0) -> Array:
    """Rényi entropy of softmax(αs) in nats: log Σp^order/(1 − order); Shannon's for order 1, −log max p for inf.

    order: ≥ 0; order 0 counts the keys that are present. Other arguments and errors as in `softmax_gradient_norm`.
    With w the weights relative to the top one and R = Σ_rest w, log Σp^a = log(1 + Σ_rest w^a) − a log(1 + R).

    >>> [round(float(np.exp(softmax_entropy([0, 0, -1e3], 1.0, order))), 12) for order in (0, 1, math.inf)]
    [3.0, 2.0, 2.0]
    """
    order = real_number("order", order, at_least=0, finite=False)
    scores, alpha = checked_row(scores, alpha)
    gaps = half_gaps(scores)
    weights, rest = rest_weights(gaps, alpha)
    level = np.log1p(rest)  # −log max p
    if order == 1:
        return level + special.entr(weights).sum(-1) / (1 + rest)  # entr(0) = 0
    if math.isinf(order):
        return level
    if abs(order - 1) < 0.5:
        return level + np.log1p(_power_excess(gaps, alpha, order) / (1 + rest)) / (1 - order)
    if order > 1:
        powers = (weights**order).sum(-1)
    else:
        _, powers = rest_weights(gaps, order * alpha)  # w^a is the weight at scale aα, also where w underflows
    return order / (order - 1) * level - np.log1p(powers) / (order - 1)


def _power_excess(gaps: Array, alpha: Array, order: float) -> Array:
    """Σ_rest (w^order − w) for an order near 1, where the two powers nearly cancel."""
    with np.errstate(over="ignore", invalid="ignore"):
        exponents = abs(order - 1) * alpha[..., None] * gaps * 2
        larger, _ = rest_weights(gaps, min(order, 1) * alpha)
        differences = np.where(larger > 0, larger * -np.expm1(exponents), 0)  # 0 · nan for absent keys at α = 0
    return math.copysign(1, 1 - order) * differences.sum(-1)


def softmax_mean(scores: ArrayLike, alpha: ArrayLike, values: ArrayLike | None = None) -> Array:
    """Σ p_i v_i with p = softmax(αs); ``values`` v defaults to the scores, which gives ∂ log Z/∂α.

    For scores with density e^{−V} that vanishes at both ends of its range, integration by parts turns the mean
    objective into this form with v = V′(s): E[α(1 − Σp²)] = E[Σ p_i V′(s_i)]; V′(s) = s for normal scores (Stein's
    lemma). It has a far smaller variance.
    Other arguments and errors as in `softmax_gradient_norm`; values: finite, of the shape of scores.

    >>> float(softmax_mean([0, 0, -1e3], 1.0, [1, 2, 9]))
    1.5
    """
    scores, alpha = checked_row(scores, alpha)
    values = scores if values is None else real_array("values", values)
    if values.shape != scores.shape:
        raise ValueError(f"values: has shape {values.shape}; give the shape of scores, {scores.shape}")
    weights, rest = rest_weights(half_gaps(scores), alpha)
    unit = 2.0 ** (1 + scores.shape[-1].bit_length())  # over 2n: the sum of n differences of two values is in range
    values = values / unit
    first = np.take_along_axis(values, scores.argmax(-1)[..., None], -1)
    weights *= np.maximum(values - first, -np.finfo(float).max)  # not −inf for an absent key, whose weight is 0
    return unit * (first[..., 0] + weights.sum(-1) / (1 + rest))
