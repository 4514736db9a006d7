"""One returned notebook, checked in a kernel: each answer before the published checker, and what that said."""

from __future__ import annotations

import ast
import asyncio
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import pairwise

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from helpers.course import notebooks
from helpers.course.returned import CHECKERS, Answer, checks, exercises
from helpers.course.slices import needed

CHECKER = "checker"  # the tag of a checker's cell
_ENDED = "the answer ended the program (exit)"
# In a kernel, exit() stops what runs some cells later; so it is made the one that raises at once.
_SET_UP = "from sys import exit\nquit = exit"


def assemble(
    published: NotebookNode, found: Mapping[str, Answer], chosen: Collection[str] | None = None
) -> NotebookNode:
    """A notebook that checks the exercises ``chosen``, all for none; cells with tag CHECKER print how each went."""
    chosen = found.keys() if chosen is None else chosen
    own = {cell.id: name for name, cell in exercises(published).items()}
    sources, names = [_SET_UP], [""]
    for cell in published.cells:
        if cell.cell_type == "code" and cell.id in own:
            sources += [found[own[cell.id]].source, _checker(cell.source)]
            names += ["", own[cell.id]]
        elif cell.cell_type == "code":
            sources.append(cell.source)
            names.append("")
    checkers = [k for k, name in enumerate(names) if name in chosen]
    kept = needed(sources, {0, *checkers, *(k - 1 for k in checkers)})
    return new_notebook(
        cells=[
            new_code_cell(sources[k], metadata={"tags": [CHECKER], "name": names[k]} if k in checkers else {})
            for k in kept
        ]
    )


def check(stem: str, published: NotebookNode, found: Mapping[str, Answer], seconds: int) -> dict[str, str]:
    """Name of each exercise → the checker's line; ``seconds`` for each cell.

    An answer that kills the kernel costs itself alone: what is needed runs again in a new one, which goes on behind it.
    """
    found = dict(found)
    said = {name: answer.trouble for name, answer in found.items() if answer.trouble}
    left = [name for name in found if name not in said]
    while left:
        checked = assemble(published, found, left)
        begun, trouble = _execute(checked, stem, seconds)
        places = {cell.metadata["name"]: k for k, cell in enumerate(checked.cells) if CHECKER in _tags(cell)}
        done = [name for name in left if not trouble or places[name] < begun]
        for answer, cell in pairwise(checked.cells):
            if CHECKER in _tags(cell) and cell.metadata["name"] in done:
                said[cell.metadata["name"]] = _line(answer, cell, seconds)
        left = [name for name in left if name not in done]
        if left and begun < 0:  # no answer is to blame
            return said | dict.fromkeys(left, trouble)
        if left:
            deadly = left.pop(0)
            said[deadly], found[deadly] = trouble, replace(found[deadly], source="")
    return {name: said[name] for name in found}


def _execute(checked: NotebookNode, stem: str, seconds: int) -> tuple[int, str]:
    """The last cell that was begun, −1 for none, and what ended the kernel before the last one was done."""
    begun = -1

    def note(cell: NotebookNode, cell_index: int) -> None:
        nonlocal begun
        begun = cell_index

    client = notebooks.Client(
        checked,
        kernel_name="python3",
        timeout=seconds,
        interrupt_on_timeout=True,
        allow_errors=True,
        resources={"metadata": {"path": str(notebooks.FOLDER)}},
        extra_arguments=["--log-level=ERROR"],
    )
    client.on_cell_execute = note
    try:
        with tempfile.TemporaryDirectory() as figures:  # a cell that an exercise needs may draw
            environment = {"COURSE_FIGURES": figures, "COURSE_FORMATS": "png"}
            asyncio.run(client.async_execute(env=notebooks.kernel_environment(stem, environment)))
    except CellTimeoutError:
        return begun, f"longer than {seconds} s"
    except DeadKernelError:
        return begun, "the kernel died" if begun < 0 else "the kernel died of this answer"
    return begun, ""


def _line(answer: NotebookNode, checker: NotebookNode, seconds: int) -> str:
    """What the checker said, in plain words where the answer's own cell did not come to its end."""
    for cell in (answer, checker):
        errors = [output.ename for output in cell.get("outputs", []) if output.output_type == "error"]
        if "SystemExit" in errors:
            return _ENDED
    line = _last_line(checker)
    # A name that is missing says less than what went wrong where it should have been made.
    line = _last_line(answer) or line if line.startswith("NameError") else line
    return f"longer than {seconds} s" if line.startswith("KeyboardInterrupt") else line


def _last_line(cell: NotebookNode) -> str:
    """The last line that a cell printed, or its error."""
    printed = [output.text for output in cell.get("outputs", []) if output.get("name") == "stdout"]
    lines = [line for text in printed for line in text.splitlines() if line.strip()]
    errors = [f"{output.ename}: {output.evalue}" for output in cell.get("outputs", []) if output.output_type == "error"]
    return (lines or errors or [""])[-1]


def _checker(source: str) -> str:
    """The published checker, imported anew, so that an answer cannot stand in its place."""
    calls = "\n".join(ast.unparse(call) for call in checks(source))
    return f"from helpers.course import {', '.join(CHECKERS)}\n{calls}"


def _tags(cell: NotebookNode) -> list[str]:
    tags: list[str] = cell.metadata.get("tags", [])
    return tags
