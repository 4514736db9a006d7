"""The references themselves: against the definition in exact arithmetic, sympy, and each other."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given

from helpers.determinant_derivatives import (
    cofactor_matrix,
    exact_adjugate,
    gradients_by_mpmath,
    matrix_with_singular_values,
)
from tests.determinant_derivatives.strategies import (
    any_matrix,
    exact_det,
    exact_or_error,
    few,
    fractions,
    integer_matrices,
    many,
    minors_adjugate,
    seeds,
)


@given(integer_matrices)
@few
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


def test_exact_adjugate_takes_integers_of_any_size():
    big = [[10**30, 1], [2, 3]]
    assert exact_adjugate(np.array(big, dtype=object)).tolist() == [[3, -1], [-2, 10**30]]
    for bad in (np.array([[1, 2.5], [3, 4]], dtype=object), np.array([[True, 2], [3, 4]], dtype=object)):
        with pytest.raises(ValueError, match="A: has dtype object"):
            exact_adjugate(bad)


def test_gradients_by_mpmath_of_matrices_that_only_look_singular():
    of_log, of_det = gradients_by_mpmath(np.diag([1, 1e-100]))
    assert of_log.tolist() == [[1.0, 0.0], [0.0, 1e100]] and of_det.tolist() == [[1e-100, 0.0], [0.0, 1.0]]
    with pytest.raises(ValueError, match="A: is singular"):
        gradients_by_mpmath([[0.1, 0.2], [0.2, 0.4]])
    with pytest.raises(ValueError, match="A: .*larger than the range of float64"):
        gradients_by_mpmath(1e300 * np.eye(3))


@given(seeds)
@many
def test_every_matrix_gives_its_gradients_or_an_error(seed):
    given, A = any_matrix(seed, n_max=3)
    value = exact_or_error(gradients_by_mpmath, given)
    if A.ndim > 2:
        assert value is None
        return
    rows = fractions(A)
    det, huge = exact_det(rows), Fraction(np.finfo(float).max)
    exact = np.array(minors_adjugate(rows), dtype=object).T
    assert (value is None) == (det == 0 or max(max(abs(x), abs(x / det)) for x in exact.ravel()) > huge)
    if value is not None:
        for found, right in zip(
            (value[0].ravel(), value[1].ravel()), (exact.ravel() / det, exact.ravel()), strict=True
        ):
            largest = max(abs(y) for y in right)  # an entry that is exactly 0 comes out as a small part of it
            for x, y in zip(found, right, strict=True):
                assert abs(Fraction(float(x)) - y) <= abs(y) / 2**52 + largest / 10**50 + Fraction(1, 2**1074)


@given(seeds)
@many
def test_singular_values_are_as_ordered(seed):
    rng = np.random.default_rng(seed)
    sigma = rng.random(rng.integers(1, 6)) * 10.0 ** rng.integers(-150, 151)
    sigma = sigma if seed % 2 else sigma.clip(0, 1e30).astype(np.float32)
    sigma[0] = np.nan if seed % 20 == 0 else sigma[0]
    sigma.setflags(write=False)
    A = exact_or_error(matrix_with_singular_values, sigma, rng)
    assert (A is None) == (not np.isfinite(sigma).all())
    if A is not None:
        top = float(sigma.max()) or 1.0
        found = np.linalg.svd(A / top, compute_uv=False)
        assert np.abs(found - np.sort(sigma.astype(float))[::-1] / top).max() <= 1e-14 * len(sigma)


def test_both_orientations_occur():
    matrices = [matrix_with_singular_values([2.0, 1.0], np.random.default_rng(k)) for k in range(200)]
    assert 70 <= (np.linalg.det(matrices) > 0).sum() <= 130
    with pytest.raises(ValueError, match="generator: has type int"):
        matrix_with_singular_values([1.0], 3)


@given(seeds)
@many
def test_every_integer_matrix_has_its_adjugate_and_anything_else_an_error(seed):
    rng = np.random.default_rng(seed)
    n, dtype = int(rng.integers(1, 4)), [np.int8, np.uint64, object, np.int64][seed % 4]
    A = rng.integers(0, 4, (n, n)).astype(dtype)
    A = A * (10**25 if dtype is object else 1) if seed % 3 else A.T
    A.setflags(write=False)
    assert exact_adjugate(A).tolist() == minors_adjugate([[int(x) for x in row] for row in A])
    with pytest.raises(ValueError, match="A: has dtype float64"):
        exact_adjugate(A.astype(float))
