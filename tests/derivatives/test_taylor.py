"""helpers.derivatives.taylor against sympy at 40 digits, torch's autograd and exact series, with random trees."""

import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from helpers.derivatives import Dual, Taylor, derivative, nested_derivative, primal
from tests.derivatives.strategies import SAMPLES, exact_derivatives, trees, x


@pytest.mark.parametrize("name", SAMPLES)
def test_derivative_against_sympy_to_order_ten(name):
    f, expr, at = SAMPLES[name]
    truth = exact_derivatives(expr, at, 10)
    assert [derivative(f, at, n) for n in range(11)] == pytest.approx(truth, rel=1e-11, abs=1e-11)


def test_derivative_against_nested_autograd():
    f = SAMPLES["exp of sin"][0]
    at = torch.tensor([0.3, 1.1, -2.0], dtype=torch.float64, requires_grad=True)
    value = torch.exp(torch.sin(at))
    for n in range(6):
        np.testing.assert_allclose(derivative(f, at.detach().numpy(), n), value.detach().numpy(), rtol=1e-12)
        (value,) = torch.autograd.grad(value.sum(), at, create_graph=True)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(trees(), st.sampled_from([-1.375, -0.5, 0.3125, 0.875, 1.75]))
def test_random_expression_trees(tree, at):
    f, expr = tree
    assume(expr.has(x))
    value, dual, taylor = f(at), f(Dual(Dual(at))), [derivative(f, at, n) for n in range(3)]
    truth = exact_derivatives(expr, at, 2)
    assume(max(map(abs, truth)) < 1e4)
    assert [value, *taylor[1:]] == pytest.approx(truth, rel=1e-8, abs=1e-8)
    assert taylor[0] == pytest.approx(value, rel=1e-12)
    if isinstance(dual, Dual):
        assert primal(dual) == pytest.approx(value, rel=1e-13)
        assert primal(dual.slope) == pytest.approx(truth[1], rel=1e-8, abs=1e-8)
    assert nested_derivative(f, at, 2) == pytest.approx(truth[2], rel=1e-8, abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=7), st.integers(0, 8), st.integers(-3, 3))
def test_polynomials_are_exact(coefficients, n, at):
    def f(t):
        total = 0 * t
        for c in coefficients:
            total = total * t + c
        return total

    assert derivative(f, at, n) == np.polyval(np.polyder(coefficients, n), at)


def test_batches_equal_the_points_one_by_one():
    f, points = SAMPLES["quotient"][0], np.linspace(-2, 2, 6).reshape(2, 3)
    batch = derivative(f, points, 5)
    assert batch.shape == (2, 3)
    np.testing.assert_allclose(batch.ravel(), [derivative(f, t, 5) for t in points.ravel()], rtol=1e-12)
    np.testing.assert_allclose(derivative(lambda t: t**2 * np.arange(3.0), 2.0), [0, 4, 8])
    assert isinstance(derivative(f, 1, 2), float) and isinstance(nested_derivative(f, 1, 1), float)


def test_constants_and_powers_at_zero():
    assert derivative(lambda t: 5.0, 1.0) == 0 and nested_derivative(lambda t: 5.0, 1.0, 2) == 0
    assert derivative(lambda t: 5.0, 1.0, 0) == 5 and nested_derivative(lambda t: t, 1.0, 2) == 0
    np.testing.assert_array_equal(derivative(lambda t: 5.0, np.ones(3)), np.zeros(3))
    for route in (derivative, nested_derivative):
        assert route(lambda t: t**0, 0.0) == 0 and route(lambda t: t**1, 0.0) == 1 and route(lambda t: t**2, 0.0) == 0
        assert route(lambda t: t**2, 0.0, 2) == 2 and route(lambda t: (-2.0 + t) ** 3.0, 0.0, 2) == -12
    assert derivative(lambda t: t**100, 1.0, 2) == pytest.approx(9900)  # beyond repeated squaring
    assert derivative(np.exp, 0.0, 170) == pytest.approx(1.0)


@pytest.mark.parametrize("route", [derivative, nested_derivative])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.exp, math.nan), "x: holds nan"),
        ((np.exp, None), "x: cannot be read as real numbers"),
        ((np.exp, np.array([])), "x: shape .* is empty"),
        ((np.exp, 1.0, -1), "n: is -1"),
        ((np.exp, 1.0, 171), "n: is 171"),
        ((np.exp, 1.0, 1.0), "n: is 1.0"),
        ((np.exp, 1.0, True), "n: is True"),
        (("exp", 1.0), "f: has type str"),
        ((np.exp, 1000.0), "f: did not give finite"),
        ((lambda t: None, 1.0, 0), "f: did not give finite"),
        ((lambda t: math.nan, 1.0), "f: did not give finite"),
    ],
)
def test_derivative_errors(route, arguments, message):
    with pytest.raises(ValueError, match=message):
        route(*arguments)


def test_variables_of_different_derivatives_do_not_mix():
    with pytest.raises(ValueError, match="another derivative"):
        derivative(lambda t: t * derivative(lambda s: t + s, 1.0), 2.0)
    with pytest.raises(ValueError, match="operand: .* not 'Dual'"):
        derivative(lambda t: t * Dual(1.0), 2.0)
    stray = Taylor([1.0, 1.0], object())
    with pytest.raises(ValueError, match="another derivative"):
        derivative(lambda t: stray, 2.0)
