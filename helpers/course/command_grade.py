"""`course grade`: points for each exercise of the notebooks that a class handed in."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from helpers.course import grading, notebooks
from helpers.course.places import replace_file
from helpers.course.terminal import console, fail


def grade(
    folder: Annotated[
        Path, typer.Argument(help="where the returned notebooks lie, such as returned/NAME/6_attention_scale.ipynb")
    ],
    out: Annotated[Path, typer.Option(help="the table, as CSV")] = Path("points.csv"),
    seconds: Annotated[int, typer.Option(min=1, help="for one cell; ten times as many for a notebook")] = 60,
    megabytes: Annotated[int, typer.Option(min=500, help="of memory for one notebook; Windows cannot limit it")] = 8000,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="notebooks at once; one per core")] = None,
) -> None:
    """Check every exercise of returned notebooks, and write a table of points.

    Each notebook runs in a process of its own. Read SECURITY.md before you run what others wrote.
    """
    if not folder.is_dir():
        raise fail(f"{folder} is no folder")
    try:
        grades = grading.grade(
            folder,
            seconds=seconds,
            megabytes=megabytes,
            jobs=jobs or notebooks.cores(),
            graded=lambda name: console.print(Text(f"graded {name}")),
        )
    except ValueError as error:
        raise fail(error) from None
    rows = grading.table(grades)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    replace_file(out, buffer.getvalue().encode("utf-8-sig"))  # the mark in front tells spreadsheets the encoding
    console.print(_summary(grades))
    console.print(Text(f"Points: {out}"))
    if others := grading.others(folder):
        console.print(Text(f"Not graded, as they are no notebooks: {', '.join(others)}"))


def _summary(grades: list[grading.Grade]) -> Table:
    """A line for each file: points, and whether they count."""
    shown = Table("student", "file", "notebook", "points", "of", "counts", "notes")
    for file in dict.fromkeys(each.file for each in grades):
        own = [each for each in grades if each.file == file]
        first, points = own[0], str(sum(each.points for each in own))
        notes = "\n".join(dict.fromkeys(each.note or each.said for each in own if each.note or not each.exercise))
        of = str(sum(bool(each.exercise) for each in own))
        shown.add_row(*map(Text, (first.student, file, first.notebook, points, of, first.counts, notes)))
    return shown
