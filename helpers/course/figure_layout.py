"""A figure at another width, laid out again: letters that can be read, fewer panels in a row, legends below."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from math import ceil
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, GridSpecBase
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text

from helpers.course.figure_legends import legends_below, legends_inside, published_legends
from helpers.course.figure_lines import wrap_texts
from helpers.course.figure_overlaps import spoilt, tick_labels
from helpers.course.figure_ticks import kept_ticks, restore_ticks, thin_ticks

SMALLEST = 7.0  # points
_ROUNDS = 3
_TALLER = (1.4, 2.0)
_LEAST = 0.36  # of a panel's published size; among smaller ones letters of SMALLEST are too large


def roomy_width(fig: Figure) -> float:
    """The inches at which ``fig``, as the notebook made it, has SMALLEST letters without being laid out again."""
    sizes = [float(text.get_fontsize()) for text in fig.findobj(Text) if text.get_text().strip()]
    return fig.get_figwidth() * min(1.0, SMALLEST / min(sizes, default=SMALLEST))


class _Grid(NamedTuple):
    """The panels in reading order, with the rows and columns in which they stand."""

    panels: list[list[Axes]]  # each with what is drawn over it, such as a second scale
    rows: int
    columns: int
    spec: GridSpecBase | None


def lay_out(fig: Figure, width: float) -> list[str]:
    """Give ``fig`` this width in inches, with letters of SMALLEST points or more; returns what is still spoilt.

    First everything becomes smaller alike; where that leaves letters over each other, fewer panels stand in a row.
    """
    grid, first = _grid(fig), fig.get_size_inches().copy()
    sizes = {text: float(text.get_fontsize()) for text in fig.findobj(Text)}
    ticks, legends = kept_ticks(fig), published_legends(fig)
    reached = 1.0

    def attempt(columns: int, taller: float) -> list[str]:
        nonlocal reached
        rows = ceil(len(grid.panels) / columns)
        factor = min(width / first[0] * grid.columns / columns, max(1.0, width / first[0]))
        _scale(fig, factor / reached, factor, sizes)
        reached = factor
        restore_ticks(ticks)
        if grid.columns > 1:
            _arrange(fig, grid, rows, columns)
        height = first[1] * width / first[0] * grid.columns / columns * rows / grid.rows
        return _settle(fig, (width, taller * height), legends)

    least: tuple[int, int, float] | None = None
    for columns, taller in _attempts(grid, width / first[0]):
        left = attempt(columns, taller)
        if not left:
            return []
        least = min(least or (len(left), columns, taller), (len(left), columns, taller), key=lambda found: found[0])
    assert least is not None  # as there is an attempt
    return attempt(*least[1:])


def _attempts(grid: _Grid, factor: float) -> list[tuple[int, float]]:
    """Columns, from what they were down to 1, and how much taller than then; as many rows with fewer help nobody."""
    rows = {ceil(len(grid.panels) / columns): columns for columns in range(grid.columns, 0, -1)}
    fewer = sorted({grid.columns, *rows.values()}, reverse=True)
    if any(tick_labels(ax.xaxis) or tick_labels(ax.yaxis) or ax.texts for panel in grid.panels for ax in panel):
        fewer = [columns for columns in fewer if factor * grid.columns / columns >= _LEAST or columns == 1]
    return [(columns, 1.0) for columns in fewer] + [(fewer[-1], taller) for taller in _TALLER]


def _settle(fig: Figure, size: tuple[float, float], legends: Mapping[Axes, Legend]) -> list[str]:
    """Lay out, move what is in the way, and lay out again, until nothing moves; what is still spoilt."""
    fig.set_size_inches(*size)
    below = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a panel without room, which `spoilt` tells
        legends_inside(fig, legends)
        for _ in range(_ROUNDS):
            fig.draw_without_rendering()
            wrap_texts(fig)
            thin_ticks(fig)
            fig.draw_without_rendering()
            more = legends_below(fig, legends)
            if not more and not spoilt(fig):
                break
            below += more
            fig.set_size_inches(size[0], size[1] + below)
        fig.draw_without_rendering()
        return spoilt(fig)


def _one_label_for_all(row: list[list[Axes]]) -> bool:
    """Whether the first of many panels in a row names the y axis for the others, too."""
    told = [ax.get_ylabel() for ax, *_ in row if ax.axison]
    return len(told) > 2 and len({label for label in told if label}) == 1


def _scale(fig: Figure, step: float, factor: float, sizes: dict[Text, float]) -> None:
    """Make what is drawn larger or smaller by ``step``; letters are ``factor`` times their ``sizes``, or legible."""
    for text, size in sizes.items():
        text.set_fontsize(max(factor * size, min(size, SMALLEST)))
    for ax in fig.axes:
        for axis in (ax.xaxis, ax.yaxis):
            if major := axis.get_major_ticks():  # also those that are made later
                axis.set_tick_params(which="major", labelsize=major[0].label1.get_fontsize())
            if minor := axis.get_minor_ticks():
                axis.set_tick_params(which="minor", labelsize=minor[0].label1.get_fontsize())
    for artist in fig.findobj():
        if isinstance(artist, Annotation) and artist.anncoords == "offset points":
            artist.xyann = (step * artist.xyann[0], step * artist.xyann[1])
        if isinstance(artist, Line2D):
            artist.set_linewidth(step * artist.get_linewidth())
            artist.set_markersize(step * artist.get_markersize())
        elif isinstance(artist, PathCollection):
            artist.set_sizes(step**2 * artist.get_sizes())
        elif isinstance(artist, LineCollection):
            artist.set_linewidth((step * np.asarray(artist.get_linewidth())).tolist())


def _grid(fig: Figure) -> _Grid:
    """The panels of `plt.subplots`; one of one row and column where they stand otherwise."""
    places: dict[tuple[int, int], list[Axes]] = {}
    specs = {ax: spec for ax in fig.axes if (spec := ax.get_subplotspec()) is not None}
    for ax, spec in specs.items():
        places.setdefault((spec.rowspan.start, spec.colspan.start), []).append(ax)
    grids = {spec.get_gridspec() for spec in specs.values()}
    if len(grids) != 1 or any(len(spec.rowspan) > 1 or len(spec.colspan) > 1 for spec in specs.values()):
        return _Grid([list(specs)], 1, 1, None)
    whole = grids.pop()
    return _Grid([places[place] for place in sorted(places)], whole.nrows, whole.ncols, whole)


def _arrange(fig: Figure, grid: _Grid, rows: int, columns: int) -> None:
    """Put the panels into this many rows; the first of each row tells what its neighbours told before."""
    spec = grid.spec if columns == grid.columns and grid.spec else GridSpec(rows, columns, figure=fig)
    for place, panel in enumerate(grid.panels):
        for ax in panel:
            ax.set_subplotspec(spec[place // columns, place % columns])
        ax, (row, column) = panel[0], divmod(place, grid.columns)
        leader = grid.panels[row * grid.columns][0]
        if place % columns == 0 and column:
            shared = ax in ax.get_shared_y_axes().get_siblings(leader)
            if shared:
                ax.yaxis.set_tick_params(which="both", labelleft=True)
            if shared or _one_label_for_all(grid.panels[row * grid.columns :][: grid.columns]):
                ax.set_ylabel(ax.get_ylabel() or leader.get_ylabel(), fontsize=leader.yaxis.label.get_fontsize())
        last = place + columns >= len(grid.panels)
        if last and ax in ax.get_shared_x_axes().get_siblings(grid.panels[-1][0]):
            ax.xaxis.set_tick_params(which="both", labelbottom=True)
