"""The adjugate against exact integers, exact fractions and its own identities, at any rank and scale."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import scipy
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from sympy.combinatorics import Permutation

from helpers.determinant_derivatives import (
    adjugate,
    adjugate_by_inverse,
    adjugate_by_minors,
    adjugate_by_singular_values,
    cofactor_matrix,
    determinant_derivative,
    exact_adjugate,
    log_abs_det_derivative,
    scaled_adjugate,
    trace_estimate_variance,
)
from tests.determinant_derivatives.strategies import (
    any_matrix,
    as_fraction,
    exact_det,
    exact_or_error,
    few,
    fractions,
    integer_matrices,
    many,
    minors_adjugate,
    numbers,
    relative_error,
    seeds,
    tolerances,
)
from tests.examples import examples


@given(integer_matrices)
@few
def test_adjugate_of_small_integer_matrices_is_exact_to_rounding(rows):
    exact = np.array(minors_adjugate(rows), dtype=float)
    scale = max(1.0, np.linalg.norm(np.array(rows, dtype=float), 2)) ** (len(rows) - 1)
    assert np.abs(adjugate(rows) - exact).max() <= 1e-12 * scale


@pytest.mark.parametrize("missing", [0, 1, 2])
@pytest.mark.parametrize("n", [4, 16, 64])
def test_relative_error_against_exact_integers(n, missing):
    rng = np.random.default_rng([n, missing])
    A = rng.integers(-99, 100, (n, n - missing)) @ rng.integers(-99, 100, (n - missing, n))
    exact = exact_adjugate(A)
    assert (A.astype(object) @ exact == sum(A[0].astype(object) * exact[:, 0]) * np.eye(n, dtype=object)).all()
    mantissa, exponent = scaled_adjugate(A)
    if missing < 2:
        assert relative_error(mantissa, exact / Fraction(2) ** int(exponent)) <= 1e-10
    else:  # against what n − 1 singular values of that size would give
        sigma = np.linalg.svd(A.astype(float), compute_uv=False)
        assert not exact.any() and exponent < np.log2([*sigma[:-2], sigma[0]]).sum() - 80
        assert not scaled_adjugate(A, rank_tolerance=1e-13)[0].any()


@given(st.integers(1, 64), seeds)
@few
def test_adjugate_times_matrix_is_determinant_times_identity(n, seed):
    A = np.random.default_rng(seed).standard_normal((n, n))
    sign, log = np.linalg.slogdet(A)
    mantissa, exponent = scaled_adjugate(A)
    scale = np.linalg.norm(A, 2) * np.linalg.norm(mantissa, 2)
    det = sign * math.exp(log - exponent * math.log(2))
    for product in (A @ mantissa, mantissa @ A):
        assert np.abs(product - det * np.eye(n)).max() <= 1e-12 * scale


@given(st.integers(2, 40), seeds)
@few
def test_rank_one_less_gives_a_rank_one_adjugate_that_annihilates(n, seed):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n - 1)) @ rng.standard_normal((n - 1, n)) / n
    adj = adjugate(A)
    scale = np.linalg.norm(A, 2) * np.linalg.norm(adj, 2)
    # The error is that of a well-conditioned quantity unless the second smallest singular value is small too.
    sigma = np.linalg.svd(A, compute_uv=False)
    assert np.linalg.norm(adj, 2) == pytest.approx(np.prod(sigma[:-1]), rel=1e-10)
    assert np.abs(A @ adj).max() <= 1e-13 * n * scale and np.abs(adj @ A).max() <= 1e-13 * n * scale
    singular_values = np.linalg.svd(adj, compute_uv=False)
    assert singular_values[1] <= 1e-12 * sigma[0] / sigma[-2] * singular_values[0]


@given(st.integers(2, 64), st.integers(2, 5), seeds)
@few
def test_rank_two_less_within_the_tolerance_gives_exactly_zero(n, deficiency, seed):
    rank = max(n - deficiency, 0)
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, n))
    assert (adjugate(A, rank_tolerance=1e-13) == 0).all() and (cofactor_matrix(A, rank_tolerance=1e-13) == 0).all()


def test_without_a_tolerance_the_floats_count_as_they_are():
    A = [[1, 1, 1], [1, 1, 1 + 1e-15], [1, 1 + 1e-15, 1]]
    assert relative_error(adjugate(A), minors_adjugate(fractions(A))) <= 1e-15
    assert adjugate(A, rank_tolerance=1e-14).tolist() == np.zeros((3, 3)).tolist()


@pytest.mark.parametrize("k", [20, 30, 40, 44, 48, 50, 51, 52])
def test_ones_and_a_little_more(k):
    # 2ᵏ everywhere, and 1 more at two places of the diagonal: rank 1 but for one part in 2ᵏ.
    A = np.full((3, 3), 2**k) + np.diag([0, 1, 1])
    assert relative_error(adjugate(A), exact_adjugate(A)) <= 1e-12
    assert determinant_derivative(A, np.diag([1.0, 0, 0])) == pytest.approx(2.0 ** (k + 1) + 1, rel=1e-12)
    assert log_abs_det_derivative(A, np.diag([1.0, 0, 0])) == pytest.approx(2 + 2.0**-k, rel=1e-9)


@pytest.mark.parametrize("n", [5, 10, 13, 16])
def test_hilbert_and_pascal_matrices(n):
    # Their second smallest singular values are down to 10⁻²⁰ of the largest.
    hilbert, pascal = scipy.linalg.hilbert(n), scipy.linalg.pascal(n)
    whole = np.array([[int(x) for x in row] for row in np.ldexp(hilbert, 60)], dtype=object)
    scale = Fraction(2) ** (-60 * (n - 1))
    assert relative_error(adjugate(hilbert), exact_adjugate(whole) * scale) <= 1e-10
    assert relative_error(adjugate(pascal), exact_adjugate(pascal)) <= 1e-10
    assert determinant_derivative(pascal, pascal) == pytest.approx(n, rel=1e-9)  # det(tP) = tⁿ
    assert log_abs_det_derivative(pascal, pascal) == pytest.approx(n, rel=1e-9)


@given(st.integers(2, 6), seeds)
@example(5, 56026)  # of rank 3
@examples(150)
def test_sparse_and_badly_scaled(n, seed):
    # Zeros leave the scales of rows and columns open; each entry is compared at the scale that made it.
    rng = np.random.default_rng(seed)
    S = rng.standard_normal((n, n)) * (rng.random((n, n)) < 0.4)
    r, c = rng.integers(-30, 31, (2, n))
    exact = np.array(minors_adjugate(fractions(S)), dtype=float)
    value = np.ldexp(adjugate(np.ldexp(S, r[:, None] + c)), c[:, None] + r - c.sum() - r.sum())
    assert np.abs(value - exact).max() <= 1e-10 * np.abs(exact).max() + 1e-25  # what 106 bits leave of a zero


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_one_by_one_is_one(x):
    assert adjugate([[x]]).tolist() == [[1.0]]
    assert adjugate_by_minors([[x]]).tolist() == [[1.0]]


@given(*[st.floats(allow_nan=False, allow_infinity=False)] * 4)
def test_two_by_two_is_the_entries_rearranged(a, b, c, d):
    assert adjugate([[a, b], [c, d]]).tolist() == [[d, -b], [-c, a]]
    assert cofactor_matrix([[a, b], [c, d]]).tolist() == [[d, -c], [-b, a]]


@given(st.permutations(list(range(9))))
@few
def test_permutation_matrices(order):
    P = np.eye(9)[list(order)]
    sign = Permutation(list(order)).signature()
    assert np.abs(adjugate(P) - sign * P.T).max() <= 1e-14


@given(st.integers(2, 5), seeds)
@few
def test_badly_scaled_matrices_entry_by_entry(n, seed):
    # A = D₁ B D₂ with powers of two as far as 2^±200: adj(A)_ij = adj(B)_ij 2^(Σc − c_i + Σr − r_j), exactly.
    rng = np.random.default_rng(seed)
    B = rng.standard_normal((n, n))
    r, c = rng.integers(-100, 101, (2, n))
    A = np.ldexp(B, r[:, None] + c)
    exact = minors_adjugate(fractions(A))
    back = c[:, None] + r - c.sum() - r.sum()
    scaled = [[float(exact[i][j] * Fraction(2) ** int(back[i, j])) for j in range(n)] for i in range(n)]
    assert np.abs(np.ldexp(adjugate(A), back) - scaled).max() <= 1e-10 * np.abs(scaled).max()


@given(st.integers(2, 5), seeds)
@few
def test_badly_scaled_identity_in_exact_arithmetic(n, seed):
    # A adj(A) = |A| I: with A = D₁ B D₂, entry (i, j) of the product scales as |D₁| |D₂| 2^(r_i − r_j).
    rng = np.random.default_rng(seed)
    B = rng.standard_normal((n, n))
    r, c = rng.integers(-100, 101, (2, n))
    A = np.ldexp(B, r[:, None] + c)
    rows, adj = fractions(A), fractions(adjugate(A))
    size = np.linalg.norm(B, 2) * np.linalg.norm(adjugate(B), 2)
    for i, j in itertools.product(range(n), repeat=2):
        residual = sum(rows[i][k] * adj[k][j] for k in range(n)) - (exact_det(rows) if i == j else 0)
        assert abs(residual * Fraction(2) ** int(r[j] - r[i] - r.sum() - c.sum())) <= 1e-12 * size


def test_diagonal_of_extreme_range_is_exact():
    d = np.array([1e300, 1e-300, 1.0, 1e-20])
    assert np.allclose(np.diag(adjugate(np.diag(d))), [1e-320, 1e280, 1e-20, 1.0], rtol=1e-3, atol=0)
    assert adjugate(np.diag(d))[3, 3] == pytest.approx(1.0, rel=1e-14)


def test_subnormal_and_huge_entries():
    tiny = 5e-324
    assert adjugate([[tiny, 0], [0, 1.5e308]]).tolist() == [[1.5e308, 0], [0, tiny]]


@given(st.integers(1, 8), seeds)
@few
def test_adjugate_reverses_products_and_commutes_with_transpose(n, seed):
    A, B = np.random.default_rng(seed).standard_normal((2, n, n))
    sigma = np.linalg.svd(np.stack([A, B, A @ B]), compute_uv=False)
    condition = (sigma[:, 0] / sigma[:, max(n - 2, 0)]).max()
    size = np.linalg.norm(adjugate(A), 2) * np.linalg.norm(adjugate(B), 2)
    assert np.abs(adjugate(A @ B) - adjugate(B) @ adjugate(A)).max() <= 1e-13 * condition * size
    assert np.abs(adjugate(A.T) - adjugate(A).T).max() <= 1e-13 * condition * np.linalg.norm(adjugate(A), 2)


def test_batch_equals_one_by_one_and_input_types():
    A = np.random.default_rng(0).standard_normal((3, 2, 5, 5))
    A[1, 1, 0] = A[1, 1, 1]  # one of them is singular
    batch = adjugate(A)
    for index in np.ndindex(3, 2):
        assert np.array_equal(batch[index], adjugate(A[index]))
    assert adjugate(np.array([[1, 2], [3, 4]])) == pytest.approx(np.array([[4, -2], [-3, 1]]))
    single = A.astype(np.float32)
    assert np.array_equal(adjugate(single), adjugate(single.astype(float))) and adjugate(single).dtype == float
    assert np.array_equal(cofactor_matrix(A), np.swapaxes(batch, -1, -2))
    assert np.array_equal(adjugate(torch.from_numpy(A)), batch)


def test_comparison_methods_agree_on_easy_matrices():
    A = np.random.default_rng(1).standard_normal((4, 7, 7))
    for other in (adjugate_by_minors, adjugate_by_inverse, adjugate_by_singular_values):
        assert np.allclose(other(A), adjugate(A), rtol=0, atol=1e-11 * np.abs(adjugate(A)).max())
    with pytest.raises(np.linalg.LinAlgError):
        adjugate_by_inverse(np.ones((2, 2)))


def test_beyond_float64_says_so_and_scaled_adjugate_holds_it():
    A = np.random.default_rng(0).standard_normal((400, 400))
    with pytest.raises(ValueError, match="A: .*larger than the range of float64.*scaled_adjugate"):
        adjugate(A)
    mantissa, exponent = scaled_adjugate(A)
    sign, log = np.linalg.slogdet(A)
    expected = sign * np.linalg.inv(A) * math.exp(log - exponent * math.log(2))
    assert np.allclose(mantissa, expected, rtol=0, atol=1e-10) and 0.5 <= np.abs(mantissa).max() < 1
    assert not scaled_adjugate(np.zeros((3, 3)))[0].any()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.ones((2, 3)), r"shape \(2, 3\)"),
        (np.ones(4), r"shape \(4,\)"),
        (3.0, r"shape \(\)"),
        ([[1.0, 2.0], [3.0]], "give a number or a rectangular array"),
        ([[1.0, np.nan], [0.0, 1.0]], "holds nan; give finite"),
        ([[1.0, np.inf], [0.0, 1.0]], "holds inf; give finite"),
        (np.ones((0, 0)), "empty"),
        (np.ones((0, 3, 3)), "empty"),
        (np.eye(2) * 1j, "complex128.*; give real numbers"),
        (np.eye(2, dtype=bool), "bool.*; give real numbers"),
        ([["a", "b"], ["c", "d"]], "<U1.*; give real numbers"),
        (np.array([[None]]), "not real numbers"),
    ],
)
@pytest.mark.parametrize(
    "function",
    [
        adjugate,
        scaled_adjugate,
        cofactor_matrix,
        adjugate_by_minors,
        adjugate_by_inverse,
        adjugate_by_singular_values,
        trace_estimate_variance,
    ],
)
def test_bad_matrices_are_named(function, bad, message):
    with pytest.raises(ValueError, match=f"A: .*{message}"):
        function(bad)


@pytest.mark.parametrize("value", [-0.1, 1.0, math.nan])
def test_bad_rank_tolerance(value):
    with pytest.raises(ValueError, match="rank_tolerance"):
        adjugate(np.eye(2), rank_tolerance=value)
    with pytest.raises(ValueError, match="rank_tolerance"):
        scaled_adjugate(np.eye(2), rank_tolerance=value)


@given(st.integers(1, 12), st.integers(0, 1), seeds)
@few
def test_plain_formula_and_its_careful_version_agree(n, missing, seed):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((2, n, n)) @ np.diag([0.0] * missing + [1.0] * (n - missing)) @ rng.standard_normal((n, n))
    sigma = np.linalg.svd(A, compute_uv=False)
    condition = (sigma[:, 0] / sigma[:, max(n - 2, 0)]).max() if n > missing else 1.0
    size = np.abs(adjugate(A)).max()
    assert np.abs(adjugate_by_singular_values(A) - adjugate(A)).max() <= 1e-14 * n * condition * size


# Any input: the right value or an error

PLAIN = (adjugate_by_minors, adjugate_by_singular_values, adjugate_by_inverse)
HUGE = Fraction(np.finfo(float).max)


@given(seeds)
@many
def test_every_matrix_gives_its_adjugate_or_an_error(seed):
    given, A = any_matrix(seed)
    mantissa, exponent = exact_or_error(scaled_adjugate, given)
    value, cofactors = exact_or_error(adjugate, given), exact_or_error(cofactor_matrix, given)
    assert np.array_equal(numbers(given), A)  # as it was
    too_large = False
    for index in np.ndindex(A.shape[:-2]):
        exact = minors_adjugate(fractions(A[index]))
        tolerance = tolerances(A[index], exact)
        for i, j in np.ndindex(A.shape[-2:]):
            found = as_fraction(mantissa[index][i, j], exponent[index])
            assert abs(found - exact[i][j]) <= tolerance[i][j]
            too_large |= abs(exact[i][j]) + tolerance[i][j] > HUGE
            if value is not None:
                assert abs(Fraction(float(value[index][i, j])) - found) <= abs(found) / 2**52 + Fraction(1, 2**1074)
    assert (value is None) <= too_large
    assert (value is None) == (cofactors is None)
    assert value is None or np.array_equal(np.swapaxes(cofactors, -1, -2), value)


@given(seeds)
@many
def test_plain_methods_are_right_or_refuse(seed):
    given, A = any_matrix(seed)
    n = A.shape[-1]
    for method in PLAIN:
        value = exact_or_error(method, given)
        for index in np.ndindex(A.shape[:-2]):
            exact = minors_adjugate(fractions(A[index]))
            size = Fraction(float(np.abs(A[index]).max())) ** (n - 1)
            if value is not None:
                off = max(abs(Fraction(float(value[index][i, j])) - exact[i][j]) for i, j in np.ndindex(n, n))
                assert off <= size / 10**12 + Fraction(1, 2**1022), method.__name__
            assert value is not None or A.ndim > 2 or size > HUGE / 10 or method is adjugate_by_inverse


@given(seeds, st.sampled_from([np.nan, np.inf, -np.inf, None]))
@many
def test_poisoned_and_empty_matrices_are_refused(seed, poison):
    rng = np.random.default_rng(seed)
    _, A = any_matrix(seed)
    if poison is None:
        A = np.empty([(0, 0), (0, 2, 2), (2, 0, 0)][rng.integers(3)])
    else:
        A.flat[rng.integers(A.size)] = poison
    good = np.eye(max(A.shape[-1], 1))
    alone = (adjugate, scaled_adjugate, cofactor_matrix, *PLAIN, trace_estimate_variance)
    calls = [(f, (A,)) for f in alone]
    calls += [(f, pair) for f in (determinant_derivative, log_abs_det_derivative) for pair in ((A, good), (good, A))]
    for function, arguments in calls:
        with pytest.raises(ValueError, match="^d?A: (holds|shape)"):
            function(*arguments)
