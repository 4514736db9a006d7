"""Cosine scores against mpmath's Bessel functions, quadrature, the plain series and the plain search."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, special

from helpers import attention_scale as m
from tests.attention_scale.strategies import BAD_KEYS, cumulant_anywhere, exact_cumulant, outcome
from tests.examples import examples


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


def test_the_lengths_with_a_scale_between_25_and_35_in_128_dimensions():
    """684 … 34 149 keys, by the exact root on both sides of each end."""
    for first_in, first_out, scale in ((684, 683, 25), (34149, 34150, 35)):
        assert (exact_optimal_scale_cosine(first_in, 128) - scale) * (30 - scale) > 0
        assert (exact_optimal_scale_cosine(first_out, 128) - scale) * (30 - scale) < 0
    ends = m.optimal_scale_cosine([683, 684, 34149, 34150], 128)
    assert ends[0] < 25 < ends[1] and ends[2] < 35 < ends[3]


def test_optimal_scale_cosine_in_three_dimensions_is_elementary():
    # E[e^{αs}] = sinh α/α, so the objective is α − α² coth(α)/n.
    for n in (3.0, 40.0):
        found = optimize.minimize_scalar(lambda a, n=n: a * a / np.tanh(a) / n - a, bounds=(1e-3, n), method="bounded")
        assert m.optimal_scale_cosine(n, 3) == pytest.approx(found.x, rel=1e-4)
    assert m.optimal_scale_cosine(1e12, 3) == pytest.approx(5e11, rel=1e-9)


@examples(40)
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


dimensions = st.one_of(st.floats(3, 200), st.floats(0.5, 308).map(lambda x: 10.0**x), st.integers(3, 200))
magnitudes = st.floats(-150, 307.9).map(lambda x: 10.0**x)


def reachable(x, d):
    """Where `cumulant_anywhere` has an answer: Hankel's expansion needs x well above d²."""
    return d >= 1e6 or x < 300 or x > 100 * d * d


@examples(500)
@given(st.one_of(magnitudes, st.floats(0, 300)), dimensions)
def test_the_cumulant_at_any_scale_in_any_dimension(alpha, d):
    result = outcome(m.log_mean_exp_cosine, alpha, d)
    assert result >= 0
    if reachable(alpha, d):
        assert result == pytest.approx(float(cumulant_anywhere(alpha, d)), rel=2e-12, abs=1e-320)


@examples(500)
@given(st.floats(0, 1e4), st.floats(3, 5000))
def test_the_fast_cumulant_is_the_plain_series(alpha, d):
    plain = outcome(m.log_mean_exp_cosine_by_series, alpha, d)
    assert m.log_mean_exp_cosine(alpha, d) == pytest.approx(plain, rel=1e-13, abs=2e-13 * max(1, alpha))


@examples(500)
@given(st.one_of(magnitudes, st.floats(0, 150)), st.floats(0, 308).map(lambda x: 10.0**x), dimensions)
def test_the_annealed_norm_at_any_scale_in_any_dimension(alpha, n, d):
    alpha = min(alpha, 8.9e307)
    result = outcome(m.annealed_norm_cosine, alpha, n, d)
    assert result <= alpha
    if reachable(alpha, d) and reachable(2 * alpha, d):
        with mp.workdps(400):
            ratio = cumulant_anywhere(2 * alpha, d) - 2 * cumulant_anywhere(alpha, d)
            lost = mp.exp(ratio) / n
            expected = alpha * -mp.expm1(ratio - mp.log(n))
            noise = alpha * (abs(1 - lost) + lost * (ratio + 1000))
        if expected < -np.finfo(float).max:
            assert result < -1e307  # −inf is documented: the value is below the range
        else:
            assert result == pytest.approx(float(expected), abs=float(2e-12 * noise) + 1e-320)


