"""Matrices of letters and their inverses."""

import numpy as np
import pytest
import sympy
from hypothesis import given

from helpers.determinant_derivatives import symbolic_inverse, symbolic_matrix
from tests.determinant_derivatives.strategies import exact_det, many, minors_adjugate, seeds


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


@pytest.mark.parametrize("n", [1, 9, 10, 11, 12])
def test_every_entry_has_its_own_letter(n):
    A, G = symbolic_matrix(n), symbolic_matrix(np.int64(n), "g", symmetric=True)
    assert len(A.free_symbols) == n * n and len(G.free_symbols) == n * (n + 1) // 2 and G == G.T
    assert str(A[0, n - 1]) == (f"a_1,{n}" if n > 9 else f"a_1{n}")


@given(seeds)
@many
def test_every_integer_matrix_gives_its_inverse_or_an_error(seed):
    rng = np.random.default_rng(seed)
    rows = rng.integers(-4, 5, (n := int(rng.integers(1, 4)), n)).tolist()
    if det := exact_det(rows):
        numerator, denominator = symbolic_inverse(sympy.Matrix(rows))
        assert (numerator / denominator).tolist() == [
            [sympy.Rational(str(x / det)) for x in row] for row in minors_adjugate(rows)
        ]
    else:
        with pytest.raises(ValueError, match="A: is singular"):
            symbolic_inverse(sympy.Matrix(rows))


@given(seeds)
@many
def test_anything_but_a_size_is_refused(seed):
    rng = np.random.default_rng(seed)
    bad = [0, -int(rng.integers(1, 99)), float(rng.integers(1, 9)), str(seed), None, bool(seed % 2), [2], np.nan][
        seed % 8
    ]
    with pytest.raises(ValueError, match="n: .*give an integer ≥ 1"):
        symbolic_matrix(bad)
