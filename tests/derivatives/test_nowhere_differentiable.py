"""helpers.derivatives.nowhere_differentiable against exact phases and means."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.derivatives import weierstrass, weierstrass_rms_slope
from tests.examples import examples


def test_weierstrass_values():
    assert weierstrass(0.0, 0.5, 13, 60) == pytest.approx(2)  # Σ 2^−k
    assert weierstrass(1.0, 0.5, 13, 60) == pytest.approx(-2)  # odd multiples of π
    points = np.arange(64) / 64
    direct = sum(0.5**k * np.cos(np.pi * (pow(13, k, 128) * np.arange(64) % 128) / 64) for k in range(20))
    np.testing.assert_allclose(weierstrass(points, terms=20), direct, atol=1e-12)


def test_defaults_are_those_of_the_docstring():
    for function in (weierstrass, weierstrass_rms_slope):
        assert function(0.25) == function(0.25, 0.5, 13, 40) and np.isfinite(function(0.25, terms=1000))
    assert weierstrass(0.25) != weierstrass(0.25, 0.5, 13, 39)


def test_weierstrass_rms_slope_over_a_full_grid():
    """On 2^10 even points none of the first forty frequencies is taken for another: the mean is exact."""
    h, points = np.round(13.0 ** -np.arange(1.0, 9.0) * 2.0**44) / 2.0**44, np.arange(2**10) / 2**9
    slopes = (weierstrass(points[:, None] + h) - weierstrass(points)[:, None]) / h
    np.testing.assert_allclose(np.sqrt((slopes**2).mean(0)), weierstrass_rms_slope(h), rtol=1e-10)


def test_weierstrass_rms_slope():
    h, points = np.array([2.0**-5, 2.0**-9]), np.arange(2**14) / 2**13
    for terms in (3, 4):  # few terms: the mean over an even grid is then the integral
        slopes = (weierstrass(points + h[:, None], terms=terms) - weierstrass(points, terms=terms)) / h[:, None]
        np.testing.assert_allclose(np.sqrt((slopes**2).mean(1)), weierstrass_rms_slope(h, terms=terms), rtol=1e-9)


@pytest.mark.parametrize("function", [weierstrass, weierstrass_rms_slope])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"a": 1.0}, "a: holds 1"),
        ({"a": 0.0}, "a: holds 0"),
        ({"b": 1}, "b: is 1"),
        ({"b": 65}, "b: is 65"),
        ({"b": 3.0}, "b: is 3.0"),
        ({"terms": 0}, "terms: is 0"),
        ({"terms": 1001}, "terms: is 1001"),
    ],
)
def test_weierstrass_errors(function, options, message):
    with pytest.raises(ValueError, match=message):
        function(0.25, **options)
    with pytest.raises(ValueError, match="holds nan"):
        function(math.nan)
    with pytest.raises(ValueError, match="h: holds 0"):
        weierstrass_rms_slope([0.5, 0.0])


grid_points = st.integers(-(2**50), 2**50).map(lambda m: m / 2.0**44) | st.sampled_from([1e300, -1e300, 2.0**-44, 1.0])
series = {"a": st.floats(1e-300, 1, exclude_max=True), "b": st.integers(2, 64), "terms": st.integers(1, 60)}


def exact_phases(t, b, terms):
    """b^k t mod 2 in [−1, 1], by whole numbers."""
    numerator = int(Fraction(t) * 2**44)
    phases = [numerator * pow(b, k, 2**45) % 2**45 for k in range(terms)]
    return np.array([(m - 2**45 if m > 2**44 else m) / 2**44 for m in phases])


@examples(250)
@given(st.lists(grid_points, min_size=1, max_size=4), st.fixed_dictionaries(series))
def test_both_against_exact_phases(points, options):
    """At every size and sign; one call for all points, of which none changes."""
    x = np.array(points).reshape(1, -1)
    a, b, terms = options["a"], options["b"], options["terms"]
    phases, powers = np.array([exact_phases(t, b, terms) for t in points]), a ** np.arange(terms)
    expected = np.sum(powers * np.cos(np.pi * phases), axis=1)
    np.testing.assert_allclose(weierstrass(x, **options)[0], expected, rtol=0, atol=1e-14 * powers.sum())
    if np.all(x != 0):
        expected = np.sqrt(2 * np.sum((powers * np.sin(np.pi * phases / 2)) ** 2, axis=1)) / np.abs(points)
        np.testing.assert_allclose(weierstrass_rms_slope(x, **options)[0], expected, rtol=1e-12)
    np.testing.assert_array_equal(x[0], points)


def test_steps_between_the_grid_are_refused():
    for h in (0.1, 1e-20, 2.0**-45):
        with pytest.raises(ValueError, match="h: is not a multiple"):
            weierstrass_rms_slope([1.0, h])
    with pytest.raises(ValueError, match="a: "):
        weierstrass(0.0, a="x")
