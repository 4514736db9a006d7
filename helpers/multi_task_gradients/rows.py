"""Gradients as the rows of a Jacobian: their Gram matrix, weighted sums of them, and whom the normalised sum hurts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import integer, real_array
from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.min_norm import min_norm_weights


def _jacobians(rows: ArrayLike) -> Array:
    array = real_array("rows", rows)
    if array.ndim < 2:
        raise ValueError(f"rows: shape {array.shape}; give Jacobians (..., tasks, parameters)")
    return array


def gram_of(rows: ArrayLike) -> Array:
    """G_ij = ⟨g_i, g_j⟩ (..., n, n) of Jacobians (..., n, parameters), symmetric to the last bit.

    >>> gram_of([[2.0, 0.0], [1.0, 1.0]])
    array([[4., 2.],
           [2., 2.]])
    """
    array = _jacobians(rows)
    product = array @ np.swapaxes(array, -1, -2)
    gram: Array = (product + np.swapaxes(product, -1, -2)) / 2
    return gram


def combine(weights: ArrayLike, rows: ArrayLike) -> Array:
    """u = Σ α_i g_i (..., parameters) for weights (..., n) and Jacobians (..., n, parameters).

    >>> combine([0.5, 0.5], [[2.0, 0.0], [0.0, 2.0]])
    array([1., 1.])
    """
    combined: Array = np.einsum("...i,...ij->...j", real_array("weights", weights), _jacobians(rows))
    return combined


def random_rows(count: int, tasks: int, parameters: int, seed: int) -> Array:
    """``count`` Jacobians of independent standard normal gradients: (count, tasks, parameters).

    >>> random_rows(10, 3, 2, seed=0).shape
    (10, 3, 2)
    """
    sizes = [integer(name, size, 1) for name, size in (("count", count), ("tasks", tasks), ("parameters", parameters))]
    return np.random.default_rng(seed).standard_normal(sizes)


def shortest_length(rows: ArrayLike) -> Array:
    """‖u*‖ (...) of the shortest convex combination of the gradients (..., n, parameters).

    >>> shortest_length([[2.0, 0.0], [0.0, 2.0]]).round(12)  # the altitude of the triangle
    np.float64(1.414213562373)
    """
    array = _jacobians(rows)
    length: Array = np.linalg.norm(combine(min_norm_weights(gram_of(array)), array), axis=-1)
    return length


def hurt_by_normalized_sum(rows: ArrayLike) -> Array:
    """Which tasks (..., n) a step along −Σ g_i/‖g_i‖ raises, to first order.

    >>> angles = np.radians([0, 140, 150])
    >>> hurt_by_normalized_sum(np.stack([np.cos(angles), np.sin(angles)], -1))
    array([ True, False, False])
    """
    array = _jacobians(rows)
    unit = array / np.linalg.norm(array, axis=-1, keepdims=True)
    hurt: Array = np.einsum("...ij,...j->...i", unit, unit.sum(-2)) < 0
    return hurt


def distance_to_shortest(weights: ArrayLike, rows: ArrayLike) -> Array:
    """‖u − u*‖ (...) of Σ α_i g_i from the shortest convex combination, over the mean length of all gradients.

    weights: (..., n), rows: (..., n, parameters), broadcast against each other.

    >>> distance_to_shortest([0.5, 0.5], [[2.0, 0.0], [0.0, 1.0]]).round(3)  # (1, 0.5) in place of (0.4, 0.8)
    np.float64(0.447)
    """
    array = _jacobians(rows)
    apart = combine(real_array("weights", weights) - min_norm_weights(gram_of(array)), array)
    distance: Array = np.linalg.norm(apart, axis=-1) / np.linalg.norm(array, axis=-1).mean()
    return distance
