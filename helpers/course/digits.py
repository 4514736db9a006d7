"""A value as text, with the digits that mean something."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def format_value(value: Any, tolerance: float = 0.0, digits: int = 3) -> str:
    """``value`` with no more digits than ``tolerance`` makes meaningful, and at most ``digits`` significant ones."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if not getattr(value, "is_number", True):  # a formula of sympy's, which whoever passes one has imported
        from sympy import latex

        return f"${latex(value)}$"
    if isinstance(value, (int, np.integer)):
        return str(value)
    array = np.asarray(value)
    if array.ndim:
        if array.size > 6:
            return f"{array.size} values"
        return "[" + ", ".join(format_value(x.item(), tolerance, digits) for x in array.ravel()) + "]"
    if isinstance(value, (complex, np.complexfloating)):
        return f"{format_value(value.real, tolerance, digits)} + {format_value(value.imag, tolerance, digits)}i"
    x = float(value)
    if not math.isfinite(x) or x == 0:
        return f"{x:g}"
    last = math.floor(math.log10(abs(x))) - digits + 1
    if tolerance > 0:
        last = max(last, math.floor(math.log10(tolerance)))
    rounded = round(x, -last) + 0.0  # no −0
    return f"{rounded:.{max(digits, 1)}g}" if abs(rounded) < 10**digits else f"{rounded:.10g}"
