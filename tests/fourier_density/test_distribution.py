import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from helpers.fourier_density import FourierDensity, distribution_coefficients, quantiles_by_bisection, trigonometric_sum
from tests.fourier_density.strategies import amplitudes, midpoints, random_amplitude


def test_distribution_function_is_the_integral_of_the_density():
    density, x = FourierDensity(random_amplitude(7)), midpoints(20000)
    phi = (x + 1) / 2 + trigonometric_sum(distribution_coefficients(density.coefficients), x)
    running = (np.cumsum(density.pdf(x)) - density.pdf(x) / 2) * (x[1] - x[0])
    np.testing.assert_allclose(phi, running, atol=1e-6)
    np.testing.assert_allclose(density.cdf(x), phi, atol=1e-13)


@settings(deadline=None, max_examples=50)
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


def test_icdf_ends_and_flat_places():
    density = FourierDensity(np.poly([1, 1, -1, -1]))  # p has zeros of order 4
    u = np.concatenate([[0, 5e-324, 1e-300, 1e-17, 1 - 1e-16, 1], np.linspace(0, 1, 999)])
    x = density.icdf(u)
    assert np.abs(density.cdf(x) - u).max() <= 1e-13
    assert x[0] == -1 and x[5] == 1
    line = FourierDensity([1, 0.3], 0.0, 1.0)
    assert line.icdf(0.0) == -np.inf and line.icdf(1.0) == np.inf
    assert line.pdf(np.inf) == 0 and line.log_prob(-np.inf) == -np.inf and line.cdf(np.inf) == 1
