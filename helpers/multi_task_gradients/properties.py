"""What a method guarantees, measured: conflict, scale and order on given sets, rest near stationary ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import integer, real_array
from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.rows import combine, gram_of

Weights = Callable[..., Array]


def _unit(weights: Weights, rows: Array) -> Array:
    u = combine(weights(gram_of(rows)), rows)
    unit: Array = u / np.maximum(np.linalg.norm(u, axis=-1, keepdims=True), 1e-300)
    return unit


def least_cosine(weights: Weights, rows: ArrayLike) -> Array:
    """min_i cos∠(g_i, u) (...) of a method on sets of gradients (..., n, d): negative where the step raises a task.

    >>> from helpers.multi_task_gradients.scalings import mean_weights
    >>> least_cosine(mean_weights, [[3.0, 0.0], [-1.0, 1.0]]).round(3)
    np.float64(-0.316)
    """
    array = real_array("rows", rows)
    lengths = np.linalg.norm(array, axis=-1)
    cosines = np.einsum("...ij,...j->...i", array, _unit(weights, array)) / lengths
    least: Array = cosines.min(-1)
    return least


def turn_by_scaling(weights: Weights, rows: ArrayLike, factors: ArrayLike) -> Array:
    """‖û′ − û‖ (...) between a method's unit directions before and after gradient i is multiplied by factor i > 0.

    >>> from helpers.multi_task_gradients.scalings import mean_weights, normalized_weights
    >>> [turn_by_scaling(w, np.eye(2), [1.0, 1e9]).round(3) for w in (mean_weights, normalized_weights)]
    [np.float64(0.765), np.float64(0.0)]
    """
    array, scale = real_array("rows", rows), real_array("factors", factors, above=0)
    turn: Array = np.linalg.norm(_unit(weights, array * scale[..., None]) - _unit(weights, array), axis=-1)
    return turn


def turn_by_reordering(weights: Weights, rows: ArrayLike, order: ArrayLike) -> Array:
    """‖û′ − û‖ (...) between a method's unit directions before and after the tasks are put into another order.

    >>> from helpers.multi_task_gradients.scalings import mean_weights
    >>> turn_by_reordering(mean_weights, np.eye(2), [1, 0])
    np.float64(0.0)
    """
    array, indices = real_array("rows", rows), np.asarray(order)
    if sorted(indices.tolist()) != list(range(array.shape[-2])):
        raise ValueError(f"order: {indices.tolist()} is no order of {array.shape[-2]} tasks")
    turn: Array = np.linalg.norm(_unit(weights, array[..., indices, :]) - _unit(weights, array), axis=-1)
    return turn


def lengths_near_rest(weights: Weights, tasks: int, distances: ArrayLike, count: int, seed: int) -> Array:
    """Median ‖u‖ over the mean length of the gradients, at each distance ε from stationary sets: (distances,).

    ``count`` random sets in tasks + 1 dimensions with Σ λ_i g_i = 0 for some λ_i in [½, 2]; the last gradient is moved
    by ε times a normal vector, the same one for all ε.

    >>> from helpers.multi_task_gradients.min_norm import min_norm_weights
    >>> near = lengths_near_rest(min_norm_weights, 3, [1e-2, 1e-4], 20, seed=0)
    >>> bool(80 < near[0] / near[1] < 120)  # in proportion to ε
    True
    """
    tasks, count = integer("tasks", tasks, 2), integer("count", count, 1)
    rng = np.random.default_rng(seed)
    rows, mixture = rng.standard_normal((count, tasks, tasks + 1)), rng.uniform(0.5, 2, (count, tasks, 1))
    kick = np.zeros_like(rows)
    kick[:, -1], rows[:, -1] = rows[:, -1], -(mixture * rows)[:, :-1].sum(1)
    sets = rows + real_array("distances", distances)[:, None, None, None] * kick
    lengths = np.linalg.norm(combine(weights(gram_of(sets)), sets), axis=-1)
    median: Array = np.median(lengths / np.linalg.norm(sets, axis=-1).mean(-1), axis=-1)
    return median
