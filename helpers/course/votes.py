"""Votes: a class says what it expects, and then the lesson goes on and says what came out."""

from __future__ import annotations

from collections.abc import Iterable

from IPython import get_ipython
from IPython.display import Markdown, display
from nbformat import NotebookNode

from helpers.course import notebooks
from helpers.course.classroom import core_copy, parts, split_opening
from helpers.course.seminar import Question, questions
from helpers.course.tables import table


class Vote:
    """The votes of one notebook's vote copy. ``vote("S8", a=3, b=12)`` takes the counts and goes on with the lesson.

    notebook: its stem. What is shown is executed in the copy itself, from the published notebook's cells; exercises
    are left to the copy.
    """

    def __init__(self, notebook: str):
        self._lesson = core_copy(notebooks.read(notebook))
        self._questions = {question.id: question for question in questions(self._lesson)}
        self._shown: set[str] = set()

    def begin(self) -> None:
        """Show what comes before the first question."""
        self._show(split_opening(self._lesson)[1])

    def __call__(self, id: str, **counts: int) -> None:
        """Show what follows the question ``id``, and the votes for each choice beside the answer and its verdict.

        Every choice needs its count, a whole number ≥ 0. A question of which only the counts change is not shown
        again. ValueError for another id, choice or count.
        """
        question = self._questions.get(id)
        if question is None:
            raise ValueError(f"id: {id!r} is no question here; there are {', '.join(self._questions)}")
        if counts.keys() != question.choices.keys():
            raise ValueError(f"{id}: give the votes for {', '.join(question.choices)}, such as a=3")
        if any(not isinstance(count, int) or isinstance(count, bool) or count < 0 for count in counts.values()):
            raise ValueError(f"{id}: votes are whole numbers ≥ 0")
        cells = parts(question)[0].shown
        settled = next(k for k, cell in enumerate(cells) if f"**Answer ({id})" in cell.source)
        again = id in self._shown
        self._show([] if again else cells[:settled])
        self._tell(question, counts)
        self._show([] if again else cells[settled:])
        self._shown.add(id)

    def go_on(self, id: str, part: int) -> None:
        """Show what follows the exercise behind a question; ``part`` counts from 1."""
        self._show(parts(self._questions[id])[part].shown)

    def _tell(self, question: Question, counts: dict[str, int]) -> None:
        total = sum(counts.values())
        rows = []
        for letter, text in question.choices.items():
            mark = " ✔" if letter == question.right else ""
            rows.append([f"({letter}) {text}{mark}", str(counts[letter]), _share(counts[letter], total)])
        table(["choice", "votes", "share"], rows)
        verdict = get_ipython().user_ns["claims"].verdict(question.id)
        right = (
            f"{_share(counts[question.right], total)} of {total} votes were right" if total else "no votes were counted"
        )
        display(Markdown(f"**{question.id}, {verdict}**; {right}."))

    def _show(self, cells: Iterable[NotebookNode]) -> None:
        for cell in cells:
            if cell.cell_type == "markdown":
                display(Markdown(cell.source))
            elif cell.cell_type == "code":
                display(Markdown(f"<details><summary>Code</summary>\n\n```python\n{cell.source}\n```\n\n</details>"))
                get_ipython().run_cell(cell.source).raise_error()


def _share(count: int, total: int) -> str:
    return f"{count / total:.0%}" if total else "–"
