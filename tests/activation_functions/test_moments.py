"""Quadrature under the normal law against adaptive quadrature and closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from torch.nn import functional as F

from helpers import activation_functions as af


@pytest.mark.parametrize(
    ("name", "variance"), [(name, 1.0) for name in af.ACTIVATIONS] + [("min-exp", 0.3), ("GELU", 20.0)]
)
def test_moments_agree_with_adaptive_quadrature(name, variance):
    f, s = af.ACTIVATIONS[name], math.sqrt(variance)

    def expectation(g):
        density = lambda z: g(*(float(v) for v in af.value_and_slope(f, s * z)), s * z) * stats.norm.pdf(z)  # noqa: E731
        return sum(integrate.quad(density, *ends, epsabs=1e-12, limit=200)[0] for ends in ((-12, 0), (0, 12)))

    weight = 1.7
    assert af.second_moment(f, variance) == pytest.approx(expectation(lambda y, d, x: y * y), rel=1e-9)
    assert af.chi1(f, variance, weight) == pytest.approx(weight * expectation(lambda y, d, x: d * d), rel=1e-9)
    slope_of_map = weight * expectation(lambda y, d, x: y * d * x) / variance
    assert af.variance_map_slope(f, variance, weight) == pytest.approx(slope_of_map, rel=1e-9)


def test_min_exp_moments_in_closed_form():
    q = np.geomspace(1e-3, 1e2, 26).reshape(2, 13)
    value, slopes = af.min_exp_moments(q)
    np.testing.assert_allclose(value, af.second_moment(af.min_exp, q), rtol=1e-11)
    np.testing.assert_allclose(slopes, af.slope_moment(af.min_exp, q), rtol=1e-10)
    tail = stats.norm.cdf(-2) * math.exp(2)
    np.testing.assert_allclose(
        af.min_exp_moments(1.0),
        (0.5 + 5 * tail - 2 / math.sqrt(2 * math.pi), 0.5 + 10 * tail - 4 / math.sqrt(2 * math.pi)),
    )


@given(st.floats(0.1, 5), st.floats(-2, 2))
@settings(max_examples=25, deadline=None)
def test_expectation_with_a_kink_anywhere(variance, kink):
    s = math.sqrt(variance)
    exact = s * stats.norm.pdf(kink / s) + kink * stats.norm.cdf(kink / s) - kink  # E max(X, k) − k
    result = af.normal_expectation(lambda x: np.maximum(x - kink, 0), variance, kinks=[kink])
    assert result == pytest.approx(exact, abs=1e-13)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: af.normal_expectation(np.cos, 0.0), "variance"),
        (lambda: af.normal_expectation(np.cos, [1.0, math.nan]), "variance"),
        (lambda: af.normal_expectation(np.cos, []), "variance"),
        (lambda: af.normal_expectation(np.cos, 1.0, kinks=[math.inf]), "kinks"),
        (lambda: af.second_moment(F.relu, -1.0), "variance"),
        (lambda: af.second_moment(lambda x: x.sum()), "f"),
        (lambda: af.min_exp_moments(math.nan), "variance"),
    ],
)
def test_bad_arguments_are_named(call, argument):
    with pytest.raises(ValueError, match=f"^{argument}: "):
        call()
