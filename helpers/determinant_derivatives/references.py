"""What the fast methods are tested against: exact and long arithmetic, and matrices with known singular values."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import QQ
from sympy.polys.matrices import DomainMatrix

from helpers.determinant_derivatives._exponents import Array
from helpers.inputs import generator as checked_generator
from helpers.inputs import integer, real_array


def exact_adjugate(A: object) -> NDArray[np.object_]:
    """The adjugate of one integer matrix (n, n) of any rank, as an object array of Python integers: the reference.

    Fraction-free elimination gives |A| A⁻¹. At rank n − 1 the columns of the adjugate lie in the null space of A and
    its rows in that of Aᵀ, so it is a multiple of v wᵀ, fixed by one minor; below, it is zero. O(n³) operations.
    ValueError for input that is not a non-empty square matrix of integers.

    >>> exact_adjugate([[1, 2], [2, 4]]).tolist()
    [[4, -2], [-2, 1]]
    """
    array = np.asarray(A)
    whole = array.dtype.kind in "iu" or (array.dtype == object and all(type(x) is int for x in array.flat))
    if not whole or array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise ValueError(f"A: has dtype {array.dtype}, shape {array.shape}; give one square matrix of integers")
    n = len(array)
    if n == 1:
        return np.array([[1]], dtype=object)
    matrix = DomainMatrix(array.tolist(), array.shape, sympy.ZZ)
    if det := int(matrix.det()):
        numerator, denominator = matrix.inv_den(method="rref")
        return np.array([[int(x) * det // int(denominator) for x in row] for row in numerator.to_list()], dtype=object)
    null, left_null = (m.convert_to(sympy.QQ).nullspace().to_list() for m in (matrix, matrix.transpose()))
    if len(null) > 1:
        return np.array([[0] * n] * n, dtype=object)
    v, w = null[0], left_null[0]
    i, j = (next(k for k in range(n) if vector[k]) for vector in (v, w))
    minor = np.delete(np.delete(array, j, 0), i, 1)
    cofactor = (-1) ** (i + j) * DomainMatrix(minor.tolist(), minor.shape, sympy.ZZ).det()
    return np.array([[int(cofactor * x * y / (v[i] * w[j])) for y in w] for x in v], dtype=object)


def _log10(fraction: object) -> float:
    """log₁₀ of the size of a fraction whose parts may be far beyond float64."""
    top, bottom = abs(int(fraction.numerator)), int(fraction.denominator)  # type: ignore[attr-defined]  # sympy's QQ
    return (top.bit_length() - bottom.bit_length() - 1) * math.log10(2)


def gradients_by_mpmath(A: object, digits: int = 60) -> tuple[Array, Array]:
    """Gradients A⁻ᵀ of log|det A| and C of det A for one regular matrix, computed with that many digits: the reference.

    A: (n, n), taken as the exact numbers that its floats are. Returns two float64 arrays (n, n).
    ValueError for bad input as in `adjugate`, for a batch, for digits < 16, and where the matrix is exactly singular.

    >>> of_log, of_det = gradients_by_mpmath([[1.0, 2.0], [3.0, 4.0]])
    >>> of_log.tolist(), of_det.tolist()
    ([[-2.0, 1.5], [1.0, -0.5]], [[4.0, -3.0], [-2.0, 1.0]])
    """
    A = real_array("A", A, square=True)
    if A.ndim != 2:
        raise ValueError(f"A: shape {A.shape} is a batch; give one matrix")
    digits = integer("digits", digits, 16)
    fractions = DomainMatrix([[QQ(*float(x).as_integer_ratio()) for x in row] for row in A], A.shape, QQ)
    if not (det := fractions.det()):
        raise ValueError("A: is singular, and log|det A| has no gradient there; give a regular matrix")
    # The last pivot is det A over the others: that many digits of the entries may cancel before it shows.
    lost = len(A) * (1 + math.log10(len(A)) + max(0.0, math.log10(np.abs(A).max()))) - _log10(det)
    with mpmath.workdps(digits + max(0, math.ceil(lost))):
        exact = mpmath.matrix(A.tolist())
        inverse = (exact**-1).T
        of_log, of_det = (np.array(x.tolist(), dtype=float) for x in (inverse, inverse * mpmath.det(exact)))
    if not (np.isfinite(of_log).all() and np.isfinite(of_det).all()):
        raise ValueError("A: the result is larger than the range of float64 (1.8e308); scale A")
    return of_log, of_det


def matrix_with_singular_values(sigma: object, generator: np.random.Generator) -> Array:
    """U diag(σ) Vᵀ (n, n) with random orthogonal U and V. sigma: (n,), finite and ≥ 0, or a ValueError.

    U and V are uniform on the orthogonal group: columns of Q times the signs of R's diagonal (Mezzadri 2007).

    >>> A = matrix_with_singular_values([3, 1], np.random.default_rng(0))
    >>> np.linalg.svd(A, compute_uv=False).round(12).tolist()
    [3.0, 1.0]
    """
    sigma = real_array("sigma", sigma, at_least=0)
    if sigma.ndim != 1:
        raise ValueError(f"sigma: has shape {sigma.shape}; give a row of numbers")
    checked_generator("generator", generator)
    n = len(sigma)
    (U, S), (V, T) = (np.linalg.qr(generator.standard_normal((n, n))) for _ in range(2))
    return (U * np.sign(S.diagonal()) * sigma) @ (V * np.sign(T.diagonal())).T
