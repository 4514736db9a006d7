"""A notebook as a seminar sees it: the questions of its core path, their right answers, and what is shown for each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbformat import NotebookNode

from helpers.course.prose import sentences, unquoted
from helpers.course.reading import core

PREDICT = "predict"  # the tag of a question's cell
_QUESTION = re.compile(r"\*\*Predict \((\w+)\)\.\*\*\s*(.*)", re.DOTALL)
_CHOICE = re.compile(r"^- \(([a-z])\) (.+(?:\n(?!- ).+)*)", re.MULTILINE)
_ANSWER = re.compile(r"\*\*Answer \((\w+)\): \(([a-z])\)\.\*\*\s*(.*?)(?:\n\n|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Question:
    """A question before a result, and what settles it."""

    id: str  # of the claim that answers it
    text: str  # Markdown, without the choices
    choices: dict[str, str]  # letter → Markdown
    right: str  # letter
    answer: str  # Markdown: the paragraph behind the right letter
    cells: tuple[NotebookNode, ...]  # of the core path, from behind the question to before the next one


def questions(notebook: NotebookNode) -> list[Question]:
    """The questions of the core path, in order. ValueError for one without choices, or whose answer does not come."""
    cells = core(notebook)
    places = [k for k, cell in enumerate(cells) if PREDICT in cell.metadata.get("tags", [])]
    answers = {id: (right, text) for cell in cells for id, right, text in _ANSWER.findall(cell.source)}
    found = []
    for place, following in zip(places, [*places[1:], len(cells)], strict=True):
        match = _QUESTION.search(cells[place].source)
        if not match or match[1] not in answers:
            raise ValueError(f"a question without its id or its answer:\n{cells[place].source}")
        text, choices = _CHOICE.sub("", match[2]).strip(), dict(_CHOICE.findall(match[2]))
        right, answer = answers[match[1]]
        if right not in choices:
            raise ValueError(f"{match[1]}: the answer ({right}) is none of the choices {', '.join(choices)}")
        found.append(Question(match[1], text, choices, right, answer, tuple(cells[place + 1 : following])))
    return found


def opening(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells of the core path before its first question."""
    cells = core(notebook)
    return cells[: next(k for k, cell in enumerate(cells) if PREDICT in cell.metadata.get("tags", []))]


def told(question: Question) -> str:
    """The first two sentences of an answer; where it is a single one, with those of the correction that follows it."""
    cell = next(cell for cell in question.cells if question.answer in cell.source)
    behind = cell.source.split(question.answer, 1)[1].strip().split("\n\n")[0]
    answer = unquoted(question.answer)
    if len(sentences(answer)) == 1 and behind.startswith(">"):
        return " ".join(sentences(f"{answer} {unquoted(behind)}")[:3])
    return " ".join(sentences(answer)[:2])
