"""What a fit is given, checked."""

from __future__ import annotations

import numpy as np

from helpers.fourier_density._arrays import real_vector
from helpers.fourier_density._types import Array, Given
from helpers.inputs import real_number


def checked_data(x: Given, weights: Given | None) -> tuple[Array, Array]:
    """The points (n,) and their shares, which sum to 1; ValueError where no density can be fitted to them."""
    points = real_vector("x", x)
    if points.size < 2 or points.min() == points.max():
        why = "holds 1 point" if points.size < 2 else f"holds all {points.size} values equal {points[0]:g}"
        raise ValueError(f"x: {why}; give at least two different values")
    shares = np.ones(points.size) if weights is None else real_vector("weights", weights, at_least=0)
    if shares.shape != points.shape or np.count_nonzero(shares) < 2:
        raise ValueError(f"weights: has shape {shares.shape}; give shape {points.shape} with two positive ones or more")
    return points, shares / shares.sum()


def checked_map(loc: object, scale: object) -> tuple[float, float] | None:
    """loc and scale as numbers, None where neither is given; ValueError otherwise."""
    if loc is None and scale is None:
        return None
    if loc is None or scale is None:
        raise ValueError("loc, scale: only one is given; give both, for a density on the line, or neither")
    return real_number("loc", loc), real_number("scale", scale, above=0)


def starting_map(x: Array, shares: Array, loc: object, scale: object, line: bool) -> tuple[float, float] | None:
    """loc and scale, by default mean and standard deviation of the data; None where the density is on [−1, 1]."""
    given = checked_map(loc, scale)
    if given is None and not line and np.abs(x).max() > 1:
        raise ValueError(
            f"x: holds {x[np.abs(x).argmax()]:g}; give numbers in [−1, 1], or line=True for a density on ℝ"
        )
    if given is not None or not line:
        return given
    mean = (shares * x).sum()
    return checked_map(mean, np.sqrt((shares * (x - mean) ** 2).sum()))
