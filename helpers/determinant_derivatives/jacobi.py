"""Jacobi's formula: how fast det A and log|det A| change while A moves in the direction dA."""

from __future__ import annotations

import numpy as np

from helpers.determinant_derivatives._double_double import sum_of_pairs, two_product
from helpers.determinant_derivatives._elimination import Parts, adjugate_parts, eliminated
from helpers.determinant_derivatives._exponents import Array, Integers, times_power, to_common_exponent, within_float64
from helpers.determinant_derivatives._scaling import transpose
from helpers.inputs import real_array, real_number

_SINGULAR = 2.0**-100  # n times that: what elimination in 106 bits leaves of a pivot that is zero


def _matching(A: object, dA: object) -> tuple[Array, Array]:
    """Both as real arrays (…, n, n) with one n and leading axes that broadcast; ValueError otherwise."""
    A, dA = real_array("A", A, square=True), real_array("dA", dA, square=True)
    try:
        np.broadcast_shapes(A.shape[:-2], dA.shape[:-2])
        fits = A.shape[-1] == dA.shape[-1]
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"dA: shape {dA.shape} does not fit A {A.shape}; give the same n and a batch that broadcasts")
    return A, dA


def _trace_of_product(parts: Parts, dA: Array) -> tuple[Array, Integers]:
    """tr(adj(A) dA) as mantissa and exponent."""
    mantissa, exponent = np.frexp(transpose(dA))
    power = parts.exponent + exponent
    if not parts.low.size:
        terms, top = to_common_exponent(parts.high * mantissa, power)
        return terms.sum((-2, -1)), top
    high, low = two_product(parts.high, mantissa)
    low += parts.low * mantissa
    high_part, top = to_common_exponent(high, power)
    low_part = times_power(low, power - top[..., None, None])
    return sum_of_pairs(*(x.reshape(*x.shape[:-2], -1) for x in (high_part, low_part))), top


def determinant_derivative(A: object, dA: object, *, rank_tolerance: float = 0.0) -> Array:
    """Jacobi's formula d|A| = tr(adj(A) dA), for matrices of any rank.

    A, dA: (…, n, n), leading axes broadcast. Returns (…). For dA = A′(t) it is the derivative of |A(t)|.
    rank_tolerance, precision and errors as in `adjugate`; ValueError also for a result beyond float64.

    >>> float(determinant_derivative([[1, 2], [2, 4]], [[1, 0], [0, 0]]))
    4.0
    """
    A, dA = _matching(A, dA)
    parts = adjugate_parts(A, real_number("rank_tolerance", rank_tolerance, at_least=0, below=1))
    trace, exponent = _trace_of_product(parts, dA)
    return within_float64("A, dA", trace, exponent, "use log_abs_det_derivative")[()]


def log_abs_det_derivative(A: object, dA: object) -> Array:
    """d log|det A| = tr(A⁻¹ dA) = tr(adj(A) dA) / |A|; neither the determinant nor the adjugate has to fit a float.

    A, dA: (…, n, n), leading axes broadcast. Returns (…), right to about ten digits of Σ |adj(A)_ij dA_ji| / |det A|
    while |d_n| ≥ 10⁻²² |d₁|, with pivots d of 106 bits after scaling rows and columns by powers of two; fewer below.
    Raises ValueError for bad input as in `adjugate`, for a result beyond float64, and for a matrix that is singular to
    working precision: |d_n| ≤ n 2⁻¹⁰⁰ |d₁|.

    >>> float(log_abs_det_derivative([[2, 0], [0, 4]], [[1, 5], [7, 1]]))
    0.75
    """
    A, dA = _matching(A, dA)
    found = eliminated(A, last=1)
    sizes = np.abs(found.pivots)
    singular = sizes[..., -1] <= A.shape[-1] * _SINGULAR * sizes[..., 0]
    if singular.any():
        where = f"matrix {tuple(int(k) for k in np.argwhere(singular)[0])} of the batch " if singular.ndim else ""
        raise ValueError(
            f"A: {where}is singular to working precision, and log|det A| has no derivative there; "
            "determinant_derivative gives that of det A"
        )
    trace, exponent = _trace_of_product(found.adjugate, dA)
    return within_float64("A, dA", trace / found.det, exponent - found.det_exponent, "scale dA down")[()]
