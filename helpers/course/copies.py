"""Copies of the notebooks that people write into: never overwritten unasked."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.course.notebooks import write

MADE = "course_copy"  # the entry of a copy's metadata: a fingerprint of its cells as they were handed out


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
    """Write a copy to ``path``; what somebody has edited there is renamed first. Returns its new place, if any."""
    kept = None
    if edited(path):
        numbers = (k for k in range(1, 10**6) if not path.with_suffix(f".{k}.ipynb").exists())
        kept = path.rename(path.with_suffix(f".{next(numbers)}.ipynb"))
    notebook.metadata[MADE] = fingerprint(notebook)
    write(notebook, path)
    return kept
