"""The numbers in a figure, as drawn: curves, points, bars and bands in a table, images in arrays."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

HEADER = ["panel", "title", "x label", "y label", "series", "kind", "x", "y"]


def figure_table(fig: Figure) -> bytes:
    """A CSV file, a row for each point: panel (1, 2, …), its title and labels, the series' name, its kind, x and y.

    kind: line, points, bar (x: its middle, y: its height) or band (the outline of a filled region). Numbers have six
    significant digits, so that machines agree. A series that no legend names is called series 1, 2, … of its panel.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(HEADER)
    for panel, ax in enumerate(fig.axes, 1):
        texts = [ax.get_title(), ax.get_xlabel(), ax.get_ylabel()]
        for number, (label, kind, points) in enumerate(_series(ax), 1):
            name = label if label and not label.startswith("_") else f"series {number}"
            for x, y in points:
                writer.writerow([panel, *texts, name, kind, f"{x:.6g}", f"{y:.6g}"])
    return buffer.getvalue().encode()


def figure_images(fig: Figure) -> dict[str, NDArray]:
    """ "panel 1", "panel 2 (2)", … → the array of each image that the figure shows."""
    found = {}
    for panel, ax in enumerate(fig.axes, 1):
        for number, image in enumerate(ax.get_images(), 1):
            found[f"panel {panel}" + (f" ({number})" if number > 1 else "")] = np.asarray(image.get_array())
    return found


def _series(ax: Axes) -> Iterator[tuple[str, str, NDArray]]:
    for line in ax.get_lines():
        kind = "points" if line.get_linestyle() in ("None", "none") else "line"
        yield str(line.get_label()), kind, np.asarray(line.get_xydata())
    for collection in ax.collections:
        if isinstance(collection, PathCollection):
            yield str(collection.get_label()), "points", np.ma.filled(np.ma.asarray(collection.get_offsets()), np.nan)
        elif isinstance(collection, PolyCollection):
            for path in collection.get_paths():
                yield str(collection.get_label()), "band", np.asarray(path.vertices)
    bars = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    for container in ax.containers:
        own = [bar for bar in bars if bar in list(container)]
        if own:
            middles = [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in own]
            yield str(container.get_label()), "bar", np.array(middles)
