"""Scaling of rows and columns by powers of two, and products that leave one factor out."""

from __future__ import annotations

import math

import numpy as np

from helpers.determinant_derivatives._exponents import Array, Integers, times_power


def transpose(A: Array) -> Array:
    return np.swapaxes(A, -1, -2)


def equilibrate(A: Array) -> tuple[Array, Integers, Integers]:
    """B and integer rows r, columns c with A_ij = B_ij 2^(r_i + c_j), all rows and columns of B of about one size.

    Where the largest entries of the rows are within a factor of 16, and those of the columns too, r and c are constant.
    """
    size = np.abs(A)
    rows, columns = size.max(-1), size.max(-2)
    largest = rows.max(-1)
    uneven = (largest / 16 > rows.min(-1)) | (largest / 16 > columns.min(-1))
    top = np.frexp(largest)[1].astype(np.int64)[..., None]
    r, c = top.repeat(A.shape[-1], -1), np.zeros(rows.shape, dtype=np.int64)
    if uneven.any():
        r[uneven], c[uneven] = _row_and_column_exponents(A[uneven])
        mantissa, exponent = np.frexp(A)
        return times_power(mantissa, exponent - r[..., :, None] - c[..., None, :]), r, c
    return times_power(A, -top[..., None]), r, c


def _row_and_column_exponents(A: Array) -> tuple[Integers, Integers]:
    """r and c such that no scaling of rows and columns of A changes A_ij 2^(−r_i − c_j) by much.

    Two steps: r and c that minimise Σ (log2|a_ij| − r_i − c_j)² over the non-zero entries (Curtis & Reid 1972), which
    undoes any D₁ B D₂; then every non-zero row and column gets a largest entry between ½ and 1.
    """
    mantissa, exponent = np.frexp(A)
    filled = mantissa != 0
    weight, log = filled.astype(float), np.where(filled, exponent, 0).astype(float)
    row_count, column_count = weight.sum(-1), weight.sum(-2)
    row_mean = log.sum(-1) / np.maximum(row_count, 1)
    # Rows eliminated, a singular n x n system for the columns is left; 1e-9 picks one of its solutions.
    scaled = weight / np.maximum(row_count, 1)[..., None]
    normal = (column_count[..., None] + 1e-9) * np.eye(A.shape[-1]) - transpose(weight) @ scaled
    right = log.sum(-2) - (weight * row_mean[..., None]).sum(-2)
    c = np.rint(np.linalg.solve(normal, right[..., None])[..., 0])
    r = np.rint(row_mean - (scaled * c[..., None, :]).sum(-1))

    def largest(axis: int) -> Array:
        top = np.where(filled, log - r[..., :, None] - c[..., None, :], -np.inf).max(axis)
        return np.where(np.isfinite(top), top, 0.0)

    r = r + largest(-1)
    c = c + largest(-2)
    return r.astype(np.int64), c.astype(np.int64)


def leave_one_out(values: Array) -> tuple[Array, Integers]:
    """∏_{k≠i} values_k for every i along the last axis, as mantissa and exponent of two; zeros are allowed."""
    mantissa, exponent = np.frexp(values)
    low = np.abs(mantissa) < math.sqrt(0.5)  # centred on 1, a product of 1000 mantissas stays in range
    mantissa, exponent = np.where(low, 2 * mantissa, mantissa), exponent - low
    zero = mantissa == 0
    divisor = np.where(zero, 1.0, mantissa)
    product = divisor.prod(-1, keepdims=True) / divisor
    others_are_not = zero.sum(-1, keepdims=True) == zero  # no zero at all, or the one that is left out
    return np.where(others_are_not, product, 0.0), exponent.sum(-1, keepdims=True) - exponent
