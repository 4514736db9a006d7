"""The minimum over tasks made smooth: softmin, its naive iteration, its fixed point, and descent on softmax weights."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from helpers.inputs import integer, real_array, real_number
from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.gram import gram_matrix


def softmin(values: ArrayLike, sharpness: float) -> Array:
    """e^(−λ v_i) / Σ_j e^(−λ v_j) over the last axis, λ = ``sharpness`` > 0.

    λ = inf puts all weight on the first minimum. ValueError for other values of λ, for nan and inf.

    >>> softmin([0.0, np.log(3)], 1.0).round(12)
    array([0.75, 0.25])
    """
    array = real_array("values", values)
    if array.ndim == 0:
        raise ValueError("values: is one number; give an array with at least one axis")
    return _softmin(array, real_number("sharpness", sharpness, above=0, finite=False))


def _softmin(values: Array, sharpness: float) -> Array:
    if math.isinf(sharpness):
        return (np.arange(values.shape[-1]) == values.argmin(-1)[..., None]).astype(float)
    with np.errstate(over="ignore"):  # e^−∞ = 0 is right
        powers: Array = np.exp(-sharpness * (values - values.min(-1, keepdims=True)))
    return powers / powers.sum(-1, keepdims=True)


def naive_weights(gram: ArrayLike, steps: int, sharpness: float = math.inf, path: bool = False) -> Array:
    """The article's first iteration, α ← softmin_i λ⟨g_i, u⟩ with u = Σ α_i g_i, from equal weights.

    sharpness: λ > 0; inf takes the argmin. It may oscillate for ever; shapes and errors as `averaged_weights`.

    >>> naive_weights([[4, 0], [0, 1]], 3, path=True).tolist()  # all on the task that was served worst
    [[0.5, 0.5], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """
    matrix = gram_matrix(gram)
    sharpness = real_number("sharpness", sharpness, above=0, finite=False)
    kept = [np.full(matrix.shape[:-1], 1.0 / matrix.shape[-1])]
    for _ in range(integer("steps", steps, 1)):
        kept.append(_softmin(np.matmul(matrix, kept[-1][..., None])[..., 0], sharpness))
        if not path:
            kept = kept[-1:]
    return np.stack(kept) if path else kept[-1]


def smooth_weights(gram: ArrayLike, sharpness: float) -> Array:
    """The fixed point α = softmin_i λ⟨g_i, Σ α_j g_j⟩ of one Gram matrix (n, n): the maximiser of the smoothed problem.

    With u = Σ a_j g_j it maximises the smoothed minimum of ⟨g_i, u⟩ minus ½‖u‖², a strongly concave function of u:
    Newton's method on the coefficients a, damped so that it ascends, with λ raised in steps of four from a value where
    the function is nearly quadratic. Only λ max_i G_ii counts; above 10¹² the weights are those at 10¹², which differ
    from their limit by about 10⁻¹². ValueError as `naive_weights`, and for λ = inf.

    >>> smooth_weights([[4, 0], [0, 1]], 1e4).round(3)  # nearly the exact (0.2, 0.8)
    array([0.2, 0.8])
    """
    matrix, sharpness = _unit_problem(gram, sharpness)
    sharpness, n = min(sharpness, 1e12), len(matrix)
    coefficients = np.full(n, 1.0 / n)
    stages = max(0, math.ceil(math.log(max(sharpness, 1.0), 4)))
    for stage in sharpness * 0.25 ** np.arange(stages, -1, -1):
        for _ in range(60):
            image = matrix @ coefficients
            weights = _softmin(image, stage)
            move = np.linalg.solve(
                np.eye(n) + stage * (np.diag(weights) - np.outer(weights, weights)) @ matrix, weights - coefficients
            )
            length = 1.0
            if stage * np.abs(matrix @ move).max() > 0.1:  # not yet where Newton's model holds: search along the line
                slope, value = (weights - coefficients) @ matrix @ move, _smoothed(matrix, coefficients, stage)
                while _smoothed(matrix, coefficients + length * move, stage) < value + 1e-4 * length * slope:
                    length /= 2
                    if length < 1e-9:
                        break
            coefficients = coefficients + length * move
            if np.abs(move).max() < 1e-14:
                break
    # The coefficients are the weights there, and do not amplify rounding by λ, as softmin would.
    coefficients = np.maximum(coefficients, 0.0)
    return coefficients / coefficients.sum()


def _unit_problem(gram: ArrayLike, sharpness: float) -> tuple[Array, float]:
    """G / max_i G_ii and λ max_i G_ii (inf where out of range): the same problem at another scale."""
    matrix, sharpness = gram_matrix(gram), real_number("sharpness", sharpness, above=0)
    if matrix.ndim != 2:
        raise ValueError(f"gram: shape {matrix.shape} is a batch; give one matrix (n, n)")
    size = float(matrix.diagonal().max())
    return (matrix / size, sharpness * size) if size > 0 else (matrix, sharpness)


def _smoothed(gram: Array, coefficients: Array, sharpness: float) -> float:
    """−(1/λ) log Σ_i e^(−λ⟨g_i, u⟩) − ½‖u‖² at u = Σ a_j g_j."""
    image = gram @ coefficients
    return float(-logsumexp(-sharpness * image) / sharpness - coefficients @ image / 2)


def naive_multiplier(gram: ArrayLike, sharpness: float) -> float:
    """λ · λ_max(Σ_i α_i (g_i − u)(g_i − u)ᵀ) at the smoothed optimum: the naive iteration contracts there iff < 1.

    The derivative of u ↦ Σ softmin_i(λ⟨g_i, u⟩) g_i is −λ times the covariance of the gradients under α.

    ValueError as `smooth_weights`, and where the multiplier may exceed float64.

    >>> round(naive_multiplier(np.eye(2), 3.0), 12)  # α = (½, ½) and (g_i − u) = ±(½, −½): the covariance has λ_max = ½
    1.5
    """
    weights = smooth_weights(gram, sharpness)
    matrix, scaled = _unit_problem(gram, sharpness)
    if math.isinf(scaled):
        raise ValueError("sharpness: times the largest squared length it exceeds float64; give a smaller one")
    root = np.sqrt(weights)
    centred = np.eye(len(weights)) - weights  # rows e_i − α: g_i − u in terms of the gradients
    spread = root[:, None] * (centred @ matrix @ centred.T) * root
    return scaled * max(float(np.linalg.eigvalsh(spread)[-1]), 0.0)


def softmax_descent_weights(gram: ArrayLike, steps: int, rate: float, path: bool = False) -> Array:
    """Plain gradient descent on β ↦ ½αᵀGα with α = softmax β, from β = 0; shapes as `averaged_weights`.

    rate: step in units of 1 / max_i G_ii, so that it does not depend on the scale of the gradients. The derivative
    is α_i ((Gα)_i − αᵀGα). ValueError also for a rate that is not finite and > 0.

    >>> softmax_descent_weights([[4, 0], [0, 1]], 200, 3.0).round(6)
    array([0.2, 0.8])
    """
    matrix = gram_matrix(gram)
    rate, steps = real_number("rate", rate, above=0), integer("steps", steps, 1)
    size = np.diagonal(matrix, axis1=-2, axis2=-1).max(-1)[..., None, None]
    matrix = np.divide(matrix, size, out=np.zeros_like(matrix), where=size > 0)
    logits = np.zeros(matrix.shape[:-1])
    kept = [_softmin(-logits, 1.0)]
    for _ in range(steps):
        image = np.matmul(matrix, kept[-1][..., None])[..., 0]
        logits = logits - rate * kept[-1] * (image - (kept[-1] * image).sum(-1, keepdims=True))
        kept.append(_softmin(-logits, 1.0))
        if not path:
            kept = kept[-1:]
    return np.stack(kept) if path else kept[-1]
