"""Truncated Taylor series: all derivatives up to the n-th in one pass."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from helpers.derivatives._arguments import check_finite, check_function, finite_result, real_value
from helpers.derivatives._number import Number, primal, require, require_power
from helpers.derivatives._series import exp_coefficients, inner, plain_value, power_coefficients
from helpers.derivatives._types import Array, Function, Operand, Real
from helpers.inputs import integer


def derivative(f: Function, x: Real, n: int = 1) -> float | Array:
    """f^(n)(x), exact up to rounding, by truncated Taylor arithmetic: O(n²) per operation of f, all orders in one pass.

    No step is chosen and nothing is truncated, but the rounding is that of f's own operations: sin(x)/x at x = 1e-5
    loses digits at each order, as a division by a small number does.
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
    # A series in t·step, a power of two near the n-th root of n!: c_n itself would be smaller than f^(n) by n!, and for
    # exp(x/2) and n = 170 below the smallest float. Scaling by a power of two rounds nothing.
    step = 2 ** round(math.log2(math.factorial(n)) / n) if n else 1
    with np.errstate(all="ignore"):  # overflow is reported by the check of the result
        result = f(Taylor([value, float(step), *[0.0] * (n - 1)][: n + 1], variable))
    if not isinstance(result, Taylor):
        result = Taylor([result] + [0.0] * n, variable)  # a constant
    if result.variable is not variable:
        raise ValueError("f: returned a series in the variable of another derivative()")
    check_finite(result.coefficients[0])
    with np.errstate(over="ignore"):
        return finite_result(result.coefficients[n] * (math.factorial(n) / step**n), value)


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
        if not coefficients:
            raise ValueError("coefficients: is empty; give c₀ at least")
        self.coefficients, self.variable = coefficients, variable

    def primal(self) -> Any:
        """The plain value: the constant term."""
        return self.coefficients[0]

    def __repr__(self) -> str:
        return f"Taylor({self.coefficients!r})"

    @staticmethod
    def _add(a: Operand, b: Operand) -> Taylor:
        if not isinstance(a, Taylor):
            a, b = b, a
        if not isinstance(b, Taylor):  # a constant changes the constant term only
            first, *rest = a.coefficients
            return Taylor([first + real_value("operand", b), *rest], a.variable)
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
        return Taylor([inner(a[: k + 1], b[k::-1]) for k in range(len(a))], variable)

    @staticmethod
    def _divide(a: Operand, b: Operand) -> Taylor:
        if not isinstance(b, Taylor):
            b = real_value("operand", b)
            require(b != 0, "division", "a divisor ≠ 0")
            return Taylor([c / b for c in a.coefficients], a.variable)
        a, b, variable = _series_pair(a, b)
        require(b[0] != 0, "division", "a divisor ≠ 0")
        quotient = [a[0] / b[0]]
        for k in range(1, len(a)):
            quotient.append((a[k] - inner(b[1 : k + 1], quotient[::-1])) / b[0])
        return Taylor(quotient, variable)

    @staticmethod
    def _power(a: Operand, b: Operand) -> Taylor:
        if isinstance(b, Taylor):
            a = a if isinstance(a, Taylor) else real_value("base", a)
            require(primal(a) > 0, "power", "> 0 when the exponent varies")
            return np.exp(b * np.log(a))
        b, base = real_value("exponent", b), a.coefficients
        if isinstance(b, float) and b.is_integer() and 0 <= b <= 64:
            return _whole_power(a, b)
        require_power(base[0], b)
        # products hold at base 0 too, where the recurrence divides by it; for high powers they are the less exact way
        by_products = (b >= 0) & (b % 1 == 0) & ((b <= 64) | (base[0] == 0))
        if np.ndim(b) == 0 and np.all(by_products):
            return _whole_power(a, b)
        if np.any(by_products):
            return _power_by_parts(a, b, by_products)
        return Taylor(power_coefficients(base, b), a.variable)

    @staticmethod
    def _square(a: Taylor) -> Taylor:
        return a * a

    @staticmethod
    def _negative(a: Taylor) -> Taylor:
        return Taylor([-c for c in a.coefficients], a.variable)

    @staticmethod
    def _abs(a: Taylor) -> Taylor:
        sign = plain_value(np.sign, a.coefficients[0])
        require(sign != 0, "abs", "≠ 0")
        return Taylor([sign * c for c in a.coefficients], a.variable)

    @staticmethod
    def _exp(a: Taylor) -> Taylor:  # e' = a' e
        return Taylor(exp_coefficients(a.coefficients), a.variable)

    @staticmethod
    def _log(a: Taylor) -> Taylor:  # a l' = a'
        base = a.coefficients
        require(base[0] > 0, "log", "> 0")
        log = [plain_value(np.log, base[0])]
        slopes: list[Any] = []
        for k in range(1, len(base)):
            slopes.append((k * base[k] - inner(slopes, base[k - 1 : 0 : -1])) / base[0])
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
        slopes, tanh = _slopes(a), [plain_value(np.tanh, a.coefficients[0])]
        rest = [(1 / plain_value(np.cosh, a.coefficients[0])) ** 2]  # 1 − tanh² would cancel
        for k in range(1, len(slopes)):
            tanh.append(inner(slopes[1 : k + 1], rest[::-1]) / k)
            rest.append(-inner(tanh, tanh[::-1]))
        return Taylor(tanh, a.variable)

    @staticmethod
    def _sqrt(a: Taylor) -> Taylor:  # r² = a
        square = a.coefficients
        require(square[0] > 0, "sqrt", "> 0")
        root = [plain_value(np.sqrt, square[0])]
        for k in range(1, len(square)):
            root.append((square[k] - inner(root[1:], root[:0:-1])) / (2 * root[0]))
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


