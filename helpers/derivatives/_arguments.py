"""The argument checks that the files of this package share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.derivatives._types import Function
from helpers.inputs import broadcast, real_array


def real_value(name: str, value: Any) -> Any:
    """``value`` as a finite real number or array in a floating type of its own (integers: float64). ValueError else."""
    # every operation of a Dual or Taylor number comes through here: the common kinds first, and fast
    if isinstance(value, float) and math.isfinite(value):  # np.float64 is a float
        return value
    if type(value) is int and abs(value) <= 2**53:
        return float(value)
    if type(value) is np.ndarray and value.dtype.kind == "f" and value.size and np.isfinite(value).all():
        return value[()]
    return real_array(name, value, keep_float=True)[()]


def check_function(f: object) -> None:
    """ValueError where f cannot be called."""
    if not callable(f):
        raise ValueError(f"f: has type {type(f).__name__}; give a function of one variable")


def function_values(f: Function, at: NDArray[Any]) -> NDArray[Any]:
    """f(at) in the shape of ``at`` at least, integers in its precision; ValueError where they are no numbers."""
    values = np.asarray(f(at.copy()))  # an f that works in place may do so
    if values.dtype.kind not in "fc":
        if values.dtype.kind not in "iu":
            raise ValueError(f"f: gives {values.dtype}; give a function with numbers as values")
        values = values.astype(at.real.dtype)  # differences of integers would wrap around: 0 − 1 is 255 in uint8
    return values if values.shape == at.shape else broadcast(f=values, x=at)[0]


def check_finite(result: Any) -> None:
    """ValueError where f's value or derivative is not made of finite real numbers."""
    if np.asarray(result).dtype.kind not in "iuf" or not np.isfinite(result).all():
        raise ValueError("f: did not give finite real numbers at x; give an x in the domain of f, and small enough")


def finite_result(result: Any, x: Any) -> Any:
    """``result``, in float64 and in the shape that it has together with x; ValueError where it is not finite."""
    if isinstance(result, float) and isinstance(x, float) and math.isfinite(result):
        return float(result)
    check_finite(result)
    return np.array(broadcast(f=np.asarray(result), x=np.asarray(x))[0], dtype=float)[()]
