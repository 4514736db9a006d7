"""Titles and labels of axes, broken into lines where their panel is too narrow."""

from __future__ import annotations

import re

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text


def wrap_texts(fig: Figure) -> None:
    """Break each title and label that is longer than its panel or the figure. ``fig`` must have been drawn."""
    for ax in fig.axes:
        for text in (ax.title, ax.xaxis.label):
            wrap_text(text, _room(ax))
        wrap_text(ax.yaxis.label, 1.1 * ax.bbox.height)
    for child in fig.get_children():
        if isinstance(child, Text):
            wrap_text(child, 0.97 * (fig.bbox.height if child.get_rotation() == 90 else fig.bbox.width))


def wrap_text(text: Text, room: float) -> None:
    """Break ``text`` into lines no longer than ``room`` pixels, at spaces outside formulas."""
    words = re.findall(r"(?:\$[^$]*\$|[^\s$])+", text.get_text())
    lines: list[str] = []
    for word in words:
        text.set_text(" ".join([*lines[-1:], word]))
        box = text.get_window_extent()
        if lines and (box.height if text.get_rotation() == 90 else box.width) <= room:
            lines[-1] = text.get_text()
        else:
            lines.append(word)
    text.set_text("\n".join(lines))


def _room(ax: Axes) -> float:
    """How long a line above or below ``ax`` may be, which stands over its middle."""
    spec, middle = ax.get_subplotspec(), (ax.bbox.x0 + ax.bbox.x1) / 2
    if spec is not None and spec.get_gridspec().ncols > 1:
        return 1.1 * ax.bbox.width
    return 1.96 * min(middle, ax.figure.bbox.width - middle)
