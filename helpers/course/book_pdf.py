"""The book on paper: chromium prints each page of the site, pypdf binds them, a bookmark for each page and section."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pypdf import PdfReader, PdfWriter

from helpers.course import notebooks
from helpers.course.places import replace_file

PDF = notebooks.BUILD / "book.pdf"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_SECONDS = 300  # for one page of the site


def print_book(site: Path, to: Path, names: Sequence[str] = ()) -> int:
    """Print pages of ``site``, all but the gallery for no ``names``, to the file ``to``; returns the number of sheets.

    OSError where there is no chromium, or it prints nothing.
    """
    names = names or ("index", *notebooks.stems(), "errata", "claims", "glossary", "references")
    browser = next(filter(None, map(shutil.which, _NAMES)), None)
    if browser is None:
        raise OSError(f"printing needs a browser: none of {', '.join(_NAMES)} is on this machine")
    book = PdfWriter()
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            reader = PdfReader(_printed(browser, site / f"{name}.html", Path(folder) / f"{name}.pdf"))
            start = len(book.pages)
            book.append(reader, import_outline=False)
            title = re.sub(r" — .*", "", (reader.metadata and reader.metadata.title) or name)
            book.add_outline_item(title=title, page_number=start)
        pages = len(book.pages)
        buffer = io.BytesIO()
        book.write(buffer)
    replace_file(to, buffer.getvalue())
    return pages


def _printed(browser: str, page: Path, to: Path) -> Path:
    """``page`` as a PDF, its formulas typeset. OSError where that does not succeed."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", "--virtual-time-budget=60000"]
    command = [browser, *options, f"--print-to-pdf={to}", page.as_uri()]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
    except subprocess.SubprocessError as error:
        raise OSError(f"{browser} could not print {page}: {error}") from None
    if not to.exists():
        raise OSError(f"{browser} printed nothing of {page}")
    return to
