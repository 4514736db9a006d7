"""Legends of a figure that became narrower: inside where they hide nothing, otherwise below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.transforms import ScaledTranslation

from helpers.course.figure_overlaps import covers

_BELOW = "below"  # marks a legend that was moved
_MOST_COLUMNS = 4


def published_legends(fig: Figure) -> dict[Axes, Legend]:
    """The legends as the notebook made them."""
    return {ax: legend for ax in fig.axes if (legend := ax.get_legend()) is not None}


def legends_inside(fig: Figure, published: Mapping[Axes, Legend]) -> None:
    """Make each legend anew in its panel, with the letters that ``published`` has by now."""
    for legend in list(fig.legends):
        legend.remove()
    for ax, legend in published.items():
        _made_again(ax, ax, legend, loc="best")


def legends_below(fig: Figure, published: Mapping[Axes, Legend]) -> float:
    """Put the legends that are in the way below their panels, a single one below all; the inches that they take.

    ``fig`` must have been drawn.
    """
    taken: dict[int, float] = {}  # row of panels → inches
    for ax, old in published.items():
        legend = ax.get_legend()
        if legend is None or legend.get_gid() == _BELOW or _fits(ax, legend):
            continue
        spec = ax.get_subplotspec()
        row, columns = (spec.rowspan.start, spec.get_gridspec().ncols) if spec is not None else (0, 1)
        if len(published) == 1:
            legend.remove()
            moved = _widest(fig, ax, old, fig.bbox.width, loc="outside lower center")
        else:
            moved = _widest(ax, ax, old, max(ax.bbox.width, 0.95 * fig.bbox.width / columns), **_under(ax))
        moved.set_gid(_BELOW)
        taken[row] = max(taken.get(row, 0.0), moved.get_window_extent().height / fig.dpi)
    return sum(taken.values())


def _fits(ax: Axes, legend: Legend) -> bool:
    box = legend.get_window_extent()
    if any(isinstance(drawn, QuadMesh) for drawn in ax.collections):  # which loc="best" does not see
        return False
    return not covers(ax, legend) and box.width <= 0.7 * ax.bbox.width and box.height <= 0.6 * ax.bbox.height


def _widest(owner: Axes | Figure, ax: Axes, old: Legend, room: float, **where: Any) -> Legend:
    """In as many columns as have room."""
    columns = min(_MOST_COLUMNS, len(old.get_texts()))
    while True:
        new = _made_again(owner, ax, old, ncols=columns, **where)
        if columns == 1 or new.get_window_extent().width <= room:
            return new
        new.remove()
        columns -= 1


def _under(ax: Axes) -> dict[str, Any]:
    """Where a legend stands below the numbers and the label of a panel, as far as they reach in points."""
    box = ax.xaxis.get_tightbbox()
    bottom = (ax.bbox.y0 - min(ax.bbox.y0, box.y0 if box is not None else ax.bbox.y0)) / ax.figure.dpi
    lower = ax.transAxes + ScaledTranslation(0, -bottom, ax.figure.dpi_scale_trans)
    return {"loc": "upper center", "borderaxespad": 0.3, "bbox_to_anchor": (0.5, 0), "bbox_transform": lower}


def _made_again(owner: Axes | Figure, ax: Axes, old: Legend, **where: Any) -> Legend:
    """A legend of the same lines and words: the spaces in it follow its letters only when it is made."""
    drawn, names = ax.get_legend_handles_labels()
    texts = [text.get_text() for text in old.get_texts()]
    handles: list[Any] = list(drawn if names == texts else old.legend_handles)
    title = old.get_title()
    return owner.legend(
        handles,
        texts,
        title=title.get_text() or None,
        fontsize=old.get_texts()[0].get_fontsize(),
        title_fontsize=title.get_fontsize(),
        **where,
    )
