"""Frank–Wolfe on the simplex, and the article's running average, which is one of its step rules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import choice, integer
from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.gram import gram_matrix


def _line_search(k: int, slope: Array, length: Array) -> Array:
    """The best γ in [0, 1], which is the article's two-task formula."""
    return np.clip(np.divide(slope, length, out=np.zeros_like(slope), where=length > 0), 0, 1)


_STEP_SIZES: dict[str, Callable[[int, Array, Array], Array | float]] = {
    "line_search": _line_search,
    "2/(k+2)": lambda k, slope, length: 2 / (k + 2),
    "1/(k+1)": lambda k, slope, length: 1 / (k + 1),
}


def frank_wolfe_weights(gram: ArrayLike, steps: int, rule: str = "line_search", path: bool = False) -> Array:
    """Frank–Wolfe from equal weights: interpolate towards the task that the present direction serves worst.

    rule: "line_search" (the best γ, the article's two-task formula), "2/(k+2)" or "1/(k+1)", with k = 0, 1, …
    Returns weights (..., n), or with ``path`` all iterates (steps + 1, ..., n). ValueError as `gram_matrix`, for
    steps < 1 or another rule. Frank & Wolfe (1956); Sener & Koltun (2018), algorithm 2.

    >>> frank_wolfe_weights([[4, 0], [0, 1]], 1)  # with two tasks the first search already ends at the optimum
    array([0.2, 0.8])
    >>> frank_wolfe_weights(np.eye(3), 5, "2/(k+2)", path=True).shape
    (6, 3)
    """
    # α ← (1−γ)α + γ e_τ with τ = argmin_i (Gα)_i
    step_size = _STEP_SIZES[choice("rule", rule, _STEP_SIZES)]
    steps, matrix = integer("steps", steps, 1), gram_matrix(gram)
    n = matrix.shape[-1]
    weights = np.full(matrix.shape[:-1], 1.0 / n)
    diagonal = np.diagonal(matrix, axis1=-2, axis2=-1)
    kept = [weights]
    image = np.matmul(matrix, weights[..., None])[..., 0]
    for k in range(steps):
        tau = image.argmin(-1)[..., None]
        value = (weights * image).sum(-1, keepdims=True)
        slope = value - np.take_along_axis(image, tau, -1)  # ⟨u, u − g_τ⟩ ≥ 0
        length = slope + np.take_along_axis(diagonal - image, tau, -1)  # ‖u − g_τ‖²
        gamma = step_size(k, slope, length)
        weights = (1 - gamma) * weights + gamma * (np.arange(n) == tau)
        row = np.take_along_axis(matrix, tau[..., None], -2)[..., 0, :]
        # G e_τ is a row of G: no product is needed, except now and then against the drift of the sum.
        image = (1 - gamma) * image + gamma * row if k % 64 else np.matmul(matrix, weights[..., None])[..., 0]
        if path:
            kept.append(weights)
    return np.stack(kept) if path else weights


def averaged_weights(gram: ArrayLike, steps: int, path: bool = False) -> Array:
    """The article's running average u ← (k u + g_τ)/(k + 1), τ = argmin_i ⟨g_i, u⟩, as weights (..., n).

    The first step (k = 0) replaces u by one gradient; equal weights only choose which. Identical to
    `frank_wolfe_weights` with the rule "1/(k+1)". With ``path`` all iterates (steps + 1, ..., n), the start included.

    >>> averaged_weights([[4, 0], [0, 1]], 5)
    array([0.2, 0.8])
    """
    return frank_wolfe_weights(gram, steps, "1/(k+1)", path)
