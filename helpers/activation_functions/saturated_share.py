"""The share of normal inputs at which a function hardly responds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from helpers.activation_functions.functions import Activation, Array, value_and_slope
from helpers.inputs import real_array, real_number


def saturation(f: Activation, threshold: float = 0.1, kinks: ArrayLike = (0.0,)) -> float:
    """P(|f′(Z)| < threshold) for Z ~ N(0, 1): the share of standard-normal inputs at which f hardly responds.

    threshold: > 0. kinks: where f′ may jump. The ends of the saturated intervals are bracketed on a grid of spacing
    0.0015 and refined, so an interval narrower than that may be missed. ValueError for bad arguments.

    >>> import torch
    >>> round(saturation(torch.relu), 9), round(saturation(torch.sigmoid, 0.26), 9)  # σ′ is at most 1/4
    (0.5, 1.0)
    """
    threshold = real_number("threshold", threshold, above=0)
    grid = np.linspace(-12.0, 12.0, 16385)  # P(|Z| > 12) < 1e-32
    places = real_array("kinks", kinks).reshape(-1) if np.size(kinks) else np.empty(0)
    edges = np.unique(np.concatenate([grid, places]))
    middles = (edges[1:] + edges[:-1]) / 2  # a kink is an end of a cell, never a middle: the slope is defined there

    def saturated(x: Array) -> NDArray[np.bool_]:
        return np.abs(value_and_slope(f, x)[1]) < threshold

    inside = saturated(middles)
    change = np.flatnonzero(inside[1:] != inside[:-1])
    low, high, row = middles[change], middles[change + 1], np.arange(change.size)
    for _ in range(9 if change.size else 0):  # cut each bracket into 32, nine times: 0.0015/32⁹ < 1e-16
        points = np.linspace(low, high, 33, axis=1)
        beyond = saturated(points) != inside[change][:, None]
        beyond[:, -1] = True
        first = np.maximum(beyond.argmax(1), 1)
        low, high = points[row, first - 1], points[row, first]
    ends = np.concatenate([[-np.inf], low, [np.inf]])
    share = np.diff(special.ndtr(ends))
    return float(share[0 if inside[0] else 1 :: 2].sum())
