"""Grading: each exercise of a returned notebook, checked in a process of its own with limits of time and memory.

Only the cells of exercises are taken from what came back. All else, the checkers too, is the published notebook's, and
of that only the cells which the exercises need. What the limits do not prevent stands in SECURITY.md.
"""

from __future__ import annotations

import ast
import asyncio
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import nbformat
import psutil
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from helpers.course import notebooks
from helpers.course.classroom import SOLUTION
from helpers.course.slices import needed

CHECKERS = ("check_answer", "check_outcome")
_RIGHT = re.compile(r": (all \d+ cases right\.$|reached, with )")
CHECKER = "checker"  # the tag of a checker's cell


@dataclass(frozen=True)
class Grade:
    """What one exercise of one returned notebook earned."""

    student: str
    notebook: str
    exercise: str
    points: int  # 1 for a right answer
    said: str  # the checker's line, or why there is none


def exercises(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Name of each exercise, as its checker calls it → the cell that holds its solution and its checker."""
    found = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and SOLUTION in cell.source:
            for call in _checks(cell.source):
                found[ast.literal_eval(call.args[0])] = cell
    return found


def assemble(published: NotebookNode, returned: NotebookNode) -> NotebookNode:
    """A notebook that checks the exercises of ``returned``; the cells with tag CHECKER print how each one went.

    An answer that is missing, or no Python, raises an error in its place.
    """
    answers = {cell.get("id"): cell.source for cell in returned.cells if cell.cell_type == "code"}
    own = {name: cell.get("id") for name, cell in exercises(published).items()}
    sources, names = [], []
    for cell in published.cells:
        if cell.cell_type != "code":
            continue
        if cell.get("id") not in own.values():
            sources.append(cell.source)
            names.append("")
            continue
        answer = answers.get(cell.get("id"), "raise LookupError('not in this copy')")
        sources += [_answer(answer), _checker(cell.source)]
        names += ["", next(name for name, id in own.items() if id == cell.get("id"))]
    checkers = [k for k, name in enumerate(names) if name]
    chosen = needed(sources, {*checkers, *(k - 1 for k in checkers)})
    cells = [
        new_code_cell(sources[k], metadata={"tags": [CHECKER], "name": names[k]} if names[k] else {}) for k in chosen
    ]
    return new_notebook(cells=cells)


def grade_one(path: Path, stem: str, seconds: int) -> list[tuple[str, int, str]]:
    """(exercise, points, line) for every exercise of the returned notebook at ``path``; ``seconds`` for each cell."""
    published = notebooks.read(stem)
    checked = assemble(published, nbformat.read(path, as_version=4))
    client = notebooks.Client(
        checked,
        kernel_name="python3",
        timeout=seconds,
        interrupt_on_timeout=True,
        allow_errors=True,
        resources={"metadata": {"path": str(notebooks.FOLDER)}},
        extra_arguments=["--log-level=ERROR"],
    )
    trouble = "the kernel died"
    try:
        with tempfile.TemporaryDirectory() as figures:  # a cell that an exercise needs may draw
            environment = {"COURSE_FIGURES": figures, "COURSE_FORMATS": "png"}
            asyncio.run(client.async_execute(env=notebooks.kernel_environment(stem, environment)))
    except CellTimeoutError:
        trouble = f"longer than {seconds} s"
    except DeadKernelError:
        pass
    said = {}
    for answer, cell in pairwise(checked.cells):
        if CHECKER in cell.metadata.get("tags", []):
            line = _last_line(cell) or trouble
            # A name that is missing says less than what went wrong where it should have been made.
            line = _last_line(answer) if line.startswith("NameError") else line
            said[cell.metadata["name"]] = f"longer than {seconds} s" if line.startswith("KeyboardInterrupt") else line
    lines = {name: said.get(name, trouble) for name in exercises(published)}
    return [(name, int(bool(_RIGHT.search(line))), line) for name, line in lines.items()]


def grade(
    folder: Path, *, seconds: int, megabytes: int, jobs: int, graded: Callable[[str], None] = lambda name: None
) -> list[Grade]:
    """Grade every notebook below ``folder``, in the order of their names; no notebook harms another one's grade.

    A file belongs to the notebook whose stem its name contains. ``seconds`` for each cell, ten times as many for a
    notebook; ``megabytes`` of memory for each of its processes, where the system can limit it.
    ValueError where there is no notebook.
    """
    paths = sorted(path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    if not paths:
        raise ValueError(f"{folder}: no notebooks there")

    def one(path: Path) -> list[Grade]:
        own = path.relative_to(folder)
        student = own.parts[0] if len(own.parts) > 1 else own.stem
        stem = next((stem for stem in notebooks.stems() if stem in path.name), "")
        found = _apart(path, stem, seconds, megabytes) if stem else [("", 0, "its name contains no notebook's")]
        graded(student)
        return [Grade(student, stem, *row) for row in found]

    with ThreadPoolExecutor(jobs) as pool:
        return [grade for grades in pool.map(one, paths) for grade in grades]


def table(grades: Iterable[Grade]) -> list[dict[str, str | int]]:
    """The grades as rows for a CSV file."""
    return [asdict(grade) for grade in grades]


def _apart(path: Path, stem: str, seconds: int, megabytes: int) -> list[tuple[str, int, str]]:
    """`grade_one` in a process of its own, which is ended with all that it started when its time is over."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "grades.json"
        arguments = [str(path.resolve()), stem, str(seconds), str(megabytes), str(out)]
        process = subprocess.Popen(
            [sys.executable, "-m", "helpers.course.grading", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            _, errors = process.communicate(timeout=10 * seconds)
            why = (
                "the file is no notebook"
                if "NotJSONError" in errors
                else (errors.strip().splitlines() or ["it ended"])[-1]
            )
        except subprocess.TimeoutExpired:
            why = f"longer than {10 * seconds} s in all"
        finally:
            _end(process)
        if out.exists():
            return [(name, points, line) for name, points, line in json.loads(out.read_text(encoding="utf-8"))]
    return [(name, 0, why) for name in exercises(notebooks.read(stem))]


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and all that it started: a kernel is the leader of a group of its own."""
    with suppress(psutil.NoSuchProcess):
        for each in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
    process.wait()


def _checks(source: str) -> list[ast.Call]:
    """The calls of checkers that stand alone in ``source``."""
    values = [node.value for node in ast.parse(source).body if isinstance(node, ast.Expr)]
    return [value for value in values if isinstance(value, ast.Call) and getattr(value.func, "id", "") in CHECKERS]


def _checker(source: str) -> str:
    """The published checker, imported anew, so that an answer cannot stand in its place."""
    calls = "\n".join(ast.unparse(call) for call in _checks(source))
    return f"from helpers.course import {', '.join(CHECKERS)}\n{calls}"


def _answer(source: str) -> str:
    """What a student wrote, without the checkers; nothing where it is no Python."""
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        return f"raise SyntaxError({str(error)!r})"
    checks = {ast.unparse(call) for call in _checks(source)}
    return "\n\n".join(text for node in body if (text := ast.unparse(node)) not in checks)


def _last_line(cell: NotebookNode) -> str:
    """The last line that a cell printed, or its error."""
    lines = [line for output in cell.get("outputs", []) for line in output.get("text", "").splitlines() if line.strip()]
    errors = [f"{output.ename}: {output.evalue}" for output in cell.get("outputs", []) if output.output_type == "error"]
    return (lines or errors or [""])[-1]


def _limit_memory(megabytes: int) -> None:
    """Hold this process, and what it starts, to so much memory, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))


if __name__ == "__main__":
    _path, _stem, _seconds, _megabytes, _out = sys.argv[1:]
    _limit_memory(int(_megabytes))
    _rows = grade_one(Path(_path), _stem, int(_seconds))
    Path(_out).write_text(json.dumps(_rows), encoding="utf-8")
