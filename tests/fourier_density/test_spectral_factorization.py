import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.fourier_density import (
    autocorrelation,
    autocorrelation_by_sum,
    fejer_riesz,
    fejer_riesz_by_roots,
    minimum_phase_start,
    trigonometric_sum,
)
from tests.examples import examples
from tests.fourier_density.strategies import answer, hard_vectors, many, midpoints, plain, random_amplitude


@pytest.mark.parametrize("degree", [0, 1, 2, 7, 64, 256])
def test_fejer_riesz_round_trip(degree):
    c = autocorrelation_by_sum(random_amplitude(degree, degree))
    a = fejer_riesz(c)
    assert np.abs(autocorrelation_by_sum(a) - c).max() <= 1e-13 * c[0].real
    assert a[0].real > 0 and abs(a[0].imag) < 1e-12 * abs(a[0])


@pytest.mark.parametrize(
    "zeros",
    [[1], [1, 1], [1] * 3, [1] * 6, [1, 1, -1, -1, 1j], list(np.exp(1j * np.linspace(0, 6, 40)))],
    ids=["simple", "double", "triple", "sixfold", "mixed", "forty"],
)
def test_fejer_riesz_with_zeros_on_the_circle(zeros):
    c = autocorrelation_by_sum(np.poly(zeros).astype(complex))
    a = fejer_riesz(c)
    assert np.abs(autocorrelation_by_sum(a) - c).max() <= 1e-8 * c[0].real


def test_fejer_riesz_is_minimum_phase_and_known():
    # f = |(1 − 2z)(3 − z)|²: the zero 1/2 is reflected to 2, giving ±(z − 2)(3 − z) = 6 − 5z + z².
    c = autocorrelation_by_sum(np.convolve([1, -2], [3, -1]).astype(complex))
    np.testing.assert_allclose(fejer_riesz(c), [6, -5, 1], atol=1e-13)
    zeros = np.roots(fejer_riesz(autocorrelation_by_sum(random_amplitude(30)))[::-1])
    assert np.abs(zeros).min() > 1 - 1e-9


@examples(100)
@given(st.integers(0, 8), st.integers(0, 2**32 - 1))
def test_newton_and_roots_find_the_same_factor(degree, seed):
    c = autocorrelation_by_sum(random_amplitude(degree, seed))
    c[0] *= 1.1  # no zero near the circle, where neither factor is well determined
    np.testing.assert_allclose(fejer_riesz(c), fejer_riesz_by_roots(c), atol=1e-8 * np.sqrt(c[0].real))


@pytest.mark.parametrize("c", [[1, 0.51], [1, 0.7j], [1, 0, 0, -0.5001]])
def test_fejer_riesz_reports_the_minimum(c):
    low = trigonometric_sum(np.concatenate([[c[0]], 2 * np.array(c[1:])]), midpoints(100001)).min()
    with pytest.raises(ValueError, match="negative; the minimum found is") as caught:
        fejer_riesz(c)
    assert float(str(caught.value).split()[-1]) == pytest.approx(low, rel=1e-3)


@pytest.mark.parametrize(
    "c, message",
    [
        ([], "shape"),
        ([0, 1], "real and positive"),
        ([-1, 0], "real and positive"),
        ([1j, 0], "real and positive"),
        ([1, np.nan], "nan"),
        ([[1, 0]], "shape"),
        (["a"], "complex numbers"),
    ],
)
def test_fejer_riesz_rejects(c, message):
    with pytest.raises(ValueError, match=message):
        fejer_riesz(c)


def test_minimum_phase_start_is_close():
    c = autocorrelation_by_sum(np.array([3, 1, 0.5j]))
    np.testing.assert_allclose(autocorrelation(minimum_phase_start(c / c[0])), c / c[0], atol=3e-4)


@many
@given(hard_vectors())
def test_factors_of_any_input(a):
    """c from a has a factor; a itself, read as c, has one or is refused."""
    c = answer(autocorrelation_by_sum, a)
    for series, possible in ((c, c is not None and abs(c[0]) > 0), (a, False)):
        factor, by_roots = answer(fejer_riesz, series), answer(fejer_riesz_by_roots, series)
        assert factor is not None or not possible
        if factor is not None:
            given_c = plain(series).astype(complex)
            assert np.abs(autocorrelation_by_sum(factor) - given_c).max() <= 1e-8 * given_c[0].real
            assert by_roots is not None
        start = answer(minimum_phase_start, series)
        if possible:
            assert np.abs(autocorrelation_by_sum(start) - c).max() <= 3e-4 * c[0].real


def test_a_wave_of_high_degree_is_refused_at_once_and_a_valid_one_never_for_rounding():
    c = np.arange(201.0, 0, -1)  # Fejér's kernel, which touches zero 200 times
    assert np.abs(autocorrelation_by_sum(fejer_riesz(c)) - c).max() <= 1e-8 * c[0]
    with pytest.raises(ValueError, match="degree 4999"):
        fejer_riesz(np.arange(5000.0, 0, -1))


def test_slightly_negative_is_negative():
    for excess in (1e-12, 1e-9, 1e-6):
        with pytest.raises(ValueError, match="negative"):
            fejer_riesz([1, 0.5 + excess])
    fejer_riesz([1, 0.5])


@pytest.mark.parametrize("floor", [1e-2, 2e-4, 1e-6])
def test_start_is_the_factor_of_the_raised_series(floor):
    c = np.array([1, 0.5])  # f touches zero, where log f needs the finest grid
    expected = autocorrelation(minimum_phase_start(c, floor))
    np.testing.assert_allclose(expected, c + np.array([floor, 0]), atol=1e-9)
