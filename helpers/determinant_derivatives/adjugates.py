"""The adjugate adj A = Cᵀ of numerical matrices, singular or not: three plain methods, and one for any scale."""

from __future__ import annotations

import numpy as np

from helpers.determinant_derivatives._elimination import Parts, adjugate_parts
from helpers.determinant_derivatives._exponents import Array, Integers, to_common_exponent, within_float64
from helpers.determinant_derivatives._scaling import transpose
from helpers.inputs import real_array, real_number


def _finite(result: Array) -> Array:
    if not np.isfinite(result).all():
        raise ValueError("A: the result, or a product on the way, leaves the range of float64; use scaled_adjugate")
    return result


def adjugate_by_minors(A: object) -> Array:
    """The adjugate by its definition: n² determinants of (n − 1) × (n − 1) minors. O(n⁵); for comparison only.

    A: (…, n, n). Returns (…, n, n). Errors as in `adjugate`.

    >>> adjugate_by_minors([[1.0, 2.0], [3.0, 4.0]]).round(12).tolist()
    [[4.0, -2.0], [-3.0, 1.0]]
    """
    A = real_array("A", A, square=True)
    n = A.shape[-1]
    others = np.array([[k for k in range(n) if k != i] for i in range(n)], dtype=int).reshape(n, n - 1)
    minors = A[..., others[:, None, :, None], others[None, :, None, :]]
    signs = (-1.0) ** np.add.outer(np.arange(n), np.arange(n))
    with np.errstate(over="ignore"):
        return _finite(transpose(signs * np.linalg.det(minors)) if n > 1 else np.ones_like(A))


def adjugate_by_inverse(A: object) -> Array:
    """det(A) A⁻¹, for comparison only: breaks down at singular matrices and where det(A) leaves the range of floats.

    A: (…, n, n). Errors as in `adjugate`, and ValueError in both cases (numpy.linalg.LinAlgError at a zero pivot).

    >>> adjugate_by_inverse([[1.0, 2.0], [3.0, 4.0]]).round(12).tolist()
    [[4.0, -2.0], [-3.0, 1.0]]
    """
    A = real_array("A", A, square=True)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        inverse, det = np.linalg.inv(A), np.linalg.det(A)[..., None, None]
        # Below the smallest normal number digits are missing, down to 0, which beside an inverse is wrong.
        return _finite(np.where(np.abs(det) < np.finfo(float).tiny, np.nan, det) * inverse)


def adjugate_by_singular_values(A: object) -> Array:
    """det(UVᵀ) V diag(∏_{k≠i} σ_k) Uᵀ with A = U Σ Vᵀ: the formula of `adjugate` without its care for scales.

    adj(XY) = adj(Y) adj(X), adj(Q) = det(Q) Qᵀ for orthogonal Q, and diag(σ) is easy; nothing is divided by.
    A: (…, n, n). Errors as in `adjugate`, and where a product of singular values on the way exceeds float64.

    >>> adjugate_by_singular_values([[1.0, 2.0], [2.0, 4.0]]).round(12).tolist()
    [[4.0, -2.0], [-2.0, 1.0]]
    """
    U, sigma, Vt = np.linalg.svd(real_array("A", A, square=True))
    sign = np.linalg.det(U @ Vt).round()[..., None, None]
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        others = np.where(np.eye(sigma.shape[-1], dtype=bool), 1.0, sigma[..., None, :]).prod(-1)
        return _finite(sign * (transpose(Vt) * others[..., None, :]) @ transpose(U))


def _parts(A: object, rank_tolerance: float) -> Parts:
    A = real_array("A", A, square=True)
    return adjugate_parts(
        A, real_number("rank_tolerance", rank_tolerance, at_least=0, below=1) if rank_tolerance != 0 else 0.0
    )


def scaled_adjugate(A: object, *, rank_tolerance: float = 0.0) -> tuple[Array, Integers]:
    """The adjugate as (mantissa, exponent): adj(A) = mantissa · 2^exponent, as `numpy.linalg.slogdet` is to det.

    A: (…, n, n). Returns mantissa (…, n, n), its largest entry in [½, 1), and integer exponents (…). Needed where the
    entries themselves leave the range of floats, at n = 400 for standard normal entries. Errors as in `adjugate`.

    >>> mantissa, exponent = scaled_adjugate([[1e300, 0.0], [0.0, 2e300]])
    >>> mantissa.round(3).tolist(), int(exponent)
    ([[0.747, 0.0], [0.0, 0.373]], 998)
    """
    parts = _parts(A, rank_tolerance)
    return to_common_exponent(parts.high, parts.exponent)


def adjugate(A: object, *, rank_tolerance: float = 0.0) -> Array:
    """The adjugate adj(A) = Cᵀ: A adj(A) = adj(A) A = det(A) I, for matrices of any rank.

    A: (…, n, n), real; its floats are taken as exact numbers. Returns float64 (…, n, n), right to about ten digits (in
    norm, after rows and columns are scaled by powers of two) as long as A is further than about 10⁻²⁰ of its size from
    rank n − 2: by elimination with complete pivoting, in 106 bits where 53 do not give that. The *second* smallest
    pivot counts, so a matrix of rank n − 1 is no harder than a regular one (Stewart 1998, for singular values).
    For n ≤ 2 the result is exact: the entries of A in other places.

    rank_tolerance: pivots up to that times the largest entry count as zero, so that the result is exactly zero where A
    is that close to rank n − 2. By default nothing counts as zero that is not; n · 2.2e-16 is right where A itself is
    rounded.

    Raises ValueError for input that is not a non-empty array of finite real square matrices, and where the adjugate
    is larger than float64 can hold (`scaled_adjugate` can).

    >>> adjugate([[1, 2], [2, 4]]).tolist()
    [[4.0, -2.0], [-2.0, 1.0]]
    """
    parts = _parts(A, rank_tolerance)
    return within_float64("A", parts.high, parts.exponent, "use scaled_adjugate")


def cofactor_matrix(A: object, *, rank_tolerance: float = 0.0) -> Array:
    """C with C_ij = ∂|A|/∂a_ij, the transpose of `adjugate`; arguments, shapes and errors as there.

    >>> cofactor_matrix([[1, 2], [3, 4]]).tolist()
    [[4.0, -3.0], [-2.0, 1.0]]
    """
    return transpose(adjugate(A, rank_tolerance=rank_tolerance))
