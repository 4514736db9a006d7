import numpy as np
import pytest
import sympy as sp

from helpers.fourier_density import power_series_exp, power_series_log
from tests.fourier_density.strategies import random_amplitude


def test_power_series_against_sympy():
    z = sp.symbols("z")
    series = sp.series(sp.log(2 + z / 2 + z**2 / 5), z, 0, 7).removeO()
    expected = [complex(series.coeff(z, m)) for m in range(7)]
    np.testing.assert_allclose(power_series_log(np.array([2, 0.5, 0.2], complex), 6), expected, atol=1e-15)
    a = random_amplitude(12)
    np.testing.assert_allclose(power_series_exp(power_series_log(a)), a, atol=1e-12 * np.abs(a).max())


def test_no_logarithm_about_a_zero():
    with pytest.raises(ValueError, match="a_0"):
        power_series_log([0, 1])
