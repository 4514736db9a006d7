import numpy as np
import pytest
from hypothesis import given
from scipy import integrate

from helpers.fourier_density import FourierDensity, interval_mean, interval_variance, line_mean, line_variance
from tests.examples import examples
from tests.fourier_density.strategies import amplitudes, answer, hard_vectors, many, midpoints, plain, random_amplitude


@examples(25)
@given(amplitudes())
def test_entropy_against_quadrature(a):
    density = FourierDensity(a)
    p = density.pdf(midpoints(1 << 16))
    assert density.entropy() == pytest.approx(-2 * np.mean(p * np.log(np.maximum(p, 1e-300))), abs=2e-5)


@pytest.mark.parametrize("line", [False, True])
def test_moments_entropy_and_cdf_by_quadrature(line):
    a = random_amplitude(4, 5)
    density = FourierDensity(a, 0.7, 2.0) if line else FourierDensity(a)
    low, high = (0.7 - 60, 0.7 + 60) if line else (-1, 1)

    def expect(function):
        return integrate.quad(lambda t: float(function(t) * density.pdf(t)), low, high, limit=1000, epsabs=1e-12)[0]

    mean = expect(lambda t: t)
    assert expect(lambda t: 1.0) == pytest.approx(1, abs=1e-10)
    assert density.mean() == pytest.approx(mean, abs=1e-8)
    assert density.variance() == pytest.approx(expect(lambda t: (t - mean) ** 2), abs=1e-8)
    assert density.entropy() == pytest.approx(-expect(lambda t: density.log_prob(t)), abs=1e-8)
    below = integrate.quad(lambda t: float(density.pdf(t)), low, 0.3, limit=1000, epsabs=1e-12)[0]
    assert density.cdf(0.3) == pytest.approx(below, abs=1e-10)


def test_entropy_of_a_density_that_touches_zero():
    # p = (1 + cos πx)/2: h = −∫ p log p = log 2 − ½∫(1 + cos) log(1 + cos) = 2 log 2 − 1.
    assert FourierDensity([1, 1]).entropy() == pytest.approx(2 * np.log(2) - 1, abs=1e-14)
    assert np.isfinite(FourierDensity(np.poly([1] * 4)).entropy())


def test_closed_forms_of_the_shortest_density():
    # p = ½ + β cos πx with 2a_0a_1/(2(a_0² + a_1²)) = β.
    a0, a1 = 2.0, 1.0
    beta = a0 * a1 / (a0**2 + a1**2)
    density = FourierDensity([a0, a1])
    assert density.variance() == pytest.approx(1 / 3 - 4 * beta / np.pi**2)
    assert density.roughness() == pytest.approx(np.pi**2 * beta**2)
    np.testing.assert_allclose(density.modes(), [0], atol=1e-12)


@many
@given(hard_vectors())
def test_moments_of_any_input(b):
    """Coefficients of a density give its moments; others are refused."""
    for function in (interval_mean, interval_variance, line_mean):
        first = plain(b).astype(complex)
        refused = first.size == 0 or not np.isfinite(first).all() or abs(first[0] - 1) > 1e-9 or np.abs(first).max() > 1
        assert answer(function, b) is not None or refused


def test_moments_against_quadrature():
    x, weights = np.polynomial.legendre.leggauss(40)
    z = np.linspace(-25, 25, 2001)
    waves = [np.exp(1j * np.pi * np.outer(np.arange(8), points)) for points in (x, np.tanh(z))]
    jacobian = (z[1] - z[0]) / np.cosh(z) ** 2
    for seed in range(500):
        b = FourierDensity(random_amplitude(seed % 8, seed)).coefficients
        p, q = (0.5 + (b[1:] @ wave[1 : b.size]).real for wave in waves)
        mean, line = weights @ (x * p), z @ (q * jacobian)
        assert answer(interval_mean, b) == pytest.approx(mean, abs=1e-11)
        assert answer(interval_variance, b) == pytest.approx(weights @ ((x - mean) ** 2 * p), abs=1e-11)
        assert answer(line_mean, b) == pytest.approx(line, abs=1e-11)
        assert answer(line_variance, b) == pytest.approx((z - line) ** 2 @ (q * jacobian), abs=1e-10)
