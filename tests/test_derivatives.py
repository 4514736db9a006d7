"""helpers.derivatives against sympy at 40 digits, torch's autograd and exact series, with random expression trees."""

import math

import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from helpers.derivatives import (
    SCHEMES,
    DerivativeRuleUsed,
    Dual,
    Taylor,
    derivative,
    difference_quotient,
    limit_derivative,
    line_defect,
    nested_derivative,
    one_sided_derivatives,
    optimal_step,
    primal,
    richardson,
    symmetric_derivative,
    weierstrass,
    weierstrass_rms_slope,
    without_derivative_rules,
)

x = sp.Symbol("x", real=True)
p = sp.Symbol("x", positive=True)
a = sp.Symbol("a", positive=True)
# Constants stay letters in random expressions: sympy would otherwise factor huge rational powers for minutes.
CONSTANTS = {sp.Symbol("c", positive=True): 2.0, sp.Symbol("d", negative=True): -0.75}

# (numpy function, the same for sympy, a point)
SAMPLES = {
    "polynomial": (lambda t: 3 * t**4 - t**2 / 2 + 7, 3 * x**4 - x**2 / 2 + 7, -1.3),
    "exp of sin": (lambda t: np.exp(np.sin(t)), sp.exp(sp.sin(x)), 0.7),
    "tanh": (lambda t: np.tanh(2 * t), sp.tanh(2 * x), -0.4),
    "quotient": (lambda t: t / (1 + np.square(t)), x / (1 + x**2), 0.7),
    "log and sqrt": (lambda t: np.log(1 + np.sqrt(t)) * t**2.5, sp.log(1 + sp.sqrt(x)) * x ** sp.Rational(5, 2), 1.7),
    "cos and abs": (lambda t: np.cos(np.exp(-t)) * abs(t), -x * sp.cos(sp.exp(-x)), -0.6),
    "power tower": (lambda t: t**t + 2**t - 1 / t**3, x**x + 2**x - x**-3, 0.8),
    "negative root": (lambda t: (1 - t) ** -0.5, (1 - x) ** sp.Rational(-1, 2), 0.3),
}


def evaluated(expr, at):
    """expr at exactly the float ``at`` with 40 digits, by plain substitution of numbers and no simplification."""
    modules = [{"DiracDelta": lambda *_: 0}, "mpmath"]  # sympy's derivative of sign, which is only met away from 0
    with mpmath.workdps(40):
        value = sp.lambdify([x, *CONSTANTS], expr, modules, cse=True)
        return float(value(mpmath.mpf(at), *map(mpmath.mpf, CONSTANTS.values())))


def exact_derivatives(expr, at, n):
    """The derivatives of orders 0 to n by sympy's rules, each from the one before, evaluated with 40 digits."""
    values = [evaluated(expr, at)]
    for _ in range(n):
        expr = expr.diff(x)
        values.append(evaluated(expr, at))
    return values


# --- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expr",
    [sp.Integer(7), x, p ** sp.Symbol("n"), sp.sqrt(p), 1 / x, sp.exp(x), a**x, sp.log(p), sp.log(p) / sp.log(a)]
    + [f(x) for f in (sp.sin, sp.cos, sp.tan, sp.cot, sp.sec, sp.csc, sp.asin, sp.acos, sp.atan, sp.cosh)]
    + [x * sp.exp(x), sp.exp(sp.sin(x)), sp.sqrt(1 + x**2)],
    ids=str,
)
def test_limit_derivative_agrees_with_the_rules(expr):
    symbol = p if expr.has(p) else x
    assert sp.simplify(limit_derivative(expr, symbol) - sp.diff(expr, symbol)) == 0


def test_limit_derivative_uses_no_rule(monkeypatch):
    """Even with `diff` itself out of order the limit comes out: nothing falls back to it."""
    monkeypatch.setattr(sp, "diff", None)
    assert limit_derivative(sp.sin(x), x) == sp.cos(x)
    with without_derivative_rules(), pytest.raises(DerivativeRuleUsed, match="sin"):
        sp.sin(x).diff(x)
    assert sp.sin(x).diff(x) == sp.cos(x)  # the rules are back


