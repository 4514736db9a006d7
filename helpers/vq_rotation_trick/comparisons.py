"""Comparing two methods by the ratio of what they reach, with pairs of runs of which a rare one may fall apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from helpers.inputs import real_number


def per_cent_interval(logs: ArrayLike, trimmed: float = 1 / 8, confidence: float = 0.95) -> NDArray[Any]:
    """Ends (2, ...) of the interval of a trimmed mean of ``logs`` (..., n), as changes in per cent: 100·(eˣ − 1).

    logs: logarithms of ratios, one for each of n ≥ 2 independent pairs. Of each row the lowest and the highest
    ⌊n · trimmed⌋ are left out (0 ≤ trimmed < ½, at least 2 must stay), and the interval is the one of Tukey and
    McLaughlin (Sankhya 25, 1963), Student's t with the standard deviation of the winsorised row. ValueError otherwise.

    >>> per_cent_interval(np.log([1.9, 2.0, 2.0, 2.0, 2.0, 2.0, 2.1, 1000.0])).round().tolist()  # one fell apart
    [96.0, 107.0]
    """
    rows = np.asarray(logs, dtype=float)
    share = real_number("trimmed", trimmed, at_least=0, below=0.5)
    level = real_number("confidence", confidence, above=0, below=1)
    if rows.ndim == 0 or not np.isfinite(rows).all():
        raise ValueError("logs: give finite numbers, the pairs on the last axis")
    rows, n = np.sort(rows, axis=-1), rows.shape[-1]
    cut = int(n * share)
    kept = n - 2 * cut
    if kept < 2:
        raise ValueError(f"logs: of {n} on the last axis {kept} stay, an interval needs 2")
    winsorised = np.clip(rows, rows[..., cut, None], rows[..., n - cut - 1, None])
    deviation = winsorised.std(-1, ddof=1) * np.sqrt(n) / kept
    mean, half_width = rows[..., cut : n - cut].mean(-1), stats.t.ppf(0.5 + level / 2, kept - 1) * deviation
    return 100 * np.expm1(np.stack([mean - half_width, mean + half_width]))
