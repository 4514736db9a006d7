"""What several notebooks draw alike: a curve with its interval, and a map of signs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from helpers.course.evidence import format_measured
from helpers.course.judging import Interval

WORSE, BETTER, OPEN = "#F5C6A5", "#A8CFE8", "#FFFFFF"  # light enough for black text, told apart in grey by the hatch


def draw_interval(ax: Axes, x: ArrayLike, interval: Interval, **style: Any) -> Line2D:
    """Draw the means of ``interval`` against ``x`` with a band of their half-widths; returns the line.

    x and both parts of the interval: shape (n,). style: as `Axes.plot` takes it. ValueError for other shapes.
    """
    x, mean, half_width = (np.asarray(a, dtype=float) for a in (x, interval.mean, interval.half_width))
    if x.ndim != 1 or not x.shape == mean.shape == half_width.shape:
        raise ValueError(f"interval: has shapes {mean.shape} and {half_width.shape}, where x has {x.shape}")
    (line,) = ax.plot(x, mean, **style)
    ax.fill_between(x, mean - half_width, mean + half_width, color=line.get_color(), alpha=0.18, linewidth=0)
    return line


def sign_map(
    ax: Axes, interval: Interval, rows: Sequence[str], columns: Sequence[str], *, digits: int = 2
) -> np.ndarray:
    """Draw a table of means with their intervals, coloured by sign: blue below 0, orange above, hatched where open.

    interval: parts of shape (rows, columns). Returns the signs, −1, 0 (the interval holds 0) or 1, of that shape.
    ValueError where the labels do not fit.
    """
    mean, half_width = (np.asarray(a, dtype=float) for a in interval)
    if mean.shape != (len(rows), len(columns)) or half_width.shape != mean.shape:
        raise ValueError(f"interval: has shape {mean.shape} for {len(rows)} rows and {len(columns)} columns")
    signs = np.where(np.abs(mean) > half_width, np.sign(mean), 0).astype(int)
    for (i, j), sign in np.ndenumerate(signs):
        color = {-1: BETTER, 0: OPEN, 1: WORSE}[int(sign)]
        ax.add_patch(
            Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=color, edgecolor="0.75", hatch="" if sign else "....")
        )
        text = format_measured(float(mean[i, j]), 0.0, float(half_width[i, j]), digits)
        ax.text(j, i, text, ha="center", va="center", fontsize=10, bbox={"facecolor": color, "linewidth": 0, "pad": 1})
    ax.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.grid(visible=False)
    ax.tick_params(length=0)
    return signs
