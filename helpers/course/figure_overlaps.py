"""What spoils a figure, measured where it was laid out: letters over letters, over the edge, or over what is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox, BboxBase

SMALLEST_PANEL = 0.7  # inches, of a panel with numbers at its sides
_SLACK = 1.5  # points by which boxes may overlap; letters do not fill theirs


class Box(NamedTuple):
    """Where a text stands, in pixels, and whether an axis wrote it."""

    text: str
    bounds: Bbox
    tick: bool


def text_boxes(fig: Figure) -> list[Box]:
    """The box of every text that shows. ``fig`` must have been drawn."""
    ticks = [label for ax in fig.axes if ax.get_visible() for label in tick_labels(ax.xaxis) + tick_labels(ax.yaxis)]
    of_axes = {id(part) for ax in fig.axes for axis in (ax.xaxis, ax.yaxis) for part in _tick_parts(axis)}
    others = [text for text in fig.findobj(Text) if id(text) not in of_axes]
    return [*_boxes(ticks, True), *_boxes(others, False)]


def tick_labels(axis: Axis) -> list[Text]:
    """The labels of ``axis`` that show, in the order of their places."""
    if not axis.get_visible() or not axis.axes.axison:
        return []
    scale = axis.get_transform().transform
    low, high = sorted(scale(np.asarray(axis.get_view_interval(), dtype=float)))
    slack = 1e-9 * (high - low)
    ticks = [tick for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()) if tick.get_visible()]
    shown = [tick for tick in ticks if low - slack <= scale(np.array([tick.get_loc()]))[0] <= high + slack]
    labels = [label for tick in sorted(shown, key=lambda tick: tick.get_loc()) for label in (tick.label1, tick.label2)]
    return [label for label in labels if label.get_visible() and label.get_text()]


def spoilt(fig: Figure) -> list[str]:
    """Each thing that is wrong with ``fig``, in words; none where it is legible. ``fig`` must have been drawn."""
    slack = _SLACK * fig.dpi / 72
    boxes = text_boxes(fig)
    found = [f"{box.text!r} is cut" for box in boxes if _cut(box.bounds, fig.bbox, slack)]
    found += [
        f"{one.text!r} lies over {other.text!r}"
        for one, other in combinations(boxes, 2)
        if overlap(one.bounds, other.bounds, slack) and (one.tick or other.tick or one.text != other.text)
    ]
    for ax in fig.axes:
        legend = ax.get_legend()
        if legend is not None and covers(ax, legend):
            found.append("a legend lies over what is drawn")
        small = min(ax.bbox.width, ax.bbox.height) < SMALLEST_PANEL * fig.dpi
        if small and ax.get_label() != "<colorbar>" and (tick_labels(ax.xaxis) or tick_labels(ax.yaxis)):
            found.append("a panel is too small")
    return found


def overlap(one: Bbox, other: Bbox, slack: float = 0.0) -> bool:
    """Whether two boxes share more than ``slack`` pixels in both directions."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return width > slack and height > slack


def covers(ax: Axes, legend: Legend) -> bool:
    """Whether ``legend`` hides a curve, points, bars or a text of ``ax``."""
    inside = Bbox.intersection(legend.get_window_extent(), ax.bbox)
    if inside is None or inside.width < 1 or inside.height < 1:
        return False
    return any(path.intersects_bbox(inside, filled=filled) for path, filled in _paths(ax)) or any(
        overlap(text.get_window_extent(), inside) for text in ax.texts if text.get_text().strip()
    )


def _paths(ax: Axes) -> Iterator:
    for line in ax.get_lines():
        if line.get_visible() and line.get_linestyle() not in ("None", "none"):
            yield line.get_path().transformed(line.get_transform()), False
        elif line.get_visible():
            yield from _points(line.get_transform().transform(np.asarray(line.get_xydata(), dtype=float)))
    for drawn in ax.collections:
        if isinstance(drawn, PathCollection):
            yield from _points(drawn.get_offset_transform().transform(np.ma.filled(drawn.get_offsets(), np.nan)))
        elif isinstance(drawn, LineCollection):
            yield from ((path.transformed(drawn.get_transform()), False) for path in drawn.get_paths())
    for patch in ax.patches:
        yield patch.get_path().transformed(patch.get_transform()), False


def _points(places: np.ndarray) -> Iterator:
    """A square of two points' width stands for each mark."""
    for x, y in places[np.isfinite(places).all(axis=1)]:
        yield Path([(x - 2, y - 2), (x + 2, y - 2), (x + 2, y + 2), (x - 2, y + 2), (x - 2, y - 2)]), False


def _tick_parts(axis: Axis) -> Iterator[Text]:
    for tick in (*axis.majorTicks, *axis.minorTicks):
        yield from (tick.label1, tick.label2)


def _boxes(texts: list[Text], tick: bool) -> Iterator[Box]:
    for text in texts:
        if text.get_visible() and text.get_text().strip() and text.get_rotation() % 90 == 0:
            bounds = Text.get_window_extent(text)  # of an annotation without its arrow
            if bounds.width > 0 and bounds.height > 0:
                yield Box(text.get_text(), bounds, tick)


def _cut(box: Bbox, edge: BboxBase, slack: float) -> bool:
    return bool(
        box.x0 < edge.x0 - slack or box.y0 < edge.y0 - slack or box.x1 > edge.x1 + slack or box.y1 > edge.y1 + slack
    )
