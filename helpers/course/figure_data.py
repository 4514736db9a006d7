"""The numbers in a figure, as drawn: curves, points, arrows and texts in a table, images and meshes in arrays."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.path import Path
from numpy.typing import NDArray

from helpers.course.figure_series import Series, panel_series

HEADER = ["panel", "title", "x label", "y label", "series", "kind", "x", "y"]
ARROW, TEXT = ["u", "v"], ["text"]  # further columns of a figure that has arrows or texts


class _Picture(NamedTuple):
    """Where an image, a mesh or contours stand, and their arrays: "" and further parts of the name."""

    series: Series
    arrays: dict[str, NDArray]


def figure_table(fig: Figure) -> bytes:
    """A CSV file, a row for each point: panel (1, 2, …), its title and labels, the series' name, its kind, x and y.

    kind: line, points, bar (x: its middle, y: its height), band or outline (of a filled region), interval or segment
    (two rows for each), arrow (from x, y on by u, v), text (what stands at x, y); image, mesh or contours (two corners
    of what `figure_images` has under the series' name). The columns u, v and text are there where the figure has such.
    Numbers have six significant digits, so that machines agree. A series that no legend names is called
    series 1, 2, … of its panel.
    """
    panels = [
        (number, ax, [*panel_series(ax), *(picture.series for picture in _pictures(number, ax))])
        for number, ax in _panels(fig)
    ]
    kinds = {series.kind for _, _, found in panels for series in found}
    more = (ARROW if "arrow" in kinds else []) + (TEXT if "text" in kinds else [])
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, HEADER + more, lineterminator="\n")
    writer.writeheader()
    for panel, ax, found in panels:
        about = dict(zip(HEADER, [panel, ax.get_title(), ax.get_xlabel(), ax.get_ylabel()], strict=False))
        for number, series in enumerate(found, 1):
            name = series.name if series.name and not series.name.startswith("_") else f"series {number}"
            row = about | {"series": name, "kind": series.kind} | ({"text": series.text} if series.text else {})
            for point in series.points:
                numbers = zip(("x", "y", "u", "v"), point, strict=False)
                writer.writerow(row | {column: f"{value:.6g}" for column, value in numbers})
    return buffer.getvalue().encode()


def figure_images(fig: Figure) -> dict[str, NDArray]:
    """ "panel 1", "panel 2, its title", … → the array of each image, mesh and contour that the figure shows.

    Beside an image stands "…, extent": left, right, bottom, top; beside a mesh "…, x" and "…, y": the edges of its
    cells. Contours have the columns lower level, upper level, x and y, and a row of NaN behind each outline.
    """
    return {
        picture.series.name + part: array
        for number, ax in _panels(fig)
        for picture in _pictures(number, ax)
        for part, array in picture.arrays.items()
    }


def _panels(fig: Figure) -> list[tuple[int, Axes]]:
    """The axes that show data, with their numbers; a bar of colours is none."""
    return [(number, ax) for number, ax in enumerate(fig.axes, 1) if ax.get_label() != "<colorbar>"]


def _pictures(panel: int, ax: Axes) -> Iterator[_Picture]:
    title = re.sub(r"[^\w.,=+()-]+", " ", ax.get_title()).strip()  # fit for a file's name in an archive, anywhere
    for number, (kind, x, y, arrays) in enumerate(_drawn(ax), 1):
        name = f"panel {panel}" + (f", {title}" if title else "") + (f" ({number})" if number > 1 else "")
        corners = np.array([[np.nanmin(x), np.nanmin(y)], [np.nanmax(x), np.nanmax(y)]])
        yield _Picture(Series(name, kind, corners), arrays)


def _drawn(ax: Axes) -> Iterator[tuple[str, NDArray, NDArray, dict[str, NDArray]]]:
    """Kind, places in x and in y, and arrays of each image, mesh and contour."""
    for image in ax.get_images():
        extent = np.array(image.get_extent(), dtype=float)
        yield "image", extent[:2], extent[2:], {"": np.asarray(image.get_array()), ", extent": extent}
    for drawn in ax.collections:
        if isinstance(drawn, QuadMesh):
            x, y = np.moveaxis(np.asarray(drawn.get_coordinates()), -1, 0)
            values: NDArray = np.ma.filled(np.ma.asarray(drawn.get_array(), dtype=float), np.nan)
            cells = values.reshape(x.shape[0] - 1, x.shape[1] - 1, *values.shape[2:])
            yield "mesh", x, y, {"": cells} | _edges(x, y)
        elif isinstance(drawn, ContourSet):
            rows = _contours(drawn)
            yield "contours", rows[:, 2], rows[:, 3], {"": rows}


def _edges(x: NDArray, y: NDArray) -> dict[str, NDArray]:
    """The edges of a mesh's cells: of each column and row where the mesh is a grid, otherwise of each cell."""
    grid = bool((x == x[:1]).all() and (y == y[:, :1]).all())
    return {", x": x[0] if grid else x, ", y": y[:, 0] if grid else y}


def _contours(drawn: ContourSet) -> NDArray:
    levels = np.asarray(drawn.levels, dtype=float)
    bounds = list(zip(levels, levels[1:], strict=False)) if drawn.filled else list(zip(levels, levels, strict=True))
    rows = [np.empty((0, 4))]
    for path, (low, high) in zip(drawn.get_paths(), bounds, strict=True):
        points = np.asarray(path.vertices)
        starts: NDArray = np.flatnonzero(np.asarray(path.codes) == Path.MOVETO)  # none where it is one
        for outline in np.split(points, starts[1:]):
            if len(outline):
                rows += [np.column_stack(np.broadcast_arrays(low, high, *outline.T)), np.full((1, 4), np.nan)]
    return np.concatenate(rows)
