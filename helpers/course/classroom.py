"""Copies for a class: the core path alone, and one that asks before it shows."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from helpers.course.contents import CONTENTS
from helpers.course.copies import KIND
from helpers.course.links import claims_shown
from helpers.course.reading import core
from helpers.course.seminar import PREDICT, Question, opening, questions
from helpers.course.verdicts import ID, base_id

SOLUTION = "### BEGIN SOLUTION"
_CLAIMS = re.compile(r'Claims\("([^"]+)"')
_USES_CLAIMS = re.compile(r"\bclaims\.\w+\(")


def core_copy(notebook: NotebookNode) -> NotebookNode:
    """The core path of an executed notebook: it owes only what it shows, and its contents list only what it has."""
    result = copy.deepcopy(notebook)
    result.cells = core(result)
    closed = sorted({base_id(id) for cell in result.cells for id in claims_shown(cell)}, key=_order)
    headings = [match for cell in result.cells for match in re.findall(r"^## (.+)$", cell.source, re.MULTILINE)]
    for cell in result.cells:
        if cell.cell_type == "code":
            cell.source = _CLAIMS.sub(lambda match: f'{match[0]}, owed="{" ".join(closed)}"', cell.source, count=1)
        elif CONTENTS in cell.metadata.get("tags", []):
            rows = cell.source.splitlines()
            cell.source = "\n".join(row for row in rows if not row.startswith("| [") or _listed(row, headings))
    result.metadata[KIND] = "core"
    return result


def vote_copy(stem: str, notebook: NotebookNode) -> NotebookNode:
    """A copy that asks: the set-up, and each question of the core with a cell that takes the votes; nothing that tells.

    Verdicts, figures, prose and exercises come from the published notebook when a vote is taken
    (`helpers.course.votes`). Questions have numbers, as an id says whether something is to be corrected.
    ValueError as `questions`.
    """
    whole = core_copy(notebook)
    kept, held_back = split_opening(whole)
    kept[0].source = _without_aims(kept[0].source)
    cells = [*kept, new_code_cell(f'from helpers.course.votes import Vote\n\nvote = Vote("{stem}")', id="vote")]
    if held_back:
        cells.append(new_code_cell("vote.begin()", id="vote-begin"))
    asked = [cell for cell in whole.cells if PREDICT in cell.metadata.get("tags", [])]
    for number, (question, cell) in enumerate(zip(questions(whole), asked, strict=True), 1):
        cell.source = f"## Question {number}\n\n{_without_ids(_without_headings(cell.source))}"
        counts = ", ".join(f"{letter}=0" for letter in question.choices)
        cells += [cell, new_code_cell(f"vote({number}, {counts})", id=f"vote-{number}")]
        for k, part in enumerate(parts(question)):
            if k and part.shown:
                cells.append(new_code_cell(f"vote.go_on({number}{f', {k}' * (k > 1)})", id=f"vote-{number}-{k}"))
    whole.cells = cells
    whole.metadata[KIND] = "vote"
    return whole


def split_opening(lesson: NotebookNode) -> tuple[list[NotebookNode], list[NotebookNode]]:
    """The cells before the first question: those that a vote copy shows, and those from the first claim on."""
    cells = [cell for cell in opening(lesson) if CONTENTS not in cell.metadata.get("tags", [])]
    first = next((k for k, cell in enumerate(cells) if _USES_CLAIMS.search(cell.source)), len(cells))
    while first < len(cells) and cells[first - 1].cell_type == "markdown":  # the prose that leads to it goes with it
        first -= 1
    return cells[:first], cells[first:]


@dataclass(frozen=True)
class Part:
    """What is shown after a question, and the exercise that then comes."""

    shown: list[NotebookNode]
    exercise: list[NotebookNode]


def parts(question: Question) -> list[Part]:
    """The cells behind a question, cut behind each exercise: what follows one is not shown before it is done."""
    own = {cell.get("id") for cell in exercise_cells(question.cells)}
    found: list[Part] = [Part([], [])]
    for cell in question.cells:
        if cell.get("id") in own:
            found[-1].exercise.append(cell)
        else:
            if found[-1].exercise:
                found.append(Part([], []))
            found[-1].shown.append(cell)
    return found


def exercise_cells(cells: Iterable[NotebookNode]) -> list[NotebookNode]:
    """The exercises among ``cells``: from the heading of each to the cell that holds its solution."""
    found: list[NotebookNode] = []
    waiting: list[NotebookNode] = []
    for cell in cells:
        if cell.cell_type == "markdown" and re.match(r"### Exercise", cell.source):
            waiting = [cell]
        elif waiting:
            waiting.append(cell)
        if waiting and cell.cell_type == "code" and SOLUTION in cell.source:
            found, waiting = [*found, *waiting], []
    return found


def _without_headings(text: str) -> str:
    return re.sub(r"^#+ .*\n+", "", text, flags=re.MULTILINE)


def _without_aims(head: str) -> str:
    """A notebook's head without what it will have shown: its aims, and the article in a line."""
    aims = ("**You will be able to**", "**The article in one line")
    return "\n\n".join(part for part in head.split("\n\n") if not part.startswith(aims))


def _without_ids(text: str) -> str:
    """A question without the ids of claims that stand in brackets."""
    return re.sub(rf" \({ID.pattern}\)", "", text)


def _listed(row: str, headings: Iterable[str]) -> bool:
    return any(row.startswith(f"| [{heading}](") for heading in headings)


def _order(id: str) -> tuple[int, int]:
    match = ID.fullmatch(id)
    assert match is not None  # as `claims_shown` found it
    return "SFEXB".index(match[1]), int(match[2])
