"""Nash-MTL: the direction on which the tasks would agree if they bargained."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.gram import gradient_lengths, gram_matrix


def nash_mtl_weights(gram: ArrayLike) -> Array:
    """The bargaining solution Gα = 1/α, α > 0, hence ‖u‖² = αᵀGα = n always.

    It minimises ½αᵀGα − Σ log α_i. Both are solved for unit gradients (α_i → α_i/‖g_i‖ leaves u as it is) by damped
    Newton steps, which converge from everywhere because the function is self-concordant. At a Pareto-stationary point
    there is no solution; a ridge of 1e−12 keeps the answer finite there. A zero gradient gets weight 0.
    Navon et al., Multi-task learning as a bargaining game (2022), eq. 4. ValueError as `gram_matrix`.

    >>> nash_mtl_weights(np.diag([4.0, 1.0])).round(6)  # orthogonal: each task gets a step of length 1
    array([0.5, 1. ])
    """
    matrix = gram_matrix(gram)
    n = matrix.shape[-1]
    _, inverse = gradient_lengths(matrix)
    unit = matrix * inverse[..., :, None] * inverse[..., None, :] + 1e-12 * np.eye(n)
    unit = np.where((inverse == 0)[..., :, None], np.eye(n), unit)
    # Exact for two tasks, where both weights are equal; for more, a start not too far out.
    weights = 1 / np.sqrt(np.maximum(unit.sum(-1), 1e-13 if n == 2 else 0.1))
    for _ in range(200):
        slope = np.matmul(unit, weights[..., None])[..., 0] - 1 / weights
        hessian = unit + (1 / weights**2)[..., None] * np.eye(n)
        move = np.linalg.solve(hessian, -slope[..., None])[..., 0]
        decrement = np.sqrt(np.maximum(-(slope * move).sum(-1, keepdims=True), 0.0))
        weights = weights + np.where(decrement > 0.25, 1 / (1 + decrement), 1.0) * move
        if decrement.max() < 1e-7:  # squared by the step just taken
            break
    return weights * inverse
