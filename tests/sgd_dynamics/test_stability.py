"""Stability on a quadratic: against one step of the scheme, eigenvalues, and values by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import betas, inf, nan


@pytest.mark.parametrize("scheme", sd.SCHEMES)
@given(st.floats(0.01, 5), st.floats(0, 1), st.floats(-2, 2), st.floats(-2, 2))
def test_amplification_is_one_step_of_integrate(scheme, a, beta, theta, v):
    k = 0.7
    one = sd.integrate(
        lambda x: k * x,
        [theta],
        velocity=v,
        learning_rate=a / k,
        momentum=beta,
        steps=1,
        scheme=scheme,
        hessian=lambda x: np.full(x.shape + (1,), k),
    )
    expected = sd.amplification(a, beta, scheme) @ [theta, v]
    np.testing.assert_allclose([one[0][0], one[1][0]], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("scheme", sd.SCHEMES)
def test_spectral_radius_equals_eigenvalues(scheme):
    rng = np.random.default_rng(0)
    a, beta = rng.uniform(0, 5, (40, 1)), rng.uniform(0, 1, 30)
    radius = np.abs(np.linalg.eigvals(sd.amplification(a, beta, scheme))).max(-1)
    np.testing.assert_allclose(sd.spectral_radius(a, beta, scheme), radius, rtol=1e-6, atol=1e-7)
    assert sd.amplification(a, beta, scheme).shape == (40, 30, 2, 2)


@pytest.mark.parametrize("scheme", ["heavy_ball", "nesterov_half", "nesterov"])
@given(betas, st.floats(1e-4, 0.9))
def test_stability_limit_is_the_edge(scheme, beta, inside):
    limit = sd.stability_limit(beta, scheme)
    assert sd.spectral_radius(limit * inside, beta, scheme) < 1
    assert sd.spectral_radius(limit * (1 + 1e-6), beta, scheme) > 1
    assert sd.spectral_radius(limit, beta, scheme) == pytest.approx(1, abs=1e-7)


@given(betas, st.floats(1e-3, 1e9))
def test_implicit_scheme_is_stable_everywhere(beta, a):
    assert sd.spectral_radius(a, beta, "implicit") < 1
    assert sd.stability_limit(beta, "implicit") == inf


def test_stability_limit_values_and_order():
    beta = np.array([0.0, 0.5, 0.9])
    np.testing.assert_allclose(sd.stability_limit(beta, "heavy_ball"), [2, 3, 3.8])
    np.testing.assert_allclose(sd.stability_limit(beta, "nesterov_half"), 2)
    np.testing.assert_allclose(sd.stability_limit(beta, "nesterov"), [2, 1.5, 3.8 / 2.8])
    assert sd.stability_limit(0.5, "nesterov").shape == ()


@pytest.mark.parametrize("method", ["gradient_descent", "heavy_ball", "nesterov", "nesterov_best"])
@pytest.mark.parametrize("kappa", [1.0, 10.0, 1e4])
def test_optimal_tuning_contracts_as_promised(method, kappa):
    rate, momentum, contraction = sd.optimal_tuning(0.5, 0.5 * kappa, method)
    k = 0.5 * np.geomspace(1, kappa, 400)
    scheme = "nesterov" if "nesterov" in method else "heavy_ball"
    worst = sd.spectral_radius(rate * k, momentum, scheme).max()
    # at a double root the eigenvalue is only accurate to the square root of rounding
    assert worst == pytest.approx(contraction, abs=3e-7)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("a", lambda: sd.amplification(-1.0, 0.5, "nesterov")),
        ("beta", lambda: sd.amplification(1.0, 1.5, "nesterov")),
        ("scheme", lambda: sd.amplification(1.0, 0.5, "newton")),
        ("scheme", lambda: sd.stability_limit(0.5, "newton")),
        ("beta", lambda: sd.stability_limit(1.0, "nesterov")),
        ("beta", lambda: sd.stability_limit(nan, "implicit")),
        ("smallest", lambda: sd.optimal_tuning(0.0, 1.0, "nesterov")),
        ("largest", lambda: sd.optimal_tuning(2.0, 1.0, "nesterov")),
        ("method", lambda: sd.optimal_tuning(1.0, 2.0, "adam")),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=name):
        call()
