"""Dual numbers: the chain rule as arithmetic, value and slope side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.derivatives._arguments import check_function, finite_result, real_value
from helpers.derivatives._number import Number, primal, require, require_power
from helpers.derivatives._types import Function, Operand
from helpers.inputs import integer


class Dual(Number):
    """A dual number value + slope·ε with ε² = 0 (Clifford 1873): f(x + ε) = f(x) + f'(x) ε. Forward-mode AD.

    value: a real number, a numpy array, or again a Dual. slope: the same kinds, broadcasting against ``value``.
    ``Dual(x)`` is the variable x itself (slope 1); a nested ``Dual(Dual(x))`` carries the second derivative in
    ``.slope.slope`` (see `nested_derivative`). A Dual of smaller depth, a number or an array counts as a constant.
    A Dual does not know whose variable it is: give independent variables separate depths.

    Operators + − * / ** abs, comparisons (of the plain values), and np.exp, log, sin, cos, tanh, sqrt, square.
    ValueError for arguments that are not finite real numbers and where the derivative does not exist (log 0, |0|).

    >>> Dual(3.0) * Dual(3.0)
    Dual(9.0, 6.0)
    >>> float((Dual(Dual(2.0)) ** 3).slope.slope)  # f''(2) of x³
    12.0
    """

    __slots__ = ("value", "slope")

    def __init__(self, value: Operand, slope: Operand = 1.0):
        value = value if isinstance(value, Dual) else real_value("value", value)
        slope = slope if isinstance(slope, Dual) else real_value("slope", slope)
        if _depth(slope) > _depth(value):
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
        self.value, self.slope = value, slope

    def primal(self) -> Any:
        """The plain value: that of ``value``, at any depth."""
        return primal(self.value)

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.slope!r})"

    @staticmethod
    def _add(a: Operand, b: Operand) -> Dual:
        (a, da), (b, db) = _split(a, b)
        return _unchecked(a + b, da + db)

    @staticmethod
    def _subtract(a: Operand, b: Operand) -> Dual:
        (a, da), (b, db) = _split(a, b)
        return _unchecked(a - b, da - db)

    @staticmethod
    def _multiply(a: Operand, b: Operand) -> Dual:
        (a, da), (b, db) = _split(a, b)
        return _unchecked(a * b, da * b + a * db)

    @staticmethod
    def _divide(a: Operand, b: Operand) -> Dual:
        (a, da), (b, db) = _split(a, b)
        require(primal(b) != 0, "division", "a divisor ≠ 0")
        quotient = a / b
        return _unchecked(quotient, (da - quotient * db) / b)

    @staticmethod
    def _power(a: Operand, b: Operand) -> Dual:
        if isinstance(b, Dual):  # a^b = e^{b ln a}, for every a > 0
            require(primal(a) > 0, "power", "> 0 when the exponent varies")
            return np.exp(b * np.log(a))
        b = real_value("exponent", b)
        require_power(primal(a), b)
        reduced = np.where(b == 0, 1.0, b)[()] - 1  # 0 · x^{−1} would be nan at x = 0
        return _unchecked(np.power(a.value, b), b * np.power(a.value, reduced) * a.slope)

    @staticmethod
    def _square(a: Dual) -> Dual:
        return a * a

    @staticmethod
    def _negative(a: Dual) -> Dual:
        return _unchecked(-a.value, -a.slope)

    @staticmethod
    def _abs(a: Dual) -> Dual:
        sign = np.sign(primal(a))
        require(sign != 0, "abs", "≠ 0")
        return _unchecked(sign * a.value, sign * a.slope)

    @staticmethod
    def _exp(a: Dual) -> Dual:
        exp = np.exp(a.value)
        return _unchecked(exp, exp * a.slope)

    @staticmethod
    def _log(a: Dual) -> Dual:
        require(primal(a) > 0, "log", "> 0")
        return _unchecked(np.log(a.value), a.slope / a.value)

    @staticmethod
    def _sin(a: Dual) -> Dual:
        return _unchecked(np.sin(a.value), np.cos(a.value) * a.slope)

    @staticmethod
    def _cos(a: Dual) -> Dual:
        return _unchecked(np.cos(a.value), -np.sin(a.value) * a.slope)

    @staticmethod
    def _tanh(a: Dual) -> Dual:
        tanh = np.tanh(a.value)
        return _unchecked(tanh, (1 - tanh * tanh) * a.slope)

    @staticmethod
    def _sqrt(a: Dual) -> Dual:
        require(primal(a) > 0, "sqrt", "> 0")
        root = np.sqrt(a.value)
        return _unchecked(root, a.slope / (2 * root))


def nested_derivative(f: Function, x: Operand, n: int = 1) -> Any:
    """f^(n)(x) by n nested dual numbers: the definition "derivative of the (n−1)-th derivative", run literally.

    The work doubles with every n (a Dual of Duals of Duals …); `derivative` needs O(n²). x: number or array.
    Errors as in `derivative`, n from 0 to 12.

    >>> nested_derivative(lambda x: x**3, 2.0, 2)
    12.0
    """
    check_function(f)
    value = real_value("x", x)
    n = integer("n", n, 0, 12)
    for _ in range(n):
        value = Dual(value)
    with np.errstate(all="ignore"):  # overflow is reported by the check of the result
        result = f(value)
    finite_result(primal(result), x)
    for depth in range(n, 0, -1):  # a result of smaller depth does not depend on this copy of x
        result = result.slope if _depth(result) == depth else 0.0
    return finite_result(result, x)


def _unchecked(value: Operand, slope: Operand) -> Dual:
    """A Dual without the checks of the constructor: the results of arithmetic are what they are."""
    dual = object.__new__(Dual)
    dual.value, dual.slope = value, slope
    return dual


def _depth(x: Operand) -> int:
    depth = 0
    while isinstance(x, Dual):
        x, depth = x.value, depth + 1
    return depth


def _split(a: Operand, b: Operand) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """(value, slope) of both operands at the greater of their depths, where the shallower one is a constant."""
    depth_a, depth_b = _depth(a), _depth(b)
    if depth_a == 0:
        a = real_value("operand", a)
    if depth_b == 0:
        b = real_value("operand", b)
    return (
        (a.value, a.slope) if depth_a >= depth_b else (a, 0.0),
        (b.value, b.slope) if depth_b >= depth_a else (b, 0.0),
    )
