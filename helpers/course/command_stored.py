"""The commands about stored notebooks, which execute nothing: claims, list, contents, student, book, slides."""

from __future__ import annotations

import io
import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from helpers.course import classroom, copies, notebooks, parameters, reading, readme
from helpers.course.audit import read_results
from helpers.course.contents import contents as contents_of
from helpers.course.contents import contents_cell
from helpers.course.held import STORED, held_of, renew_table
from helpers.course.places import ROOT, replace_file
from helpers.course.reading import load
from helpers.course.terminal import Names, console, fail, readable, select


def claims(
    names: Names = None,
    write: Annotated[
        bool, typer.Option(help="put what is counted into the README and into the notebooks' tables")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="every claim as JSON, and nothing else")] = False,
    out: Annotated[Path | None, typer.Option(help="a file for what would be printed, at full width")] = None,
) -> None:
    """Print the scoreboard; for chosen notebooks, every claim. All of it comes from the stored outputs."""
    chosen = select(names)
    if write and names:
        raise fail("--write needs all notebooks")
    stored = {stem: notebooks.read(stem) for stem in chosen}
    rows = {stem: notebooks.claims(notebook) for stem, notebook in stored.items()}
    runs = read_results(STORED)
    held = {stem: held_of(stem, notebook, runs) for stem, notebook in stored.items()}
    if json_:
        found = {stem: [row | {"held": held[stem].get(row["id"], "")} for row in rows[stem]] for stem in chosen}
        text = json.dumps(found, ensure_ascii=False, indent=1)
        replace_file(out, f"{text}\n".encode()) if out else print(text)
        return
    shown = Console(record=True, width=200, file=io.StringIO()) if out else console
    for stem in chosen if names else []:
        table = Table("id", "statement", "by", "stated", "measured", "verdict", "held", title=stem)
        for row in rows[stem]:
            fields = [row[key] for key in ("id", "statement", "by", "stated", "measured", "verdict")]
            table.add_row(*(Text(readable(field)) for field in [*fields, held[stem].get(row["id"], "")]))
        shown.print(table)
    shown.print(Markdown(readme.scoreboard(rows)))
    if out:
        replace_file(out, shown.export_text().encode())
    if write:
        path, board = ROOT / "README.md", readme.scoreboard(rows, readme.audited(stored, runs))
        for stem, notebook in stored.items():
            if renew_table(notebook, held[stem]):
                notebooks.write(notebook, notebooks.FOLDER / f"{stem}.ipynb")
        text = readme.replace_block(path.read_text(encoding="utf-8"), "scoreboard", board)
        replace_file(path, readme.replace_block(text, "errata", readme.errata(rows)).encode())


def list_(names: Names = None) -> None:
    """List the notebooks with their minutes; of chosen ones also the parameters.

    Minutes are those of the core path, and of all; the parameters are what -p takes.
    """
    table = Table("notebook", "title", "cells", "claims", "minutes", *(["parameters"] if names else []))
    for stem in select(names):
        notebook = notebooks.read(stem)
        whole, core = load(notebook.cells), load(reading.core(notebook))
        minutes = f"{core.minutes:.0f}, {whole.minutes:.0f} in all" if core != whole else f"{whole.minutes:.0f}"
        row = [stem, readme.title(notebook), str(whole.cells), str(whole.claims), minutes]
        values = parameters.published(notebook)
        row += ["\n".join(f"{name}={value!r}" for name, value in values.items())] if names else []
        table.add_row(*map(Text, row))
    console.print(table)


def contents(
    names: Names = None, write: Annotated[bool, typer.Option(help="put it into the notebooks' heads")] = False
) -> None:
    """Print each notebook's table of contents with counted minutes."""
    for stem in select(names):
        notebook = notebooks.read(stem)
        try:
            cell, text = contents_cell(notebook), contents_of(notebook)
        except ValueError as error:
            raise fail(ValueError(f"{stem}: {error}")) from None
        console.print(Markdown(text))
        if write and text != cell.source:
            cell.source = text
            notebooks.write(notebook, notebooks.FOLDER / f"{stem}.ipynb")


def student(
    names: Names = None,
    out: Annotated[Path, typer.Option(help="folder")] = Path("student"),
    core: Annotated[bool, typer.Option("--core", help="the core path only")] = False,
    vote: Annotated[bool, typer.Option("--vote", help="questions first, results when the class has voted")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="keep edited copies under another name, write new ones")
    ] = False,
) -> None:
    """Write copies without outputs and solutions; edited ones stay."""
    if out.resolve() == notebooks.FOLDER.resolve():
        raise fail(f"--out {out}: that would overwrite the notebooks themselves")
    chosen = select(names)
    written = [stem for stem in chosen if copies.edited(out / f"{stem}.ipynb")]
    if written and not force:
        raise fail(
            f"{', '.join(written)}: somebody has written into the copy in {out}; nothing was changed. "
            "Name other notebooks, another --out, or --force, which keeps the old copy beside the new one"
        )
    for stem in chosen:
        notebook = notebooks.read(stem)
        if vote:
            notebook = classroom.vote_copy(stem, notebook)
        elif core:
            notebook = classroom.core_copy(notebook)
        kept = copies.hand_out(notebooks.without_solutions(notebook), out / f"{stem}.ipynb")
        if kept:
            console.print(Text(f"{stem}: the edited copy is now {kept}"))
    console.print(Text(f"Student copies: {out}{os.sep}"))


def book(
    pdf: Annotated[bool, typer.Option("--pdf", help="print it, too: build/book.pdf; needs chromium")] = False,
) -> None:
    """Build the site, to be read without a network. It is made from the stored notebooks: build/book/index.html."""
    _need_sphinx()
    from helpers.course.book import SITE, build
    from helpers.course.book_pdf import PDF, print_book

    if code := build():
        raise fail(f"Sphinx ended with {code}; the warnings above are errors here")
    console.print(Text(f"The book: {SITE / 'index.html'}"))
    if pdf:
        try:
            pages = print_book(SITE, PDF)
        except (OSError, ValueError) as error:
            raise fail(error) from None
        console.print(Text(f"The book on {pages} pages: {PDF}"))


def slides(
    names: Names = None, out: Annotated[Path | None, typer.Option(help="folder; build/slides for none")] = None
) -> None:
    """Make a deck for each notebook, to be shown without a network. The key S opens the speaker's notes."""
    _need_sphinx()
    from helpers.course.slides import DECKS, build

    chosen = select(names)
    if code := build(chosen, out or DECKS):
        raise fail(f"Sphinx ended with {code}; the warnings above are errors here")
    for stem in chosen:
        console.print(Text(f"{(out or DECKS) / stem}.html"))


def _need_sphinx() -> None:
    if find_spec("sphinx") is None or find_spec("sphinx_revealjs") is None:
        raise fail("the book and the slides need Sphinx: pip install -e '.[book]', or make book")
