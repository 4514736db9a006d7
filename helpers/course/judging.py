"""The judgement of a claim: numbers read, compared, and found to agree, to differ, or to be undecided."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[Any]


class Interval(NamedTuple):
    """A measured mean with the half-width of its interval, both numbers or arrays of one shape."""

    mean: Array
    half_width: Array


def mean_interval(samples: Array, axis: int = 0, confidence: float = 0.95) -> Interval:
    """Mean of independent repeats along ``axis`` and the half-width of its Student-t confidence interval.

    For a paired comparison pass the differences. ValueError for fewer than two repeats or a nan.

    >>> mean, half_width = mean_interval(np.array([1.0, 2.0, 3.0]))
    >>> round(float(mean), 3), round(float(half_width), 3)  # t = 4.303 for three repeats, standard error 1/√3
    (2.0, 2.484)
    """
    samples = np.asarray(samples, dtype=float)
    repeats = samples.shape[axis] if samples.ndim else 1
    if repeats < 2:
        raise ValueError(f"samples: {repeats} repeat along axis {axis}; an interval needs at least 2")
    if np.isnan(samples).any():
        raise ValueError("samples: hold a nan")
    quantile = stats.t.ppf(0.5 + confidence / 2, repeats - 1)
    return Interval(samples.mean(axis), quantile * samples.std(axis, ddof=1) / math.sqrt(repeats))


class NoEvidence(ValueError):
    """A measurement that can support no verdict: empty, or with a nan."""


def numbers(name: str, value: Any) -> Array:
    """``value`` as a float64 (or complex128) array; ValueError where not numeric, NoEvidence where empty or nan."""
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
        raise NoEvidence(f"{name}: is empty or holds a nan, which can support no verdict")
    return array


def distance(a: Any, b: Any, relative: bool) -> Array:
    """|a − b| elementwise, divided by |a| where ``relative``; 0 for equal infinities."""
    a, b = np.broadcast_arrays(numbers("stated", a), numbers("measured", b))
    equal = a == b
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.where(equal, 0.0, np.abs(a - b))
        return np.where(equal, 0.0, distance / np.abs(a)) if relative else distance


def agreement(stated: Any, measured: Any, tolerance: float, relative: bool, uncertainty: Any) -> bool | None:
    """Whether ``measured`` agrees with ``stated``; None where its uncertainty leaves that undecided."""
    if isinstance(stated, sympy.Basic) or isinstance(measured, sympy.Basic):
        difference = sympy.simplify(sympy.sympify(stated) - sympy.sympify(measured))
        if not difference.is_number or tolerance == 0:
            return bool(difference == 0)
    spread = numbers("uncertainty", uncertainty)
    if relative:
        spread = spread / np.abs(numbers("stated", stated))
    return judge(tolerance - distance(stated, measured, relative), spread)


def judge(margin: Array, uncertainty: Array) -> bool | None:
    """True where every margin is surely ≥ 0, False where one is surely < 0, None where that is undecided."""
    if (margin - uncertainty >= 0).all():
        return True
    if (margin + uncertainty < 0).any():
        return False
    return None


def extent(value: Any) -> tuple[float | None, float | None]:
    """The smallest and the largest of real ``value``; (None, None) for what is not a finite real number or an array."""
    try:
        array = numbers("measured", value)
    except ValueError:
        return None, None
    if np.iscomplexobj(array) or not np.isfinite(array).all():
        return None, None
    return float(array.min()), float(array.max())
