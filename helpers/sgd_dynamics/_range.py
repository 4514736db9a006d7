"""Products and quotients whose factors may be as large or as small as float64 allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from helpers.sgd_dynamics._types import Array


def _product(factors: Sequence[ArrayLike]) -> tuple[ArrayLike, ArrayLike]:
    mantissa: ArrayLike = 1.0
    exponent: ArrayLike = 0
    for factor in factors:
        m, e = np.frexp(factor)  # factor = m·2ᵉ with ½ ≤ m < 1, so that the product of a few m stays in range
        mantissa, exponent = mantissa * m, exponent + e
    return mantissa, exponent


def quotient(names: str, above: Sequence[ArrayLike], below: Sequence[ArrayLike] = (), *, root: bool = False) -> Array:
    """Product of ``above`` over the product of ``below`` > 0, or the square root of it.

    Powers of two are set apart, so that only the result has to fit: γσ²/k for γ = k = σ = 1e−150 is 1e−300, though
    γσ² is 0 in float64. Where nothing over- or underflows, the value is that of the plain formula to the last bit.
    A result below the smallest float64 is rounded to 0; ValueError that says ``names`` for one above the largest.
    """
    (top, top_exponent), (bottom, bottom_exponent) = _product(above), _product(below)
    mantissa, exponent = np.divide(top, bottom), np.subtract(top_exponent, bottom_exponent)
    if root:
        odd = exponent % 2  # half of it must be a whole number
        mantissa, exponent = np.sqrt(np.ldexp(mantissa, odd)), (exponent - odd) // 2
    with np.errstate(over="ignore", under="ignore"):
        return finite(names, np.ldexp(mantissa, exponent))


def finite(names: str, result: Array) -> Array:
    """``result``, if all of it is finite; ValueError that says ``names`` otherwise."""
    if not np.isfinite(result).all():
        raise ValueError(f"{names}: the result leaves the range of float64; give values closer to 1")
    return result
