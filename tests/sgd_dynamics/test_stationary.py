"""Stationary laws: against fixed points, Lyapunov equations and enumeration."""

import warnings
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import solve_discrete_lyapunov

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import a_seed, between, hard, inf, many, nan, right_or_refused, share


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


def test_minibatch_factor_equals_enumeration():
    for samples in range(2, 8):
        values = np.arange(samples) ** 2.0
        variances = [np.var([np.mean(c) for c in combinations(values, b + 1)]) for b in range(samples)]
        factor = sd.minibatch_factor(np.arange(samples) + 1, samples)
        np.testing.assert_allclose(factor * np.var(values), variances, rtol=1e-12, atol=1e-13)


@many(hard, hard, hard)
def test_stationary_variance_at_any_scale(k, gamma, sigma):
    right_or_refused(
        sd.stationary_variance,
        {"k": k, "gamma": gamma, "sigma": sigma},
        lambda k, g, s: k > 0 and g > 0 and s > 0 and g * k < 2,
        lambda k, g, s: g * s**2 / (k * (2 - g * k)),
        lambda k, g, s: (2e-15 / (2 - g * k), 5e-324),
    )


@many(hard, hard, share, hard)
def test_stationary_variance_momentum_at_any_scale(k, alpha, beta, sigma):
    right_or_refused(
        sd.stationary_variance_momentum,
        {"k": k, "alpha": alpha, "beta": beta, "sigma": sigma},
        lambda k, a, b, s: k > 0 and a > 0 and s > 0 and 0 <= b < 1 and a * k < 2 * (1 + b),
        lambda k, a, b, s: a * s**2 * (1 + b) / (k * (1 - b) * (2 * (1 + b) - a * k)),
        lambda k, a, b, s: (1e-14 / (2 * (1 + b) - a * k), 5e-324),
    )


@many(hard, lambda rng: 2 + 10 ** int(rng.choice([0, 1, 2, 20, 300])) * int(rng.integers(99)))
def test_minibatch_factor_at_any_scale(batch, samples):
    right_or_refused(
        lambda batch: sd.minibatch_factor(batch, samples),
        {"batch": batch},
        lambda b: 1 <= b <= samples,
        lambda b: (samples - b) / (b * (samples - 1)),
        lambda b: (1e-15 * (1 + samples / abs(samples - b)) if b != samples else 0, 5e-324),
    )


@many(a_seed)
def test_stationary_covariance_at_any_scale(seed):
    """Against scipy's solution of Σ = (I − γH)Σ(I − γH) + γ²C at scale 1."""
    rng = np.random.default_rng(seed)
    d, shape = rng.integers(1, 4), [(), (2,), (2, 3)][rng.integers(3)]
    basis = np.linalg.qr(rng.normal(size=(*shape, d, d)))[0]
    h = basis * 10.0 ** rng.uniform(-3, 0, (*shape, 1, d)) @ basis.mT
    root = rng.normal(size=(d, rng.integers(0, d + 1)))
    h, c, step = (h + h.mT) / 2, root @ root.T, rng.uniform(0.01, 1.9)
    sizes = 10.0 ** rng.integers(-90, 90, 2)
    given_h, given_c = np.asfortranarray(h * sizes[0]), (c * sizes[1])[::-1, ::-1][::-1, ::-1]
    before_h, before_c = given_h.copy(), given_c.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = sd.stationary_covariance(given_h, given_c, step / sizes[0])
    assert found.shape == h.shape and (np.diagonal(found, axis1=-2, axis2=-1) >= 0).all()
    np.testing.assert_array_equal(found, found.mT)
    assert (given_h == before_h).all() and (given_c == before_c).all()
    for index in np.ndindex(shape):
        right = solve_discrete_lyapunov(np.eye(d) - step * h[index], step**2 * c, method="direct")
        scaled = found[index] * sizes[0] * (sizes[0] / sizes[1])
        np.testing.assert_allclose(scaled, right, rtol=0, atol=1e-10 * np.abs(right).max())


@many(between(0.01, 0.99), between(0, 0.99), inputs=60)
def test_relative_temperature_of_heavy_ball_is_the_closed_form(fraction, beta):
    a = 2 * (1 + beta) * fraction
    expected = sd.stationary_variance_momentum(1, a, beta, 1) * 2 * (1 - beta) / a
    assert sd.relative_temperature(a, beta, "heavy_ball") == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("scheme", "share"), [("heavy_ball", 0.0), ("nesterov_half", 0.5), ("nesterov", 1.0)])
def test_relative_temperature_comes_to_one_and_looking_ahead_cools(scheme, share):
    assert sd.relative_temperature(1e-6, 0.9, scheme) == pytest.approx(1, abs=1e-4)
    assert sd.relative_temperature(0.001, 0.99, scheme) == pytest.approx(1 / (1 + 0.1 * share), rel=0.02)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("a, scheme", lambda: sd.relative_temperature(0.1, 0.9, "implicit")),
        ("a, scheme", lambda: sd.relative_temperature(1.5, 0.9, "nesterov")),
        ("a", lambda: sd.relative_temperature(0.0, 0.9, "nesterov")),
        ("beta", lambda: sd.relative_temperature(0.1, 1.0, "nesterov")),
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
        ("hessian", lambda: sd.stationary_covariance(1e-10 * np.array([[1, 0.5], [0, 1]]), np.eye(2), 0.1)),
        ("hessian", lambda: sd.stationary_covariance(np.ones((2, 2)), np.eye(2), 0.1)),
        ("hessian", lambda: sd.stationary_covariance(np.eye(2), np.eye(3), 0.1)),
        ("noise", lambda: sd.stationary_covariance(np.eye(2), -np.eye(2), 0.1)),
        ("noise", lambda: sd.stationary_covariance(np.eye(2), [[1, 0.5], [0, 1]], 0.1)),
        ("batch", lambda: sd.minibatch_factor(0, 5)),
        ("batch", lambda: sd.minibatch_factor(6, 5)),
        ("samples", lambda: sd.minibatch_factor(1, 1)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=rf"(^|, ){name}[,:]"):
        call()