def test_limit_derivative_keeps_the_symbol():
    plain = sp.Symbol("t")
    assert limit_derivative(plain**2, plain) == 2 * plain


@pytest.mark.parametrize("expr", [sp.Max(0, x), sp.erf(x), sp.floor(x)], ids=str)
def test_limit_derivative_refuses(expr):
    with pytest.raises(ValueError, match="expr"):
        limit_derivative(expr, x)


def test_limit_derivative_bad_arguments():
    with pytest.raises(ValueError, match="x: has type str"):
        limit_derivative(x**2, "x")
    with pytest.raises(ValueError, match="not a finite sympy expression"):
        limit_derivative(sp.nan, x)


WILD = sp.Piecewise((x * sp.sin(1 / x), sp.Ne(x, 0)), (0, True))


@pytest.mark.parametrize(
    ("expr", "left", "right", "symmetric"),
    [
        (x**2, 0, 0, 0),
        (sp.Abs(x), -1, 1, 0),
        (sp.Max(0, x), 0, 1, sp.Rational(1, 2)),
        (sp.sign(x) * sp.Abs(x) ** sp.Rational(1, 3), sp.oo, sp.oo, sp.oo),
        (sp.sqrt(sp.Abs(x)), -sp.oo, sp.oo, 0),
        (WILD, sp.AccumBounds(-1, 1), sp.AccumBounds(-1, 1), 0),
        (x * WILD, 0, 0, 0),
    ],
)
def test_one_sided_and_symmetric(expr, left, right, symmetric):
    assert one_sided_derivatives(expr, x, 0) == (left, right)
    assert symmetric_derivative(expr, x, 0) == symmetric


def test_one_sided_bad_arguments():
    with pytest.raises(ValueError, match="at: is oo"):
        one_sided_derivatives(x**2, x, sp.oo)
    with pytest.raises(ValueError, match="at: is I"):
        symmetric_derivative(x**2, x, sp.I)
    with pytest.raises(ValueError, match="x: has type int"):
        one_sided_derivatives(x**2, 3, 0)


def test_line_defect():
    # x²: the best line is flat and halves the sag of the parabola; |x|: no slope helps; a line: nothing is left.
    assert line_defect(lambda t: t**2, 0.0, 0.1) == pytest.approx((0.1, 0.0), abs=1e-9)
    assert line_defect(np.abs, 0.0, 1e-6)[0] == pytest.approx(1.0)
    defect, slope = line_defect(lambda t: 5 - 3 * t, 2.0, 1e-3)
    assert defect == pytest.approx(0, abs=1e-9) and slope == pytest.approx(-3)
    assert line_defect(np.cbrt, 0.0, 1e-9)[0] > 1e5
    for bad in ({"scale": 0.0}, {"scale": -1.0}, {"x": np.zeros(2)}, {"points": 2}, {"f": 3}):
        with pytest.raises(ValueError):
            line_defect(**({"f": np.abs, "x": 0.0, "scale": 1.0} | bad))


# --- quotients -------------------------------------------------------------------------------------------------------


