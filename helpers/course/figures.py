"""Figures: one style, one name each, and the same bytes whenever the same data are drawn."""

from __future__ import annotations

import base64
import html
import io
import os
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from IPython.display import display
from matplotlib.figure import Figure

from helpers.course.figure_data import figure_images, figure_table
from helpers.course.figure_style import UNFIT, Wish, style_from
from helpers.course.pictures import FORMATS, ONLY, PNG
from helpers.course.places import PROJECT, ROOT, replace_file
from helpers.course.recording import changed_parameters, published_cell, published_parameters

# Okabe & Ito's colours, told apart by colour-blind eyes; the dashes tell them apart in grey.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))

STYLE: dict[str, Any] = {
    "figure.figsize": (8.0, 4.5),
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "figure.constrained_layout.use": True,
    "font.size": 13,
    "axes.titlesize": 14,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "axes.prop_cycle": cycler(color=COLORS) + cycler(linestyle=_DASHES),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "image.cmap": "cividis",
    "svg.hashsalt": "course",  # otherwise the ids in an SVG file are random
    "svg.fonttype": "path",
    "pdf.fonttype": 42,  # TrueType; journals refuse Type 3
}
LICENCE = "CC BY 4.0"
# A date or a version number would change the bytes of a figure that did not change.
_NO_DATE: dict[str, dict[str, str | None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
# Where each format keeps the author, the title, the alternative text, the source and the licence.
_FIELDS = {
    "png": ("Author", "Title", "Description", "Source", "Copyright"),
    "svg": ("Creator", "Title", "Description", "Source", "Rights"),
    "pdf": ("Author", "Title", "Subject", "Keywords", "Keywords"),
}


def render(fig: Figure, format: str, about: Sequence[str] = ()) -> bytes:
    """The bytes of ``fig`` in one of FORMATS; equal figures give equal bytes. ValueError for another format.

    about: title, alternative text, source and licence, to be kept in the file.
    """
    if format not in FORMATS:
        raise ValueError(f"format: {format!r} is not one of {', '.join(FORMATS)}")
    buffer = io.BytesIO()
    metadata = dict(_NO_DATE[format])
    for field, value in zip(_FIELDS[format], (PROJECT, *about), strict=False):
        metadata[field] = f"{metadata[field]}, {value}" if metadata.get(field) else value
    with matplotlib.rc_context({"svg.hashsalt": STYLE["svg.hashsalt"]}):
        fig.savefig(buffer, format=format, metadata=metadata)
    return buffer.getvalue()


class Figures:
    """Saves and shows the figures of one notebook; creating it sets the course's style.

    notebook: its stem. Files go to ``figures/<notebook>/``, beside the package for the notebooks of the course, beside
    a copy for that; the environment variables
    COURSE_FIGURES (another root folder) and COURSE_FORMATS (such as "svg,png") change that, COURSE_FIGURE_STYLE says
    how they shall look (`Wish`), and COURSE_FIGURE_NAMES which ones are wanted, where it is not all.
    """

    def __init__(self, notebook: str):
        formats = os.environ.get("COURSE_FORMATS", ",".join(FORMATS)).split(",")
        if unknown := set(formats) - set(FORMATS):
            raise ValueError(f"COURSE_FORMATS: {', '.join(sorted(unknown))} not among {', '.join(FORMATS)}")
        self.notebook, self.formats = notebook, formats
        here = Path.cwd()
        published = here in (ROOT, ROOT / "notebooks")  # a copy in work/ or student/ leaves the published ones alone
        self.folder = Path(os.environ.get("COURSE_FIGURES", (ROOT if published else here) / "figures")) / notebook
        self.style = style_from(os.environ)
        self.wanted = os.environ.get(ONLY, "").split(",") if os.environ.get(ONLY) else None
        plt.style.use(STYLE | self.style.settings())

    def save(self, fig: Figure, name: str, *, alt: str, caption: str) -> None:
        """Write ``fig`` as ``<name>.svg, .png, .pdf``, embed the PNG with its caption, and close the figure.

        Beside it goes what it shows: ``<name>.csv`` (`figure_table`), and ``<name>.npz`` where it has images or meshes.

        name: snake_case, unique in the notebook. alt: what a reader who cannot see it needs to know.
        caption: what to see in it. ValueError for a bad name or an empty text.
        """
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ValueError(f"name: {name!r} is not snake_case")
        if not alt.strip() or not caption.strip():
            raise ValueError(f"{name}: alt and caption must both say something")
        if self.wanted is not None and name not in self.wanted:
            plt.close(fig)
            return
        fig.draw_without_rendering()
        self._save_data(fig, name)  # the numbers are those of the notebook, whatever becomes of titles and ticks
        if self.style != Wish():
            if told := self.style.fit(fig):
                print(f"{UNFIT}{name}: {told}", file=sys.stderr)
            fig.draw_without_rendering()
        fig.set_layout_engine("none")  # otherwise each format moves the axes a little, and the order of formats shows
        about = (name, alt, self._source(name), LICENCE)
        data = {format: render(fig, format, about) for format in {*self.formats, "png"}}
        for format in self.formats:
            replace_file(self.folder / f"{name}.{format}", data[format])
        plt.close(fig)
        # As HTML, since no viewer takes an alternative text from the metadata of an image.
        source = f"{PNG}{base64.b64encode(data['png']).decode()}"
        image = f'<img alt="{html.escape(alt)}" src="{source}" style="max-width: 100%">'
        display(
            {"text/html": f"<figure>{image}</figure>", "text/plain": f"[{name}] {alt}"},
            metadata={"figure": name},
            raw=True,
        )
        display({"text/markdown": f"*{caption}*", "text/plain": caption}, raw=True)

    def _source(self, name: str) -> str:
        """The notebook, the cell, its parameters as they are now, and the versions of what computes and draws."""
        published = published_parameters(self.notebook)
        values = published | {key: repr(value) for key, value in changed_parameters(published).items()}
        cell = published_cell(self.notebook, name)
        parts = [f"notebooks/{self.notebook}.ipynb" + (f"#{cell}" if cell else "")]
        parts += [f"{key}={value}" for key, value in values.items()]
        return ", ".join([*parts, *(f"{package} {version(package)}" for package in ("numpy", "torch", "matplotlib"))])

    def _save_data(self, fig: Figure, name: str) -> None:
        replace_file(self.folder / f"{name}.csv", figure_table(fig))
        if images := figure_images(fig):
            buffer = io.BytesIO()
            np.savez(buffer, allow_pickle=False, **images)
            replace_file(self.folder / f"{name}.npz", buffer.getvalue())
