"""helpers.derivatives.nowhere_differentiable against exact phases and means."""

import math

import numpy as np
import pytest

from helpers.derivatives import weierstrass, weierstrass_rms_slope


def test_weierstrass_values():
    assert weierstrass(0.0, 0.5, 13, 60) == pytest.approx(2)  # Σ 2^−k
    assert weierstrass(1.0, 0.5, 13, 60) == pytest.approx(-2)  # odd multiples of π
    points = np.arange(64) / 64
    direct = sum(0.5**k * np.cos(np.pi * (pow(13, k, 128) * np.arange(64) % 128) / 64) for k in range(20))
    np.testing.assert_allclose(weierstrass(points, terms=20), direct, atol=1e-12)


def test_weierstrass_rms_slope():
    h, points = np.array([2.0**-5, 2.0**-9]), np.arange(2**14) / 2**13
    for terms in (3, 4):  # few terms: the mean over an even grid is then the integral
        slopes = (weierstrass(points + h[:, None], terms=terms) - weierstrass(points, terms=terms)) / h[:, None]
        np.testing.assert_allclose(np.sqrt((slopes**2).mean(1)), weierstrass_rms_slope(h, terms=terms), rtol=1e-9)


@pytest.mark.parametrize("function", [weierstrass, weierstrass_rms_slope])
@pytest.mark.parametrize(
    ("options", "message"),
    [({"a": 1.0}, "a: holds 1"), ({"b": 1}, "b: is 1"), ({"b": 3.0}, "b: is 3.0"), ({"terms": 0}, "terms: is 0")],
)
def test_weierstrass_errors(function, options, message):
    with pytest.raises(ValueError, match=message):
        function(0.25, **options)
    with pytest.raises(ValueError, match="holds nan"):
        function(math.nan)
    with pytest.raises(ValueError, match="h: holds 0"):
        weierstrass_rms_slope([0.5, 0.0])
