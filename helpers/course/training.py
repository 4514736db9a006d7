"""Training many small models at once (`helpers.optimizers`), and the intervals that comparisons of them need."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from helpers.course.judging import Interval
from helpers.optimizers import StackedAdam, StackedSGD, stacked_linear
from helpers.tensors import saved_numbers

__all__ = ["Interval", "StackedAdam", "StackedSGD", "mean_interval", "saved_numbers", "stacked_linear"]


def mean_interval(samples: np.ndarray, axis: int = 0, confidence: float = 0.95) -> Interval:
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
