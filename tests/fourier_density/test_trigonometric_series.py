from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.fourier_density import (
    autocorrelation,
    autocorrelation_by_sum,
    descending_zeros,
    touching_series,
    trigonometric_sum,
)
from tests.examples import examples
from tests.fourier_density.strategies import amplitudes, answer, hard_vectors, many, plain, random_amplitude


def test_autocorrelation_is_the_sum():
    a = random_amplitude(20)
    np.testing.assert_allclose(autocorrelation(a), autocorrelation_by_sum(a), atol=1e-13)
    np.testing.assert_allclose(autocorrelation(np.stack([a, 2 * a]))[1], 4 * autocorrelation_by_sum(a), atol=1e-12)


@examples(100)
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


@many
@given(hard_vectors(), hard_vectors(real=True), st.integers(0, 2))
def test_trigonometric_sum_of_any_input(coefficients, x, derivative):
    total = answer(trigonometric_sum, coefficients, x, derivative)
    if total is not None:
        c, n = plain(coefficients).astype(complex), np.arange(len(coefficients))
        # cos and sin of π n x with n x mod 2 by exact fractions
        turns = [[float(Fraction(float(t)) * int(k) % 2) for k in n] for t in plain(x)]
        wave = np.exp(1j * np.pi * np.array(turns).reshape(len(turns), n.size))
        terms = wave * (c * (1j * np.pi * n) ** derivative)
        assert np.abs(total - terms.sum(1).real).max(initial=0) <= 1e-13 * np.abs(terms).sum(1).max(initial=0)


@many
@given(hard_vectors())
def test_autocorrelation_of_any_input(a):
    by_sum, by_fft = answer(autocorrelation_by_sum, a), answer(autocorrelation, a)
    assert (by_sum is None) == (by_fft is None)
    if by_sum is not None:
        assert np.abs(plain(by_fft) - by_sum).max() <= 1e-14 * by_sum[0].real
        size = float(sum(Fraction(float(v.real)) ** 2 + Fraction(float(v.imag)) ** 2 for v in plain(a)))
        assert by_sum[0].real == pytest.approx(size, rel=1e-14)


def test_autocorrelation_has_batch_axes_and_refuses_what_float64_cannot_hold():
    stack = np.random.default_rng(0).normal(size=(2, 3, 7))[:, ::-1] * np.array([1e-140, 1, 1e140])[:, None]
    for i, j in np.ndindex(2, 3):
        by_sum = autocorrelation_by_sum(stack[i, j])
        np.testing.assert_allclose(autocorrelation(stack)[i, j], by_sum, atol=1e-14 * by_sum[0].real)
    for a in ([1e200, 1], [1e-200, 0]):
        with pytest.raises(ValueError, match="sum of squares"):
            autocorrelation(a)


@many
@given(st.integers(0, 12), st.floats(-1, 1), st.integers(1, 5))
def test_descending_zeros_of_any_wave(degree, shift, waves):
    found = answer(descending_zeros, lambda x: -np.sin(waves * np.pi * (x - shift)), degree)
    if degree == 0:
        assert found is None
    elif degree >= waves:
        distance = (waves * (found - shift) + 1) % 2 - 1
        assert found.size == waves and np.abs(distance).max() < 1e-9 and (np.abs(found) <= 1).all()


def test_descending_zeros_refuse_nan():
    with pytest.raises(ValueError, match="slope"):
        descending_zeros(lambda x: x * np.nan, 2)


@pytest.mark.parametrize("degree", [1, 4, 31, 128])
def test_a_touching_series_is_real_touches_zero_and_is_no_obvious_square(degree):
    c = touching_series(degree, np.random.default_rng(degree))
    assert c.shape == (degree + 1,) and c[0].imag == 0
    lowest = np.fft.irfft(c, 4096 * degree, norm="forward").min()
    assert -1e-11 * c[0].real < lowest < 1e-5 * c[0].real
    with pytest.raises(ValueError, match="degree"):
        touching_series(0, np.random.default_rng(0))
