"""What `Dual` and `Taylor` numbers share: Python's operators, numpy's functions, comparisons, and refusals."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.derivatives._types import Operand


class Number:
    """Python's operators and numpy's functions, handed on to the arithmetic of the subclass.

    numpy calls ``__array_ufunc__`` for ``array * number`` and for ``np.exp(number)``, so both sides of an operator and
    numpy's own function names work. A subclass has the static methods named in ``_OPERATIONS``, and ``primal``.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # equal values can have different slopes

    # static methods of the subclasses, of two operands and of one
    _add: Any
    _subtract: Any
    _multiply: Any
    _divide: Any
    _power: Any
    _negative: Any
    _abs: Any

    def primal(self) -> Any:
        """The plain value of the number, without its derivatives."""
        raise NotImplementedError

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Operand, **options: Any) -> Any:
        name = _OPERATIONS.get(ufunc.__name__)
        if name is None or method != "__call__" or options:  # np.add.reduce, np.add(…, where=…) are not ours
            known = ", ".join(sorted(_OPERATIONS))
            raise ValueError(f"{type(self).__name__}: np.{ufunc.__name__} has no rule here; give one of {known}")
        return getattr(type(self), name)(*inputs)

    def __array_function__(self, function: Callable[..., Any], *_: Any) -> Any:
        known = ", ".join(sorted(_OPERATIONS))
        # np.where and its like would make an array of objects, without a derivative and without a word
        raise ValueError(f"{type(self).__name__}: np.{function.__name__} has no rule here; give one of {known}")

    def __add__(self, other: Operand) -> Any:
        return self._add(self, other)

    def __radd__(self, other: Operand) -> Any:
        return self._add(other, self)

    def __sub__(self, other: Operand) -> Any:
        return self._subtract(self, other)

    def __rsub__(self, other: Operand) -> Any:
        return self._subtract(other, self)

    def __mul__(self, other: Operand) -> Any:
        return self._multiply(self, other)

    def __rmul__(self, other: Operand) -> Any:
        return self._multiply(other, self)

    def __truediv__(self, other: Operand) -> Any:
        return self._divide(self, other)

    def __rtruediv__(self, other: Operand) -> Any:
        return self._divide(other, self)

    def __pow__(self, other: Operand) -> Any:
        return self._power(self, other)

    def __rpow__(self, other: Operand) -> Any:
        return self._power(other, self)

    def __neg__(self) -> Any:
        return self._negative(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self._abs(self)

    def __lt__(self, other: Operand) -> Any:
        return _compared(operator.lt, self, other)

    def __le__(self, other: Operand) -> Any:
        return _compared(operator.le, self, other)

    def __gt__(self, other: Operand) -> Any:
        return _compared(operator.gt, self, other)

    def __ge__(self, other: Operand) -> Any:
        return _compared(operator.ge, self, other)

    def __eq__(self, other: object) -> Any:
        return _compared(operator.eq, self, other)

    def __ne__(self, other: object) -> Any:
        return _compared(operator.ne, self, other)

    def __bool__(self) -> bool:
        return bool(self != 0)


def _compared(relation: Callable[[Any, Any], Any], a: Operand, b: Operand) -> Any:
    """relation(a, b) of the plain values, where they differ.

    On a tie f may turn from one branch to the other, as max(x, 0) does at 0. The branch taken there says what f is at
    this one point, and nothing of its derivative: max(x, 0) and max(0, x) would have different ones.
    """
    a, b = primal(a), primal(b)
    if np.any(a == b):
        raise ValueError("comparison: f may have a kink here, where both sides are equal; give an x next to it")
    return relation(a, b)


_OPERATIONS = {
    "add": "_add",
    "subtract": "_subtract",
    "multiply": "_multiply",
    "divide": "_divide",
    "power": "_power",
    "negative": "_negative",
    "positive": "__pos__",
    "absolute": "_abs",
    "square": "_square",
    "exp": "_exp",
    "log": "_log",
    "sin": "_sin",
    "cos": "_cos",
    "tanh": "_tanh",
    "sqrt": "_sqrt",
    "less": "__lt__",
    "less_equal": "__le__",
    "greater": "__gt__",
    "greater_equal": "__ge__",
    "equal": "__eq__",
    "not_equal": "__ne__",
}


def primal(x: Operand) -> Any:
    """The plain value inside a `Dual` (of any depth) or `Taylor` number; other values pass through.

    >>> from helpers.derivatives import Dual
    >>> primal(Dual(Dual(3.0))), primal(2.5)
    (3.0, 2.5)
    """
    return x.primal() if isinstance(x, Number) else x


def require(condition: Any, operation: str, needed: str) -> None:
    """ValueError where an element of ``condition`` is false: the operation has no derivative there."""
    if not (condition if isinstance(condition, bool) else np.all(condition)):
        raise ValueError(f"{operation}: has no derivative here; the argument must be {needed}")


def require_power(base: Any, exponent: Any) -> None:
    """ValueError where base^exponent, with a constant exponent, has no derivative."""
    whole = exponent % 1 == 0
    require((base > 0) | (whole & ((base != 0) | (exponent >= 0))), "power", "> 0, or an exponent that is an integer")