def test_quotients_of_a_cubic_are_exact_formulas():
    cube, at, h = lambda t: t**3, 2.0, 0.5
    assert difference_quotient(cube, at, h, "forward") == pytest.approx(12 + 6 * h + h**2)
    assert difference_quotient(cube, at, h, "backward") == pytest.approx(12 - 6 * h + h**2)
    assert difference_quotient(cube, at, h, "central") == pytest.approx(12 + h**2)
    assert difference_quotient(cube, at, h, "complex") == pytest.approx(12 - h**2)
    assert richardson(cube, at, h, 4) == pytest.approx(12, rel=1e-14)
    assert difference_quotient(cube, at, -h, "forward") == difference_quotient(cube, at, h, "backward")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_quotient_keeps_the_precision_and_broadcasts(scheme, dtype):
    points, steps = np.array([[0.5], [1.0]], dtype), np.array([1e-2, 1e-3, 1e-4], dtype)
    result = difference_quotient(np.exp, points, steps, scheme)
    assert result.dtype == dtype and result.shape == (2, 3)
    np.testing.assert_allclose(result, np.broadcast_to(np.exp(points), (2, 3)), rtol=2e-2)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_optimal_step_is_near_the_measured_optimum(scheme, dtype):
    points, h = np.linspace(0.5, 1.5, 400).astype(dtype), optimal_step(scheme, dtype)
    truth = np.exp(points.astype(np.longdouble))

    def error(step):
        return np.sqrt(np.mean((difference_quotient(np.exp, points, dtype(step), scheme) / truth - 1) ** 2))

    eps = float(np.finfo(dtype).eps)
    assert error(h) < {"central": 2 * eps ** (2 / 3), "complex": eps}.get(scheme, 2 * eps**0.5)
    if scheme != "complex":
        assert error(h) < error(h * 20) and error(h) < error(h / 20)


def test_optimal_step_values():
    assert optimal_step("forward") == optimal_step("backward") == 2.0**-26
    assert optimal_step("central", np.float32) == pytest.approx(2 ** (-23 / 3))
    assert optimal_step("complex") ** 2 >= np.finfo(float).tiny * (1 - 1e-12)


@pytest.mark.parametrize("order", [2, 4, 6, 8])
def test_richardson_has_its_order(order):
    steps = np.array([0.8, 0.4])
    errors = np.abs(richardson(np.sin, 1.0, steps, order) - np.cos(1.0))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.exp, 1.0, 0.0), "h: is 0"),
        ((np.exp, np.float32(1), np.float32(0)), "h: is 0"),
        ((np.exp, 1.0, math.nan), "h: holds nan"),
        ((np.exp, math.inf, 0.1), "x: holds nan or inf"),
        ((np.exp, [], 0.1), "x: is empty"),
        ((np.exp, [[1.0], [1.0, 2.0]], 0.1), "x: is ragged"),
        ((np.exp, "1", 0.1), "x: has type str"),
        ((np.exp, 1 + 2j, 0.1), "x: has type complex"),
        ((np.exp, np.ones(2), np.ones(3)), "h: shape"),
        ((3.0, 1.0, 0.1), "f: has type float"),
        ((np.log, 0.05, 0.1, "central"), "f: is not finite"),
        ((np.exp, 1.0, 0.1, "sideways"), "scheme: 'sideways'"),
        ((np.abs, 1.0, 0.1, "complex"), "f: returned real numbers"),
    ],
)
def test_quotient_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        difference_quotient(*arguments)


def test_step_and_richardson_errors():
    with pytest.raises(ValueError, match="scheme"):
        optimal_step("richardson")
    with pytest.raises(ValueError, match="dtype"):
        optimal_step("forward", np.int32)
    for order in (0, 3, 22, 4.0, True):
        with pytest.raises(ValueError, match="order"):
            richardson(np.exp, 1.0, 0.1, order)


