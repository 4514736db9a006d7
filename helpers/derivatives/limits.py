"""The derivative as a limit: of the quotient from one side, from both, and around a point, by sympy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sympy
from sympy.core.relational import Relational
from sympy.functions.elementary.hyperbolic import InverseHyperbolicFunction
from sympy.functions.elementary.trigonometric import InverseTrigonometricFunction

from helpers.derivatives.rules import DerivativeRuleUsed, without_derivative_rules


def limit_derivative(expr: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    """f'(x) as the limit of the difference quotient, from both sides, with sympy's own derivative rules switched off.

    expr: a sympy expression in the real symbol x (declare it positive where f needs that, as for log x).
    An inverse function such as asin, whose quotient has no addition theorem, is turned round: with x = sin y and
    x + h = sin(y + k) its quotient is 1 / ((sin(y + k) − sin y) / k), and k → 0 as h → 0.
    A string is read with its x as this symbol. ValueError for a bad argument, for a function given by pieces (sympy's
    limit would silently take one of them), where the two sides differ, where the limit is not finite, or where sympy
    cannot find it without a derivative rule. There is no fallback to `sympy.diff`.

    >>> x = sympy.Symbol("x", real=True)
    >>> limit_derivative(x**3, x), limit_derivative(sympy.sin(x), x)
    (3*x**2, cos(x))
    """
    expr = _checked_expression(expr, x)
    if expr.has(*_PIECES):
        raise ValueError(f"expr: {expr} is given by pieces; give the piece around the point you ask for")
    if not expr.has(x):
        return sympy.Integer(0)  # the quotient is (c − c)/h = 0 for every h
    # a complex x would ask for the limit from every direction
    real = x if x.is_real else sympy.Dummy(x.name, real=True)
    expr = expr.subs(x, real)
    with _locked(expr):
        result = _two_sided(expr, real)
    return sympy.simplify(result).subs(real, x)


def one_sided_derivatives(expr: sympy.Expr, x: sympy.Symbol, at: Any) -> tuple[sympy.Expr, sympy.Expr]:
    """Left and right limit of (f(at + h) − f(at)) / h as sympy gives them: a number, ±oo or AccumBounds (no limit).

    expr: f as a sympy expression in x, real near ``at``; a value of its own at one point is written as a Piecewise.
    at: a finite real number, or a real expression where f is not given by pieces.
    ValueError for a bad argument, where f is not real at or near the point, or where sympy finds no answer.

    >>> x = sympy.Symbol("x", real=True)
    >>> one_sided_derivatives(sympy.Abs(x), x, 0)
    (-1, 1)
    """
    f, h = _function_near(expr, x, at), sympy.Dummy("h", positive=True)
    left, right = (f(0) - f(-h)) / h, (f(h) - f(0)) / h
    with _locked(f(h)):
        return _real_limit(left, h), _real_limit(right, h)


def symmetric_derivative(expr: sympy.Expr, x: sympy.Symbol, at: Any) -> sympy.Expr:
    """lim_{h→0} (f(at + h) − f(at − h)) / (2h); it can exist where f has no derivative.

    Arguments and errors as in `one_sided_derivatives`.

    >>> x = sympy.Symbol("x", real=True)
    >>> symmetric_derivative(sympy.Abs(x), x, 0)
    0
    """
    f, h = _function_near(expr, x, at), sympy.Dummy("h", positive=True)
    quotient = (f(h) - f(-h)) / (2 * h)
    with _locked(f(h)):
        return _real_limit(quotient, h)


def _two_sided(expr: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    if isinstance(expr, (InverseTrigonometricFunction, InverseHyperbolicFunction)) and expr.args == (x,):
        y = sympy.Dummy("y", real=True)  # the quotient turned upside down, at y = f(x)
        return 1 / _two_sided(expr.inverse()(y), y).subs(y, expr)
    h = sympy.Dummy("h", positive=True)  # sympy simplifies √h² and |h| for a positive h only: so each side by itself
    left, right = (_limit((expr.subs(x, x + s * h) - expr) / (s * h), h) for s in (-1, +1))
    if not _is_settled(left) or not _is_settled(right):
        raise ValueError(
            f"expr: sympy's limits from the left and right, {left} and {right}, are not both finite; "
            "give an f with a derivative"
        )
    if sympy.simplify(left - right) != 0:
        raise ValueError(
            f"expr: sympy's limits from the left and right differ: {left} and {right}; give an f with a derivative"
        )
    return right


def _checked_expression(expr: Any, x: Any) -> sympy.Expr:
    if not isinstance(x, sympy.Symbol):
        raise ValueError(f"x: has type {type(x).__name__}; give a sympy Symbol")
    try:
        expr = sympy.sympify(expr, locals={x.name: x})  # the x in a string is this one, whatever it is assumed to be
    except sympy.SympifyError as error:
        raise ValueError(f"expr: {expr!r} is not a sympy expression ({error}); give one") from error
    if isinstance(expr, sympy.Expr) and any(s.name == x.name and s != x for s in expr.atoms(sympy.Symbol)):
        raise ValueError(f"expr: has a second symbol of the name {x}, with other assumptions; give one of them")
    if not isinstance(expr, sympy.Expr) or expr.is_Matrix or expr.has(sympy.nan, sympy.oo, -sympy.oo, sympy.zoo):
        raise ValueError(f"expr: {expr} is not a finite sympy expression; give one")
    if expr.has(sympy.floor, sympy.ceiling, sympy.frac):  # sympy 1.14 never returns from their limits
        raise ValueError(f"expr: {expr} has steps; give the piece around the point you ask for")
    if expr.has(sympy.Derivative, sympy.Integral, sympy.Limit, sympy.Subs):
        raise ValueError(f"expr: {expr} is not worked out; give expr.doit()")
    return expr


def _function_near(expr: Any, x: Any, at: Any) -> Callable[[sympy.Expr], sympy.Expr]:
    """h ↦ f(at + h); ValueError for a bad argument, and where f has no real value at ``at``."""
    expr = _checked_expression(expr, x)
    try:
        at = sympy.sympify(at)
    except sympy.SympifyError as error:
        raise ValueError(f"at: is {at!r}; give a finite real number") from error
    if not isinstance(at, sympy.Expr) or not at.is_finite or not at.is_real:
        raise ValueError(f"at: is {at}; give a finite real number")
    if expr.has(*_PIECES) and not at.is_number:
        raise ValueError(f"at: is {at}, and {expr} is given by pieces; give a number")
    value = expr.subs(x, at)
    if value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.AccumBounds) or value.is_real is False:
        raise ValueError(f"expr: is {value} at {x} = {at}; give an f that is real there")

    def near(h: sympy.Expr) -> sympy.Expr:
        moved = (_decided(expr, x, at) if h else expr).subs(x, at + h)
        if moved.has(*_PIECES):
            raise ValueError(f"expr: sympy does not see which piece of {expr} holds next to {at}; give that piece")
        if moved.is_real is False:  # the limit may not tell: that of (−h)^(1/3)/h is said to be an oo
            raise ValueError(f"expr: {expr} is {moved} at {at + h}; give an f that is real near the point")
        return moved

    return near


def _decided(expr: sympy.Expr, x: sympy.Symbol, at: sympy.Expr) -> sympy.Expr:
    """expr with each condition, sign and |…| that is clear at ``at`` decided: next to ``at`` it is the same."""
    values = {}
    for part in expr.atoms(Relational, sympy.sign, sympy.Heaviside, sympy.Abs):
        size = part.lhs - part.rhs if isinstance(part, Relational) else part.args[0]
        there = size.subs(x, at)
        if not size.has(*_PIECES) and there.is_real and there.is_nonzero:
            values[part] = sympy.sign(there) * size if isinstance(part, sympy.Abs) else part.subs(x, at)
    for part in expr.atoms(sympy.Max, sympy.Min):
        differences = [(arg - part).subs(x, at) for arg in part.args]
        if sum(d.is_zero is True for d in differences) == 1 and all(d.is_zero is not None for d in differences):
            values[part] = next(arg for arg, d in zip(part.args, differences, strict=True) if d.is_zero)
    return expr.xreplace(values)


@contextmanager
def _locked(expr: sympy.Expr) -> Iterator[None]:
    """sympy without its derivative rules; where it insists on one, a ValueError."""
    try:
        with without_derivative_rules():
            yield
    except DerivativeRuleUsed as rule:
        raise ValueError(f"expr: sympy needs {rule} for {expr}; give a simpler f") from rule


def _real_limit(quotient: sympy.Expr, h: sympy.Symbol) -> sympy.Expr:
    limit = _limit(quotient, h)
    if limit.has(sympy.I, sympy.zoo, sympy.nan, sympy.Limit):
        raise ValueError(f"expr: the quotient {quotient} has the limit {limit}; give an f that is real near the point")
    return limit


# What sympy's limit decides at once for all x, where the answer depends on x.
_PIECES = (sympy.Piecewise, sympy.sign, sympy.Heaviside)


_IN_SINES = {
    sympy.sec: lambda z: 1 / sympy.cos(z),
    sympy.csc: lambda z: 1 / sympy.sin(z),
    sympy.tan: lambda z: sympy.sin(z) / sympy.cos(z),
    sympy.cot: lambda z: sympy.cos(z) / sympy.sin(z),
    sympy.tanh: lambda z: sympy.sinh(z) / sympy.cosh(z),
}


def _in_sines(quotient: sympy.Expr) -> sympy.Expr:
    for function, replacement in _IN_SINES.items():
        quotient = quotient.replace(function, replacement)
    return sympy.factor(sympy.expand_trig(sympy.together(quotient)))


def _expanded(quotient: sympy.Expr) -> sympy.Expr:
    return sympy.expand(quotient, func=True, trig=True, log=True)


# Ways to write the quotient, the most helpful first: each addition theorem that sympy knows, then simpler shapes.
_FORMS: tuple[Callable[[sympy.Expr], sympy.Expr], ...] = (
    lambda quotient: _in_sines(quotient) if quotient.has(*_IN_SINES) else _expanded(quotient),
    _expanded,
    _in_sines,
    sympy.simplify,
    lambda quotient: quotient,
)


def _is_settled(limit: sympy.Expr) -> bool:
    return not limit.has(sympy.oo, -sympy.oo, sympy.zoo, sympy.nan, sympy.AccumBounds, sympy.Limit)


def _limit(quotient: sympy.Expr, h: sympy.Symbol) -> sympy.Expr:
    """lim_{h→0+} of the quotient: the first finite result of its forms, else what the last form that answered says."""
    answer, reason = None, None
    for form in _FORMS:
        try:
            answer = sympy.limit(form(quotient), h, 0, "+")
        except (DerivativeRuleUsed, NotImplementedError, ValueError, TypeError) as error:
            reason = error
            continue
        if _is_settled(answer):  # else another form may say more
            return answer
    if answer is None:
        raise ValueError(
            f"expr: sympy finds no limit of {quotient} from the definition alone (stopped at {reason}); "
            "give an f whose quotient has an addition theorem"
        )
    return answer
