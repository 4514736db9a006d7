"""Copies of the notebooks that people write into: never overwritten unasked."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from rich.text import Text

from helpers.course.notebooks import write
from helpers.course.terminal import console

NOTEBOOK = (
    "course_notebook"  # entries of a copy's metadata: the notebook's stem, by which grading knows a renamed file;
)
KIND = "course_kind"  # "vote" or "core", nothing for the whole notebook;
MADE = "course_copy"  # a fingerprint of its cells as they were handed out


def fingerprint(notebook: NotebookNode) -> str:
    """A hash of what a person writes in a notebook: the cells' texts and kinds, not their outputs."""
    cells = [(cell.cell_type, cell.source) for cell in notebook.cells]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()[:16]


def edited(path: Path) -> bool:
    """Whether the file at ``path`` holds work: a copy that was changed, or anything that is no copy of ours."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        return False
    except (ValueError, nbformat.ValidationError):
        return True
    return notebook.metadata.get(MADE) != fingerprint(notebook)


def hand_out(notebook: NotebookNode, path: Path) -> Path | None:
    """Write a copy to ``path``; what somebody has edited there is renamed first. Returns its new place, if any.

    An unedited copy of another kind is replaced, and that is said: it can be made again.
    """
    kept = None
    if not edited(path):
        _tell_replaced(notebook, path)
    else:
        numbers = (k for k in range(1, 10**6) if not path.with_suffix(f".{k}.ipynb").exists())
        kept = path.rename(path.with_suffix(f".{next(numbers)}.ipynb"))
    notebook.metadata[NOTEBOOK] = path.stem
    notebook.metadata[MADE] = fingerprint(notebook)
    write(notebook, path)
    return kept


def _tell_replaced(notebook: NotebookNode, path: Path) -> None:
    """Say where a copy takes the place of one of another kind."""
    if path.exists():
        before, now = (_kind(each) for each in (nbformat.read(path, as_version=4), notebook))
        if before != now:
            line = f"{path.stem}: {before} in {path.parent} is replaced by {now}; another --out keeps both"
            console.print(Text(line))


def _kind(notebook: NotebookNode) -> str:
    return {"vote": "the vote copy", "core": "the core copy"}.get(notebook.metadata.get(KIND, ""), "the whole copy")
