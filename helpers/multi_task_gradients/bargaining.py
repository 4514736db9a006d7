"""Nash-MTL: the direction on which the tasks would agree if they bargained."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.gram import unit_gram


def nash_mtl_weights(gram: ArrayLike) -> Array:
    """The bargaining solution Gα = 1/α, α > 0, hence ‖u‖² = αᵀGα = n always.

    It minimises ½αᵀGα − Σ log α_i. For two tasks both unit gradients weigh the same; for more, damped Newton
    steps converge from everywhere, because the function is self-concordant. A zero gradient gets weight 0. At a
    Pareto-stationary point there is no solution: the weights grow without bound on the way there. Where rounding could
    decide about more than a quarter of some share α_i⟨g_i, u⟩ = 1, there is no agreement and all weights are 0, so that
    u never raises a task. Navon et al., Multi-task learning as a bargaining game (2022), eq. 4.
    ValueError as `gram_matrix`.

    >>> nash_mtl_weights(np.diag([4.0, 1.0])).round(6)  # orthogonal: each task gets a step of length 1
    array([0.5, 1. ])
    """
    cosines, lengths, lost = unit_gram(gram)  # α_i → α_i/‖g_i‖ leaves u as it is
    n = lengths.shape[-1]
    weights = np.ones_like(lengths) if n == 2 else _by_newton(cosines, lost)
    shares = weights * np.matmul(cosines, weights[..., None])[..., 0]
    stretch = n / np.maximum(shares.sum(-1, keepdims=True), lost)  # squared; it makes ‖u‖² = n
    # The rounding of a share is about lost · α², which may not decide.
    sure = (shares * stretch > 0.25) & (4 * lost * stretch * weights**2 < 1)
    agreed = sure.all(-1, keepdims=True)
    weights = weights * np.sqrt(stretch)
    return np.divide(weights, lengths, out=np.zeros_like(lengths), where=agreed & (lengths > 0))


def _by_newton(cosines: Array, lost: float) -> Array:
    n = cosines.shape[-1]
    matrix = cosines + lost * np.eye(n)  # positive definite
    weights = np.ones(cosines.shape[:-1])
    for _ in range(200):
        image = np.matmul(matrix, weights[..., None])[..., 0]
        stretch = np.sqrt(n / np.maximum((weights * image).sum(-1, keepdims=True), lost))  # best on the ray
        weights, image = stretch * weights, stretch * image
        slope = image - 1 / weights
        hessian = matrix + (1 / weights**2)[..., None] * np.eye(n)
        move = np.linalg.solve(hessian, -slope[..., None])[..., 0]
        decrement = np.sqrt(np.maximum(-(slope * move).sum(-1, keepdims=True), 0.0))
        weights = weights + np.where(decrement > 0.25, 1 / (1 + decrement), 1.0) * move
        if decrement.max() < 1e-7:  # squared by the step just taken
            break
    return weights