# --- automatic differentiation ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
def test_derivative_against_sympy_to_order_ten(name):
    f, expr, at = SAMPLES[name]
    truth = exact_derivatives(expr, at, 10)
    assert [derivative(f, at, n) for n in range(11)] == pytest.approx(truth, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("name", SAMPLES)
def test_nested_duals_against_sympy(name):
    f, expr, at = SAMPLES[name]
    truth = exact_derivatives(expr, at, 4)
    assert [nested_derivative(f, at, n) for n in range(5)] == pytest.approx(truth, rel=1e-11, abs=1e-11)


def test_derivative_against_nested_autograd():
    f = SAMPLES["exp of sin"][0]
    at = torch.tensor([0.3, 1.1, -2.0], dtype=torch.float64, requires_grad=True)
    value = torch.exp(torch.sin(at))
    for n in range(6):
        np.testing.assert_allclose(derivative(f, at.detach().numpy(), n), value.detach().numpy(), rtol=1e-12)
        (value,) = torch.autograd.grad(value.sum(), at, create_graph=True)


# A random tree is a pair (function of t, sympy expression). Guards keep every value small and every divisor and every
# argument of log, sqrt and abs away from 0: what is tested is the chain rule and not how rounding errors blow up.


def guarded(rule, low=-math.inf):
    def apply(t):
        assume(low < primal(t) < 50 and primal(t) > -50)
        return rule(t)

    return apply


def away_from_zero(t):
    assume(abs(primal(t)) > 0.2)
    return t


small, positive = guarded(lambda t: t), guarded(lambda t: t, 0.2)
UNARY = [
    (guarded(np.sin), sp.sin),
    (guarded(np.cos), sp.cos),
    (guarded(np.tanh), sp.tanh),
    (guarded(lambda t: np.exp(t / 20)), lambda e: sp.exp(e / 20)),
    (guarded(np.log, 0.2), sp.log),
    (guarded(np.sqrt, 0.2), sp.sqrt),
    (guarded(lambda t: abs(away_from_zero(t))), lambda e: sp.sqrt(e**2)),
    (guarded(lambda t: -t), lambda e: -e),
    (guarded(lambda t: t**3), lambda e: e**3),
    (guarded(lambda t: away_from_zero(t) ** -2), lambda e: e**-2),
    (guarded(lambda t: t**1.5, 0.2), lambda e: e ** sp.Rational(3, 2)),
    (guarded(lambda t: 1.5**t), lambda e: sp.Rational(3, 2) ** e),
]
BINARY = [
    (lambda u, v: u + v, lambda d, e: d + e),
    (lambda u, v: u - v, lambda d, e: d - e),
    (lambda u, v: small(u) * small(v), lambda d, e: d * e),
    (lambda u, v: u / away_from_zero(v), lambda d, e: d / e),
    (lambda u, v: positive(u) ** np.tanh(v), lambda d, e: d ** sp.tanh(e)),
]


@st.composite
def trees(draw, depth=3):
    """A tree of at most ``depth`` operations above each leaf, so of at most 2**depth leaves."""
    kind = draw(st.sampled_from(["leaf", "unary", "binary", "binary"])) if depth else "leaf"
    if kind == "leaf":
        value = draw(st.sampled_from([x, x, x, *CONSTANTS]))
        return (lambda t: t) if value is x else (lambda t: CONSTANTS[value]), value
    f, d = draw(trees(depth - 1))
    if kind == "unary":
        rule, symbolic = draw(st.sampled_from(UNARY))
        return lambda t: rule(f(t)), symbolic(d)
    g, e = draw(trees(depth - 1))
    rule, symbolic = draw(st.sampled_from(BINARY))
    return lambda t: rule(f(t), g(t)), symbolic(d, e)


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


NUMBERS = {"dual": lambda v: Dual(v, np.full_like(v, 3.0)), "taylor": lambda v: Taylor([v, np.full_like(v, 3.0)])}
OPERATORS = [lambda u, v: u + v, lambda u, v: u - v, lambda u, v: u * v, lambda u, v: u / v, lambda u, v: u**v]


def parts(number):
    return (number.value, number.slope) if isinstance(number, Dual) else tuple(number.coefficients)


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("k", range(5))
@pytest.mark.parametrize(
    "constant", [2, 2.5, np.float32(1.5), np.float64(0.5), np.array([1.0, 2.0, 0.5]), np.array([[2.0], [3.0]])]
)
def test_arrays_and_numbers_on_both_sides(kind, k, constant):
    operation, values = OPERATORS[k], np.array([0.5, 1.0, 2.0])
    number, h = NUMBERS[kind](values), 1e-6
    for left in (True, False):
        result = operation(constant, number) if left else operation(number, constant)
        assert type(result) is type(number)

        def f(v, left=left):
            return operation(constant, v) if left else operation(v, constant)

        value, slope = parts(result)
        np.testing.assert_allclose(value, f(values), rtol=1e-7)
        np.testing.assert_allclose(
            np.broadcast_to(slope, np.shape(value)), 3 * (f(values + h) - f(values - h)) / (2 * h), rtol=1e-6, atol=1e-8
        )


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


def test_nested_dual_by_hand():
    result = Dual(Dual(2.0)) ** 3
    assert (result.value.value, result.value.slope, result.slope.value, result.slope.slope) == (8, 12, 12, 12)
    assert repr(Dual(1.0)) == "Dual(1.0, 1.0)" and "Taylor" in repr(Taylor([1.0, 1.0]))
    mixed = Dual(Dual(2.0)) * Dual(3.0, 5.0)  # the shallower one belongs to the inner variable
    assert (mixed.slope.value, mixed.slope.slope, mixed.value.slope) == (3, 5, 13)


def test_comparisons_follow_the_values():
    two = Dual(2.0, -7.0)
    assert two > 1 and two >= 2 and two < 3.0 and two <= np.float64(2) and two == 2 and two != 3
    assert np.float64(3) > two and np.array([1.0, 3.0]).__lt__(two).tolist() == [True, False]

    def relu(t):
        return t if t > 0 else 0 * t

    assert derivative(relu, 2.0) == 1 and derivative(relu, -2.0) == 0 and nested_derivative(relu, 2.0) == 1
    with pytest.raises(TypeError):
        hash(two)


@pytest.mark.parametrize("make", [lambda v: Dual(v), lambda v: Taylor([v, 1.0])], ids=["dual", "taylor"])
@pytest.mark.parametrize(
    ("operation", "value", "message"),
    [
        (np.log, 0.0, "log"),
        (np.log, -1.0, "log"),
        (np.sqrt, 0.0, "sqrt"),
        (np.sqrt, np.array([1.0, -1.0]), "sqrt"),
        (abs, 0.0, "abs"),
        (lambda t: 1 / t, 0.0, "division"),
        (lambda t: t / 0, 1.0, "division"),
        (lambda t: t**-1, 0.0, "power"),
        (lambda t: t**0.5, 0.0, "power"),
        (lambda t: t**0.5, -1.0, "power"),
        (lambda t: t**t, -1.0, "power"),
        (lambda t: 0.0**t, 1.0, "power"),
        (lambda t: t + math.nan, 1.0, "operand: holds nan"),
        (lambda t: t * 1j, 1.0, "operand: has type complex"),
        (lambda t: t * "a", 1.0, "operand: has type str"),
        (lambda t: t**None, 1.0, "exponent"),
        (np.arctan, 1.0, "np.arctan has no rule"),
        (lambda t: np.add(t, 1, where=False), 1.0, "has no rule"),
        (lambda t: np.add.outer(t, t), 1.0, "has no rule"),
    ],
)
def test_operations_refuse_bad_arguments(make, operation, value, message):
    with pytest.raises(ValueError, match=message):
        operation(make(value))


@pytest.mark.parametrize(
    ("value", "slope", "message"),
    [
        (math.inf, 1.0, "value: holds nan or inf"),
        ([], 1.0, "value: is empty"),
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


@pytest.mark.parametrize("route", [derivative, nested_derivative])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.exp, math.nan), "x: holds nan"),
        ((np.exp, None), "x: has type NoneType"),
        ((np.exp, np.array([])), "x: is empty"),
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
    with pytest.raises(ValueError, match="operand: has type Dual"):
        derivative(lambda t: t * Dual(1.0), 2.0)
    stray = Taylor([1.0, 1.0], object())
    with pytest.raises(ValueError, match="another derivative"):
        derivative(lambda t: stray, 2.0)


# --- Weierstrass -----------------------------------------------------------------------------------------------------


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
    [({"a": 1.0}, "a: is 1.0"), ({"b": 1}, "b: is 1"), ({"b": 3.0}, "b: is 3.0"), ({"terms": 0}, "terms: is 0")],
)
def test_weierstrass_errors(function, options, message):
    with pytest.raises(ValueError, match=message):
        function(0.25, **options)
    with pytest.raises(ValueError, match="holds nan"):
        function(math.nan)
    with pytest.raises(ValueError, match="h: is 0"):
        weierstrass_rms_slope([0.5, 0.0])
