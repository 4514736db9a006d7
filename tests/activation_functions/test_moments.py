"""Quadrature under the normal law against adaptive quadrature and closed forms."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats
from torch.nn import functional as F

from helpers import activation_functions as af
from tests.activation_functions.strategies import seeds, spread
from tests.examples import examples

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


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
@examples(25)
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


@given(seed=seeds)
@examples(100)
def test_expectations_at_every_scale(seed):
    rng = np.random.default_rng(seed)
    s = spread(rng, (2, 3), 2 if seed % 4 else 150)
    kink = float(s[0, 0] * rng.normal())
    variance = s.astype(np.longdouble)[::-1] ** 2 if seed % 3 else s[::-1] ** 2
    found = af.normal_expectation(lambda x: np.maximum(x - kink, 0), variance, kinks=kink)
    s = s[::-1]
    u = np.clip(kink / s, -1e9, 1e9)
    np.testing.assert_allclose(found, s * stats.norm.pdf(u) - kink * stats.norm.sf(u), rtol=0, atol=1e-12 * s.max())
    alone = af.normal_expectation(lambda x: np.maximum(x - kink, 0), s[1, 2] ** 2, kink)
    assert abs(found[1, 2] - alone) <= 1e-13 * max(s[1, 2], abs(kink))


@given(seed=seeds)
@examples(125)
def test_moments_of_min_exp_and_leaky_lines_at_every_scale(seed):
    rng = np.random.default_rng(seed)
    q, a, factor = spread(rng, 4, 3 if seed % 4 else 150), rng.normal(), 10.0 ** rng.uniform(-3, 3)
    np.testing.assert_allclose(
        (af.second_moment(af.min_exp, q), af.slope_moment(af.min_exp, q)), af.min_exp_moments(q), rtol=1e-12
    )
    line = lambda x: factor * torch.where(x > 0, x, a * x)  # noqa: E731
    mean = factor**2 * (1 + a**2) / 2
    np.testing.assert_allclose(
        (af.second_moment(line, q), af.slope_moment(line, q)), (mean * q, [mean] * 4), rtol=1e-12
    )


def exact_min_exp_moments(q):
    with mpmath.workdps(40 + 3 * max(0, int(math.log10(q)))):
        q = mpmath.mpf(q)
        s, root = mpmath.sqrt(q), mpmath.sqrt(2 * mpmath.pi)
        tail = mpmath.exp(2 * q) * mpmath.erfc(mpmath.sqrt(2) * s) / 2
        value = q / 2 + q * ((1 + 4 * q) * tail - 2 * s / root)
        return float(value), float(0.5 + ((1 + 2 * q) ** 2 + q) * tail - (2 * s + 2 * s**3) / root)


def test_closed_moments_of_min_exp_keep_their_digits_where_the_terms_cancel():
    q = np.concatenate([np.geomspace(1e-150, 1e4, 250), np.geomspace(0.1, 100, 200), np.geomspace(1e4, 1e60, 50)])
    exact = np.transpose([exact_min_exp_moments(v) for v in q])
    np.testing.assert_allclose(af.min_exp_moments(q), exact, rtol=8e-15)
    value, slope = af.min_exp_moments(q.reshape(50, 10).T)
    np.testing.assert_array_equal(value.T.ravel(), af.min_exp_moments(q)[0])
    np.testing.assert_allclose(af.min_exp_moments([1e150, 1e300, 1.7e308]), ([5e149, 5e299, 8.5e307], [0.5] * 3))


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "GELU"])
def test_moments_of_smooth_functions_at_large_variance(name):
    """A density of width √q ≫ 1 is flat where f bends: E[f′(X)²] is ∫f′² over √(2πq), or 1/2 and a correction."""
    f = af.ACTIVATIONS[name]
    exact = {
        "sigmoid": 1 / 6,
        "tanh": 4 / 3,
        "GELU": integrate.quad(
            lambda x: float(af.value_and_slope(f, x)[1]) ** 2 - (x > 0), -15, 15, points=[0], epsabs=1e-13
        )[0],
    }[name]
    q = np.array([1e8, 1e12, 1e40, 1e150, 1e300])
    found = af.slope_moment(f, q) - (0.5 if name == "GELU" else 0)
    np.testing.assert_allclose(found, exact / np.sqrt(2 * math.pi * q), rtol=1e-7, atol=1e-15 if name == "GELU" else 0)


@pytest.mark.parametrize("kinks", [(0.0,), (0.0, 1e4)])
def test_what_lies_beyond_twelve_deviations_counts_where_f_grows_that_fast(kinks):
    q = np.array([0.01, 1.0, 9.0, 20.0, 30.0, 60.0])  # E[e^{2X}] = e^{2q} comes from around z = 2√q
    np.testing.assert_allclose(af.second_moment(torch.exp, q, kinks), np.exp(2 * q), rtol=1e-12)
    np.testing.assert_allclose(af.slope_moment(torch.exp, q[3:], kinks), np.exp(2 * q[3:]), rtol=1e-12)
    with pytest.raises(ValueError, match="^f: is nan or beyond float64 at .*; give "):
        af.second_moment(torch.exp, 100.0, kinks)
    with pytest.raises(ValueError, match="^g: counts beyond 36 .*; give "):
        af.normal_expectation(lambda x: np.exp(np.minimum(x**2 / 2, 690)))


def test_a_function_that_starts_far_out():
    s, kink = math.sqrt(1e-3), 0.3  # at 9.5 deviations
    exact = mpmath.mpf(s) * mpmath.npdf(kink / s) - kink * mpmath.ncdf(-kink / s)
    found = af.normal_expectation(lambda x: np.maximum(x - kink, 0), s**2, kink)
    np.testing.assert_allclose(found, float(exact), rtol=1e-12)


@pytest.mark.parametrize(
    ("f", "kinks"), [(F.hardtanh, (-1, 1)), (F.hardswish, (-3, 3)), (lambda x: F.relu(x - 0.3), (0.3,))]
)
def test_a_kink_that_is_not_named_is_found_out(f, kinks):
    refused = 0
    for variance in (0.7, 2.0, 5.0, 30.0, 3e3):
        for moment in (af.second_moment, af.slope_moment):
            right = moment(f, variance, kinks)
            try:  # a kink may also be an end of a panel by chance, or too weak to matter
                assert moment(f, variance) == pytest.approx(right, rel=1e-6)
            except ValueError as error:
                assert str(error).startswith("kinks: the function bends sharply")
                refused += 1
    assert refused >= 4
    with pytest.raises(ValueError, match="^kinks: the function bends sharply"):
        af.normal_expectation(lambda x: np.sin(1e4 * x))


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: af.normal_expectation(lambda x: x * math.nan), "g"),
        (lambda: af.normal_expectation(lambda x: np.exp(x**2 / 4), 1e300), "g"),
        (lambda: af.normal_expectation(lambda x: x.sum()), "g"),
        (lambda: af.normal_expectation(lambda x: 1j * x), "g"),
        (lambda: af.normal_expectation(np.cos, [True]), "variance"),
        (lambda: af.normal_expectation(np.cos, kinks="a"), "kinks"),
        (lambda: af.second_moment(lambda x: x * math.nan), "f"),
        (lambda: af.second_moment(lambda x: 1e200 * x), "f"),
        (lambda: af.slope_moment(lambda x: 1e200 * x), "f"),
        (lambda: af.slope_moment(torch.sqrt), "f"),
        (lambda: af.second_moment(F.relu, 1e308), "f"),
    ],
)
def test_what_has_no_moment_is_named(call, argument):
    with pytest.raises(ValueError, match=f"^{argument}: .*; give "):
        call()


def test_expectations_without_kinks_and_at_no_cost_to_the_caller():
    variance = np.array([[1.0, 2.0]]).T
    variance.flags.writeable = False
    np.testing.assert_allclose(af.normal_expectation(np.square, variance, kinks=()), variance, rtol=1e-13)
    np.testing.assert_allclose(af.normal_expectation(np.square, torch.tensor(2.0, dtype=torch.bfloat16)), 2, rtol=1e-13)
    assert af.normal_expectation(lambda x: 0 * x) == 0
    np.testing.assert_allclose(af.normal_expectation(lambda x: x > 1, kinks=1), stats.norm.sf(1), rtol=1e-13)
    np.testing.assert_allclose(af.second_moment(torch.relu, 1e-300, 1e300), 5e-301, rtol=1e-13)  # no warning
