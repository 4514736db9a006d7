"""Norms of the Jacobian of a row's softmax: the dense matrix first, then its norms in O(n), without cancellation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from helpers.attention_scale._weights import Array, checked_row, relative_weights


def softmax_jacobian(scores: ArrayLike, alpha: ArrayLike) -> Array:
    """J = ∂softmax(αs)/∂s = α(diag p − ppᵀ), the dense matrix: the plain way to the three norms below.

    scores: (…, n), real or −inf for a key that is masked. alpha: ≥ 0, broadcasts against (…). Returns (…, n, n), so
    this is for short rows. The norms are ½ Σ|J|, √ΣJ² and the largest eigenvalue; 1 − p cancels where p is close to 1.
    ValueError for nan or +inf, an empty row or one without a key, a negative or infinite alpha, shapes that do not fit.

    >>> jacobian = softmax_jacobian([0.0, 0.0], 2.0)  # p = (½, ½)
    >>> jacobian.tolist()
    [[0.5, -0.5], [-0.5, 0.5]]
    >>> float(abs(jacobian).sum() / 2), float(softmax_gradient_norm([0.0, 0.0], 2.0))
    (1.0, 1.0)
    """
    scores, alpha = checked_row(scores, alpha)
    with np.errstate(over="ignore", invalid="ignore"):  # halves, since differences of scores may overflow
        exponents = alpha[..., None] * (scores / 2 - scores.max(-1, keepdims=True) / 2) * 2
    p = special.softmax(np.where(scores == -np.inf, -np.inf, exponents), -1)
    return alpha[..., None, None] * (p[..., None] * np.eye(p.shape[-1]) - p[..., None] * p[..., None, :])


def softmax_gradient_norm(scores: ArrayLike, alpha: ArrayLike) -> Array:
    """½‖∂softmax(αs)/∂s‖₁ = α(1 − Σp²), the objective of the article, in O(n) per row.

    scores: (…, n), real, of any size; −inf for a key that is masked: it has no weight and no gradient.
    alpha: ≥ 0, broadcasts against (…). Returns (…) in float64.
    It is also the trace and the nuclear norm of the Jacobian. With w the weights relative to the top one and
    R = Σ_rest w, it equals α(2R + R² − Σ_rest w²)/(1 + R)², which does not cancel where 1 − Σp² does.
    ValueError for nan or +inf, an empty row or one without a key, a negative or infinite alpha, shapes that do not fit.

    >>> softmax_gradient_norm([[0, 0, 0], [0, 0, -1e3]], 3.0).tolist()  # 3(1 − ⅓), 3(1 − ½)
    [2.0, 1.5]
    >>> softmax_gradient_norm([[0, 0, -np.inf], [0, -np.inf, -np.inf]], 3.0).tolist()  # a causal mask
    [1.5, 0.0]
    """
    weights, rest, alpha = relative_weights(scores, alpha)
    squares = np.einsum("...i,...i->...", weights, weights)
    return alpha * ((2 * rest + np.maximum(rest**2 - squares, 0)) / (1 + rest) ** 2)


def softmax_gradient_frobenius(scores: ArrayLike, alpha: ArrayLike) -> Array:
    """‖∂softmax(αs)/∂s‖_F = α√(Σp² − 2Σp³ + (Σp²)²), in O(n) per row and without cancellation.

    Arguments, result and errors as in `softmax_gradient_norm`.

    >>> float(softmax_gradient_frobenius([0, 0], 2.0))  # four entries ±½
    1.0
    """
    weights, rest, alpha = relative_weights(scores, alpha)
    shares = weights / np.where(rest > 0, rest, 1)[..., None]  # their squares do not underflow
    two = np.einsum("...i,...i->...", shares, shares)
    three = np.einsum("...i,...i,...i->...", shares, shares, shares)
    total = 1 + rest
    inside = 1 + total**2 * two - 2 * total * rest * three + 2 * two + rest**2 * two**2
    return alpha * (rest * np.sqrt(inside) / total**2)


def softmax_gradient_spectral(scores: ArrayLike, alpha: ArrayLike) -> Array:
    """‖∂softmax(αs)/∂s‖₂, the largest eigenvalue αλ of α(diag p − ppᵀ), in O(n) per row and step.

    λ lies between the two largest p and solves the secular equation Σ p_i/(p_i − λ) = 0 (Golub 1973). The row sums
    (Gershgorin) and the first diagonal entry give p_max(1 − p_max) ≤ λ ≤ 2p_max(1 − p_max): bisection starts there.
    Arguments, result and errors as in `softmax_gradient_norm`.

    >>> float(softmax_gradient_spectral([0, 0], 2.0))  # ½ [[1, −1], [−1, 1]] has the eigenvalues 1 and 0
    1.0
    """
    weights, rest, alpha = relative_weights(scores, alpha)
    share = rest / (1 + rest)
    low, high = np.maximum(weights.max(-1), share), np.minimum(1, 2 * share)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(52):  # the bracket is a factor of 2 wide: 52 halvings reach the last bit
            x = (low + high) / 2
            pull = (weights / (x[..., None] - weights)).sum(-1)
            right = pull * (1 - x) > 1
            low, high = np.where(right, x, low), np.where(right, high, x)
    return alpha * ((low + high) / 2 / (1 + rest))
