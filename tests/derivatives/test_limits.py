"""helpers.derivatives.limits against sympy's own rules, and at points where the sides differ."""

import pytest
import sympy as sp

from helpers.derivatives import limit_derivative, one_sided_derivatives, symmetric_derivative

x = sp.Symbol("x", real=True)
p = sp.Symbol("x", positive=True)
a = sp.Symbol("a", positive=True)


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
