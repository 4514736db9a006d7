"""The evidence of a claim as text: numbers with the digits that mean something, and how far they are apart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy

from helpers.course.digits import format_value
from helpers.course.judging import distance, extent, numbers


def format_interval(low: float, high: float, digits: int) -> str:
    """The interval [low, high] in words; an infinite end is left out."""
    low_text, high_text = format_value(low, 0.0, digits + 1), format_value(high, 0.0, digits + 1)
    if math.isinf(high):
        return f"≥ {low_text}"
    return f"≤ {high_text}" if math.isinf(low) else f"{low_text} … {high_text}"


def format_measured(measured: Any, tolerance: float, uncertainty: Any, digits: int, as_range: bool = False) -> str:
    """``measured`` with its interval; with ``as_range`` a long array as its smallest and largest number."""
    if hasattr(measured, "detach"):
        measured = measured.detach().cpu().numpy()
    sizes = {np.size(measured), np.size(uncertainty)}
    if len(sizes) == 1 and 1 < sizes.pop() <= 6:  # each with its own interval
        pairs = zip(np.ravel(measured).tolist(), np.ravel(uncertainty).tolist(), strict=True)
        return ", ".join(format_measured(value, tolerance, half, digits) for value, half in pairs)
    if as_range and np.size(measured) > 6:
        low, high = (format_value(end(measured), 0.0, digits) for end in (np.min, np.max))
        return f"{low} … {high}"
    if as_range:
        measured = np.asarray(measured, dtype=float)
        measured = measured if measured.ndim else measured.item()
    width = max((abs(end) for end in extent(uncertainty) if end is not None), default=0.0)
    text = format_value(measured, width or tolerance, digits)
    return f"{text} ± {format_value(width, 0.0, 1)}" if width > 0 else text


def format_deviation(stated: Any, measured: Any, tolerance: float, relative: bool) -> str:
    """How far ``measured`` is from ``stated`` at most, beside what is allowed: what rounded numbers would hide."""
    largest = float(distance(stated, measured, relative).max())
    sign = "≤" if largest <= tolerance else ">"
    return f"{largest:.2g} {sign} {tolerance:.2g}" + (" of it" if relative else "")


def with_deviation(
    shown: str, stated: Any, measured: Any, tolerance: float, relative: bool, unit: float, digits: int
) -> str:
    """``shown``, with the largest deviation where numbers alone would not show it: many of them, or the same twice."""
    if tolerance == 0 or (isinstance(measured, sympy.Basic) and not measured.is_number):
        return shown
    if numbers("measured", measured).size == 1 and shown != format_value(stated, unit, digits):
        return shown
    off = format_deviation(stated, measured, tolerance, relative)
    return off if shown == "0" else f"{shown}, off by {off}"
