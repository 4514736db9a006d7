"""Functions to differentiate, their exact derivatives by sympy with 40 digits, and random expression trees."""

import math

import mpmath
import numpy as np
import sympy as sp
from hypothesis import assume
from hypothesis import strategies as st

from helpers.derivatives import primal

x = sp.Symbol("x", real=True)
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
