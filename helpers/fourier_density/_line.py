"""The map z = artanh(x) between [−1, 1] and the line, to full precision in both tails."""

from __future__ import annotations

import numpy as np

from helpers.fourier_density._types import Array


def standardized(y: Array, loc: float, scale: float) -> Array:
    """(y − loc)/scale; ±inf where that is beyond the range of float64."""
    with np.errstate(over="ignore"):
        return (y - loc) / scale


def from_line(z: Array) -> tuple[Array, Array]:
    """The distance 1 + x = 1 + tanh z, and log dx/dz = log sech² z."""
    far = np.abs(z)
    decay = np.exp(-2 * far)
    distance = np.where(z < 0, decay, 1) * 2 / (1 + decay)
    return distance, 2 * (np.log(2) - far - np.log1p(decay))


def to_line(distance: Array) -> Array:
    """artanh of x, from the distance 1 + x; ∓inf at 0 and 2."""
    with np.errstate(divide="ignore"):
        return 0.5 * np.log(distance / (2 - distance))
