"""Running a notebook twice costs nothing where nothing changed: its executed copy says what it was made from."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers.course.sources import package_hash

# What decides numbers and pictures besides the course itself.
PACKAGES = ("numpy", "scipy", "sympy", "mpmath", "matplotlib", "torch", "numba", "scikit-learn", "scikit-image")


def fingerprint(notebook: NotebookNode, parameters: Mapping[str, Any]) -> str:
    """A hash of everything that an execution depends on: cells, parameters, the package, and the versions of others."""
    cells = [f"{cell.cell_type}\0{cell.source}" for cell in notebook.cells]
    values = [f"{name}={value!r}" for name, value in sorted(parameters.items())]
    versions = [f"{name} {_version(name)}" for name in PACKAGES]
    parts = [*cells, *values, *versions, platform.python_version(), platform.machine(), package_hash()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def figure_names(notebook: NotebookNode) -> list[str]:
    """The names of the figures in the notebook's outputs, in their order."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [name for output in outputs if (name := output.get("metadata", {}).get("figure"))]


def figure_hashes(notebook: NotebookNode, folder: Path, formats: Sequence[str]) -> dict[str, str]:
    """File name → hash of every figure of ``notebook`` in each of ``formats``, "" for one that ``folder`` lacks."""
    files = [f"{name}.{format}" for name in figure_names(notebook) for format in formats]
    return {file: _hash(folder / file) for file in files}


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32] if path.is_file() else ""


def record(notebook: NotebookNode, print_of: str, folder: Path, formats: Sequence[str]) -> None:
    """Write into an executed copy what it was made from, and what its figures in ``folder`` are."""
    notebook.metadata["executed"] = {"from": print_of, "figures": figure_hashes(notebook, folder, formats)}


def reusable(copy: Path, print_of: str, folder: Path, formats: Sequence[str]) -> NotebookNode | None:
    """The executed notebook at ``copy``, where it was made from the same and its figures are still in ``folder``."""
    try:
        notebook = nbformat.read(copy, as_version=4)
        made_from, figures = notebook.metadata["executed"]["from"], notebook.metadata["executed"]["figures"]
    except (OSError, ValueError, KeyError, TypeError, nbformat.ValidationError):  # no copy, or one of another kind
        return None
    wanted = figure_hashes(notebook, folder, formats)
    if made_from != print_of or any(not found or figures.get(file) != found for file, found in wanted.items()):
        return None
    return notebook
