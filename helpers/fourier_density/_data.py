"""What a fit is given, checked."""

from __future__ import annotations

import numpy as np

from helpers.fourier_density._arrays import real_vector
from helpers.fourier_density._types import Array, Given
from helpers.inputs import real_number

SMALLEST, LARGEST = 1e-300, 1e300  # what loc and scale may be, so that no quantile overflows


def checked_data(x: Given, weights: Given | None) -> tuple[Array, Array]:
    """The points (n,) of positive weight and their shares, which sum to 1; ValueError where they allow no fit."""
    points = real_vector("x", x)
    if weights is None:
        shares = np.full(points.size, 1 / points.size)
    else:
        given = real_vector("weights", weights, at_least=0)
        if given.shape != points.shape or not given.any():
            raise ValueError(f"weights: has shape {given.shape}; give shape {points.shape}, one or more positive")
        given = given / given.max()  # so that their sum can be held
        points, shares = points[given > 0], given[given > 0] / given.sum()
    if points.size < 2 or points.min() == points.max():
        why = "1 point" if points.size < 2 else f"all {points.size} values equal {points[0]:g}"
        raise ValueError(f"x: holds {why}; give at least two different values of positive weight")
    return points, shares


def checked_map(loc: object, scale: object) -> tuple[float, float] | None:
    """loc and scale as numbers, None where neither is given; ValueError otherwise."""
    if loc is None and scale is None:
        return None
    if loc is None or scale is None:
        raise ValueError("loc, scale: only one is given; give both, for a density on the line, or neither")
    return (
        real_number("loc", loc, at_least=-LARGEST, at_most=LARGEST),
        real_number("scale", scale, at_least=SMALLEST, at_most=LARGEST),
    )


def mean_and_deviation(x: Array, shares: Array) -> tuple[float, float]:
    """Of the data, at any scale that float64 holds; ValueError beyond SMALLEST and LARGEST."""
    largest = np.abs(x).max()
    mean = (shares * (x / largest)).sum()
    deviation = np.sqrt((shares * (x / largest - mean) ** 2).sum())
    center, unit = float(mean * largest), float(deviation * largest)
    if not (abs(center) <= LARGEST and SMALLEST <= unit <= LARGEST):
        raise ValueError(f"x: has standard deviation {unit:g} about {center:g}; give data between 1e-300 and 1e300")
    return center, unit


def starting_map(x: Array, shares: Array, loc: object, scale: object, line: bool) -> tuple[float, float] | None:
    """loc and scale, by default mean and standard deviation of the data; None where the density is on [−1, 1]."""
    given = checked_map(loc, scale)
    if given is None and not line and np.abs(x).max() > 1:
        far = x[np.abs(x).argmax()]
        raise ValueError(f"x: holds {far:g}; give numbers in [−1, 1], or line=True for a density on ℝ")
    return mean_and_deviation(x, shares) if given is None and line else given
