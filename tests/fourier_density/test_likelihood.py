import numpy as np
import pytest
from scipy import optimize

from helpers.fourier_density import FourierDensity, autocorrelation_by_sum
from helpers.fourier_density._likelihood import Likelihood


@pytest.mark.parametrize("line", [False, True])
@pytest.mark.parametrize("gamma", [0.0, 0.03])
def test_gradient_of_the_likelihood(line, gamma):
    rng = np.random.default_rng(0)
    x, weights = np.clip(0.3 * rng.normal(size=60), -1, 1), rng.dirichlet(np.ones(60))
    loss = Likelihood(x, weights, 6, gamma, (0.1, 0.5) if line else None)
    theta = rng.normal(size=14 + 2 * line) * 0.5
    numeric = optimize.approx_fprime(theta, lambda t: loss(t)[0], 1e-6)
    np.testing.assert_allclose(loss(theta)[1], numeric, atol=3e-5)
    density = FourierDensity(theta[:7] + 1j * theta[7:14], *((theta[14], np.exp(theta[15])) if line else ()))
    expected = -(weights * density.log_prob(x)).sum() + gamma * density.roughness()
    assert loss(theta)[0] == pytest.approx(expected, abs=1e-10)


def test_start_has_the_smoothed_empirical_coefficients():
    x = np.random.default_rng(0).uniform(-0.5, 0.5, 50)
    c = autocorrelation_by_sum(Likelihood(x, np.full(50, 0.02), 3, 0.0, None).start())
    n = np.arange(4)
    empirical = np.exp(-1j * np.pi * np.outer(n, x)).mean(1)
    np.testing.assert_allclose(c[1:], (empirical * (1 - n / 4))[1:] / 1.01, atol=1e-6)
