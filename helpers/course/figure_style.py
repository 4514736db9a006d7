"""How somebody wants a figure: its width, resolution, colours and letters, for a journal, a slide or a dark page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from matplotlib import colors, font_manager
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text

from helpers.course.figure_labels import font_for, languages, translate

WISH = "COURSE_FIGURE_STYLE"  # the environment variable by which a kernel hears of it
THEMES = ("light", "dark", "print")
_INCH = {"mm": 25.4, "cm": 2.54, "in": 1.0, "pt": 72.0}
_DARK = "#121212"
SMALLEST = 7.0  # points
_FIELDS = ("facecolor", "edgecolor", "color", "markerfacecolor", "markeredgecolor")


@dataclass(frozen=True)
class Wish:
    """What is asked of every figure; the defaults change nothing.

    width: inches; height, lines, marks and letters go along, but no letters below SMALLEST. dpi: of PNG.
    theme: one of THEMES; dark draws light on nearly black, print without a grid.
    font: a family that matplotlib finds on this machine. text: whether letters in an SVG stay text, to be selected.
    lang: one of `languages()`; labels that its file lacks stay English.
    ValueError for anything else.
    """

    width: float | None = None
    dpi: int | None = None
    theme: str = "light"
    font: str | None = None
    text: bool = False
    lang: str = "en"

    def __post_init__(self) -> None:
        if self.width is not None and not 0.4 <= self.width <= 100:
            raise ValueError(f"width: {self.width:g} inches; give 10mm to 2500mm")
        if self.dpi is not None and not 10 <= self.dpi <= 2400:
            raise ValueError(f"dpi: {self.dpi} is not between 10 and 2400")
        if self.theme not in THEMES:
            raise ValueError(f"theme: {self.theme!r} is not one of {', '.join(THEMES)}")
        if self.font is not None and self.font not in font_manager.get_font_names():
            raise ValueError(f"font: {self.font!r} is not installed where matplotlib looks")
        if self.lang not in languages():
            raise ValueError(f"lang: {self.lang!r} is not one of {', '.join(languages())}")

    def settings(self) -> dict[str, Any]:
        """What changes in matplotlib's settings while figures are made."""
        found: dict[str, Any] = {"savefig.dpi": self.dpi} if self.dpi else {}
        font = self.font or (font_for(self.lang) if self.lang != "en" else None)
        if font:
            found["font.family"] = [font, "DejaVu Sans"]  # the second for letters that the first lacks
        if self.text:
            found["svg.fonttype"] = "none"
        if self.theme == "print":
            found["axes.grid"] = False
        return found

    def fit(self, fig: Figure) -> None:
        """Give ``fig`` the language, the width and the theme's colours."""
        translate(fig, self.lang)
        if self.width is not None:
            _scale(fig, self.width / fig.get_figwidth())
        if self.theme == "dark":
            _darken(fig)

    def label(self) -> str:
        """A folder's name: what differs from the defaults.

        >>> Wish(width=84 / 25.4, theme="dark").label()
        'width=84mm,theme=dark'
        """
        told = {name: value for name, value in asdict(self).items() if value != getattr(Wish(), name)}
        if self.width is not None:
            told["width"] = f"{25.4 * self.width:g}mm"
        return ",".join(f"{name}={str(value).replace(' ', '_')}" for name, value in told.items())

    def environment(self) -> dict[str, str]:
        """The variable that tells a kernel; none where nothing is asked."""
        return {WISH: json.dumps(asdict(self))} if self != Wish() else {}


def style_from(environment: Mapping[str, str]) -> Wish:
    """What WISH in ``environment`` asks for. ValueError where it does not say it as `Wish.environment` does."""
    try:
        return Wish(**json.loads(environment.get(WISH) or "{}"))
    except (TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{WISH}: {error}") from None


def inches(length: str) -> float:
    """A length such as "84mm", "8.4 cm", "3.3in" or "240pt" in inches. ValueError for another form.

    >>> round(inches("84mm"), 3), inches("72pt")
    (3.307, 1.0)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(mm|cm|in|pt)\s*", length)
    if not match:
        raise ValueError(f"width: {length!r} is not a length such as 84mm, 8.4cm, 3.3in or 240pt")
    return float(match[1]) / _INCH[match[2]]


def _scale(fig: Figure, factor: float) -> None:
    """Make ``fig`` larger or smaller in all its parts, its letters never below SMALLEST."""
    fig.set_size_inches(*(factor * fig.get_size_inches()))
    for artist in fig.findobj():
        if isinstance(artist, Text):
            size = float(artist.get_fontsize())
            artist.set_fontsize(max(factor * size, min(size, SMALLEST)))
        if isinstance(artist, Annotation) and artist.anncoords == "offset points":
            artist.xyann = (factor * artist.xyann[0], factor * artist.xyann[1])
        if isinstance(artist, Line2D):
            artist.set_linewidth(factor * artist.get_linewidth())
            artist.set_markersize(factor * artist.get_markersize())
        elif isinstance(artist, PathCollection):
            artist.set_sizes(factor**2 * artist.get_sizes())


def _darken(fig: Figure) -> None:
    """Draw light what was black, and nearly black what was white."""
    fig.set_facecolor(_DARK)
    for artist in fig.findobj(lambda found: found not in (fig, fig.patch, *fig.axes)):  # the axes' patches are found
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
                put(turned[0] if len(turned) == 1 else turned)


def _turned(color: Any) -> tuple[float, ...]:
    """A grey turned round on the way from black to white; another colour as it is."""
    red, green, blue, alpha = map(float, color)
    if max(red, green, blue) - min(red, green, blue) > 0.05:
        return red, green, blue, alpha
    low = colors.to_rgb(_DARK)[0]
    grey = low + (1 - red) * (0.92 - low)
    return grey, grey, grey, alpha
