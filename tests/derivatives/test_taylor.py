"""helpers.derivatives.taylor against sympy at 40 digits, torch's autograd and exact series, with random trees."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from helpers.derivatives import Dual, Taylor, derivative, nested_derivative, primal
from tests.derivatives.strategies import SAMPLES, exact_derivatives, trees, x
from tests.examples import examples


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


@examples(60, suppress_health_check=[HealthCheck.filter_too_much])
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


@examples(40)
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


def power_rule(b, x, n):
    """The n-th derivative of t^b at x > 0 in 60 digits."""
    with mpmath.workdps(60):
        b, x = mpmath.mpf(b), mpmath.mpf(x)
        return mpmath.ff(b, n) * x ** (b - n)


def judged(function, truth, value, rel):
    """function() is the truth where that and f itself are floats, and a ValueError where one of them is not.

    On the way a series may grow e^{n/e} beyond its end: near the largest float it may refuse already.
    """
    try:
        result = function()
    except ValueError as error:
        assert "f: did not give finite" in str(error) and max(abs(truth), abs(value)) > 1e280
    else:
        assert max(abs(truth), abs(value)) < 1.798e308
        assert result == pytest.approx(float(truth), rel=rel, abs=1e-307)


@examples(300)
@given(
    st.floats(1, 9.99),
    st.integers(-150, 149),
    st.sampled_from([-200, -65, -3, -0.5, 0, 0.5, 1, 2.5, 7, 64, 65, 66.5, 100, 170, 300, 1000.5]),
    st.sampled_from([0, 1, 2, 5, 20, 60, 65, 100, 170]),
)
def test_powers_at_every_scale(digits, scale, b, n):
    x = float(f"{digits}e{scale}")
    judged(lambda: derivative(lambda t: t**b, x, n), power_rule(b, x, n), power_rule(b, x, 0), 1e-11)


@examples(250)
@given(st.integers(-150, 150), st.floats(-2000, 709), st.sampled_from([0, 1, 2, 7, 30, 60, 100, 170]))
def test_exponentials_at_every_scale(scale, v, n):
    c = 10.0**scale
    x = v / c
    with mpmath.workdps(60):
        value = mpmath.exp(mpmath.mpf(c * x))  # c·x is rounded once, by f itself
        truth = value * mpmath.mpf(c) ** n
    judged(lambda: derivative(lambda t: np.exp(c * t), x, n), truth, value, 1e-11)


def test_powers_where_the_value_underflows_or_is_zero():
    assert derivative(lambda t: t**65, 1e-5, 60) == pytest.approx(float(power_rule(65, 1e-5, 60)), rel=1e-13)
    assert derivative(lambda t: t**2.5, 1e-135) == pytest.approx(7.905694150420949e-203, rel=1e-14, abs=0)
    assert derivative(lambda t: (-t) ** 65, 1e-5, 60) == pytest.approx(-float(power_rule(65, 1e-5, 60)), rel=1e-13)
    assert derivative(lambda t: np.exp(t / 2), 0.0, 170) == pytest.approx(0.5**170, rel=1e-12, abs=0)
    large = derivative(lambda t: t**100000.5, 0.99, 120)  # the binomials alone are beyond the floats
    assert large == pytest.approx(float(power_rule(100000.5, 0.99, 120)), rel=1e-11)
    for n in (0, 1, 64, 65, 66, 100):
        assert derivative(lambda t: t**65, 0.0, n) == pytest.approx(math.factorial(65) if n == 65 else 0, rel=1e-14)
    np.testing.assert_array_equal(derivative(lambda t: t ** np.arange(3), 0.0), [0, 1, 0])
    np.testing.assert_array_equal(derivative(lambda t: t ** np.array([-1.0, 0.5, 3.0, 80.0]), 1.0), [-1, 0.5, 3, 80])
    mixed = derivative(lambda t: t**70, np.array([0.0, 1e-5, -1.0]), 69)
    np.testing.assert_allclose(mixed / math.factorial(70), [0, 1e-5, -1], rtol=1e-12)
    with pytest.raises(ValueError, match="power"):
        derivative(lambda t: t ** np.array([2.0, 0.5]), 0.0)
    assert derivative(lambda t: t**1e300, 0.0, 5) == 0


def test_even_and_whole_series_keep_their_scale():
    """(a + t²)^b with a tiny a: the scale of the variable is √a, not a."""
    assert derivative(lambda t: (1e-200 + t * t) ** 2.0, 0.0, 4) == 24
    assert derivative(lambda t: (1e-5 + t * t) ** 65.5, 0.0, 120) == pytest.approx(
        float(mpmath.ff(65.5, 60) * mpmath.mpf(1e-5) ** 5.5 * mpmath.factorial(120) / mpmath.factorial(60)), rel=1e-11
    )


@examples(250)
@given(
    st.sampled_from([np.float16, np.float32, np.float64, np.longdouble, np.int8, np.int64, np.uint16]),
    array_shapes(min_dims=0, max_dims=3, max_side=3),
    st.integers(0, 4),
    st.sampled_from(["as it is", "reversed", "transposed", "read-only", "list"]),
)
def test_types_shapes_and_views(dtype, shape, n, kind):
    """A polynomial, whose derivatives are exact, over every type, shape and layout; x stays as it was."""
    points = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    points = {"reversed": points[::-1] if points.ndim else points, "transposed": points.T}.get(kind, points)
    before = points.copy()
    points.flags.writeable = kind != "read-only"
    result = derivative(lambda t: 3 * t**4 - t**2 + 7, points.tolist() if kind == "list" else points, n)
    np.testing.assert_array_equal(result, np.polyval(np.polyder([3, 0, -1, 0, 7], n), before.astype(float)))
    assert np.shape(result) == points.shape and np.asarray(result).dtype == np.float64
    np.testing.assert_array_equal(points, before)


@pytest.mark.parametrize("route", [derivative, nested_derivative])
def test_numbers_of_other_kinds(route):
    assert route(lambda t: t * 10**20, 10**20) == 1e20
    assert route(lambda t: t**2, Fraction(1, 2)) == 1
    assert route(lambda t: t**2, torch.ones(2, requires_grad=True)).tolist() == [2, 2]
    for bad in (np.ma.masked_array([1.0, 2.0], [True, False]), [math.inf], "1", None, True, 1j):
        with pytest.raises(ValueError, match="x: "):
            route(lambda t: t**2, bad)
    with pytest.raises(ValueError, match="base"):
        route(lambda t: None**t, 1.0)
    with pytest.raises(ValueError, match="coefficients"):
        Taylor([])