def _slopes(a: Taylor) -> list[Any]:
    return [k * c for k, c in enumerate(a.coefficients)]


def _power_by_parts(a: Taylor, b: Any, by_products: Any) -> Taylor:
    """a^b where some elements have a whole exponent that products serve better, and others not."""
    base = a.coefficients
    power = power_coefficients([np.where(by_products, 1.0, base[0]), *base[1:]], b)
    for exponent in np.unique(np.where(by_products, b, 0.0)):
        chosen = by_products & (b == exponent)
        products = _whole_power(Taylor([np.where(chosen, base[0], 1.0), *base[1:]], a.variable), exponent)
        power = [np.where(chosen, p, q) for p, q in zip(products.coefficients, power, strict=True)]
    return Taylor(power, a.variable)


def _whole_power(a: Taylor, exponent: float) -> Taylor:
    """a^exponent by repeated squaring, for a whole exponent ≥ 0."""
    order = len(a.coefficients) - 1
    rest = int(exponent) if exponent <= 64 else min(int(exponent), order + 1)  # beyond: base 0, so no term is left
    if rest == 0:
        return Taylor([1.0] + [0.0] * order, a.variable)
    while rest % 2 == 0:
        a, rest = a * a, rest // 2
    result = a
    while rest := rest // 2:
        a = a * a
        if rest % 2:
            result = result * a
    return result


def _sine_and_cosine(a: Taylor) -> tuple[Taylor, Taylor]:
    """s' = a' c and c' = −a' s, solved together."""
    slopes = _slopes(a)
    sine, cosine = [plain_value(np.sin, a.coefficients[0])], [plain_value(np.cos, a.coefficients[0])]
    for k in range(1, len(slopes)):
        next_sine = inner(slopes[1 : k + 1], cosine[::-1]) / k
        cosine.append(-inner(slopes[1 : k + 1], sine[::-1]) / k)
        sine.append(next_sine)
    return Taylor(sine, a.variable), Taylor(cosine, a.variable)
