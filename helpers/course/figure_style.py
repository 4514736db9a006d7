"""How somebody wants a figure: its width, resolution, colours and letters, for a journal, a slide or a dark page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from matplotlib import font_manager
from matplotlib.figure import Figure

from helpers.course.figure_dark import darken
from helpers.course.figure_labels import font_for, languages, translate
from helpers.course.figure_layout import lay_out, roomy_width

WISH = "COURSE_FIGURE_STYLE"  # the environment variable by which a kernel hears of it
UNFIT = "Figure "  # so begins the line that says what width a figure needs
THEMES = ("light", "dark", "print")
_INCH = {"mm": 25.4, "cm": 2.54, "in": 1.0, "pt": 72.0}


@dataclass(frozen=True)
class Wish:
    """What is asked of every figure; the defaults change nothing.

    width: inches; lines, marks and letters go along, but no letters below SMALLEST (`lay_out`). dpi: of PNG.
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

    def fit(self, fig: Figure) -> str:
        """Give ``fig`` the language, the width and the theme's colours.

        Returns what is to be told where letters stand over each other at that width, nothing where all is legible.
        """
        translate(fig, self.lang)
        told = ""
        if self.width is not None:
            fitting = 25.4 * roomy_width(fig)
            if spoilt := lay_out(fig, self.width):
                told = f"not legible at {25.4 * self.width:.0f} mm, give it {ceil(fitting)} mm: {spoilt[0]}"
        if self.theme == "dark":
            darken(fig)
        return told

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
