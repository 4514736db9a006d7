"""The table of contents in a notebook's head: its sections with their minutes, counted, and what each one shows."""

from __future__ import annotations

import re

from nbformat import NotebookNode

from helpers.course.reading import BEYOND, core, load, sections

CONTENTS = "contents"  # the tag of the cell
_ROW = re.compile(r"^\| (.+?) \|[^|]*\| (.*) \|$", re.MULTILINE)


def contents_cell(notebook: NotebookNode) -> NotebookNode:
    """The notebook's cell tagged "contents". ValueError where there is not exactly one."""
    found = [cell for cell in notebook.cells if CONTENTS in cell.metadata.get("tags", [])]
    if len(found) != 1:
        raise ValueError(f"{len(found)} cells have the tag {CONTENTS!r}; one is wanted, behind the notebook's head")
    return found[0]


def contents(notebook: NotebookNode) -> str:
    """The text that the cell tagged "contents" should have.

    Headings and minutes come from the cells below, what a reader will have seen from the cell as it is: a section that
    it does not know gets "…". "6 (+3)" are 6 minutes of the core path and 3 beyond it.
    ValueError where there is not exactly one such cell.
    """
    seen = {_plain(heading): text for heading, text in _ROW.findall(contents_cell(notebook).source)}
    rows = ["| section | minutes | you will have seen |", "|---|---:|---|"]
    for heading, cells in sections(notebook):
        minutes = load(cell for cell in cells if BEYOND not in cell.metadata.get("tags", [])).minutes
        beyond = load(cell for cell in cells if BEYOND in cell.metadata.get("tags", [])).minutes
        parts = [f"{minutes:.0f}"] * (minutes > 0) + [f"(+{beyond:.0f})"] * (beyond > 0)
        rows.append(f"| [{heading}](#{anchor(heading)}) | {' '.join(parts)} | {seen.get(heading, '…')} |")
    own, whole = load(core(notebook)).minutes, load(notebook.cells).minutes
    head = f"**{own:.0f} minutes** for the core path, {whole:.0f} with what lies beyond it (in brackets)."
    return "\n".join([head, "", *rows])


def _plain(heading: str) -> str:
    """The heading of a row, without its link."""
    match = re.fullmatch(r"\[(.+)\]\(#.*\)", heading)
    return match[1] if match else heading


def anchor(heading: str) -> str:
    """Where Jupyter puts the heading."""
    return re.sub(r"[()*`$\\]", lambda mark: f"%{ord(mark[0]):02X}", heading.replace(" ", "-"))
