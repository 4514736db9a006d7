"""Cosine scores against mpmath's Bessel functions, quadrature, the plain series and the plain search."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize

from helpers import attention_scale as m
from tests.attention_scale.strategies import BAD_KEYS, exact_cumulant


@pytest.mark.parametrize("d", [3, 4, 7.5, 64, 128, 1024, 4096])
@pytest.mark.parametrize("x", [1e-2, 1.0, 30.0, 3e3, 1e6])
@mp.workdps(60)
def test_log_mean_exp_cosine_against_bessel(x, d):
    expected = float(exact_cumulant(x, d))
    assert m.log_mean_exp_cosine(x, d) == pytest.approx(expected, rel=1e-11, abs=1e-11)
    ratio = float(exact_cumulant(2 * x, d) - 2 * exact_cumulant(x, d))
    with np.errstate(over="ignore"):
        norm = -x * np.expm1(ratio - np.log(50))
    assert m.annealed_norm_cosine(x, 50, d) == pytest.approx(norm, rel=1e-9, abs=1e-9)


def test_log_mean_exp_cosine_is_the_mean_over_the_density():
    for d in (3, 5, 40):
        weight = integrate.quad(lambda s, d=d: (1 - s * s) ** ((d - 3) / 2), -1, 1)[0]
        mean = integrate.quad(lambda s, d=d: (1 - s * s) ** ((d - 3) / 2) * np.exp(9 * s), -1, 1)[0] / weight
        assert m.log_mean_exp_cosine(9.0, d) == pytest.approx(np.log(mean), rel=1e-9)
    assert m.log_mean_exp_cosine(0.0, 5) == 0


@mp.workdps(60)
def exact_optimal_scale_cosine(n, d):
    """Root of the stationarity equation in 60 digits, started 1 % away."""
    order = mp.mpf(d) / 2 - 1

    def excess(log_alpha):
        a = mp.exp(log_alpha)
        ratio_two, ratio_one = (mp.besseli(order + 1, k * a) / mp.besseli(order, k * a) for k in (2, 1))
        value = exact_cumulant(2 * a, d) - 2 * exact_cumulant(a, d)
        return value + mp.log(1 + 2 * a * (ratio_two - ratio_one)) - mp.log(n)

    start = mp.log(mp.mpf(float(m.optimal_scale_cosine(n, d))) * 1.01)
    return float(mp.exp(mp.findroot(excess, (start, start + 0.001), tol=1e-30)))


@pytest.mark.parametrize("d", [3, 4, 5, 32, 128, 1024, 4096])
@pytest.mark.parametrize("n", [1 + 9e-6, 1 + 2e-5, 2, 40, 20000, 1e12])
def test_optimal_scale_cosine_against_mpmath(n, d):
    assert m.optimal_scale_cosine(n, d) == pytest.approx(exact_optimal_scale_cosine(n, d), rel=3e-8)


def test_optimal_scale_cosine_in_three_dimensions_is_elementary():
    # E[e^{αs}] = sinh α/α, so the objective is α − α² coth(α)/n.
    for n in (3.0, 40.0):
        found = optimize.minimize_scalar(lambda a, n=n: a * a / np.tanh(a) / n - a, bounds=(1e-3, n), method="bounded")
        assert m.optimal_scale_cosine(n, 3) == pytest.approx(found.x, rel=1e-4)
    assert m.optimal_scale_cosine(1e12, 3) == pytest.approx(5e11, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 1e12), st.floats(3, 4096))
def test_optimal_scale_cosine_is_the_highest_point_and_above_the_normal_one(n, d):
    best = m.optimal_scale_cosine(n, d)
    height = m.annealed_norm_cosine(best, n, d)
    assert best >= np.sqrt(d) * m.optimal_scale_normal(n) * (1 - 1e-12)
    around = m.annealed_norm_cosine(best * np.array([0.5, 0.9, 0.99, 1.01, 1.1, 2.0]), n, d)
    assert (around <= height * (1 + 1e-9) + 1e-12).all()
    assert m.optimal_scale_cosine(n * 1.001, d) > best


def test_optimal_scale_cosine_limits_shapes_and_one_key():
    n, d = np.array([1.0, 50.0, 1e6]), np.array([[3.0], [128.0]])
    result = m.optimal_scale_cosine(n, d)
    assert result.shape == (2, 3) and (result[:, 0] == 0).all()
    assert result[1, 1] == m.optimal_scale_cosine(50, 128)
    assert m.optimal_scale_cosine(1000, 1e8) == pytest.approx(1e4 * m.optimal_scale_normal(1000), rel=1e-6)
    slope = np.log(m.optimal_scale_cosine(1e12, 5) / m.optimal_scale_cosine(1e11, 5)) / np.log(10)
    assert slope == pytest.approx(2 / (5 - 1), rel=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1e4), st.floats(3, 5000))
def test_the_fast_cumulant_is_the_plain_series(alpha, d):
    assert m.log_mean_exp_cosine(alpha, d) == pytest.approx(m.log_mean_exp_cosine_by_series(alpha, d), abs=1e-10)


@settings(max_examples=20, deadline=None)
@given(st.floats(1.01, 1e5), st.floats(3, 5000))
def test_the_fast_optimum_is_that_of_the_plain_search(n, d):
    assert m.optimal_scale_cosine(n, d) == pytest.approx(m.optimal_scale_cosine_by_search(n, d), rel=1e-4)


@pytest.mark.parametrize("call", [lambda n: m.optimal_scale_cosine(n, 8), lambda n: m.annealed_norm_cosine(1, n, 8)])
@pytest.mark.parametrize("n", BAD_KEYS)
def test_bad_numbers_of_keys(call, n):
    with pytest.raises(ValueError, match="^n: "):
        call(n)


@pytest.mark.parametrize("d", [2.9, np.nan, np.inf, []])
def test_bad_dimensions(d):
    for call in (m.optimal_scale_cosine, m.log_mean_exp_cosine, lambda n, d: m.annealed_norm_cosine(1, n, d)):
        with pytest.raises(ValueError, match="^d: "):
            call(4, d)
    for plain in (m.optimal_scale_cosine_by_search, m.log_mean_exp_cosine_by_series):
        with pytest.raises(ValueError, match="^d: "):
            plain(4, d)


def test_other_bad_arguments():
    for function in (m.log_mean_exp_cosine, m.log_mean_exp_cosine_by_series):
        with pytest.raises(ValueError, match="^alpha: "):
            function(-1, 5)
    with pytest.raises(ValueError, match="^alpha: "):
        m.log_mean_exp_cosine_by_series(1e8, 5)
    with pytest.raises(ValueError, match="^n, d: shapes"):
        m.optimal_scale_cosine([1, 2, 3], [3, 4])
    with pytest.raises(ValueError, match="^n, d: scales up to"):
        m.optimal_scale_cosine_by_search(1e12, 3)
