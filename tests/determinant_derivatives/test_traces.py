"""Hutchinson's estimator against exact traces and exact variances."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.determinant_derivatives import trace_estimate, trace_estimate_variance
from tests.determinant_derivatives.strategies import any_matrix, exact_or_error, few, fractions, many, seeds


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
        ({"n": 0}, "n: is 0; give an integer ≥ 1"),
        ({"n": 2.0}, "n: is 2.0; give an integer"),
        ({"samples": 1}, "samples: is 1; give an integer ≥ 2"),
        ({"samples": True}, "samples: is True"),
        ({"generator": 7}, "generator: has type int"),
        ({"distribution": "uniform"}, "distribution: is 'uniform'"),
        ({"matvec": lambda z: z[0]}, r"matvec: returned shape \(4,\)"),
        ({"matvec": lambda z: z * np.nan}, "matvec: holds nan"),
    ],
)
def test_bad_trace_estimates_are_named(changes, message):
    arguments = {"matvec": lambda z: z, "n": 3, "samples": 4, "generator": np.random.default_rng(0), **changes}
    with pytest.raises(ValueError, match=message):
        trace_estimate(**arguments)
    with pytest.raises(ValueError, match="distribution"):
        trace_estimate_variance(np.eye(2), "uniform")


def test_variance_without_cancellation():
    assert trace_estimate_variance(np.diag(np.random.default_rng(1).standard_normal(5))) == 0
    assert trace_estimate_variance([[1e4, 1e-5], [1e-5, 1e4]]) == pytest.approx(4e-10, rel=1e-14)
    assert trace_estimate_variance(np.ones((2, 2)) * 1e150) == pytest.approx(4e300, rel=1e-14)
    with pytest.raises(ValueError, match="A: .*larger than the range of float64.*scale A down"):
        trace_estimate_variance(np.ones((2, 2)) * 1e200)


def test_a_matvec_may_work_in_place():
    assert trace_estimate(lambda z: np.multiply(z, 2, out=z), 3, 10, np.random.default_rng(0)) == (6.0, 0.0)


@pytest.mark.parametrize(
    ("matvec", "message"),
    [
        (lambda z: 1j * z, "complex128"),
        (lambda z: 1e308 * z, "range of float64"),
        (3, "give a function"),
        (lambda z: None, "cannot be read"),
    ],
)
def test_bad_products_are_named(matvec, message):
    with pytest.raises(ValueError, match=f"matvec: .*{message}"):
        trace_estimate(matvec, 3, 10, np.random.default_rng(0))


@given(seeds)
@many
def test_every_matrix_gives_its_variance_or_an_error(seed):
    given, A = any_matrix(seed)
    for kind, kept in (("rademacher", 0), ("gaussian", 1)):
        value = exact_or_error(trace_estimate_variance, given, kind)
        for index in np.ndindex(A.shape[:-2]):
            rows = fractions(A[index])
            n = len(rows)
            S = [[(rows[i][j] + rows[j][i]) / 2 for j in range(n)] for i in range(n)]
            exact = 2 * sum(S[i][j] ** 2 for i in range(n) for j in range(n) if kept or i != j)
            if value is not None:
                # S itself may cancel: it is as good as its entries.
                off = (
                    exact / 10**12
                    + (exact * max(abs(x) for row in rows for x in row) ** 2) / 10**30
                    + Fraction(1, 2**1000)
                )
                assert abs(Fraction(float(value[index])) - exact) <= off and value[index] >= 0
            else:
                assert A.ndim > 2 or exact > Fraction(np.finfo(float).max) / 2


@given(seeds)
@many
def test_every_product_gives_an_estimate_or_an_error(seed):
    given, A = any_matrix(seed)
    A, rng = A[(0,) * (A.ndim - 2)], np.random.default_rng(seed)
    samples, kind = int(rng.integers(2, 6)), ("rademacher", "gaussian")[seed % 2]

    def product(z):
        z[...] = A @ z  # overwrites the probes
        return z

    value = exact_or_error(trace_estimate, product, len(A), samples, np.random.default_rng(seed), kind)
    again = np.random.default_rng(seed)
    draw = again.standard_normal if kind == "gaussian" else lambda shape: again.integers(0, 2, shape) * 2.0 - 1.0
    z = draw((len(A), samples))
    size = np.abs(A).max() or 1.0
    values = (z * (A / size @ z)).sum(0)
    expected = np.array([values.mean(), values.std(ddof=1) / math.sqrt(samples)])
    assert np.abs(np.array(value) / size - expected).max() <= 1e-12 * np.abs(z).max() ** 2 * len(A) ** 2
