"""Matrices with a letter in every entry, and their inverse without cofactors: what the notebook's proofs start from."""

from __future__ import annotations

import sympy
from sympy.polys.matrices import DomainMatrix

from helpers.inputs import integer


def symbolic_matrix(n: int, name: str = "a", symmetric: bool = False) -> sympy.Matrix:
    """n × n matrix of symbols name_ij, counted from 1; with ``symmetric`` a mirrored pair is one symbol (i ≤ j).

    From n = 10 on a comma stands between i and j. ValueError unless n is an integer ≥ 1.

    >>> symbolic_matrix(2)
    Matrix([
    [a_11, a_12],
    [a_21, a_22]])
    >>> symbolic_matrix(2, "g", symmetric=True)[1, 0]
    g_12
    """
    n = integer("n", n, 1)
    order, comma = sorted if symmetric else list, "," if n > 9 else ""  # without it a_111 is a_1,11 and a_11,1
    return sympy.Matrix(n, n, lambda i, j: sympy.Symbol(f"{name}_{comma.join(map(str, order([i + 1, j + 1])))}"))


def symbolic_inverse(A: sympy.Matrix) -> tuple[sympy.Matrix, sympy.Expr]:
    """Numerator matrix N and denominator d with A⁻¹ = N/d, by fraction-free row elimination: no cofactor is formed.

    A: square sympy matrix of polynomials. ValueError for another shape or a matrix without an inverse.

    >>> numerator, denominator = symbolic_inverse(symbolic_matrix(2))
    >>> numerator[0, 0], denominator
    (a_22, a_11*a_22 - a_12*a_21)
    """
    if not isinstance(A, sympy.MatrixBase) or not A.is_square or not A.rows:
        raise ValueError(
            f"A: is {type(A).__name__} of shape {getattr(A, 'shape', None)}; give a square sympy matrix with n ≥ 1"
        )
    matrix = DomainMatrix.from_Matrix(A)
    try:
        numerator, denominator = matrix.inv_den(method="rref")
    except sympy.polys.matrices.exceptions.DMNonInvertibleMatrixError as error:
        raise ValueError("A: is singular; give a matrix with an inverse") from error
    return numerator.to_Matrix(), matrix.domain.to_sympy(denominator)
