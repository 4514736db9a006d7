"""Coefficients of a^b and exp(a) from those of a, also where the value at 0 is too small for a float.

Both recurrences multiply everything by the value at 0. Where that underflows, as x^65 at 1e-5 does, the coefficients
above it need not: that of t^60 is 65!/(5! 60!) x^5. There the series runs from 1 in a variable whose scale keeps its
coefficients floats, and the value enters at the end as a mantissa and an exponent of two.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

_TINY = float(np.finfo(float).tiny)  # below it floats lose digits
_EXPONENTS = 1000  # powers of two that surely fit into a float


def inner(a: list[Any], b: list[Any]) -> Any:
    """Σ a_j b_j."""
    products = map(operator.mul, a, b)
    return sum(products, next(products, 0.0))  # one addition less than from 0


def plain_value(ufunc: np.ufunc, *arguments: Any) -> Any:
    """ufunc(*arguments), where numbers give a Python float: its arithmetic is several times faster than numpy's."""
    result = ufunc(*arguments)
    return result if np.ndim(result) else float(result)


def power_coefficients(base: list[Any], exponent: Any) -> list[Any]:
    """Coefficients of a^b, for a(0) ≠ 0 that has such a power."""
    with np.errstate(all="ignore"):
        start = plain_value(np.power, base[0], exponent)
        if _is_normal(start):
            return _power_from(start, base, exponent)
        size = np.abs(base[0])
        mantissa, two = _wide(lambda parts: np.power(size, exponent / parts), exponent * np.log2(size))
        mantissa = np.where((base[0] < 0) & (exponent % 2 == 1), -mantissa, mantissa)
        step = _step(base, np.log2(size) + np.minimum(0, _log2_growth(base) - np.log2(np.abs(exponent))))
        scaled = [1.0, *(np.ldexp(c, step * j) / base[0] for j, c in enumerate(base[1:], 1))]
        return _put_back(_power_from(1.0, scaled, exponent), mantissa, two, step)


def exp_coefficients(a: list[Any]) -> list[Any]:
    """Coefficients of exp(a)."""
    with np.errstate(all="ignore"):
        start = plain_value(np.exp, a[0])
        if _is_normal(start):
            return _exp_from(start, a)
        mantissa, two = _wide(lambda parts: np.exp(a[0] / parts), a[0] * math.log2(math.e))
        step = _step(a, _log2_growth(a))
        return _put_back(_exp_from(1.0, [np.ldexp(c, step * j) for j, c in enumerate(a)]), mantissa, two, step)


def _is_normal(start: Any) -> bool:
    size = abs(start)
    return size >= _TINY if isinstance(size, float) else bool(np.all(size >= _TINY))


def _power_from(start: Any, base: list[Any], exponent: Any) -> list[Any]:
    """a p' = b a' p, solved from p(0) = start."""
    power = [start]
    for k in range(1, len(base)):
        terms = [(exponent * j - (k - j)) * base[j] * power[k - j] for j in range(1, k + 1)]
        power.append(sum(terms) / (k * base[0]))
    return power


def _exp_from(start: Any, a: list[Any]) -> list[Any]:
    """e' = a' e, solved from e(0) = start."""
    slopes, exp = [k * c for k, c in enumerate(a)], [start]
    for k in range(1, len(a)):
        exp.append(inner(slopes[1 : k + 1], exp[::-1]) / k)
    return exp


def _wide(root: Callable[[Any], Any], log2_size: Any) -> tuple[Any, Any]:
    """A number beyond the floats as (mantissa, exponent of two): root(2^r) is its 2^r-th root, squared r times here."""
    squarings = np.ceil(np.log2(np.maximum(np.abs(log2_size) / _EXPONENTS, 1)))
    mantissa, two = np.frexp(root(2.0**squarings))
    for done in range(int(np.max(squarings))):
        square, shift = np.frexp(mantissa * mantissa)
        more = squarings > done
        mantissa, two = np.where(more, square, mantissa), np.where(more, 2.0 * two + shift, two)
    return mantissa, two


def _log2_growth(a: list[Any]) -> float:
    """log₂(n/e) for n + 1 coefficients: the u for which the last one of exp(u t), uⁿ/n!, is neither large nor small."""
    return math.log2(max(len(a) - 1, 1) / math.e)


def _step(a: list[Any], log2_bound: Any) -> Any:
    """The greatest integer s with |a_k| 2^{sk} ≤ 2^log2_bound for every k ≥ 1 (0 where they are all 0)."""
    rooms = [np.where(c == 0, np.inf, (log2_bound - np.log2(np.abs(c))) // k) for k, c in enumerate(a[1:], 1)]
    step = np.min(np.broadcast_arrays(*rooms), axis=0) if rooms else np.array(0.0)
    return np.where(np.isfinite(step), step, 0).astype(int)


def _put_back(scaled: list[Any], mantissa: Any, two: Any, step: Any) -> list[Any]:
    """The coefficients mantissa · 2^two · c_k · 2^{−step k}."""
    limit = 4 * _EXPONENTS  # what is beyond is 0 or inf either way, and must fit ldexp's integer
    shifts = [np.clip(two - step * k, -limit, limit).astype(int) for k in range(len(scaled))]
    values = [np.ldexp(mantissa * c, shift) for c, shift in zip(scaled, shifts, strict=True)]
    return [value if np.ndim(value) else float(value) for value in values]
