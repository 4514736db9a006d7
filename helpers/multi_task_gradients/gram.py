"""Gram matrices: what counts as one, the rounding it may carry, and the gradients' lengths it holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import real_array
from helpers.multi_task_gradients._compiled import EPS, Array
from helpers.multi_task_gradients._equilibrated import FAULTS, equilibrate_stack


def _rounding(n: int, eps: float) -> float:
    """How far entries may be off, relative to the lengths: a sum of p products errs by about √p eps; room for 10⁶.

    At most 2 %, which is what half precision needs, or anything would pass.
    """
    return min(1000 * n * eps, 0.02)


def _read(gram: ArrayLike) -> tuple[Array, float]:
    """``gram`` (..., n, n) in float64, and the rounding of the type that it had."""
    kept = real_array("gram", gram, square=True, keep_float=True)
    eps = float(np.finfo(kept.dtype).eps) if kept.dtype.kind == "f" else EPS
    return kept.astype(np.float64, copy=False), max(eps, EPS)


def gram_matrix(gram: ArrayLike) -> Array:
    """``gram`` (..., n, n) in float64, if every matrix in it is one of inner products up to the rounding of its dtype.

    The lengths of the gradients may lie anywhere from 1e−154 to 1e154, also within one matrix, or be 0. ValueError for
    a wrong shape or dtype, empty, nan, inf, a negative diagonal, asymmetric, indefinite, or squares below the range.

    >>> gram_matrix([[4, 1], [1, 1]])
    array([[4., 1.],
           [1., 1.]])
    >>> gram_matrix([[1, 2], [2, 1]])
    Traceback (most recent call last):
    ValueError: gram: an entry exceeds the product of its two lengths; give a positive semidefinite matrix
    """
    array, eps = _read(gram)
    _equilibrated(array, eps)
    return array


def _equilibrated(array: Array, eps: float) -> Array:
    """What `equilibrate_stack` makes of the matrices (..., n, n); ValueError where it finds a fault."""
    # Writeable and in C order is the only layout that is compiled for.
    grams = np.require(array, requirements=["C", "W"]).reshape(-1, *array.shape[-2:])
    work = _workspace(*grams.shape[:2])
    if fault := equilibrate_stack(grams, _rounding(grams.shape[-1], eps), work):
        raise ValueError(f"gram: {FAULTS[fault]}")
    return work


def _workspace(batch: int, n: int) -> Array:
    return np.empty((batch, 2 * n + 2, n))


def solved_weights(gram: ArrayLike, solve: Callable[[Array, Array], None]) -> Array:
    """Weights (..., n) of ``gram`` (..., n, n) by a compiled ``solve``, with the ValueErrors of `gram_matrix`.

    >>> from helpers.multi_task_gradients._active_set import min_norm_stack
    >>> solved_weights([[4, 0], [0, 1]], min_norm_stack)
    array([0.2, 0.8])
    """
    if type(gram) is np.ndarray and gram.dtype == np.float64 and gram.ndim == 2 and gram.flags.carray:
        n = len(gram)  # the usual case: the compiled code finds all faults, and the checks below give them a name
        work = _workspace(1, n)
        if n and n == gram.shape[1] and not equilibrate_stack(gram[None], _rounding(n, EPS), work):
            weights = np.empty(n)
            solve(work, weights[None])
            return weights
    array, eps = _read(gram)
    weights = np.empty(array.shape[:-1])
    solve(_equilibrated(array, eps), weights.reshape(-1, array.shape[-1]))
    return weights


def unit_gram(gram: ArrayLike) -> tuple[Array, Array, float]:
    """Cosines between the gradients (..., n, n), their lengths (..., n), and the size of eigenvalues lost in rounding.

    A zero gradient has cosine 0 with the others and 1 with itself. Eigenvalues of the cosines below n times the
    rounding of the dtype cannot be told from 0. ValueError as `gram_matrix`.

    >>> cosines, lengths, _ = unit_gram([[4, 1], [1, 1]])
    >>> cosines, lengths
    (array([[1. , 0.5],
           [0.5, 1. ]]), array([2., 1.]))
    """
    array, eps = _read(gram)
    _equilibrated(array, eps)
    lengths = np.sqrt(np.diagonal(array, axis1=-2, axis2=-1))
    inverse = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    cosines = array * inverse[..., :, None] * inverse[..., None, :]
    n = array.shape[-1]
    cosines[..., np.arange(n), np.arange(n)] = 1.0
    return cosines, lengths, n * eps
