"""The book on paper: chromium prints pages of the site, pypdf binds them, with bookmarks, numbers and links within."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup
from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.generic import ArrayObject, FloatObject, NameObject, NullObject, TextStringObject

from helpers.course import notebooks
from helpers.course.places import BROWSERS, PROJECT, replace_file
from helpers.course.terminal import readable

PDF = notebooks.BUILD / "book.pdf"
_SECONDS = 300  # for one page of the site
_NUMBERS = """<!doctype html><style>@page { size: A4; margin: 16mm 15mm; @bottom-center {
content: counter(page); font: 8pt sans-serif; } } p { break-after: page; margin: 0; }</style>"""

Place = tuple[str, str]  # a page of the site, and where in it: "" or what follows the #, with a stroke before
Point = tuple[int, float, float]  # a sheet of the book, and how far right and up


def print_book(site: Path, to: Path, names: Sequence[str] = ()) -> int:
    """Print pages of ``site`` to the file ``to``; returns the number of sheets.

    names: for none the start page, the notebooks, and what is looked up on paper: errata, claims, glossary, references.
    OSError where there is no chromium, or it prints nothing.
    """
    names = names or ("index", *notebooks.stems(), "errata", "claims", "glossary", "references")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise OSError(f"printing needs a browser: none of {', '.join(BROWSERS)} is on this machine")
    book, owners, places = PdfWriter(), [], {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            reader = PdfReader(_printed(browser, site / f"{name}.html", Path(folder) / f"{name}.pdf"))
            start = len(book.pages)
            places.update(_places(name, reader, start))
            book.append(reader, import_outline=False)
            _bookmark(book, reader, _headings(site / f"{name}.html"), start)
            owners += [name] * len(reader.pages)
        for page, name in zip(book.pages, owners, strict=True):
            _connect(book, page, name, site, places)
        (Path(folder) / "numbers.html").write_text(_NUMBERS + "<p>&nbsp;" * (len(owners) - 1) + "<div>&nbsp;</div>")
        numbers = PdfReader(_printed(browser, Path(folder) / "numbers.html", Path(folder) / "numbers.pdf"))
        for page, number in zip(book.pages, numbers.pages, strict=True):
            page.merge_page(number)
        for names_of_places in {"/Names", "/Dests"} & set(book.root_object):  # claims of all notebooks share ids
            del book.root_object[names_of_places]
        book.add_metadata({"/Title": PROJECT})
        book.root_object[NameObject("/Lang")] = TextStringObject("en")
        book.page_mode = "/UseOutlines"
        buffer = io.BytesIO()
        book.write(buffer)
    replace_file(to, buffer.getvalue())
    return len(owners)


def _printed(browser: str, page: Path, to: Path) -> Path:
    """``page`` as a PDF, its formulas typeset. OSError where that does not succeed."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", "--virtual-time-budget=60000"]
    command = [browser, *options, "--generate-pdf-document-outline", f"--print-to-pdf={to}", page.as_uri()]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
    except subprocess.SubprocessError as error:
        raise OSError(f"{browser} could not print {page}: {error}") from None
    if not to.exists():
        raise OSError(f"{browser} printed nothing of {page}")
    return to


def _places(name: str, reader: PdfReader, start: int) -> dict[Place, Point]:
    """Where the places of a page, printed from sheet ``start`` on, are in the book."""
    found = {(name, ""): (start, 0.0, float(reader.pages[0].mediabox.top))}
    for fragment, place in reader.named_destinations.items():
        number = reader.get_destination_page_number(place)
        if number is not None:
            found[name, fragment] = (start + number, float(place.left or 0), float(place.top or 0))
    return found


def _headings(page: Path) -> list[tuple[int, str]]:
    """Level and text of each heading of a page, formulas as letters."""
    article: Any = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find("article")
    headings = ((int(tag.name[1]), tag.get_text()) for tag in article.find_all(re.compile("^h[1-6]$")))
    return [(level, readable(re.sub(r"\\[()]", "$", text)).removesuffix("#").strip()) for level, text in headings]


def _bookmark(book: PdfWriter, reader: PdfReader, headings: Sequence[tuple[int, str]], start: int) -> None:
    """A bookmark for each heading: its place from chromium's outline, its words from the page, which has them whole."""

    def flat(entries: Any) -> Iterator[Any]:
        for entry in entries:
            yield from flat(entry) if isinstance(entry, list) else (entry,)

    above: list[tuple[int, Any]] = []
    for (level, title), entry in zip(headings, flat(reader.outline), strict=True):
        number = reader.get_destination_page_number(entry) or 0
        while above and above[-1][0] >= level:
            above.pop()
        item = book.add_outline_item(title=title, page_number=start + number, parent=above[-1][1] if above else None)
        above.append((level, item))


def _connect(book: PdfWriter, page: PageObject, name: str, site: Path, places: dict[Place, Point]) -> None:
    """Let the links of a sheet lead to sheets of the book; those to pages of the site that are not in it go."""
    kept = ArrayObject()
    for reference in page.get("/Annots") or ():
        link = reference.get_object()
        address = urlsplit(str(link.get("/A", {}).get("/URI", "")))
        if "/Dest" in link:
            place = (name, str(link["/Dest"]))
        elif address.scheme == "file":
            place = (Path(unquote(address.path)).stem, f"/{address.fragment}" if address.fragment else "")
        else:
            kept.append(reference)
            continue
        if point := places.get(place) or places.get((place[0], "")):
            sheet, left, top = point
            target = [book.pages[sheet].indirect_reference, NameObject("/XYZ"), FloatObject(left), FloatObject(top)]
            link[NameObject("/Dest")] = ArrayObject([*target, NullObject()])
            link.pop("/A", None)
            kept.append(reference)
    page[NameObject("/Annots")] = kept
