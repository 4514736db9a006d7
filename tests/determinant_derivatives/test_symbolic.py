"""Matrices of letters and their inverses."""

import numpy as np
import pytest
import sympy

from helpers.determinant_derivatives import symbolic_inverse, symbolic_matrix


def test_symbolic_matrices_and_their_inverses():
    a11, a12, a21, a22 = sympy.symbols("a_11 a_12 a_21 a_22")
    A = symbolic_matrix(2)
    assert A == sympy.Matrix([[a11, a12], [a21, a22]])
    numerator, denominator = symbolic_inverse(A)
    assert (numerator / denominator * A).applyfunc(sympy.cancel) == sympy.eye(2)
    G = symbolic_matrix(4, "g", symmetric=True)
    assert G == G.T and len(G.free_symbols) == 10
    for bad in (0, -1, 2.0, True):
        with pytest.raises(ValueError, match="n: .*; give an integer ≥ 1"):
            symbolic_matrix(bad)
    with pytest.raises(ValueError, match="A: is singular"):
        symbolic_inverse(sympy.Matrix([[a11, a11], [a12, a12]]))
    for bad in (sympy.ones(2, 3), np.eye(2), sympy.Matrix([])):
        with pytest.raises(ValueError, match="A: .*; give a square sympy matrix"):
            symbolic_inverse(bad)
