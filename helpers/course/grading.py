"""Grading: each returned notebook, checked in a process of its own with limits of time and memory.

Only the cells of exercises are taken from what came back. All else, the checkers too, is the published notebook's, and
of that only the cells which the exercises need. What the limits do not prevent stands in SECURITY.md.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import nbformat
import psutil
from nbformat import NotebookNode

from helpers.course import notebooks
from helpers.course.checking import check
from helpers.course.returned import answers, exercises, recognise, with_advice

_RIGHT = re.compile(r": (all \d+ cases right\.$|reached, with )")
_Row = tuple[str, int, str, str]  # exercise, points, said, note


@dataclass(frozen=True)
class Grade:
    """What one exercise of one returned notebook earned."""

    student: str
    file: str  # below the folder
    notebook: str
    exercise: str
    points: int  # 1 for a right answer
    counts: str  # "no" where another file of the student is better
    said: str  # the checker's line, or why there is none
    note: str = ""  # what else a teacher should know of the file or the cell


def grade_one(path: Path, seconds: int) -> tuple[str, list[_Row]]:
    """The stem of the notebook that a file is a copy of; (exercise, points, line, note) of each of its exercises.

    A single row without an exercise where the file is no such copy. ``seconds`` for each cell.
    """
    returned = _read(path)
    stem = recognise(path.name, returned)
    if returned is None:
        return stem, [("", 0, "the file is no notebook", "")]
    if not stem:
        return "", [("", 0, "this is a copy of no notebook of the course, by its name and by its cells", "")]
    published = notebooks.read(stem)
    found = answers(published, returned)
    said = check(stem, published, found, seconds)
    return stem, [
        (name, int(bool(_RIGHT.search(line))), with_advice(line, returned), found[name].note)
        for name, line in said.items()
    ]


def grade(
    folder: Path, *, seconds: int, megabytes: int, jobs: int, graded: Callable[[str], None] = lambda name: None
) -> list[Grade]:
    """Grade every notebook below ``folder``, in the order of their names; no notebook harms another one's grade.

    A file belongs to the notebook whose stem its name contains, or else to the one whose copy it is. Of two files by
    one student for one notebook the better counts. ``seconds`` for each cell, ten times as many for a notebook;
    ``megabytes`` of memory for each of its processes, where the system can limit it.
    ValueError where there is no notebook.
    """
    paths = [path for path in _files(folder) if path.suffix == ".ipynb"]
    if not paths:
        raise ValueError(f"{folder}: no notebooks there")

    def one(path: Path) -> list[Grade]:
        own = path.relative_to(folder)
        alone = len(own.parts) == 1
        student = own.stem if alone else own.parts[0]
        about = f"in no student's folder: counted for {student}" if alone else ""
        stem, rows = _apart(path, seconds, megabytes)
        graded(own.as_posix())
        return [
            Grade(student, own.as_posix(), stem, name, points, "yes", said, _joined(about, note))
            for name, points, said, note in rows
        ]

    with ThreadPoolExecutor(jobs) as pool:
        return _better([grades for grades in pool.map(one, paths) if grades])


def others(folder: Path) -> list[str]:
    """The files below ``folder`` that are no notebooks, so that nobody's work is passed over in silence."""
    return [path.relative_to(folder).as_posix() for path in _files(folder) if path.suffix != ".ipynb"]


def table(grades: Iterable[Grade]) -> list[dict[str, str | int]]:
    """The grades as rows for a CSV file."""
    return [asdict(grade) for grade in grades]


def _files(folder: Path) -> list[Path]:
    """The files below ``folder`` but hidden ones, in order."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in files if not any(part[0] == "." for part in path.relative_to(folder).parts))


def _read(path: Path) -> NotebookNode | None:
    """The notebook at ``path``; nothing where there is none that can be read."""
    try:
        found: NotebookNode = nbformat.read(path, as_version=4)
        return found if found.cells else None
    except MemoryError:
        raise
    except Exception:  # whatever a student's file holds
        return None


def _better(files: Sequence[list[Grade]]) -> list[Grade]:
    """All grades; those of a file do not count where the same student has a better one for the same notebook."""
    points = [sum(grade.points for grade in grades) for grades in files]
    best: dict[tuple[str, str], int] = {}
    for k, grades in enumerate(files):
        key = grades[0].student, grades[0].notebook
        best[key] = max(best.get(key, k), k, key=lambda j: points[j])
    found = []
    for k, grades in enumerate(files):
        better = best[grades[0].student, grades[0].notebook]
        for grade in grades:
            note = _joined(grade.note, f"{files[better][0].file} counts instead")
            found.append(grade if better == k or not grade.notebook else replace(grade, counts="no", note=note))
    return found


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _apart(path: Path, seconds: int, megabytes: int) -> tuple[str, list[_Row]]:
    """`grade_one` in a process of its own, which is ended with all that it started when its time is over.

    The file is read there, too: whatever it holds harms that process alone.
    """
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "grades.json"
        arguments = [str(path.resolve()), str(seconds), str(megabytes), str(out)]
        process = subprocess.Popen(
            [sys.executable, "-m", "helpers.course.grading", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            _, errors = process.communicate(timeout=10 * seconds)
            why = (errors.strip().splitlines() or ["it ended"])[-1]
        except subprocess.TimeoutExpired:
            why = f"longer than {10 * seconds} s in all"
        finally:
            _end(process)
        if out.exists():
            stem, rows = json.loads(out.read_text(encoding="utf-8"))
            return stem, [tuple(row) for row in rows]
    stem = recognise(path.name, None)
    return stem, [(name, 0, why, "") for name in (exercises(notebooks.read(stem)) if stem else ("",))]


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and all that it started: a kernel is the leader of a group of its own."""
    with suppress(psutil.NoSuchProcess):
        for each in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
    process.wait()


def _limit_memory(megabytes: int) -> None:
    """Hold this process, and what it starts, to so much memory, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))


if __name__ == "__main__":
    _path, _seconds, _megabytes, _out = sys.argv[1:]
    _limit_memory(int(_megabytes))
    Path(_out).write_text(json.dumps(grade_one(Path(_path), int(_seconds))), encoding="utf-8")
