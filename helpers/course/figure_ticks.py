"""Fewer numbers at an axis whose numbers would stand over each other."""

from __future__ import annotations

import re
from collections.abc import Mapping

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, Formatter, Locator, LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import Bbox

from helpers.course.figure_overlaps import tick_labels

_GAP = 3.0  # points between two numbers


def kept_ticks(fig: Figure) -> dict[Axis, tuple[Locator, Formatter, Locator, Formatter]]:
    """What `restore_ticks` needs to put every axis back."""
    return {
        axis: (
            axis.get_major_locator(),
            axis.get_major_formatter(),
            axis.get_minor_locator(),
            axis.get_minor_formatter(),
        )
        for ax in fig.axes
        for axis in (ax.xaxis, ax.yaxis)
    }


def restore_ticks(kept: Mapping[Axis, tuple[Locator, Formatter, Locator, Formatter]]) -> None:
    """All ticks again, for a panel that became wider."""
    for axis, (major, major_format, minor, minor_format) in kept.items():
        if axis.get_major_locator() is not major:
            axis.set_major_locator(major)
            axis.set_major_formatter(major_format)
        if axis.get_minor_locator() is not minor:
            axis.set_minor_locator(minor)
            axis.set_minor_formatter(minor_format)
        if axis is axis.axes.xaxis and not isinstance(major, LogLocator | MaxNLocator):
            axis.set_tick_params(rotation=0)


def thin_ticks(fig: Figure) -> None:
    """Leave out ticks, or turn words upright, until no label of an axis touches the next. ``fig`` must be drawn."""
    for ax in fig.axes:
        for axis in (ax.xaxis, ax.yaxis):
            most = len(tick_labels(axis))
            while most > 2 and _crowded(axis, along="x" if axis is ax.xaxis else "y"):
                most -= 1
                if not _leave_out(axis, most):
                    break


def _crowded(axis: Axis, along: str) -> bool:
    axis.get_tightbbox()  # puts new ticks in their places
    gap = _GAP * axis.axes.figure.dpi / 72 if along == "x" else 0.0
    spans = sorted(_span(label.get_window_extent(), along) for label in tick_labels(axis))
    return any(end + gap > start for (_, end), (start, _) in zip(spans, spans[1:], strict=False))


def _span(box: Bbox, along: str) -> tuple[float, float]:
    return (box.x0, box.x1) if along == "x" else (box.y0, box.y1)


def _leave_out(axis: Axis, most: int) -> bool:
    """Ask for at most this many ticks; whether there is anything more to try."""
    locator = axis.get_major_locator()
    if isinstance(axis.get_minor_locator(), LogLocator) and any(
        tick.label1.get_text() for tick in axis.get_minor_ticks()
    ):
        axis.set_minor_locator(NullLocator())
    elif isinstance(locator, LogLocator):
        axis.set_major_locator(LogLocator(numticks=most))
    elif isinstance(locator, MaxNLocator):
        axis.set_major_locator(MaxNLocator(nbins=most - 1, steps=[1, 2, 2.5, 5, 10]))
    else:
        return _leave_out_fixed(axis)
    return True


def _leave_out_fixed(axis: Axis) -> bool:
    """Every second number; words are all needed, and are turned upright."""
    labels = axis.get_ticklabels()
    texts = [label.get_text() for label in labels]
    numbers = not any(re.search(r"[^\W\d_]{2}", text) for text in texts)
    if numbers and len(texts) > 2 and isinstance(axis.get_major_locator(), FixedLocator):
        axis.set_ticks(axis.get_ticklocs()[::2], texts[::2])
        return True
    if axis is axis.axes.xaxis and labels and labels[0].get_rotation() == 0:
        axis.set_tick_params(rotation=90)
        return True
    return False
