"""Hutchinson's estimator against exact traces and exact variances."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.determinant_derivatives import trace_estimate, trace_estimate_variance
from tests.determinant_derivatives.strategies import few, seeds


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
