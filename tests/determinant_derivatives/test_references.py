"""The references themselves: against the definition in exact arithmetic, sympy, and each other."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings

from helpers.determinant_derivatives import (
    cofactor_matrix,
    exact_adjugate,
    gradients_by_mpmath,
    matrix_with_singular_values,
)
from tests.determinant_derivatives.strategies import integer_matrices, minors_adjugate


@given(integer_matrices)
@settings(max_examples=100, deadline=None)
def test_exact_adjugate_is_the_definition_at_any_rank(rows):
    assert exact_adjugate(rows).tolist() == minors_adjugate(rows)


@pytest.mark.parametrize("missing", [0, 1, 2])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_exact_adjugate_agrees_with_sympy(n, missing):
    rng = np.random.default_rng(n)
    A = rng.integers(-5, 6, (n, n - missing)) @ rng.integers(-5, 6, (n - missing, n))
    assert sympy.Matrix(exact_adjugate(A)) == sympy.Matrix(A.tolist()).adjugate()


@pytest.mark.parametrize("bad", [np.eye(2), np.ones((2, 3), int), np.ones((0, 0), int), np.ones((1, 2, 2), int)])
def test_exact_adjugate_names_bad_input(bad):
    with pytest.raises(ValueError, match="A: has dtype .*; give one square matrix of integers"):
        exact_adjugate(bad)


def test_gradients_by_mpmath():
    A = np.random.default_rng(0).standard_normal((5, 5))
    of_log, of_det = gradients_by_mpmath(A)
    assert np.allclose(of_log, np.linalg.inv(A).T, rtol=0, atol=1e-11)
    assert np.allclose(of_det, cofactor_matrix(A), rtol=0, atol=1e-12)
    # Nearly singular, and exactly known: the determinant is 2⁻⁵².
    tiny = np.array([[1.0, 1.0], [1.0, 1.0 + 2**-52]])
    assert gradients_by_mpmath(tiny)[0][0, 1] == -(2.0**52)
    for bad, message in ((np.ones((2, 2)), "is singular"), (np.ones((1, 2, 2)), "is a batch"), (np.ones(2), "shape")):
        with pytest.raises(ValueError, match=f"A: .*{message}"):
            gradients_by_mpmath(bad)
    with pytest.raises(ValueError, match="digits: is 10; give an integer ≥ 16"):
        gradients_by_mpmath(A, 10)


def test_matrix_with_singular_values():
    sigma = [3.0, 1.0, 1e-9, 0.0]
    A = matrix_with_singular_values(sigma, np.random.default_rng(0))
    assert np.allclose(np.linalg.svd(A, compute_uv=False), sigma, rtol=1e-6, atol=1e-15)
    for bad, message in (([], "empty"), ([-1.0], "holds -1"), ([np.nan], "holds nan"), ([[1.0]], "has shape")):
        with pytest.raises(ValueError, match=f"sigma: .*{message}"):
            matrix_with_singular_values(bad, np.random.default_rng(0))
