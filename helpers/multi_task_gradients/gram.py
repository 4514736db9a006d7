"""Gram matrices: what counts as one, the rounding it may carry, and the gradients' lengths it holds."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers.inputs import real_array

Array = NDArray[np.float64]

_EPS = float(np.finfo(np.float64).eps)


def gram_rounding(gram: ArrayLike) -> float:
    """How far, relative to the lengths, entries of ``gram`` may be off by the rounding of its dtype.

    >>> gram_rounding(np.eye(2, dtype=np.float32)) > gram_rounding(np.eye(2)) > 0
    True
    """
    array = np.asarray(gram)
    eps = float(np.finfo(array.dtype).eps) if array.dtype.kind == "f" else _EPS
    # A sum of p products errs by about √p eps; 1000 n leaves room for 10⁶ parameters and more.
    return 1000 * array.shape[-1] * max(eps, _EPS)


def gram_matrix(gram: ArrayLike) -> Array:
    """``gram`` (..., n, n) in float64, if every matrix in it can be one of inner products up to rounding.

    ValueError for a wrong shape or dtype, empty, nan, inf, a negative diagonal, asymmetry beyond the rounding of the
    dtype, or an entry that exceeds the product of its two lengths.

    >>> gram_matrix([[4, 1], [1, 1]])
    array([[4., 1.],
           [1., 1.]])
    >>> gram_matrix([[1, 2], [2, 1]])
    Traceback (most recent call last):
    ValueError: gram: an entry exceeds the product of its two lengths; give a positive semidefinite matrix
    """
    kept = real_array("gram", gram, square=True, keep_float=True)
    rounding, array = gram_rounding(kept), kept.astype(np.float64, copy=False)
    diagonal = np.diagonal(array, axis1=-2, axis2=-1)
    if (diagonal < 0).any():
        raise ValueError("gram: has a negative diagonal entry; give a positive semidefinite matrix")
    # Squares below 5e-324 underflow to 0, so a row whose square is 0 may still have products up to this size.
    length = np.maximum(np.sqrt(diagonal), 2.0**-537)
    product = length[..., :, None] * length[..., None, :]
    if (np.abs(array - np.swapaxes(array, -1, -2)) > rounding * product).any():
        raise ValueError("gram: is asymmetric beyond rounding; give a matrix of inner products")
    if (np.abs(array) > (1 + rounding) * product).any():
        raise ValueError("gram: an entry exceeds the product of its two lengths; give a positive semidefinite matrix")
    return array


def gradient_lengths(gram: Array) -> tuple[Array, Array]:
    """‖g_i‖ and its inverse (0 for a zero gradient), both (..., n), from Gram matrices (..., n, n).

    >>> gradient_lengths(np.diag([4.0, 0.0]))
    (array([2., 0.]), array([0.5, 0. ]))
    """
    lengths = np.sqrt(np.diagonal(gram, axis1=-2, axis2=-1))
    return lengths, np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)


def is_plain(gram: object) -> TypeGuard[Array]:
    """Whether ``gram`` is one square float64 array (n, n), so that a solver may try its fast path before any check.

    >>> is_plain(np.eye(2)), is_plain([[1.0]]), is_plain(np.ones((2, 3)))
    (True, False, False)
    """
    return type(gram) is np.ndarray and gram.dtype == np.float64 and gram.ndim == 2 and 0 < len(gram) == gram.shape[1]
