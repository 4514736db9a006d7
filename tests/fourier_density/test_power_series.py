import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from helpers.fourier_density import power_series_exp, power_series_log
from tests.fourier_density.strategies import answer, hard_vectors, many, plain, random_amplitude


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


@many
@given(hard_vectors(), st.integers(0, 12))
def test_log_of_any_series_and_back(a, order):
    h = answer(power_series_log, a, order)
    if h is None:
        return
    assert h.shape == (order + 1,)
    back = answer(power_series_exp, h)
    if back is not None:  # from a_0 and the others, the highest powers of whose ratios the recurrences add
        a = np.concatenate([plain(a).astype(complex), np.zeros(order + 1)])[: order + 1]
        with np.errstate(over="ignore"):
            growth = min((1 + np.abs(a / a[0]).max()) ** order, 1e300)
        np.testing.assert_allclose(back, a, atol=1e-13 * growth * np.abs(a).max() * (1 + np.abs(h[0])), rtol=0)


@many
@given(hard_vectors())
def test_exp_of_any_series(h):
    a = answer(power_series_exp, h)
    if a is not None:  # a' = h' a at a point within the series' reach
        h, z = plain(h).astype(complex), 1e-3 / (1 + np.abs(plain(h)).max())
        assert np.polyval(a[::-1], z) == pytest.approx(np.exp(np.polyval(h[::-1], z)), rel=1e-2**h.size + 1e-12)
