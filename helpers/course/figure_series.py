"""What a panel shows, read from what matplotlib drew: curves, bands, outlines, arrows and texts, one series each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import AxLine, Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.path import Path
from matplotlib.quiver import Quiver
from matplotlib.text import Annotation
from matplotlib.transforms import Transform
from numpy.typing import ArrayLike, NDArray


class Series(NamedTuple):
    """Points of one kind under one name, in the panel's data coordinates."""

    name: str  # as a legend has it; empty, or from "_" on, where it has none
    kind: str
    points: NDArray  # (n, 2); of arrows (n, 4): where they start, and how far they go
    text: str = ""  # the letters at the point


def panel_series(ax: Axes) -> Iterator[Series]:
    """Every series of ``ax``: what was always told first, so that the numbers of nameless series stay."""
    named = {artist: str(bars.get_label()) for bars in _error_bars(ax) for artist in bars.get_children()}
    for line in ax.get_lines():
        kind = "points" if line.get_linestyle() in ("None", "none") else "line"
        yield Series(named.get(line, str(line.get_label())), kind, _line_points(ax, line))
    for drawn in ax.collections:
        if isinstance(drawn, PathCollection):
            yield Series(str(drawn.get_label()), "points", _filled(drawn.get_offsets()))
        elif isinstance(drawn, PolyCollection) and not isinstance(drawn, Quiver):
            for path in drawn.get_paths():
                yield Series(str(drawn.get_label()), "band", np.asarray(path.vertices))
    yield from _bars(ax)
    yield from _segments(ax, named)
    yield from _outlines(ax)
    yield from _arrows(ax)
    yield from _texts(ax)


def _in_data(ax: Axes, points: ArrayLike, transform: Transform) -> NDArray:
    """``points`` (n, 2) as data coordinates: what is told in shares of the axes, as `axhline` does, is converted."""
    points = np.array(points, dtype=float).reshape(-1, 2)
    to_data = (ax.transScale + ax.transLimits).inverted()
    for k, (is_data, axis) in enumerate(
        zip(transform.contains_branch_seperately(ax.transData), (ax.xaxis, ax.yaxis), strict=True)
    ):
        if not is_data and all(transform.contains_branch_seperately(ax.transAxes)):
            moved = to_data.transform(points)[:, k]
            span = np.ptp(axis.get_view_interval())
            points[:, k] = np.where(abs(moved) < 1e-9 * span, 0, moved) if axis.get_scale() == "linear" else moved
    return points


def _filled(values: ArrayLike) -> NDArray:
    return np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)


def _error_bars(ax: Axes) -> list[ErrorbarContainer]:
    return [found for found in ax.containers if isinstance(found, ErrorbarContainer)]


def _line_points(ax: Axes, line: Line2D) -> NDArray:
    """A line without ends is told by its two ends in the picture's frame, or by two points on it."""
    if isinstance(line, AxLine):
        first, slope = np.asarray(line.get_xy1(), dtype=float), line.get_slope()
        second = line.get_xy2() if slope is None else first + (1, slope)
        return np.array([first, second], dtype=float)
    return _in_data(ax, line.get_xydata(), line.get_transform())


def _bars(ax: Axes) -> Iterator[Series]:
    for container in ax.containers:
        own = _bars_of(ax, container)
        if own:
            middles = [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in own]
            names = [str(named.get_label()) for named in (container, own[0])]  # the second in a histogram
            yield Series(next((name for name in names if name[:1] not in ("", "_")), ""), "bar", np.array(middles))


def _bars_of(ax: Axes, container: tuple) -> list[Rectangle]:
    members = list(container)
    return [patch for patch in ax.patches if isinstance(patch, Rectangle) and patch in members]


def _segments(ax: Axes, named: dict) -> Iterator[Series]:
    """Straight pieces, of error bars or by themselves; two points for each."""
    for drawn in ax.collections:
        if isinstance(drawn, LineCollection):
            pieces = [np.asarray(part, dtype=float) for part in drawn.get_segments()]
            pairs = [pair for part in pieces for ends in zip(part, part[1:], strict=False) for pair in ends]
            kind = "interval" if drawn in named else "segment"
            if pairs:
                yield Series(named.get(drawn, str(drawn.get_label())), kind, np.array(pairs))


def _outlines(ax: Axes) -> Iterator[Series]:
    bars = {id(bar) for container in ax.containers for bar in _bars_of(ax, container)}
    for patch in ax.patches:
        if id(patch) not in bars:
            yield Series(str(patch.get_label()), "outline", _outline(ax, patch))


def _outline(ax: Axes, patch: Patch) -> NDArray:
    path = patch.get_path()
    curved = path.codes is not None and bool(np.isin(path.codes, [Path.CURVE3, Path.CURVE4]).any())
    points = path.to_polygons()[0] if curved else path.vertices
    return _in_data(ax, patch.get_patch_transform().transform(points), patch.get_transform())


def _arrows(ax: Axes) -> Iterator[Series]:
    for drawn in ax.collections:
        if isinstance(drawn, Quiver):
            ends = [_filled(part).ravel() for part in (drawn.X, drawn.Y, drawn.U, drawn.V)]
            yield Series(str(drawn.get_label()), "arrow", np.column_stack(np.broadcast_arrays(*ends)))
    for text in ax.texts:
        if isinstance(text, Annotation) and text.arrow_patch is not None and text.anncoords == text.xycoords == "data":
            tip, tail = (np.asarray(place, dtype=float) for place in (text.xy, text.xyann))
            yield Series(text.get_text(), "arrow", np.array([[*tail, *(tip - tail)]]))


def _texts(ax: Axes) -> Iterator[Series]:
    for text in ax.texts:
        if not text.get_text().strip():
            continue
        if isinstance(text, Annotation):
            place = text.xyann if text.anncoords == "data" else text.xy  # beside it, where that is told in points
            if text.xycoords == "data":
                yield Series("", "text", np.array([place], dtype=float), text.get_text())
        else:
            yield Series("", "text", _in_data(ax, text.get_position(), text.get_transform()), text.get_text())
