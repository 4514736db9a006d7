"""Argument checks: one set for all of `helpers`, and one style of message, "NAME: what was wrong; give …".

Each function takes the argument's name and its value, and returns the value in the type that the caller computes with.
Nothing here changes what it is given. Tensors are checked in `helpers.tensors`, so that torch loads only where it is
used.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_T = TypeVar("_T")
_Array = NDArray[Any]


def _read(name: str, value: Any) -> _Array:
    """``value`` as a numpy array of real numbers, in a type of its own; ValueError for anything else."""
    if hasattr(value, "detach"):  # a torch tensor; numpy has no bfloat16, and float32 holds all of it
        value = value.detach().cpu()
        value = (value.float() if "bfloat16" in str(value.dtype) else value).resolve_neg().numpy()
    if np.ma.is_masked(value):
        raise ValueError(f"{name}: has masked entries; give an array without a mask")
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O":  # whole numbers beyond 64 bits, fractions, sympy numbers
            if any(x is None or isinstance(x, (bool, np.bool_, str, bytes, complex)) for x in array.flat):
                raise TypeError("not real numbers")
            array = array.astype(float)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise ValueError(
            f"{name}: cannot be read as real numbers within the range of float64 ({error}); "
            "give a number or a rectangular array of numbers"
        ) from error
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name}: has type {type(value).__name__} ({array.dtype}); give real numbers")
    return array


def _interval(above: float, at_least: float, below: float, at_most: float) -> str:
    low = f"({above:g}" if above >= at_least else f"[{at_least:g}"
    high = f"{below:g})" if below <= at_most else f"{at_most:g}]"
    return f"{low}, {high}"


def real_array(
    name: str,
    value: Any,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
    at_most: float = math.inf,
    finite: bool = True,
    square: bool = False,
    keep_float: bool = False,
    empty: bool = False,
) -> _Array:
    """``value`` as a non-empty float64 array of finite numbers in the interval that the bounds give.

    value: a number, nested sequences, a numpy array, or a torch tensor (detached) of real numbers.
    above, below: open bounds; at_least, at_most: closed ones. finite: whether ±inf is refused; nan always is.
    square: whether the shape must be (…, n, n) with n ≥ 1. keep_float: whether float32 and float16 stay as they are.
    empty: whether an array without numbers is accepted.
    ValueError, naming ``name``, for anything else.

    >>> real_array("step", [1, 2], above=0)
    array([1., 2.])
    >>> real_array("beta", 1, at_least=0, below=1)
    Traceback (most recent call last):
    ValueError: beta: holds 1; give finite numbers in [0, 1)
    """
    array = _read(name, value)
    if array.size == 0 and not empty:
        raise ValueError(f"{name}: shape {array.shape} is empty; give at least one number")
    if square and (array.ndim < 2 or array.shape[-1] != array.shape[-2]):
        raise ValueError(f"{name}: shape {array.shape} is not (..., n, n); give a square matrix or a batch of them")
    if not (keep_float and array.dtype.kind == "f"):
        if array.dtype != np.float64:
            with np.errstate(over="ignore"):  # a longer float may become inf, and is then refused
                array = array.astype(np.float64)
    good = np.isfinite(array) if finite else ~np.isnan(array)
    if at_least > -math.inf:  # a pass over the array for each bound that there is
        good &= array >= at_least
    if at_most < math.inf:
        good &= array <= at_most
    if above > -math.inf:
        good &= array > above
    if below < math.inf:
        good &= array < below
    if not good.all():
        numbers = "finite numbers" if finite else "numbers"
        bounded = min(below, at_most) < math.inf or max(above, at_least) > -math.inf
        where = f" in {_interval(above, at_least, below, at_most)}" if bounded else ""
        raise ValueError(f"{name}: holds {array[~good].flat[0]:g}; give {numbers}{where}")
    return array


def real_number(name: str, value: Any, **bounds: Any) -> float:
    """``value`` as a float: one real number within the bounds of `real_array`, whose ValueErrors these are.

    >>> real_number("probability", 0.5, at_least=0, at_most=1)
    0.5
    """
    array = real_array(name, value, **bounds)
    if array.ndim:
        raise ValueError(f"{name}: has shape {array.shape}; give one number")
    return float(array)


def integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """``value`` as an int in [low, high], high = None for no upper bound. numpy integers are integers, bools are not.

    ValueError, naming ``name``, for anything else.

    >>> integer("steps", np.int64(3), 1)
    3
    >>> integer("steps", 2.5, 1)
    Traceback (most recent call last):
    ValueError: steps: is 2.5; give an integer ≥ 1
    """
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        raise ValueError(
            f"{name}: is {value!r}; give an integer {f'≥ {low}' if high is None else f'from {low} to {high}'}"
        )
    return int(value)


def choice(name: str, value: Any, options: Collection[str]) -> str:
    """``value`` if it is one of the names in ``options`` (a mapping counts as its keys); ValueError otherwise.

    >>> choice("scheme", "forward", ("forward", "central"))
    'forward'
    """
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name}: is {value!r}; give one of {', '.join(map(repr, options))}")
    return value


def generator(name: str, value: Any, kind: type[_T] = np.random.Generator) -> _T:  # type: ignore[assignment]
    """``value`` if it is a random generator of this ``kind``, numpy's by default; ValueError otherwise.

    >>> generator("generator", np.random.default_rng(0)).integers(1)
    np.int64(0)
    """
    if not isinstance(value, kind):
        raise ValueError(f"{name}: has type {type(value).__name__}; give a {kind.__module__}.{kind.__name__}")
    return value


def broadcast(**arrays: _Array) -> list[_Array]:
    """The arrays broadcast against each other (read-only views); ValueError that names them where shapes do not fit.

    >>> [a.shape for a in broadcast(alpha=np.ones((2, 1)), n=np.ones(3))]
    [(2, 3), (2, 3)]
    """
    try:
        return list(np.broadcast_arrays(*arrays.values()))
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"{', '.join(arrays)}: shapes do not fit ({shapes}); give shapes that broadcast") from error
