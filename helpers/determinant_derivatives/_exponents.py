"""Numbers of any size, kept as mantissa and integer exponent of two until the last step.

Multiplying by a power of two rounds nothing, as long as the result stays in the range of floats.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from helpers._types import Array

Integers = NDArray[np.int64]

_NEVER = np.iinfo(np.int64).min  # the exponent of zero, in a maximum
_ZERO: Integers = np.zeros((), np.int64)


def times_power(mantissa: Array, exponent: Integers) -> Array:
    """mantissa · 2^exponent for exponents of any size: 0 or inf where that leaves float64."""
    bounded = np.minimum(np.maximum(exponent, -4000), 4000)  # a tenth of the time of np.clip
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(mantissa, bounded.astype(np.intc))


def largest_exponent(mantissa: Array, exponent: Integers, axis: int | tuple[int, ...]) -> Integers:
    """The largest exponent of the non-zero numbers along ``axis``, 0 where there is none."""
    filled = mantissa != 0
    return np.where(filled.any(axis), np.where(filled, exponent, _NEVER).max(axis), 0)


def to_common_exponent(M: Array, E: Integers = _ZERO) -> tuple[Array, Integers]:
    """M 2^E with one exponent per matrix, so that its largest mantissa is in [½, 1); zeros get exponent 0."""
    mantissa, exponent = np.frexp(M)
    top = largest_exponent(mantissa, exponent + E, (-2, -1))
    return times_power(mantissa, exponent + E - top[..., None, None]), top


def within_float64(name: str, mantissa: Array, exponent: Integers, instead: str) -> Array:
    """mantissa · 2^exponent; ValueError where that is beyond float64 (too small becomes 0)."""
    result = times_power(mantissa, exponent)
    if not np.isfinite(result).all():
        raise ValueError(f"{name}: the result is larger than the range of float64 (1.8e308); {instead}")
    return result
