"""Stationary laws: against fixed points, Lyapunov equations and enumeration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import inf, nan


@given(st.floats(0.1, 3), st.floats(0.01, 0.95), st.floats(0.1, 3))
def test_stationary_variance_is_the_fixed_point(k, fraction, sigma):
    gamma = 2 * fraction / k
    variance = sd.stationary_variance(k, gamma, sigma)
    assert (1 - gamma * k) ** 2 * variance + gamma**2 * sigma**2 == pytest.approx(variance, rel=1e-9)
    assert sd.stationary_variance_momentum(k, gamma, 0.0, sigma) == pytest.approx(variance, rel=1e-9)
    covariance = sd.stationary_covariance([[k]], [[sigma**2]], gamma)
    assert covariance[0, 0] == pytest.approx(variance, rel=1e-9)


def test_stationary_variance_at_the_edge():
    np.testing.assert_array_equal(sd.stationary_variance([1.0, 2.0, 4.0], [2.0, 1.0, 0.25], 1.0), [inf, inf, 0.0625])


@given(st.floats(0.1, 2), st.floats(0, 0.95), st.floats(0.05, 0.9))
def test_momentum_variance_solves_the_lyapunov_equation(k, beta, fraction):
    alpha = fraction * 2 * (1 + beta) / k
    matrix = np.array([[1 - alpha * k, beta], [-alpha * k, beta]])
    noise = alpha**2 * 0.49 * np.ones((2, 2))
    exact = np.linalg.solve(np.eye(4) - np.kron(matrix, matrix), noise.ravel()).reshape(2, 2)
    assert sd.stationary_variance_momentum(k, alpha, beta, 0.7) == pytest.approx(exact[0, 0], rel=1e-6)


def test_stationary_covariance_solves_its_equation():
    rng = np.random.default_rng(2)
    h, c = (m @ m.T / 8 for m in rng.normal(size=(2, 4, 8)))
    sigma = sd.stationary_covariance(h, c, 0.1)
    np.testing.assert_allclose(h @ sigma + sigma @ h - 0.1 * h @ sigma @ h, 0.1 * c, atol=1e-14)


@given(st.integers(2, 40), st.data())
def test_minibatch_factor_equals_enumeration(samples, data):
    batch = data.draw(st.integers(1, samples))
    factor = sd.minibatch_factor(batch, samples)
    assert 0 <= factor <= 1 and sd.minibatch_factor(1, samples) == 1 and sd.minibatch_factor(samples, samples) == 0


def test_minibatch_factor_by_hand():
    from itertools import combinations

    values = np.array([1.0, 2.0, 4.0, 8.0, 9.0])
    means = [np.mean(c) for c in combinations(values, 2)]
    assert np.var(means) / np.var(values) == pytest.approx(float(sd.minibatch_factor(2, 5)))


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("k", lambda: sd.stationary_variance(0.0, 1.0, 1.0)),
        ("k", lambda: sd.stationary_variance([], 1.0, 1.0)),
        ("k", lambda: sd.stationary_variance("much", 1.0, 1.0)),
        ("gamma", lambda: sd.stationary_variance(1.0, -1.0, 1.0)),
        ("gamma", lambda: sd.stationary_variance(1.0, 2.1, 1.0)),
        ("sigma", lambda: sd.stationary_variance(1.0, 1.0, nan)),
        ("sigma", lambda: sd.stationary_variance(1.0, 1.0, inf)),
        ("alpha", lambda: sd.stationary_variance_momentum(1.0, 4.0, 0.9, 1.0)),
        ("beta", lambda: sd.stationary_variance_momentum(1.0, 1.0, 1.0, 1.0)),
        ("hessian", lambda: sd.stationary_covariance([[1.0, 2.0], [0.0, 1.0]], np.eye(2), 0.1)),
        ("hessian", lambda: sd.stationary_covariance(np.eye(2), np.eye(2), 2.0)),
        ("hessian", lambda: sd.stationary_covariance(np.ones(2), np.ones(2), 0.1)),
        ("batch", lambda: sd.minibatch_factor(0, 5)),
        ("batch", lambda: sd.minibatch_factor(6, 5)),
        ("samples", lambda: sd.minibatch_factor(1, 1)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=name):
        call()
