"""What came back from a student: which notebook it is, and the answer to each exercise, even without cell ids."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from helpers.course import notebooks
from helpers.course.classroom import SOLUTION
from helpers.course.copies import NOTEBOOK

CHECKERS = ("check_answer", "check_outcome")
_NAMED = re.compile(rf"\b(?:{'|'.join(CHECKERS)})\(\s*[\"']([^\"']+)[\"']")
_HEADING = re.compile(r"^#+ (Exercise \d+)?", re.MULTILINE)
_NO_NAME = re.compile(r"NameError: name '(\w+)' is not defined")


@dataclass(frozen=True)
class Answer:
    """A student's answer to one exercise."""

    source: str = ""  # Python, without the checkers' calls
    trouble: str = ""  # why there is nothing to run, in plain words
    note: str = ""  # how it was found, where that was not by its cell's id


def exercises(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Name of each exercise, as its checker calls it → the cell that holds its solution and its checker."""
    found = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and SOLUTION in cell.source:
            for call in checks(cell.source):
                found[ast.literal_eval(call.args[0])] = cell
    return found


def answers(published: NotebookNode, returned: NotebookNode) -> dict[str, Answer]:
    """Name of each published exercise → its answer: by the cell's id, else by the exercise's name, else by its place.

    Older formats have no ids, and Colab moves them into the cell's metadata or makes its own.
    """
    code = [cell for cell in returned.cells if cell.cell_type == "code"]
    by_id = {_id(cell): cell.source for cell in code}
    by_name = {name: cell.source for cell in code for name in _NAMED.findall(cell.source)}
    by_place = dict(_behind_headings(returned.cells))
    found = {}
    for name, cell in exercises(published).items():
        if (source := by_id.get(cell.id)) is not None:
            found[name] = _answer(source)
        elif (source := by_name.get(name)) is not None:
            found[name] = _answer(source, "cell ids are missing: found by the exercise's name")
        elif (source := by_place.get(name)) is not None:
            found[name] = _answer(source, "cell ids are missing: found below the exercise's heading")
        else:
            found[name] = Answer(trouble="this copy has no cell for the exercise")
    return found


def recognise(name: str, returned: NotebookNode | None) -> str:
    """The stem of the notebook that a file is a copy of, by its name or else by what it holds; empty for none."""
    stems = notebooks.stems()
    if stem := next((stem for stem in stems if stem in name), ""):
        return stem
    if returned is None:
        return ""
    if (stem := returned.metadata.get(NOTEBOOK, "")) in stems:
        return str(stem)
    marks = {_id(cell) for cell in returned.cells} | _titles(returned)
    shared = {stem: len(marks & _marks(stem)) for stem in stems}
    best = max(stems, key=lambda stem: shared[stem])
    return best if shared[best] else ""


def with_advice(line: str, returned: NotebookNode) -> str:
    """``line``; where it misses a name that another cell of the student's makes, with the advice to move that."""
    missing = _NO_NAME.search(line)
    if missing and missing[1] in set(_made(returned)):
        return f"{line.rstrip('.')}. Only the exercise's own cell counts: {missing[1]} has to stand in it."
    return line


def checks(source: str) -> list[ast.Call]:
    """The calls of checkers that stand alone in ``source``."""
    values = [node.value for node in ast.parse(source).body if isinstance(node, ast.Expr)]
    return [value for value in values if isinstance(value, ast.Call) and getattr(value.func, "id", "") in CHECKERS]


def _id(cell: NotebookNode) -> str:
    return str(cell.get("id") or cell.metadata.get("id") or "")


def _marks(stem: str) -> set[str]:
    published = notebooks.read(stem)
    return ({_id(cell) for cell in published.cells} | _titles(published)) - {""}


def _titles(notebook: NotebookNode) -> set[str]:
    return {title for cell in notebook.cells for title in re.findall(r"^# .+$", cell.source, re.MULTILINE)}


def _behind_headings(cells: Iterable[NotebookNode]) -> Iterator[tuple[str, str]]:
    """Name of an exercise and the code of the cell behind its heading, unless that is another exercise's."""
    name = ""
    for cell in cells:
        if cell.cell_type == "markdown" and (headings := _HEADING.findall(cell.source)):
            name = headings[-1]
        elif cell.cell_type == "code" and name:
            if not _NAMED.search(cell.source):
                yield name, cell.source
            name = ""


def _answer(source: str, note: str = "") -> Answer:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError) as error:  # ValueError for a null byte
        line = f" in line {error.lineno} of the cell" if isinstance(error, SyntaxError) and error.lineno else ""
        return Answer(trouble=f"this is no Python: {getattr(error, 'msg', error)}{line}", note=note)
    calls = {ast.unparse(call) for call in checks(source)}
    return Answer("\n\n".join(text for node in body if (text := ast.unparse(node)) not in calls), note=note)


def _made(notebook: NotebookNode) -> Iterator[str]:
    """The names that the cells of a notebook make at their outermost level."""
    for cell in notebook.cells:
        try:
            body = ast.parse(cell.source).body if cell.cell_type == "code" else []
        except (SyntaxError, ValueError):
            continue
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                yield node.name
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                stored = (part for part in ast.walk(node) if isinstance(part, ast.Name))
                yield from (part.id for part in stored if isinstance(part.ctx, ast.Store))
