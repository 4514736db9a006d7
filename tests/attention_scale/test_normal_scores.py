"""Normal scores against Lambert's function in 60 digits, a search, quadrature, and the laws of order statistics."""

import tracemalloc

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats

from helpers import attention_scale as m
from tests.attention_scale.strategies import BAD_KEYS, VIEWS, outcome
from tests.examples import examples


@pytest.mark.parametrize("n", [1, 1 + 1e-14, 1 + 1e-7, 1.5, 2, 40, 20000, 1e12, 1e300, 1.7e308])
@mp.workdps(60)
def test_optimal_scale_normal_against_lambert(n):
    expected = mp.sqrt(mp.lambertw(mp.mpf(n) * mp.sqrt(mp.e) / 2) - mp.mpf(1) / 2)
    assert m.optimal_scale_normal(n) == pytest.approx(float(mp.re(expected)), rel=1e-14, abs=0)


@examples(30)
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


@pytest.mark.parametrize("n", [1.5, 1e20, 1e300])
@mp.workdps(30)
def test_expected_maximum_in_thirty_digits(n):
    top = mp.sqrt(2 * mp.log(n))
    edges = [max(mp.mpf(-14), top - 12), *(top + mp.mpf(x) for x in (-3, -1, -0.5, -0.25, 0, 0.25, 1, 3, 12))]
    expected = mp.quad(lambda x: x * n * mp.npdf(x) * mp.exp((n - 1) * mp.log1p(-mp.ncdf(-x))), edges)
    assert m.expected_maximum_normal(n) == pytest.approx(float(expected), rel=1e-15, abs=3e-15)


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


keys = st.one_of(
    st.floats(1, 1.7e308), st.floats(0, 308).map(lambda x: 10.0**x), st.floats(-16, 1).map(lambda x: 1 + 10.0**x)
)


@examples(500)
@given(st.lists(keys, min_size=1, max_size=3), st.sampled_from(["f8", "f4", "f2", "i8"]), st.sampled_from(VIEWS))
@mp.workdps(60)
def test_optimal_scale_normal_of_any_keys(n, dtype, view):
    with np.errstate(over="ignore"):
        n = view(np.minimum(n, np.finfo(dtype).max if dtype != "i8" else 2**62).astype(dtype))
    result = outcome(m.optimal_scale_normal, n)
    assert np.shape(result) == np.shape(n)
    for value, one in zip(result.ravel(), np.ravel(n), strict=True):
        expected = mp.sqrt(mp.lambertw(mp.mpf(float(one)) * mp.sqrt(mp.e) / 2).real - mp.mpf(1) / 2) if one > 1 else 0
        assert value == pytest.approx(float(expected), rel=1e-13)


@examples(500)
@given(st.one_of(st.floats(-150, 150).map(lambda x: 10.0**x), st.floats(0, 30)), keys)
@mp.workdps(60)
def test_annealed_norm_normal_of_any_scale(alpha, n):
    result = outcome(m.annealed_norm_normal, alpha, n)
    lost = mp.exp(mp.mpf(alpha) ** 2) / mp.mpf(n) if alpha < 1e5 else mp.inf
    expected = alpha * (1 - lost)
    if expected < -mp.mpf(np.finfo(float).max):
        assert result == -np.inf  # documented: the value is below the range
    else:
        noise = alpha * (abs(1 - lost) + lost * (alpha**2 + 709))  # of the exponent α² − log n
        assert result == pytest.approx(float(expected), abs=float(4e-16 * noise))


@examples(500)
@given(st.lists(keys.filter(lambda n: n <= 1e300), min_size=1, max_size=2), st.sampled_from(VIEWS))
def test_expected_maximum_of_any_keys(n, view):
    """By the trapezoidal rule over the density of the maximum, n φ Φ^{n−1}."""
    n = view(np.array(n))
    x, step = np.linspace(-10, 40, 10001, retstep=True)
    one = np.asarray(n)[..., None]
    log_density = np.log(one) - x**2 / 2 - np.log(2 * np.pi) / 2 + (one - 1) * special.log_ndtr(x)
    result = outcome(m.expected_maximum_normal, n)
    np.testing.assert_allclose(result, step * (x * np.exp(log_density)).sum(-1), rtol=2e-13, atol=1e-12)


@examples(500)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 9), st.floats(0, 300))
def test_largest_scores_of_any_size(seed, rows, count, log_n):
    n = max(float(count), 10.0**log_n)
    top = outcome(m.largest_normal_scores, np.random.default_rng(seed), np.int64(rows), n, count)
    assert top.shape == (rows, count) and np.isfinite(top).all() and (np.diff(top) <= 0).all()
    assert (top[:, 0] < m.expected_maximum_normal(n) + 7).all()


def test_expected_maximum_of_many_keys_needs_little_memory():
    n = np.geomspace(1, 1e300, 20_000)
    tracemalloc.start()
    result = m.expected_maximum_normal(n)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6 and (np.diff(result) > 0).all()  # 10 001 numbers for each n were 1.6 GB


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


def test_the_optimum_lies_beyond_the_border_of_the_annealed_average():
    """From n = 13 on 2α* exceeds √(2 log n), where the largest score lies; at n = 12 it does not."""
    n = np.geomspace(13, 1e300, 2000)
    assert (m.optimal_scale_normal(n) > np.sqrt(np.log(n) / 2)).all()
    assert m.optimal_scale_normal(12) < np.sqrt(np.log(12) / 2)
