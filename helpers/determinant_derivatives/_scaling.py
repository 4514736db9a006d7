"""Scaling of rows and columns by powers of two, and products that leave one factor out."""

from __future__ import annotations

import math

import numpy as np

from helpers.determinant_derivatives._exponents import Array, Integers, times_power


def transpose(A: Array) -> Array:
    return np.swapaxes(A, -1, -2)


def equilibrate(A: Array) -> tuple[Array, Integers, Integers]:
    """B and integer rows r, columns c with A_ij = B_ij 2^(r_i + c_j), where no scaling of A changes B by much.

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
    r, c = r.astype(np.int64), c.astype(np.int64)
    return times_power(mantissa, exponent - r[..., :, None] - c[..., None, :]), r, c


def leave_one_out(values: Array) -> tuple[Array, Integers]:
    """∏_{k≠i} values_k for every i along the last axis, as mantissa and exponent of two; zeros are allowed."""
    mantissa, exponent = np.frexp(values)
    low = (mantissa > 0) & (mantissa < math.sqrt(0.5))  # centred on 1, a product of 1000 mantissas stays in range
    mantissa, exponent = np.where(low, 2 * mantissa, mantissa), exponent - low
    one = np.ones_like(mantissa[..., :1])
    before = np.cumprod(np.concatenate([one, mantissa[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([one, mantissa[..., :0:-1]], -1), -1)[..., ::-1]
    return before * after, exponent.sum(-1, keepdims=True) - exponent
