import numpy as np
from hypothesis import given, settings

from helpers.fourier_density import autocorrelation, autocorrelation_by_sum, descending_zeros, trigonometric_sum
from tests.fourier_density.strategies import amplitudes, random_amplitude


def test_autocorrelation_is_the_sum():
    a = random_amplitude(20)
    np.testing.assert_allclose(autocorrelation(a), autocorrelation_by_sum(a), atol=1e-13)
    np.testing.assert_allclose(autocorrelation(np.stack([a, 2 * a]))[1], 4 * autocorrelation_by_sum(a), atol=1e-12)


@settings(deadline=None, max_examples=100)
@given(amplitudes(40))
def test_autocorrelation_by_fft_and_by_sum_agree(a):
    a = a / np.abs(a).max()
    by_sum = autocorrelation_by_sum(a)
    assert np.abs(autocorrelation(a) - by_sum).max() <= 1e-13 * by_sum[0].real


def test_trigonometric_sum_and_its_derivatives():
    c, x, h = random_amplitude(5), np.linspace(-1, 1, 7).reshape(7, 1), 1e-5
    by_hand = sum((c[n] * np.exp(1j * np.pi * n * x)).real for n in range(6))
    np.testing.assert_allclose(trigonometric_sum(c, x), by_hand, atol=1e-13)
    for order in (1, 2):
        ahead, behind = (trigonometric_sum(c, x + s, order - 1) for s in (h, -h))
        np.testing.assert_allclose(trigonometric_sum(c, x, order), (ahead - behind) / (2 * h), atol=1e-4)


def test_descending_zeros_of_a_wave_through_the_seam():
    shift = 0.99
    found = descending_zeros(lambda x: np.sin(3 * np.pi * (x - shift)), 3)
    expected = np.sort((shift + np.arange(1, 7, 2) / 3 + 1) % 2 - 1)
    np.testing.assert_allclose(found, expected, atol=1e-12)
