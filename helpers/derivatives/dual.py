"""Dual numbers: the chain rule as arithmetic, value and slope side by side."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from helpers.derivatives._arguments import check_finite, check_function, finite_result, real_value
from helpers.derivatives._number import Number, primal, require, require_power
from helpers.derivatives._types import Function, Operand
from helpers.inputs import integer


class Dual(Number):
    """A dual number value + slope·ε with ε² = 0 (Clifford 1873): f(x + ε) = f(x) + f'(x) ε. Forward-mode AD.

    value: a real number, a numpy array, or again a Dual. slope: the same kinds, broadcasting against ``value``.
    ``Dual(x)`` is the variable x itself (slope 1); a nested ``Dual(Dual(x))`` carries the second derivative in
    ``.slope.slope`` (see `nested_derivative`). ``level`` says whose ε it is: one above that of ``value``, and 1 for the
    Dual of a number. A number, an array or a Dual of a lower level counts as a constant beside it; Duals of one level
    share their ε, so give independent variables different levels.

    Operators + − * / ** abs, comparisons (of the plain values), and np.exp, log, sin, cos, tanh, sqrt, square.
    ValueError for arguments that are not finite real numbers and where the derivative does not exist or a comparison
    cannot tell (log 0, |0|, and x > 0 at x = 0).

    >>> Dual(3.0) * Dual(3.0)
    Dual(9.0, 6.0)
    >>> float((Dual(Dual(2.0)) ** 3).slope.slope)  # f''(2) of x³
    12.0
    """

    __slots__ = ("value", "slope", "level")
    value: Operand
    slope: Operand
    level: int

    def __init__(self, value: Operand, slope: Operand = 1.0):
        value = value if isinstance(value, Dual) else real_value("value", value)
        slope = slope if isinstance(slope, Dual) else real_value("slope", slope)
        if _level(slope) > _level(value):
            raise ValueError("slope: is nested deeper than value; give a number, an array or a Dual of value's depth")
        shape = np.shape(primal(value))
        try:
            fits = np.broadcast_shapes(shape, np.shape(primal(slope))) == shape
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(
                f"slope: shape {np.shape(primal(slope))} does not fit; give one that broadcasts to {shape}"
            )
        self.value, self.slope, self.level = value, slope, _level(value) + 1

    def primal(self) -> Any:
        """The plain value: that of ``value``, at any depth."""
        return primal(self.value)

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.slope!r})"

    @staticmethod
    def _add(a: Operand, b: Operand) -> Dual:
        a, da, b, db, level = _split(a, b)
        return _unchecked(a + b, da + db, level)

    @staticmethod
    def _subtract(a: Operand, b: Operand) -> Dual:
        a, da, b, db, level = _split(a, b)
        return _unchecked(a - b, da - db, level)

    @staticmethod
    def _multiply(a: Operand, b: Operand) -> Dual:
        a, da, b, db, level = _split(a, b)
        return _unchecked(a * b, da * b + a * db, level)

    @staticmethod
    def _divide(a: Operand, b: Operand) -> Dual:
        a, da, b, db, level = _split(a, b)
        require(primal(b) != 0, "division", "a divisor ≠ 0")
        quotient = a / b  # (da b − a db)/b² would overflow before the quotient does
        return _unchecked(quotient, (da - quotient * db) / b, level)

    @staticmethod
    def _power(a: Operand, b: Operand) -> Dual:
        if isinstance(b, Dual):  # a^b = e^{b ln a}, for every a > 0
            a = a if isinstance(a, Dual) else real_value("base", a)
            require(primal(a) > 0, "power", "> 0 when the exponent varies")
            return np.exp(b * np.log(a))
        b = real_value("exponent", b)
        require_power(primal(a), b)
        reduced = np.where(b == 0, 1.0, b)[()] - 1  # 0 · x^{−1} would be nan at x = 0
        return _unchecked(np.power(a.value, b), b * np.power(a.value, reduced) * a.slope, a.level)

    @staticmethod
    def _square(a: Dual) -> Dual:
        return a * a

    @staticmethod
    def _negative(a: Dual) -> Dual:
        return _unchecked(-a.value, -a.slope, a.level)

    @staticmethod
    def _abs(a: Dual) -> Dual:
        sign = np.sign(primal(a))  # a constant next to the point: its own derivative is 0
        require(sign != 0, "abs", "≠ 0")
        return _unchecked(sign * a.value, sign * a.slope, a.level)

    @staticmethod
    def _exp(a: Dual) -> Dual:
        exp = np.exp(a.value)
        return _unchecked(exp, exp * a.slope, a.level)

    @staticmethod
    def _log(a: Dual) -> Dual:
        require(primal(a) > 0, "log", "> 0")
        return _unchecked(np.log(a.value), a.slope / a.value, a.level)

    @staticmethod
    def _sin(a: Dual) -> Dual:
        return _unchecked(np.sin(a.value), np.cos(a.value) * a.slope, a.level)

    @staticmethod
    def _cos(a: Dual) -> Dual:
        return _unchecked(np.cos(a.value), -np.sin(a.value) * a.slope, a.level)

    @staticmethod
    def _tanh(a: Dual) -> Dual:
        tanh = np.tanh(a.value)
        slope = 1 - tanh * tanh
        far = np.abs(primal(a)) > 1
        if np.any(far):  # there 1 − tanh² cancels; it is 4e/(1 + e)² with e = e^{∓2a}, the sign so that e ≤ 1
            e = np.exp(np.where(primal(a) > 0, -2.0, 2.0)[()] * a.value)
            slope = np.where(far, 0.0, 1.0)[()] * slope + np.where(far, 4.0, 0.0)[()] * (e / ((1 + e) * (1 + e)))
        return _unchecked(tanh, slope * a.slope, a.level)

    @staticmethod
    def _sqrt(a: Dual) -> Dual:
        require(primal(a) > 0, "sqrt", "> 0")
        root = np.sqrt(a.value)
        return _unchecked(root, a.slope / (2 * root), a.level)


def nested_derivative(f: Function, x: Operand, n: int = 1) -> Operand:
    """f^(n)(x) by n nested dual numbers: the definition "derivative of the (n−1)-th derivative", run literally.

    The work grows like 3ⁿ for products (a Dual of Duals of Duals …); `derivative` needs O(n²). x: number or array, or a
    Dual, so that f may itself take a derivative at a point that depends on its argument: every call has variables of
    its own. n from 0 to 12. Errors as in `derivative`.

    >>> nested_derivative(lambda x: x**3, 2.0, 2)
    12.0
    >>> nested_derivative(lambda x: x * nested_derivative(lambda y: x * y, 1.0), 4.0)  # x · x
    8.0
    """
    check_function(f)
    variable = x if isinstance(x, Dual) else np.array(real_value("x", x), dtype=np.float64)[()]
    levels = [next(_levels) for _ in range(integer("n", n, 0, 12))]
    if levels and isinstance(variable, float):
        variable = float(variable)  # several times faster than numpy's, but bare it would raise where those give inf
    for level in levels:
        variable = _unchecked(variable, 1.0, level)
    with np.errstate(all="ignore"):  # overflow is reported by the check of the result
        result = f(variable)
    check_finite(primal(result))
    for level in reversed(levels):  # a result of a lower level does not depend on this copy of x
        if _level(result) > level:
            raise ValueError("f: returned a Dual of another derivative; give an f that lets none of its variables out")
        result = result.slope if _level(result) == level else 0.0
    if isinstance(result, Dual):  # it depends on the variable of a derivative around this one
        check_finite(primal(result))
        return result
    return finite_result(result, primal(variable))


# The levels of `nested_derivative`, none of which comes twice: an inner call starts later and lies higher. They are
# further apart than anyone nests Duals by hand, so that no two derivatives take each other's ε for their own.
_levels = itertools.count(1000, 1000)


def _unchecked(value: Operand, slope: Operand, level: int) -> Dual:
    """A Dual without the checks of the constructor: the results of arithmetic are what they are."""
    dual = object.__new__(Dual)
    dual.value, dual.slope, dual.level = value, slope, level
    return dual


def _level(x: Operand) -> int:
    return x.level if isinstance(x, Dual) else 0


def _split(a: Operand, b: Operand) -> tuple[Operand, Operand, Operand, Operand, int]:
    """Value and slope of a, of b, and their level: the higher one, for which the operand below it is a constant."""
    level_a, level_b = _level(a), _level(b)
    if level_a == 0:
        a = real_value("operand", a)
    if level_b == 0:
        b = real_value("operand", b)
    value_a, slope_a = (a.value, a.slope) if level_a >= level_b else (a, 0.0)
    value_b, slope_b = (b.value, b.slope) if level_b >= level_a else (b, 0.0)
    return value_a, slope_a, value_b, slope_b, max(level_a, level_b)
