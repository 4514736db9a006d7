"""Jacobi's formula: how fast det A and log|det A| change while A moves in the direction dA."""

from __future__ import annotations

import numpy as np

from helpers.determinant_derivatives._exponents import Array, to_common_exponent, within_float64
from helpers.determinant_derivatives._factors import EPS, adjugate_parts, matching
from helpers.determinant_derivatives._scaling import equilibrate, transpose


def determinant_derivative(A: object, dA: object) -> Array:
    """Jacobi's formula d|A| = tr(adj(A) dA), for matrices of any rank.

    A, dA: (…, n, n), leading axes broadcast. Returns (…). For dA = A′(t) it is the derivative of |A(t)|.
    Raises ValueError for bad input as in `adjugate`, and for a result beyond float64.

    >>> round(float(determinant_derivative([[1, 2], [2, 4]], [[1, 0], [0, 0]])), 12)
    4.0
    """
    A, dA = matching(A, dA)
    M, E = adjugate_parts(A, None)
    mantissa, exponent = np.frexp(transpose(dA))
    terms, top = to_common_exponent(M * mantissa, E + exponent)
    return within_float64("A, dA", terms.sum((-2, -1)), top, "use log_abs_det_derivative")[()]


def log_abs_det_derivative(A: object, dA: object) -> Array:
    """d log|det A| = tr(A⁻¹ dA), by solving A X = dA; no inverse and no determinant is formed.

    A, dA: (…, n, n), leading axes broadcast. Returns (…).
    Raises ValueError for bad input as in `adjugate`, for a result beyond float64, and for a matrix that is singular to
    working precision: smallest ≤ n ε × largest singular value after scaling rows and columns by powers of two.

    >>> float(log_abs_det_derivative([[2, 0], [0, 4]], [[1, 5], [7, 1]]))
    0.75
    """
    A, dA = matching(A, dA)
    n = A.shape[-1]
    B, r, c = equilibrate(A)
    sigma = np.linalg.svd(B, compute_uv=False)
    singular = sigma[..., -1] <= n * EPS * sigma[..., 0]
    if singular.any():
        where = f"matrix {tuple(int(k) for k in np.argwhere(singular)[0])} of the batch " if singular.ndim else ""
        raise ValueError(
            f"A: {where}is singular to working precision, and log|det A| has no derivative there; "
            "determinant_derivative gives that of det A"
        )
    # tr(A⁻¹ dA) = tr(B⁻¹ D₁⁻¹ dA D₂⁻¹); one exponent per matrix keeps the scaled dA in range.
    mantissa, exponent = np.frexp(dA)
    scaled, top = to_common_exponent(mantissa, exponent - r[..., :, None] - c[..., None, :])
    trace = np.trace(np.linalg.solve(B, scaled), axis1=-2, axis2=-1)
    return within_float64("A, dA", trace, top, "scale dA down")[()]
