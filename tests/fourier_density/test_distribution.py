import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers.fourier_density import (
    FourierDensity,
    distribution_coefficients,
    fejer_riesz,
    quantiles_by_bisection,
    trigonometric_sum,
)
from tests.examples import examples
from tests.fourier_density.strategies import (
    amplitudes,
    answer,
    batches,
    direct_pdf,
    hard_vectors,
    many,
    midpoints,
    random_amplitude,
)


def test_distribution_function_is_the_integral_of_the_density():
    density, x = FourierDensity(random_amplitude(7)), midpoints(20000)
    phi = (x + 1) / 2 + trigonometric_sum(distribution_coefficients(density.coefficients), x)
    running = (np.cumsum(density.pdf(x)) - density.pdf(x) / 2) * (x[1] - x[0])
    np.testing.assert_allclose(phi, running, atol=1e-6)
    np.testing.assert_allclose(density.cdf(x), phi, atol=1e-13)


@examples(50)
@given(amplitudes(24))
def test_newton_and_bisection_find_the_same_quantiles(a):
    density, u = FourierDensity(a), np.random.default_rng(0).random((5, 4))
    by_bisection = quantiles_by_bisection(density.coefficients, u)
    x = density.icdf(u)
    # Where Φ is flat x is not determined; what both must agree on is Φ there.
    np.testing.assert_allclose(density.cdf(x), density.cdf(by_bisection), atol=1e-13)
    steep = density.pdf(x) > 0.1
    np.testing.assert_allclose(x[steep], by_bisection[steep], atol=1e-11)


@pytest.mark.parametrize("line", [False, True])
def test_samples_follow_the_density(line):
    density = FourierDensity(random_amplitude(20, 4), *((1.0, 3.0) if line else ()))
    x = density.sample(20000, np.random.default_rng(0))
    assert stats.kstest(x, density.cdf).pvalue > 1e-3
    assert x.mean() == pytest.approx(density.mean(), abs=5 * np.sqrt(density.variance() / x.size))


class Zeros(np.random.Generator):
    """A generator that draws what it may, but seldom does."""

    def __init__(self):
        super().__init__(np.random.PCG64(0))

    def random(self, size=None):
        return np.zeros(size)


def test_samples_are_finite():
    x = FourierDensity([1, 0.3], 1.0, 2.0).sample(3, Zeros())
    assert np.isfinite(x).all()
    generator = torch.Generator().manual_seed(0)
    assert torch.isfinite(FourierDensity([1, 0.3], 1.0, 2.0).sample(10**5, generator)).all()
    light, _ = FourierDensity.fit(np.random.default_rng(0).normal(size=3000), 8, line=True)  # hardly a tail
    assert np.isfinite(light.icdf([1e-300, 2.0**-54, 1 - 2.0**-53])).all()


def test_icdf_ends_and_flat_places():
    density = FourierDensity(np.poly([1, 1, -1, -1]))  # p has zeros of order 4
    u = np.concatenate([[0, 5e-324, 1e-300, 1e-17, 1 - 1e-16, 1], np.linspace(0, 1, 999)])
    x = density.icdf(u)
    assert np.abs(density.cdf(x) - u).max() <= 1e-13
    assert x[0] == -1 and x[5] == 1
    line = FourierDensity([1, 0.3], 0.0, 1.0)
    assert line.icdf(0.0) == -np.inf and line.icdf(1.0) == np.inf
    assert line.pdf(np.inf) == 0 and line.log_prob(-np.inf) == -np.inf and line.cdf(np.inf) == 1


@many
@given(hard_vectors(), hard_vectors(real=True))
def test_distributions_of_any_input(b, u):
    answer(distribution_coefficients, b)
    answer(quantiles_by_bisection, b, u)
    answer(FourierDensity([1, 0.5j]).icdf, u)


@batches
@given(st.integers(0, 2**32 - 1), st.floats(-300, -0.1))
def test_quantiles_keep_their_digits_in_the_left_tail(seed, exponent):
    """Φ(−1 + δ) = δ p(−1) + δ² p'(−1)/2 + …, with p from the direct sum."""
    density, u = FourierDensity(random_amplitude(seed % 8, seed), 0.0, 1.0), 10.0 ** (exponent * np.linspace(0.1, 1, 5))
    z = answer(density.icdf, u)
    np.testing.assert_allclose(density.cdf(z), u, rtol=1e-9)
    end = direct_pdf(random_amplitude(seed % 8, seed), np.array([-1.0]))[0]
    if end > 1e-3:
        np.testing.assert_allclose(z[u < 1e-9], 0.5 * np.log(u[u < 1e-9] / end / 2), atol=1e-4)


def test_quantiles_against_many_digits():
    with mpmath.workdps(400):
        b = [mpmath.mpc(1), mpmath.mpc("0.2", "0.3"), mpmath.mpc("-0.1", "0.05")]

        def phi(x):
            waves = (b[n] * (mpmath.expjpi(n * x) - (-1) ** n) / (1j * mpmath.pi * n) for n in (1, 2))
            return (x + 1) / 2 + sum(mpmath.re(wave) for wave in waves)

        density = FourierDensity(fejer_riesz([complex(v) for v in b]), 0.5, 3.0)
        for u in (1e-300, 1e-30, 1e-17, 2.0**-54, 1e-5, 0.2, 0.7):
            found = mpmath.mpf(float(density.icdf(u)))
            assert abs(phi(mpmath.tanh((found - 0.5) / 3)) / mpmath.mpf(u) - 1) < 1e-11
        for above in (2.0**-53, 2.0**-50, 1e-5, 0.3):  # the right tail, as far as u can tell it from 1
            found = mpmath.mpf(float(density.icdf(1 - above)))
            assert abs((1 - phi(mpmath.tanh((found - 0.5) / 3))) / (1 - mpmath.mpf(1 - above)) - 1) < 1e-11