@examples(100)
@given(st.lists(st.tuples(st.floats(1.01, 1e5), st.floats(5, 5000)), min_size=5, max_size=5))
def test_the_fast_optimum_is_that_of_the_plain_search(pairs):
    plain = [outcome(m.optimal_scale_cosine_by_search, n, d) for n, d in pairs]
    np.testing.assert_allclose(m.optimal_scale_cosine(*np.transpose(pairs)), plain, rtol=1e-4)


many_or_few = st.one_of(st.floats(0, 308).map(lambda x: 10.0**x), st.floats(-15, 1).map(lambda x: 1 + 10.0**x))


@examples(100)
@given(st.lists(st.tuples(many_or_few, dimensions), min_size=5, max_size=5))
def test_the_optimum_for_any_keys_in_any_dimension(pairs):
    """By the sign of the exact slope on both sides; in the limit of many keys by its power law."""
    keys, dims = np.array(pairs).T
    for n, d, best in zip(keys, dims, outcome(m.optimal_scale_cosine, keys, dims), strict=True):
        assert np.sqrt(d) * m.optimal_scale_normal(n) * (1 - 1e-13) <= best <= max(n, np.sqrt(d) * 100)
        if n == 1:
            assert best == 0
        elif best < 100 or d >= 1e6:
            below, above = (exact_slope(best * (1 + mp.mpf(step)), n, d) for step in ("-1e-9", "1e-9"))
            assert below < 0 < above
        elif best > 1e12 * d * d:  # E[e^{αs}] → Γ(d/2) 2^m e^α/(2√π α^m) with m = (d − 1)/2
            power = (d - 1) / 2
            log_factor = special.gammaln(d / 2) + power * 2 * np.log(2) - np.log(2 * np.sqrt(np.pi))
            expected = (np.log(n) + log_factor - np.log1p(power)) / power
            assert np.log(best) == pytest.approx(expected, abs=1e-9)


@mp.workdps(60)
def exact_slope(alpha, n, d):
    """φ + log(1 + αφ′) − log n, with the slope as a difference quotient in 60 digits."""
    step = mp.mpf("1e-20")
    one, other = (cumulant_anywhere(2 * x, d) - 2 * cumulant_anywhere(x, d) for x in (alpha, alpha * (1 + step)))
    return one + mp.log1p((other - one) / step) - mp.log(n)


def test_the_optimum_runs_into_the_normal_one():
    """Up to 35/12 α²/d: no jump where the rounding of d log n once reached the answer."""
    for n, d in ((100, 1e13), (2, 1e12), (2, 1e15), (1.000012, 1e6), (1 + 2**-52, 1e300), (1.7e308, 1.7e308)):
        normal = m.optimal_scale_normal(n)
        ratio = outcome(m.optimal_scale_cosine, n, d) / np.sqrt(d) / normal
        assert ratio - 1 == pytest.approx(0, abs=2e-13 + 10 * normal**2 / d)
    assert m.optimal_scale_cosine(1.7e308, 3) == pytest.approx(0.85e308, rel=3e-11)
    assert m.optimal_scale_cosine(np.finfo(float).max, 3) == pytest.approx(np.finfo(float).max / 2, rel=3e-11)
    assert m.log_mean_exp_cosine(1e-5, 1e6) == pytest.approx(5e-17, rel=1e-12)
    assert m.log_mean_exp_cosine([1, 1e308], [1e300, 3]) == pytest.approx([5e-301, 1e308], rel=1e-14)


def test_what_stands_beside_an_optimum_does_not_change_it():
    n, d = np.array([1.0, 1.5, 50.0, 1e6, 1e300]), np.array([[3.0], [81.0], [83.0], [1e10]])
    for scale in (m.optimal_scale_cosine, lambda n, d: m.log_mean_exp_cosine(np.sqrt(n), d)):
        together = scale(n, d)
        alone = [[scale(k, dim) for k in n] for dim in d[:, 0]]
        np.testing.assert_array_equal(together, alone)
        np.testing.assert_array_equal(scale(n[::-1], d[::-2]), together[::-2, ::-1])
        assert scale(n.tolist(), 5).shape == (5,) and np.ndim(scale(4, 5)) == 0


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
