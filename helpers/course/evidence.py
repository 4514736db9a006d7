"""The evidence of a claim: numbers read, compared, judged and printed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

Array = NDArray[Any]


def format_value(value: Any, tolerance: float = 0.0, digits: int = 3) -> str:
    """``value`` with no more digits than ``tolerance`` makes meaningful, and at most ``digits`` significant ones."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, sympy.Basic) and not value.is_number:
        return f"${sympy.latex(value)}$"
    if isinstance(value, (int, np.integer)):
        return str(value)
    array = np.asarray(value)
    if array.ndim:
        if array.size > 6:
            return f"array of shape {array.shape}"
        return "[" + ", ".join(format_value(x.item(), tolerance, digits) for x in array.ravel()) + "]"
    if isinstance(value, (complex, np.complexfloating)):
        return f"{format_value(value.real, tolerance, digits)} + {format_value(value.imag, tolerance, digits)}i"
    x = float(value)
    if not math.isfinite(x) or x == 0:
        return f"{x:g}"
    last = math.floor(math.log10(abs(x))) - digits + 1
    if tolerance > 0:
        last = max(last, math.floor(math.log10(tolerance)))
    rounded = round(x, -last)
    return f"{rounded:.{max(digits, 1)}g}" if abs(rounded) < 10**digits else f"{rounded:.10g}"


def numbers(name: str, value: Any) -> Array:
    """``value`` as a float64 (or complex128) array; ValueError when it is not numeric, is empty or has a nan."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    try:
        array = np.asarray(value)
        if array.dtype == object:
            array = np.vectorize(complex)(array)
            array = array.real if not array.imag.any() else array
        array = array.astype(complex if np.iscomplexobj(array) else float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {value!r} is not a number or an array of numbers") from error
    if array.size == 0 or np.isnan(array).any():
        raise ValueError(f"{name}: is empty or holds a nan, which can support no verdict")
    return array


def distance(a: Any, b: Any, relative: bool) -> Array:
    """|a − b| elementwise, divided by |a| where ``relative``; 0 for equal infinities."""
    a, b = np.broadcast_arrays(numbers("stated", a), numbers("measured", b))
    equal = a == b
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.where(equal, 0.0, np.abs(a - b))
        return np.where(equal, 0.0, distance / np.abs(a)) if relative else distance


def judge(margin: Array, uncertainty: Array) -> bool | None:
    """True where every margin is surely ≥ 0, False where one is surely < 0, None where that is undecided."""
    if (margin - uncertainty >= 0).all():
        return True
    if (margin + uncertainty < 0).any():
        return False
    return None
