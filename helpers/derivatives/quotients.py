"""The derivative as a quotient of floats: differences, their best step, and Richardson's extrapolation."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.derivatives._arguments import check_function, real_value
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

    x, h: real numbers or arrays that broadcast against each other; h ≠ 0.
    "complex" (Squire & Trapp 1998) needs an f that is analytic and written without abs, sign or comparisons.
    ValueError for a bad argument, for values of f that are not finite, and where f drops the imaginary part.

    >>> float(difference_quotient(np.square, 1.0, 0.5)), float(difference_quotient(np.square, 1.0, 0.5, "central"))
    (2.5, 2.0)
    >>> difference_quotient(np.square, [1.0, 2.0], [[0.5], [0.25]]).shape
    (2, 2)
    """
    check_function(f)
    choice("scheme", scheme, SCHEMES)
    x, h, dtype = _points_and_steps(x, h)
    if scheme == "complex":
        values = _values(f, x + h * np.asarray(1j, np.result_type(dtype, np.complex64)))
        if values.dtype.kind != "c":
            raise ValueError(
                "f: returned real numbers for a complex argument; give an analytic f to the complex scheme"
            )
        return (values.imag / h)[()]
    if scheme == "forward":
        return ((_values(f, x + h) - _values(f, x)) / h)[()]
    if scheme == "backward":
        return ((_values(f, x) - _values(f, x - h)) / h)[()]
    return ((_values(f, x + h) - _values(f, x - h)) / (2 * h))[()]


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
        info = np.finfo(dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"dtype: is {dtype!r}; give a floating-point type") from error
    if scheme == "complex":
        return float(np.sqrt(info.tiny))
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
    x, h, _ = _points_and_steps(x, h)
    row = [difference_quotient(f, x, h / 2**k, "central") for k in range(order // 2)]
    for j in range(1, order // 2):
        row = [fine + (fine - coarse) / (4**j - 1) for coarse, fine in zip(row, row[1:], strict=False)]
    return row[0]


def _points_and_steps(x: Real, h: Real) -> tuple[Array, Array, np.dtype]:
    """x and h in their common type; ValueError where h is 0 or the shapes do not fit."""
    x, h = real_value("x", x), real_value("h", h)
    dtype = np.result_type(x, h)
    if np.any(np.asarray(h, dtype) == 0):
        raise ValueError(f"h: is 0 (or rounds to 0 in {dtype}); give a step different from 0")
    x, h = np.asarray(x, dtype), np.asarray(h, dtype)
    broadcast(x=x, h=h)
    return x, h, dtype


def _values(f: Function, at: np.ndarray) -> np.ndarray:
    """f at the points, all finite; ValueError else."""
    with np.errstate(all="ignore"):
        values = np.asarray(f(at))
    if values.dtype.kind not in "iufc" or not np.isfinite(values).all():
        raise ValueError("f: is not finite and numeric at every point used, x ± h; give x and h inside its domain")
    return values
