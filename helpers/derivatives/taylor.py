"""Truncated Taylor series: all derivatives up to the n-th in one pass."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from helpers.derivatives._arguments import check_function, finite_result, real_value
from helpers.derivatives._number import Number, primal, require, require_power
from helpers.derivatives._types import Array, Function, Operand, Real
from helpers.inputs import integer


def derivative(f: Function, x: Real, n: int = 1) -> float | Array:
    """f^(n)(x), exact up to rounding, by truncated Taylor arithmetic: O(n²) per operation of f, all orders in one pass.

    f: elementwise, from the operations listed in `Dual`. x: a finite real number or array; n: 0 to 170 (170! is the
    largest factorial in a float64). Returns float64 of x's shape (broadcast with the arrays that f uses).
    ValueError for a bad argument, where f has no derivative at x, and where the result overflows.

    >>> derivative(lambda x: x**5, 1.0, 3)
    60.0
    >>> derivative(np.exp, [0.0, 0.0], 7)
    array([1., 1.])
    """
    check_function(f)
    value, n = real_value("x", x), integer("n", n, 0, 170)
    value = np.asarray(value, np.float64) if np.ndim(value) else float(value)
    variable = object()
    with np.errstate(all="ignore"):  # overflow is reported by the check of the result
        result = f(Taylor([value, 1.0, *[0.0] * (n - 1)][: n + 1], variable))
    if not isinstance(result, Taylor):
        result = Taylor([result] + [0.0] * n, variable)  # a constant
    if result.variable is not variable:
        raise ValueError("f: returned a series in the variable of another derivative()")
    finite_result(result.coefficients[0], value)
    with np.errstate(over="ignore"):
        return finite_result(result.coefficients[n] * float(math.factorial(n)), value)


class Taylor(Number):
    """A truncated power series c₀ + c₁ t + … + c_n tⁿ; with x + t put into f, c_k = f^(k)(x) / k!.

    coefficients: list of n + 1 floats or arrays that broadcast against each other.
    variable: a token; two series can be combined only when they are series in the same variable.
    Products and quotients cost O(n²); so do exp, log, sin, cos, tanh and powers, by the recurrences that their
    differential equations give (Griewank & Walther 2008, ch. 13). Operations and errors as in `Dual`.

    >>> Taylor([2.0, 1.0, 0.0]) ** 2  # (2 + t)² = 4 + 4t + t²
    Taylor([4.0, 4.0, 1.0])
    """

    __slots__ = ("coefficients", "variable")

    def __init__(self, coefficients: list[Any], variable: object = None):
        self.coefficients, self.variable = coefficients, variable

    def primal(self) -> Any:
        """The plain value: the constant term."""
        return self.coefficients[0]

    def __repr__(self) -> str:
        return f"Taylor({self.coefficients!r})"

    @staticmethod
    def _add(a: Operand, b: Operand) -> Taylor:
        a, b, variable = _series_pair(a, b)
        return Taylor(list(map(operator.add, a, b)), variable)

    @staticmethod
    def _subtract(a: Operand, b: Operand) -> Taylor:
        a, b, variable = _series_pair(a, b)
        return Taylor(list(map(operator.sub, a, b)), variable)

    @staticmethod
    def _multiply(a: Operand, b: Operand) -> Taylor:
        if not isinstance(a, Taylor):
            a, b = b, a
        if not isinstance(b, Taylor):  # a constant: no convolution needed
            b = real_value("operand", b)
            return Taylor([c * b for c in a.coefficients], a.variable)
        a, b, variable = _series_pair(a, b)
        return Taylor([_inner(a[: k + 1], b[k::-1]) for k in range(len(a))], variable)

    @staticmethod
    def _divide(a: Operand, b: Operand) -> Taylor:
        a, b, variable = _series_pair(a, b)
        require(b[0] != 0, "division", "a divisor ≠ 0")
        quotient = [a[0] / b[0]]
        for k in range(1, len(a)):
            quotient.append((a[k] - _inner(b[1 : k + 1], quotient[::-1])) / b[0])
        return Taylor(quotient, variable)

    @staticmethod
    def _power(a: Operand, b: Operand) -> Taylor:
        if isinstance(b, Taylor):
            require(primal(a) > 0, "power", "> 0 when the exponent varies")
            return np.exp(b * np.log(a))
        b, base = real_value("exponent", b), a.coefficients
        require_power(base[0], b)
        if np.ndim(b) == 0 and b == round(b) and abs(b) <= 64:
            return _whole_power(a, int(b))
        require(base[0] != 0, "power", "≠ 0 for this exponent")
        power = [_value(np.power, base[0], b)]
        for k in range(1, len(base)):
            terms = [(b * j - (k - j)) * base[j] * power[k - j] for j in range(1, k + 1)]
            power.append(sum(terms) / (k * base[0]))
        return Taylor(power, a.variable)

    @staticmethod
    def _square(a: Taylor) -> Taylor:
        return a * a

    @staticmethod
    def _negative(a: Taylor) -> Taylor:
        return Taylor([-c for c in a.coefficients], a.variable)

    @staticmethod
    def _abs(a: Taylor) -> Taylor:
        sign = _value(np.sign, a.coefficients[0])
        require(sign != 0, "abs", "≠ 0")
        return Taylor([sign * c for c in a.coefficients], a.variable)

    @staticmethod
    def _exp(a: Taylor) -> Taylor:  # e' = a' e
        slopes, exp = _slopes(a), [_value(np.exp, a.coefficients[0])]
        for k in range(1, len(slopes)):
            exp.append(_inner(slopes[1 : k + 1], exp[::-1]) / k)
        return Taylor(exp, a.variable)

    @staticmethod
    def _log(a: Taylor) -> Taylor:  # a l' = a'
        base = a.coefficients
        require(base[0] > 0, "log", "> 0")
        log = [_value(np.log, base[0])]
        slopes: list[Any] = []
        for k in range(1, len(base)):
            slopes.append((k * base[k] - _inner(slopes, base[k - 1 : 0 : -1])) / base[0])
            log.append(slopes[-1] / k)
        return Taylor(log, a.variable)

    @staticmethod
    def _sin(a: Taylor) -> Taylor:
        return _sine_and_cosine(a)[0]

    @staticmethod
    def _cos(a: Taylor) -> Taylor:
        return _sine_and_cosine(a)[1]

    @staticmethod
    def _tanh(a: Taylor) -> Taylor:  # t' = (1 − t²) a'
        slopes, tanh = _slopes(a), [_value(np.tanh, a.coefficients[0])]
        rest = [1 - tanh[0] * tanh[0]]
        for k in range(1, len(slopes)):
            tanh.append(_inner(slopes[1 : k + 1], rest[::-1]) / k)
            rest.append(-_inner(tanh, tanh[::-1]))
        return Taylor(tanh, a.variable)

    @staticmethod
    def _sqrt(a: Taylor) -> Taylor:  # r² = a
        square = a.coefficients
        require(square[0] > 0, "sqrt", "> 0")
        root = [_value(np.sqrt, square[0])]
        for k in range(1, len(square)):
            root.append((square[k] - _inner(root[1:], root[:0:-1])) / (2 * root[0]))
        return Taylor(root, a.variable)


def _series_pair(a: Operand, b: Operand) -> tuple[list[Any], list[Any], object]:
    """Coefficients of both operands, and their variable; a constant becomes a series."""
    if not isinstance(a, Taylor):
        return [real_value("operand", a)] + [0.0] * (len(b.coefficients) - 1), b.coefficients, b.variable
    if not isinstance(b, Taylor):
        return a.coefficients, [real_value("operand", b)] + [0.0] * (len(a.coefficients) - 1), a.variable
    if a.variable is not b.variable or len(a.coefficients) != len(b.coefficients):
        raise ValueError("operand: is a series in the variable of another derivative(); ask for a higher n instead")
    return a.coefficients, b.coefficients, a.variable


def _inner(a: list[Any], b: list[Any]) -> Any:
    return sum(map(operator.mul, a, b))


def _slopes(a: Taylor) -> list[Any]:
    return [k * c for k, c in enumerate(a.coefficients)]


def _value(ufunc: np.ufunc, *arguments: Any) -> Any:
    """ufunc(*arguments), where numbers give a Python float: its arithmetic is several times faster than numpy's."""
    result = ufunc(*arguments)
    return result if np.ndim(result) else float(result)


def _whole_power(a: Taylor, exponent: int) -> Taylor:
    """a^exponent by repeated squaring; it holds for a(0) = 0 too, where the recurrence for real powers divides by 0."""
    if exponent < 0:
        return 1.0 / _whole_power(a, -exponent)
    result, square = Taylor([1.0] + [0.0] * (len(a.coefficients) - 1), a.variable), a
    while exponent:
        if exponent % 2:
            result = result * square
        exponent //= 2
        if exponent:
            square = square * square
    return result


def _sine_and_cosine(a: Taylor) -> tuple[Taylor, Taylor]:
    """s' = a' c and c' = −a' s, solved together."""
    slopes = _slopes(a)
    sine, cosine = [_value(np.sin, a.coefficients[0])], [_value(np.cos, a.coefficients[0])]
    for k in range(1, len(slopes)):
        next_sine = _inner(slopes[1 : k + 1], cosine[::-1]) / k
        cosine.append(-_inner(slopes[1 : k + 1], sine[::-1]) / k)
        sine.append(next_sine)
    return Taylor(sine, a.variable), Taylor(cosine, a.variable)
