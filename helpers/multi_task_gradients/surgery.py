"""Gradient surgery (PCGrad): conflicts are projected away, one after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import real_array
from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.gram import gram_matrix


def pcgrad_weights(gram: ArrayLike, order: ArrayLike | None = None) -> Array:
    """Gradient surgery: each gradient loses its component against every other one it conflicts with, then the sum.

    order: the tasks in the order in which they are projected away, (n,) or one row per task (n, n); None is
    0, 1, …, n−1. The result depends on it. ValueError as `gram_matrix`, or where the order is no permutation.
    Yu et al., Gradient surgery for multi-task learning (2020), algorithm 1.

    >>> pcgrad_weights([[1, -1], [-1, 2]])  # (1, 0), (−1, 1): the first gains ½ of the second, which gains the first
    array([2. , 1.5])
    """
    matrix = gram_matrix(gram)
    n = matrix.shape[-1]
    rows = _permutations(order, n)
    squares = np.diagonal(matrix, axis1=-2, axis2=-1)
    inverse = np.divide(1.0, squares, out=np.zeros_like(squares), where=squares > 0)
    task = np.arange(n)
    current = np.broadcast_to(np.eye(n), matrix.shape).copy()  # row i: what is left of g_i, in terms of all gradients
    for other in rows.T:  # the k-th gradient that each task meets
        conflict = np.minimum((matrix[..., other, :] * current).sum(-1), 0.0)
        current[..., task, other] -= np.where(task == other, 0.0, conflict * inverse[..., other])
    return current.sum(-2)


def _permutations(order: ArrayLike | None, n: int) -> np.ndarray:
    """``order`` as one permutation per task, (n, n) integers."""
    if order is None:
        order = np.arange(n)
    array = real_array("order", order)
    if array.shape not in ((n,), (n, n)) or (np.sort(array, -1) != np.arange(n)).any():
        raise ValueError(f"order: is no permutation; give one permutation of 0 … {n - 1}, or one per task")
    return np.broadcast_to(array.astype(int), (n, n))
