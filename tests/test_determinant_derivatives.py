"""Adjugate, Jacobi's formula, log|det|, volume elements and Hutchinson's estimator against exact references."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import scipy
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.combinatorics import Permutation

from helpers.determinant_derivatives import (
    adjugate,
    adjugate_by_inverse,
    adjugate_by_minors,
    carry,
    cofactor_matrix,
    determinant_derivative,
    exact_adjugate,
    gradients_by_mpmath,
    log_abs_det_derivative,
    matrix_with_singular_values,
    metric_tensor,
    scaled_adjugate,
    shoelace_area,
    symbolic_inverse,
    symbolic_matrix,
    trace_estimate,
    trace_estimate_variance,
    volume_element,
)

few = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def exact_det(rows):
    """Determinant in exact arithmetic (int or Fraction), by Laplace expansion over subsets of columns."""
    n = len(rows)
    partial = {0: Fraction(1)}
    for row in rows:
        following = {}
        for used, value in partial.items():
            sign = 1
            for j in reversed(range(n)):
                if used >> j & 1:
                    sign = -sign
                elif row[j]:
                    following[used | 1 << j] = following.get(used | 1 << j, 0) + sign * value * row[j]
        partial = following
    return partial.get((1 << n) - 1, Fraction(0))


def minors_adjugate(rows):
    """The adjugate by its definition in exact arithmetic, as lists of Fractions; fit for n ≤ 6."""
    n = len(rows)

    def minor(i, j):
        return [[x for k, x in enumerate(row) if k != j] for m, row in enumerate(rows) if m != i]

    return [[(-1) ** (i + j) * exact_det(minor(j, i)) for j in range(n)] for i in range(n)]


def fractions(A):
    return [[Fraction(float(x)) for x in row] for row in A]


def relative_error(value, exact):
    """max |value − exact| / max |exact| with an object array of exact integers of any size."""
    scale = max(abs(x) for x in np.ravel(exact))
    ratios = [Fraction(x) / scale for x in np.ravel(exact)]
    values = [Fraction(float(x)) / scale for x in np.ravel(value)]
    return float(max(abs(a - b) for a, b in zip(values, ratios, strict=True)))


integer_matrices = st.integers(1, 6).flatmap(
    lambda n: st.lists(st.lists(st.integers(-9, 9), min_size=n, max_size=n), min_size=n, max_size=n)
)


# The adjugate


@given(integer_matrices)
@settings(max_examples=150, deadline=None)
def test_adjugate_of_small_integer_matrices_is_exact_to_rounding(rows):
    exact = np.array(minors_adjugate(rows), dtype=float)
    scale = max(1.0, np.linalg.norm(np.array(rows, dtype=float), 2)) ** (len(rows) - 1)
    assert np.abs(adjugate(rows) - exact).max() <= 1e-12 * scale


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
    else:
        assert not exact.any() and not mantissa.any()


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
def test_rank_two_less_gives_exactly_zero(n, deficiency, seed):
    rank = max(n - deficiency, 0)
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, n))
    assert (adjugate(A) == 0).all()


def test_rank_tolerance_zero_keeps_what_rounding_leaves():
    A = [[1, 1, 1], [1, 1, 1 + 1e-15], [1, 1 + 1e-15, 1]]
    assert not adjugate(A).any()
    assert adjugate(A, rank_tolerance=0).any()
    assert adjugate(A, rank_tolerance=1e-14).tolist() == np.zeros((3, 3)).tolist()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_one_by_one_is_one(x):
    assert adjugate([[x]]).tolist() == [[1.0]]
    assert adjugate_by_minors([[x]]).tolist() == [[1.0]]


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
    for other in (adjugate_by_minors, adjugate_by_inverse):
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


# Jacobi's formula


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


def test_singular_matrices_have_no_log_derivative():
    batch = np.stack([np.eye(3), np.ones((3, 3))])
    with pytest.raises(ValueError, match=r"A: matrix \(1,\) of the batch is singular.*determinant_derivative"):
        log_abs_det_derivative(batch, np.eye(3))
    rounded = np.random.default_rng(0).standard_normal((6, 5)) @ np.random.default_rng(1).standard_normal((5, 6))
    for A in (np.zeros((1, 1)), rounded):
        with pytest.raises(ValueError, match="A: is singular to working precision"):
            log_abs_det_derivative(A, np.ones_like(A))
    with pytest.raises(ValueError, match="A, dA: .*scale dA down"):
        log_abs_det_derivative([[1e-200]], [[1e200]])


# Bad input


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.ones((2, 3)), r"shape \(2, 3\)"),
        (np.ones(4), r"shape \(4,\)"),
        (3.0, r"shape \(\)"),
        ([[1.0, 2.0], [3.0]], "rows of equal length"),
        ([[1.0, np.nan], [0.0, 1.0]], "nan or an infinity"),
        ([[1.0, np.inf], [0.0, 1.0]], "nan or an infinity"),
        (np.ones((0, 0)), "empty"),
        (np.ones((0, 3, 3)), "empty"),
        (np.eye(2) * 1j, "dtype complex128"),
        (np.eye(2, dtype=bool), "dtype bool"),
        ([["a", "b"], ["c", "d"]], "dtype <U1"),
        (np.array([[None]]), "dtype object"),
        (torch.eye(2).requires_grad_(), "cannot be read"),
    ],
)
@pytest.mark.parametrize(
    "function",
    [adjugate, scaled_adjugate, cofactor_matrix, adjugate_by_minors, adjugate_by_inverse, trace_estimate_variance],
)
def test_bad_matrices_are_named(function, bad, message):
    with pytest.raises(ValueError, match=f"A: .*{message}"):
        function(bad)


@pytest.mark.parametrize("function", [determinant_derivative, log_abs_det_derivative])
def test_bad_pairs_are_named(function):
    good = np.eye(3)
    with pytest.raises(ValueError, match="A: shape"):
        function(np.ones((2, 3)), good)
    with pytest.raises(ValueError, match="dA: holds a nan"):
        function(good, np.full((3, 3), np.nan))
    with pytest.raises(ValueError, match=r"dA: shape \(2, 2\) does not fit"):
        function(good, np.eye(2))
    with pytest.raises(ValueError, match=r"dA: shape \(5, 3, 3\) does not fit"):
        function(np.stack([good] * 4), np.stack([good] * 5))


@pytest.mark.parametrize("value", [-0.1, 1.0, math.nan])
def test_bad_rank_tolerance(value):
    with pytest.raises(ValueError, match="rank_tolerance"):
        adjugate(np.eye(2), rank_tolerance=value)
    with pytest.raises(ValueError, match="rank_tolerance"):
        scaled_adjugate(np.eye(2), rank_tolerance=value)


# Symbolic and high-precision references


def test_symbolic_matrices_and_their_inverses():
    a11, a12, a21, a22 = sympy.symbols("a_11 a_12 a_21 a_22")
    A = symbolic_matrix(2)
    assert A == sympy.Matrix([[a11, a12], [a21, a22]])
    numerator, denominator = symbolic_inverse(A)
    assert (numerator / denominator * A).applyfunc(sympy.cancel) == sympy.eye(2)
    G = symbolic_matrix(4, "g", symmetric=True)
    assert G == G.T and len(G.free_symbols) == 10
    for bad in (0, -1, 2.0, True):
        with pytest.raises(ValueError, match="n: .* is not an integer ≥ 1"):
            symbolic_matrix(bad)
    with pytest.raises(ValueError, match="A: is singular"):
        symbolic_inverse(sympy.Matrix([[a11, a11], [a12, a12]]))
    for bad in (sympy.ones(2, 3), np.eye(2), sympy.Matrix([])):
        with pytest.raises(ValueError, match="A: .* is not a square sympy matrix"):
            symbolic_inverse(bad)


@pytest.mark.parametrize("bad", [np.eye(2), np.ones((2, 3), int), np.ones((0, 0), int), np.ones((1, 2, 2), int)])
def test_exact_adjugate_names_bad_input(bad):
    with pytest.raises(ValueError, match="A: dtype .* is not one square matrix of integers"):
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
    with pytest.raises(ValueError, match="digits: 10"):
        gradients_by_mpmath(A, 10)


def test_matrix_with_singular_values():
    sigma = [3.0, 1.0, 1e-9, 0.0]
    A = matrix_with_singular_values(sigma, np.random.default_rng(0))
    assert np.allclose(np.linalg.svd(A, compute_uv=False), sigma, rtol=1e-6, atol=1e-15)
    for bad in ([], [-1.0], [np.nan], [[1.0]]):
        with pytest.raises(ValueError, match="sigma: shape"):
            matrix_with_singular_values(bad, np.random.default_rng(0))


# Flows and volume elements


def test_carry_solves_known_flows():
    generator = np.array([[0.1, -2.0], [2.0, 0.1]])
    times = np.array([0.0, 0.5, 2.0])
    Phi = carry(lambda t: generator, np.eye(2), times)
    assert np.allclose(Phi, [scipy.linalg.expm(generator * t) for t in times], rtol=1e-9, atol=1e-10)
    grown = carry(lambda t: np.array([[np.cos(t)]]), [[1.0, 2.0]], [3.0])
    assert np.allclose(grown, [[[np.exp(np.sin(3)), 2 * np.exp(np.sin(3))]]], rtol=1e-9)
    for times in ([], [0.0], [1.0, 1.0], [-1.0, 1.0], 1.0):
        with pytest.raises(ValueError, match="times: "):
            carry(lambda t: generator, np.eye(2), times)
    with pytest.raises(ValueError, match=r"start: shape \(2,\)"):
        carry(lambda t: generator, [1.0, 0.0], [1.0])
    with pytest.raises(ValueError, match=r"matrix_of_time: returned shape \(2, 2\) for n = 3"):
        carry(lambda t: generator, np.eye(3), [1.0])


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3))
def test_shoelace_area_of_a_parallelogram_is_the_determinant(a, b, c, d):
    corners = [[0, a, a + b, b], [0, c, c + d, d]]
    assert shoelace_area(corners) == pytest.approx(a * d - b * c, abs=1e-12)


def test_shoelace_area_batch_and_errors():
    square = np.array([[0, 1, 1, 0], [0, 0, 1, 1.0]])
    assert shoelace_area(np.stack([square, 2 * square, square[:, ::-1]])).tolist() == [1.0, 4.0, -1.0]
    for bad in (np.ones((3, 4)), np.ones((2, 2)), np.ones(2)):
        with pytest.raises(ValueError, match="corners: shape"):
            shoelace_area(bad)


def test_volume_elements_of_known_coordinates():
    r, theta, phi, z = sympy.symbols("r theta phi z", positive=True)
    polar = [r * sympy.cos(theta), r * sympy.sin(theta)]
    assert volume_element(polar, [r, theta]) == r
    assert volume_element([*polar, z], [r, theta, z]) == r
    ball = [r * sympy.sin(theta) * sympy.cos(phi), r * sympy.sin(theta) * sympy.sin(phi), r * sympy.cos(theta)]
    assert sympy.simplify(volume_element(ball, [r, theta, phi]) - r**2 * sympy.Abs(sympy.sin(theta))) == 0
    assert metric_tensor(ball, [r, theta, phi]) == sympy.diag(1, r**2, r**2 * sympy.sin(theta) ** 2)
    with pytest.raises(ValueError, match="coordinates: 1 for 2"):
        metric_tensor(polar, [r])
    with pytest.raises(ValueError, match="coordinates: 0 for 0"):
        volume_element([], [])


# Hutchinson's estimator


def test_trace_estimate_is_exact_for_diagonal_matrices():
    d = np.arange(1.0, 6.0)
    assert trace_estimate(lambda z: d[:, None] * z, 5, 3, np.random.default_rng(0)) == (15.0, 0.0)


@pytest.mark.parametrize("distribution", ["rademacher", "gaussian"])
def test_trace_estimate_covers_the_trace_at_the_rate_of_its_error(distribution):
    A = np.random.default_rng(3).standard_normal((10, 10))
    runs = [trace_estimate(lambda z: A @ z, 10, 400, np.random.default_rng(s), distribution) for s in range(300)]
    estimates, errors = np.array(runs).T
    z = (estimates - np.trace(A)) / errors
    assert 0.9 <= np.mean(np.abs(z) <= 1.96) <= 0.99
    assert np.sqrt(np.mean(errors**2) * 400) == pytest.approx(
        math.sqrt(trace_estimate_variance(A, distribution)), rel=0.02
    )


@given(st.integers(1, 7), seeds)
@few
def test_rademacher_variance_against_all_sign_vectors(n, seed):
    A = np.random.default_rng(seed).standard_normal((n, n))
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=n)))
    values = np.einsum("si,ij,sj->s", signs, A, signs)
    assert values.mean() == pytest.approx(np.trace(A), abs=1e-12)
    assert trace_estimate_variance(A) == pytest.approx(values.var(), abs=1e-11)
    eigenvalues = np.linalg.eigvalsh((A + A.T) / 2)  # zᵀSz = Σ λ χ²₁ has variance 2 Σ λ²
    assert trace_estimate_variance(A, "gaussian") == pytest.approx(2 * (eigenvalues**2).sum(), rel=1e-10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": 0}, "n: 0 is not an integer"),
        ({"n": 2.0}, "n: 2.0 is not an integer"),
        ({"samples": 1}, "samples: 1 is not an integer ≥ 2"),
        ({"samples": True}, "samples: True"),
        ({"generator": 7}, "generator: int"),
        ({"distribution": "uniform"}, "distribution: 'uniform'"),
        ({"matvec": lambda z: z[0]}, r"matvec: returned shape \(4,\)"),
        ({"matvec": lambda z: z * np.nan}, "matvec: returned a nan"),
    ],
)
def test_bad_trace_estimates_are_named(changes, message):
    arguments = {"matvec": lambda z: z, "n": 3, "samples": 4, "generator": np.random.default_rng(0), **changes}
    with pytest.raises(ValueError, match=message):
        trace_estimate(**arguments)
    with pytest.raises(ValueError, match="distribution"):
        trace_estimate_variance(np.eye(2), "uniform")
