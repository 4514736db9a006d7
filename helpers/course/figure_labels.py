"""Figures in another language: their labels from a file, and a font of this machine that has its letters."""

from __future__ import annotations

import tomllib
from functools import cache

from fontTools.ttLib import TTFont, TTLibError
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from helpers.course.places import ROOT

LABELS = ROOT / "docs" / "labels"
CJK = "\u2e80"  # from here on; matplotlib's own font has the rest


def languages() -> tuple[str, ...]:
    """The languages that figures can be drawn in: English, and each that has a file of labels."""
    return ("en", *sorted(path.stem for path in LABELS.glob("*.toml")))


@cache
def labels(language: str) -> dict[str, str]:
    """English text → the same in ``language``; empty for English. FileNotFoundError for one without a file."""
    return {} if language == "en" else tomllib.loads((LABELS / f"{language}.toml").read_text(encoding="utf-8"))


def translate(fig: Figure, language: str) -> None:
    """Write each text of ``fig`` in ``language`` that its file has; others stay."""
    known = labels(language)
    for text in fig.findobj(Text):
        if text.get_text() in known:
            text.set_text(known[text.get_text()])


@cache
def font_for(language: str) -> str:
    """A font family of this machine with the letters of ``language``, known to matplotlib from then on.

    Sans serif where there is one, and with TrueType outlines, as matplotlib mislabels others in a PDF. ValueError
    where none is installed.
    """
    needed = {ord(letter) for text in labels(language).values() for letter in text if letter >= CJK}
    found = font_manager.findSystemFonts()
    for path in sorted(found, key=lambda path: ("serif" in path.lower(), "bold" in path.lower(), path)):
        try:
            with TTFont(path, fontNumber=0, lazy=True) as font:
                fits = "glyf" in font and needed <= font.getBestCmap().keys()
        except (OSError, TTLibError):  # no font, or one of another kind
            continue
        if fits:
            font_manager.fontManager.addfont(path)  # newer than matplotlib's list of fonts, perhaps
            return FT2Font(path).family_name
    raise ValueError(f"lang: no font here has the letters of {language!r}; install one, such as WenQuanYi Micro Hei")
