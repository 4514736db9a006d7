"""The derivative as a quotient of floats: differences, their best step, and Richardson's extrapolation."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from helpers.derivatives._arguments import check_function, function_values, real_value
from helpers.derivatives._types import Array, Function, Real
from helpers.inputs import broadcast, choice, integer

SCHEMES = ("forward", "backward", "central", "complex")


def difference_quotient(f: Function, x: Real, h: Real, scheme: str = "forward") -> np.floating | Array:
    """An approximation of f'(x) from differences, in the precision of x and h (float32 stays float32).

    ==========  ===================================  =======================
    scheme      formula                              error for smooth f
    ==========  ===================================  =======================
    forward     (f(x + h) − f(x)) / h                h f''/2
    backward    (f(x) − f(x − h)) / h                −h f''/2
    central     (f(x + h) − f(x − h)) / (2h)         h² f'''/6
    complex     Im f(x + ih) / h                     −h² f'''/6, no cancellation
    ==========  ===================================  =======================

    x, h: real numbers or arrays that broadcast against each other; h ≠ 0, and long enough that x ± h differs from x.
    Integer values of f are subtracted as floats. "complex" (Squire & Trapp 1998) needs an f that is analytic and
    written without abs, sign or comparisons: where f drops the imaginary part of a factor only, it is not seen here.
    ValueError for a bad argument, for values of f or a quotient that are not finite, and where f(x + ih) is real.

    >>> float(difference_quotient(np.square, 1.0, 0.5)), float(difference_quotient(np.square, 1.0, 0.5, "central"))
    (2.5, 2.0)
    >>> difference_quotient(np.square, [1.0, 2.0], [[0.5], [0.25]]).shape
    (2, 2)
    """
    check_function(f)
    choice("scheme", scheme, SCHEMES)
    x, h = _points_and_steps(x, h)
    after = x if scheme == "backward" else x + h
    before = x if scheme == "forward" else x - h
    with np.errstate(all="ignore"):  # what overflows is seen in the result
        if scheme == "complex":
            quotient = _complex_quotient(f, x, h)
        elif np.any(after == before):
            raise ValueError(f"h: is lost beside x in {x.dtype}, x ± h = x; give a longer step")
        else:
            quotient = (function_values(f, after) - function_values(f, before)) / h
            if scheme == "central":
                quotient = quotient / 2  # 2h may overflow
    return _finite(quotient)[()]


def optimal_step(scheme: str, dtype: Any = np.float64) -> float:
    """The step h that balances truncation h^p and rounding ε/h, for an f with f, f', f'', f''' of about equal size.

    forward, backward: √ε; central: ε^{1/3}, with ε the machine epsilon of ``dtype``. A function that varies on the
    length L wants L times that. complex: nothing cancels, so any h with h² far below ε is as good as another;
    √(smallest normal number) is returned, for which h² does not underflow. ValueError for a bad argument.

    >>> optimal_step("forward") == 2.0**-26
    True
    """
    choice("scheme", scheme, SCHEMES)
    try:
        if dtype is None:  # numpy would take it for float64
            raise TypeError
        info = np.finfo(dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"dtype: is {dtype!r}; give a floating-point type") from error
    if scheme == "complex":
        return math.sqrt(max(info.tiny, sys.float_info.min))  # that of a longer type is 0 as a float
    return float(info.eps) ** (1 / 3 if scheme == "central" else 1 / 2)


def richardson(f: Function, x: Real, h: Real, order: int = 4) -> np.floating | Array:
    """f'(x) by Richardson extrapolation of central quotients with the steps h, h/2, h/4, …; the error is O(h^order).

    The error of a central quotient is a series in h²: from D(h) and D(h/2) the combination (4 D(h/2) − D(h))/3 has no
    h² term, and so on (Richardson 1911; Romberg's triangle). order: even, 2 to 20; 2 is the central quotient itself.
    f is used within [x − h, x + h] only. Other arguments and errors as in `difference_quotient`.

    >>> round(float(richardson(lambda x: x**3, 2.0, 0.5)), 12)  # exact for polynomials up to the fourth degree
    12.0
    """
    if integer("order", order, 2, 20) % 2:
        raise ValueError(f"order: is {order}; give an even number, as the orders of a central quotient are")
    x, h = _points_and_steps(x, h)
    row = [difference_quotient(f, x, h / 2**k, "central") for k in range(order // 2)]
    for j in range(1, order // 2):
        # a difference of two close numbers and a small correction: less rounding than (4^j fine − coarse)/(4^j − 1)
        row = [fine + (fine - coarse) / (4**j - 1) for coarse, fine in zip(row, row[1:], strict=False)]
    return _finite(np.asarray(row[0]))[()]


def _complex_quotient(f: Function, x: Array, h: Array) -> Array:
    tiny = np.finfo(x.dtype).tiny
    if np.any(np.abs(h) < tiny):
        raise ValueError(f"h: is below {tiny:g}, where {x.dtype} loses digits; give a step above it")
    real = function_values(f, x)
    if real.dtype.kind == "c":
        raise ValueError("f: is complex at real x; give an f that is real there, or another scheme")
    _finite(real)  # at −1 + ih the logarithm has a value, which says nothing of one at −1
    values = function_values(f, x + h * np.asarray(1j, np.result_type(x, np.complex64)))
    if values.dtype.kind != "c":
        raise ValueError("f: returned real numbers for a complex argument; give an analytic f to the complex scheme")
    return values.imag / h


def _finite(result: Array) -> Array:
    """``result``; ValueError where it, and so f or the difference, is not finite."""
    if not np.isfinite(result).all():
        raise ValueError("f: is not finite at every point used, or its quotient is not; give x ± h inside its domain")
    return result


def _points_and_steps(x: Real, h: Real) -> tuple[Array, Array]:
    """x and h in their common type; ValueError where h is 0 or the shapes do not fit."""
    x, h = real_value("x", x), real_value("h", h)
    dtype = np.result_type(x, h)
    x, h = np.asarray(x, dtype), np.asarray(h, dtype)
    if np.any(h == 0):
        raise ValueError(f"h: is 0 (or rounds to 0 in {dtype}); give a step different from 0")
    broadcast(x=x, h=h)
    return x, h
