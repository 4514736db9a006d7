"""Figures on a dark page: light what was black, the page's own colour what was white, other colours bright enough."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib import colors
from matplotlib.artist import Artist
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

PAGE = "#121212"
LEAST_CONTRAST = 3.0  # of lines and marks with the page, as WCAG 2 asks of graphics
_FIELDS = ("facecolor", "edgecolor", "color", "markerfacecolor", "markeredgecolor")
_OPPOSITE = {"black": "white", "white": "black", "黑": "白", "白": "黑"}


def darken(fig: Figure) -> None:
    """Draw ``fig`` light on nearly black; words for black and white in its texts are exchanged with the colours."""
    fig.draw_without_rendering()  # which makes the ticks, and the colours that a colour map gives
    fig.set_facecolor(PAGE)
    for artist in _parts(fig):
        _turn_grey_map(artist)
        for put, turned in list(_turned_fields(artist)):  # a list: all are read before one is changed
            put(turned)
        if isinstance(artist, Text):
            artist.set_text(re.sub("black|white|黑|白", lambda word: _OPPOSITE[word[0]], artist.get_text()))
    for text in fig.findobj(Text):
        _keep_apart_from_its_box(text)


def contrast(one: Any, other: Any) -> float:
    """The ratio of two colours' luminance, 1 to 21, as WCAG 2 defines it."""
    low, high = sorted(_luminance(color) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def _parts(fig: Figure) -> Iterator[Artist]:
    """Every artist but the figure itself and its axes; also the arrow and the box of a text, which none contains."""
    for artist in fig.findobj(lambda found: found not in (fig, fig.patch, *fig.axes)):  # the axes' patches are found
        yield artist
        if isinstance(artist, Annotation) and artist.arrow_patch is not None:
            yield artist.arrow_patch
        if isinstance(artist, Text) and (box := artist.get_bbox_patch()) is not None:
            yield box


def _turned_fields(artist: Artist) -> Iterator[tuple[Any, Any]]:
    for name in _FIELDS:
        get, put = getattr(artist, f"get_{name}", None), getattr(artist, f"set_{name}", None)
        if get is None or put is None:
            continue
        try:
            given = colors.to_rgba_array(get())
        except (TypeError, ValueError):
            continue
        turned = [_turned(color) for color in given]
        if turned != [tuple(color) for color in given]:
            yield put, turned[0] if len(turned) == 1 else turned


def _turned(color: Any) -> tuple[float, ...]:
    """A grey turned round on the way from black to white; another colour as it is, or mixed with white."""
    red, green, blue, alpha = map(float, color)
    if max(red, green, blue) - min(red, green, blue) <= 0.05:
        low = colors.to_rgb(PAGE)[0]
        grey = low + (1 - red) * (0.92 - low)
        return grey, grey, grey, alpha
    mixed = np.array([red, green, blue])
    while contrast(mixed, PAGE) < LEAST_CONTRAST:
        mixed = 0.9 * mixed + 0.1
    return *map(float, mixed), alpha


def _turn_grey_map(artist: Artist) -> None:
    """Meshes and contours in greys; images stay, as they may be photographs."""
    if isinstance(artist, Collection) and artist.get_array() is not None:
        shades = artist.get_cmap()(np.linspace(0, 1, 256))
        if np.ptp(shades[:, :3], axis=1).max() <= 0.05:
            artist.set_cmap(colors.ListedColormap([_turned(shade) for shade in shades]))


def _keep_apart_from_its_box(text: Text) -> None:
    """Dark letters on a box that stayed light."""
    box = text.get_bbox_patch()
    if box is None:
        return
    behind = colors.to_rgba(box.get_facecolor())
    if behind[3] > 0.5 and contrast(text.get_color(), behind) < 4.5:
        text.set_color(max((PAGE, "#EBEBEB"), key=lambda color: contrast(color, behind)))


def _luminance(color: Any) -> float:
    parts = np.array(colors.to_rgb(color))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
