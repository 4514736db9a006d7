"""Normal scores against Lambert's function in 60 digits, a search, quadrature, and the laws of order statistics."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats

from helpers import attention_scale as m
from tests.attention_scale.strategies import BAD_KEYS


@pytest.mark.parametrize("n", [1, 1 + 1e-14, 1 + 1e-7, 1.5, 2, 40, 20000, 1e12, 1e300, 1.7e308])
@mp.workdps(60)
def test_optimal_scale_normal_against_lambert(n):
    expected = mp.sqrt(mp.lambertw(mp.mpf(n) * mp.sqrt(mp.e) / 2) - mp.mpf(1) / 2)
    assert m.optimal_scale_normal(n) == pytest.approx(float(mp.re(expected)), rel=1e-14, abs=0)


@settings(max_examples=30, deadline=None)
@given(st.floats(1.1, 1e9))
def test_optimal_scale_normal_against_a_search(n):
    found = optimize.minimize_scalar(
        lambda a: -m.annealed_norm_normal(a, n), bounds=(0, 8), method="bounded", options={"xatol": 1e-10}
    )
    assert m.optimal_scale_normal(n) == pytest.approx(found.x, abs=1e-6)


def test_annealed_norm_normal_values():
    assert m.annealed_norm_normal(2.5, 256) == pytest.approx(2.5 * (1 - np.exp(6.25) / 256), rel=1e-14)
    assert m.annealed_norm_normal([0.0, 100.0], 10).tolist() == [0.0, -np.inf]


@pytest.mark.parametrize("n", [2, 3, 17, 1000, 10**6])
def test_expected_maximum_against_quadrature(n):
    expected = integrate.quad(
        lambda x: -np.expm1(n * special.log_ndtr(x)) - np.exp(n * special.log_ndtr(-x)), 0, 40, limit=400, epsabs=1e-13
    )[0]
    assert m.expected_maximum_normal(n) == pytest.approx(expected, abs=1e-11)


def test_expected_maximum_known_values():
    expected = [0, 1 / np.sqrt(np.pi), 1.5 / np.sqrt(np.pi)]
    np.testing.assert_allclose(m.expected_maximum_normal([1, 2, 3]), expected, atol=1e-13)
    assert m.expected_maximum_normal(1e300) == pytest.approx(np.sqrt(2 * np.log(1e300)), rel=0.01)


def test_largest_normal_scores_have_the_law_of_order_statistics():
    top = m.largest_normal_scores(np.random.default_rng(0), 4000, 50, 50)
    assert (np.diff(top, axis=1) <= 0).all()
    assert stats.kstest(top.ravel(), "norm").pvalue > 1e-4
    assert stats.kstest(top[:, 0], lambda x: special.ndtr(x) ** 50).pvalue > 1e-4
    huge = m.largest_normal_scores(np.random.default_rng(0), 4000, 1e300, 3)
    assert huge[:, 0].mean() == pytest.approx(m.expected_maximum_normal(1e300), abs=3e-3)


@pytest.mark.parametrize(
    "call", [m.optimal_scale_normal, m.expected_maximum_normal, lambda n: m.annealed_norm_normal(1, n)]
)
@pytest.mark.parametrize("n", BAD_KEYS)
def test_bad_numbers_of_keys(call, n):
    with pytest.raises(ValueError, match="^n: "):
        call(n)


def test_other_bad_arguments():
    with pytest.raises(ValueError, match="^n: "):
        m.expected_maximum_normal(1e301)
    with pytest.raises(ValueError, match="^alpha: "):
        m.annealed_norm_normal(-1, 5)
    rng = np.random.default_rng()
    for n, count, name in ((5, 6, "count"), (5, 0, "count"), (5, 2.5, "count"), (1e301, 5, "n"), (np.nan, 1, "n")):
        with pytest.raises(ValueError, match=f"^{name}: "):
            m.largest_normal_scores(rng, 2, n, count)
    with pytest.raises(ValueError, match="^rows: "):
        m.largest_normal_scores(rng, 0, 5, 2)
    with pytest.raises(ValueError, match="^generator: "):
        m.largest_normal_scores(None, 2, 5, 2)
