"""Jacobi's formula and the derivative of log|det| against exact arithmetic, autograd and the complex step."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.determinant_derivatives import (
    adjugate,
    determinant_derivative,
    gradients_by_mpmath,
    log_abs_det_derivative,
)
from tests.determinant_derivatives.strategies import (
    any_matrix,
    exact_det,
    exact_or_error,
    few,
    fractions,
    many,
    minors_adjugate,
    seeds,
    tolerances,
)


@given(st.integers(1, 5), seeds)
@few
def test_determinant_derivative_is_the_linear_coefficient_also_at_singular_matrices(n, seed):
    rng = np.random.default_rng(seed)
    A, dA = rng.integers(-3, 4, (2, n, n)).tolist()  # small integers are often singular
    adj = minors_adjugate(A)
    exact = sum(adj[i][j] * dA[j][i] for i in range(n) for j in range(n))
    assert determinant_derivative(A, dA) == pytest.approx(float(exact), abs=1e-10)


@pytest.mark.parametrize("n", [1, 3, 20])
def test_determinant_derivative_against_autograd_and_complex_step(n):
    A, dA = np.random.default_rng(n).standard_normal((2, 6, n, n))
    leaf = torch.from_numpy(A).requires_grad_()
    (gradient,) = torch.autograd.grad(torch.linalg.det(leaf).sum(), leaf)
    autograd = (gradient.numpy() * dA).sum((1, 2))
    complex_step = np.linalg.det(A + 1e-100j * dA).imag * 1e100
    size = np.linalg.norm(adjugate(A), axis=(1, 2)) * np.linalg.norm(dA, axis=(1, 2))
    assert (np.abs(determinant_derivative(A, dA) - autograd) <= 1e-11 * size).all()
    assert (np.abs(determinant_derivative(A, dA) - complex_step) <= 1e-11 * size).all()


def test_determinant_derivative_broadcasts_and_survives_extreme_scales():
    A, dA = np.random.default_rng(0).standard_normal((2, 4, 3, 3))
    table = determinant_derivative(A[:, None], dA[None])
    assert table.shape == (4, 4) and table[1, 2] == pytest.approx(determinant_derivative(A[1], dA[2]), rel=1e-12)
    # The adjugate of 1e200 I₃ is beyond float64, its product with a small dA is not.
    assert determinant_derivative(1e200 * np.eye(3), 1e-300 * np.eye(3)) == pytest.approx(3e100, rel=1e-12)
    with pytest.raises(ValueError, match="A, dA: .*log_abs_det_derivative"):
        determinant_derivative(1e200 * np.eye(3), np.eye(3))
    assert determinant_derivative(A, 0 * dA).tolist() == [0.0] * 4


@pytest.mark.parametrize("n", [1, 4, 30])
def test_log_abs_det_derivative_against_autograd(n):
    A, dA = np.random.default_rng(n).standard_normal((2, 5, n, n))
    leaf = torch.from_numpy(A).requires_grad_()
    (gradient,) = torch.autograd.grad(torch.linalg.slogdet(leaf).logabsdet.sum(), leaf)
    expected = (gradient.numpy() * dA).sum((-2, -1))
    assert np.allclose(log_abs_det_derivative(A, dA), expected, rtol=1e-9, atol=1e-9)


@given(st.integers(1, 6), seeds)
@few
def test_log_abs_det_derivative_does_not_feel_the_scale_of_rows_and_columns(n, seed):
    rng = np.random.default_rng(seed)
    A, dA = rng.standard_normal((2, n, n))
    r, c = rng.integers(-200, 201, (2, n))
    exponents = r[:, None] + c
    scaled = log_abs_det_derivative(np.ldexp(A, exponents), np.ldexp(dA, exponents))
    size = np.abs(np.linalg.inv(A)).max() * np.abs(dA).max()
    assert scaled == pytest.approx(log_abs_det_derivative(A, dA), abs=1e-12 * size * np.linalg.cond(A))


@pytest.mark.parametrize("k", [20, 40, 60, 70])
def test_log_abs_det_derivative_of_nearly_singular_matrices(k):
    # Rows 0 and 2 are the same but for 2⁻ᵏ, and so is what is left of the last pivot.
    A = np.array([[3.0, 0.0, 5.0], [1.0, 7.0 / 3, 2.0], [3.0, 2.0**-k, 5.0]])
    rows, dA = fractions(A), np.random.default_rng(k).standard_normal((3, 3))
    adj, direction, pairs = minors_adjugate(rows), fractions(dA), list(np.ndindex(3, 3))
    exact = sum(adj[i][j] * direction[j][i] for i, j in pairs) / exact_det(rows)
    size = sum(abs(adj[i][j] * direction[j][i]) for i, j in pairs) / abs(exact_det(rows))
    assert abs(Fraction(float(log_abs_det_derivative(A, dA))) - exact) <= size / 10**10


def test_singular_matrices_have_no_log_derivative():
    batch = np.stack([np.eye(3), np.ones((3, 3))])
    with pytest.raises(ValueError, match=r"A: matrix \(1,\) of the batch is singular.*determinant_derivative"):
        log_abs_det_derivative(batch, np.eye(3))
    whole = np.random.default_rng(0).integers(-9, 10, (6, 5)) @ np.random.default_rng(1).integers(-9, 10, (5, 6))
    for A in (np.zeros((1, 1)), whole):
        with pytest.raises(ValueError, match="A: is singular to working precision"):
            log_abs_det_derivative(A, np.ones_like(A))
    # Rounded, a matrix of lower rank is a regular one, and its derivative is what its floats say.
    rounded = np.random.default_rng(0).standard_normal((6, 5)) @ np.random.default_rng(1).standard_normal((5, 6))
    expected = gradients_by_mpmath(rounded)[0].sum()
    assert log_abs_det_derivative(rounded, np.ones((6, 6))) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="A, dA: .*scale dA down"):
        log_abs_det_derivative([[1e-200]], [[1e200]])


@pytest.mark.parametrize("function", [determinant_derivative, log_abs_det_derivative])
def test_bad_pairs_are_named(function):
    good = np.eye(3)
    with pytest.raises(ValueError, match="A: shape"):
        function(np.ones((2, 3)), good)
    with pytest.raises(ValueError, match="dA: holds nan"):
        function(good, np.full((3, 3), np.nan))
    with pytest.raises(ValueError, match=r"dA: shape \(2, 2\) does not fit"):
        function(good, np.eye(2))
    with pytest.raises(ValueError, match=r"dA: shape \(5, 3, 3\) does not fit"):
        function(np.stack([good] * 4), np.stack([good] * 5))


@given(seeds)
@many
def test_every_pair_gives_its_derivatives_or_an_error(seed):
    given, A = any_matrix(seed, n_max=3)
    n, rng = A.shape[-1], np.random.default_rng(seed)
    dA = rng.standard_normal((n, n)) * 10.0 ** rng.integers(-150, 151)
    of_det = exact_or_error(determinant_derivative, given, dA)
    of_log = exact_or_error(log_abs_det_derivative, given, dA)
    refusals, huge = [False, False], Fraction(np.finfo(float).max)
    for index in np.ndindex(A.shape[:-2]):
        rows, direction = fractions(A[index]), fractions(dA)
        exact, det = minors_adjugate(rows), exact_det(rows)
        tolerance = tolerances(A[index], exact)
        pairs = list(np.ndindex(n, n))
        trace = sum(exact[i][j] * direction[j][i] for i, j in pairs)
        off = sum(tolerance[i][j] * abs(direction[j][i]) for i, j in pairs)
        refusals[0] |= abs(trace) + off > huge
        # A det A that 106 bits cannot tell from zero: its gradient is as uncertain as the adjugate at that size.
        small = abs(det) * Fraction(10) ** 20 < max(abs(exact[i][j] * rows[j][i]) for i, j in pairs)
        refusals[1] |= det == 0 or small or abs(trace / det) + off / abs(det) > huge
        if of_det is not None:
            assert abs(Fraction(float(of_det[index])) - trace) <= off + Fraction(1, 2**1000)
        if of_log is not None:
            assert (
                det
                and abs(Fraction(float(of_log[index])) - trace / det) <= 10 * off / abs(det) + abs(trace / det) / 10**9
            )
    assert (of_det is None) <= refusals[0] and (of_log is None) <= refusals[1]


@given(st.integers(3, 8), seeds)
@few
def test_cycles_of_badly_scaled_entries(n, seed):
    # Two entries in each row and column: the largest of each does not tell the scales of rows and columns, all do.
    rng = np.random.default_rng(seed)
    S, dA = np.diag(rng.uniform(1, 2, n)), rng.standard_normal((n, n))
    S += np.diag(rng.uniform(0.1, 0.9, n)) @ np.roll(np.eye(n), 1, 1)
    r, c = rng.integers(-150, 151, (2, n))
    exponents = r[:, None] + c
    value = log_abs_det_derivative(np.ldexp(S, exponents), np.ldexp(dA, exponents))
    assert value == pytest.approx(np.trace(np.linalg.solve(S, dA)), rel=1e-9, abs=1e-9)
