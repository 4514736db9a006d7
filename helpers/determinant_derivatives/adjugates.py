"""The adjugate adj A = Cᵀ of numerical matrices, singular or not: three plain methods, and one for any scale."""

from __future__ import annotations

import numpy as np

from helpers.determinant_derivatives._exponents import Array, Integers, to_common_exponent, within_float64
from helpers.determinant_derivatives._factors import adjugate_parts, checked_tolerance
from helpers.determinant_derivatives._scaling import transpose
from helpers.inputs import real_array


def adjugate_by_minors(A: object) -> Array:
    """The adjugate by its definition: n² determinants of (n − 1) × (n − 1) minors. O(n⁵); for comparison only.

    A: (…, n, n). Returns (…, n, n). Errors as in `adjugate`, except that overflow gives inf.

    >>> adjugate_by_minors([[1.0, 2.0], [3.0, 4.0]]).round(12).tolist()
    [[4.0, -2.0], [-3.0, 1.0]]
    """
    A = real_array("A", A, square=True)
    n = A.shape[-1]
    others = np.array([[k for k in range(n) if k != i] for i in range(n)], dtype=int).reshape(n, n - 1)
    minors = A[..., others[:, None, :, None], others[None, :, None, :]]
    signs = (-1.0) ** np.add.outer(np.arange(n), np.arange(n))
    return transpose(signs * np.linalg.det(minors)) if n > 1 else np.ones_like(A)


def adjugate_by_inverse(A: object) -> Array:
    """det(A) A⁻¹, for comparison only: breaks down at singular matrices and where det(A) leaves the range of floats.

    A: (…, n, n). Errors as in `adjugate`; numpy.linalg.LinAlgError where a pivot is exactly zero.

    >>> adjugate_by_inverse([[1.0, 2.0], [3.0, 4.0]]).round(12).tolist()
    [[4.0, -2.0], [-3.0, 1.0]]
    """
    A = real_array("A", A, square=True)
    return np.linalg.det(A)[..., None, None] * np.linalg.inv(A)


def adjugate_by_singular_values(A: object) -> Array:
    """det(UVᵀ) V diag(∏_{k≠i} σ_k) Uᵀ with A = U Σ Vᵀ: the formula of `adjugate` without its care for scales.

    adj(XY) = adj(Y) adj(X), adj(Q) = det(Q) Qᵀ for orthogonal Q, and diag(σ) is easy; nothing is divided by.
    A: (…, n, n). Errors as in `adjugate`, except that overflow gives inf or nan.

    >>> adjugate_by_singular_values([[1.0, 2.0], [2.0, 4.0]]).round(12).tolist()
    [[4.0, -2.0], [-2.0, 1.0]]
    """
    U, sigma, Vt = np.linalg.svd(real_array("A", A, square=True))
    others = np.where(np.eye(sigma.shape[-1], dtype=bool), 1.0, sigma[..., None, :]).prod(-1)
    sign = np.linalg.det(U @ Vt).round()[..., None, None]
    return sign * (transpose(Vt) * others[..., None, :]) @ transpose(U)


def scaled_adjugate(A: object, *, rank_tolerance: float | None = None) -> tuple[Array, Integers]:
    """The adjugate as (mantissa, exponent): adj(A) = mantissa · 2^exponent, as `numpy.linalg.slogdet` is to det.

    A: (…, n, n). Returns mantissa (…, n, n), its largest entry in [½, 1), and integer exponents (…). Needed where the
    entries themselves leave the range of floats, at n = 400 for standard normal entries. Errors as in `adjugate`.

    >>> mantissa, exponent = scaled_adjugate([[1e300, 0.0], [0.0, 2e300]])
    >>> mantissa.round(3).tolist(), int(exponent)
    ([[0.747, 0.0], [0.0, 0.373]], 998)
    """
    M, E = adjugate_parts(real_array("A", A, square=True), checked_tolerance(rank_tolerance))
    return to_common_exponent(M, E)


def adjugate(A: object, *, rank_tolerance: float | None = None) -> Array:
    """The adjugate adj(A) = Cᵀ: A adj(A) = adj(A) A = det(A) I, for matrices of any rank.

    A: (…, n, n), real. Returns float64 (…, n, n). By one singular value decomposition per matrix, after scaling rows
    and columns by powers of two; its relative error (in norm, of the scaled matrix) is about ε σ₁/σ_{n−1}: the *second*
    smallest singular value counts, so a matrix of rank n − 1 is no harder than a regular one (Stewart 1998).

    rank_tolerance: where σ_{n−1} ≤ rank_tolerance · σ₁ the rank is taken as n − 2 or less and the result is exactly
    zero; by default n ε, below which rounding of A alone leaves no correct digit. 0 switches that off.

    Raises ValueError for input that is not a non-empty array of finite real square matrices, and where the adjugate
    is larger than float64 can hold (`scaled_adjugate` can).

    >>> adjugate([[1, 2], [2, 4]]).round(12).tolist()
    [[4.0, -2.0], [-2.0, 1.0]]
    """
    M, E = adjugate_parts(real_array("A", A, square=True), checked_tolerance(rank_tolerance))
    return within_float64("A", M, E, "use scaled_adjugate")


def cofactor_matrix(A: object) -> Array:
    """C with C_ij = ∂|A|/∂a_ij, the transpose of `adjugate`; shapes and errors as there.

    >>> cofactor_matrix([[1, 2], [3, 4]]).round(12).tolist()
    [[4.0, -3.0], [-2.0, 1.0]]
    """
    return transpose(adjugate(A))
