"""helpers.derivatives.dual against sympy at 40 digits and by hand."""

import math

import numpy as np
import pytest

from helpers.derivatives import Dual, Taylor, nested_derivative
from tests.derivatives.strategies import SAMPLES, exact_derivatives


@pytest.mark.parametrize("name", SAMPLES)
def test_nested_duals_against_sympy(name):
    f, expr, at = SAMPLES[name]
    truth = exact_derivatives(expr, at, 4)
    assert [nested_derivative(f, at, n) for n in range(5)] == pytest.approx(truth, rel=1e-11, abs=1e-11)


def test_nested_dual_by_hand():
    result = Dual(Dual(2.0)) ** 3
    assert (result.value.value, result.value.slope, result.slope.value, result.slope.slope) == (8, 12, 12, 12)
    assert repr(Dual(1.0)) == "Dual(1.0, 1.0)" and "Taylor" in repr(Taylor([1.0, 1.0]))
    mixed = Dual(Dual(2.0)) * Dual(3.0, 5.0)  # the shallower one belongs to the inner variable
    assert (mixed.slope.value, mixed.slope.slope, mixed.value.slope) == (3, 5, 13)


@pytest.mark.parametrize(
    ("value", "slope", "message"),
    [
        (math.inf, 1.0, "value: holds inf"),
        ([], 1.0, "value: shape .* is empty"),
        ("a", 1.0, "value: has type str"),
        (True, 1.0, "value: has type bool"),
        (1.0, math.nan, "slope: holds nan"),
        (np.ones(2), np.ones(3), "slope: shape"),
        (1.0, np.ones(3), "slope: shape"),
        (1.0, Dual(1.0), "slope: is nested deeper"),
    ],
)
def test_dual_errors(value, slope, message):
    with pytest.raises(ValueError, match=message):
        Dual(value, slope)
