"""Votes: a class says what it expects, and then the lesson goes on and says what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from IPython import get_ipython
from IPython.display import Markdown, display
from IPython.utils.capture import capture_output
from nbformat import NotebookNode

from helpers.course import notebooks
from helpers.course.classroom import Part, core_copy, parts, split_opening
from helpers.course.seminar import Question, questions
from helpers.course.tables import table


class Vote:
    """The votes of one notebook's vote copy. ``vote(2, a=3, b=12)`` takes the counts and goes on with the lesson.

    notebook: its stem. What is shown is executed in the copy itself, from the published notebook's cells. An exercise
    is shown when it is due, and its cell put below, where the page can do that.
    """

    def __init__(self, notebook: str):
        lesson = core_copy(notebooks.read(notebook))
        self._blank = {cell.id: cell for cell in notebooks.without_solutions(lesson).cells}
        self._questions = questions(lesson)
        # The lesson step by step, in order: (question, part), of which the opening is question 0.
        self._steps = {(0, 0): Part(split_opening(lesson)[1], [])}
        for number, question in enumerate(self._questions, 1):
            self._steps |= {(number, k): part for k, part in enumerate(parts(question))}
        self._run: set[tuple[int, int]] = set()
        self._seen: set[tuple[int, int]] = set()

    def begin(self) -> None:
        """Show what comes before the first question."""
        self._show((0, 0), self._steps[0, 0].shown)

    def __call__(self, question: int | str, **counts: int) -> None:
        """Show what follows a question, and the votes for each choice beside the answer and its verdict.

        question: its number, or the id of its claim. Every choice needs its count, a whole number ≥ 0; with zeros
        only, nothing is shown, and without counts it goes on without them. What stands between and was skipped is
        executed unseen. A question of which only the counts change is not shown again.
        ValueError for another question, choice or count.
        """
        number = self._number(question)
        asked = self._questions[number - 1]
        if counts and counts.keys() != asked.choices.keys():
            raise ValueError(f"question {question}: give the votes for {', '.join(asked.choices)}, such as a=3")
        if any(not isinstance(count, int) or isinstance(count, bool) or count < 0 for count in counts.values()):
            raise ValueError(f"question {question}: votes are whole numbers ≥ 0")
        if counts and not any(counts.values()):
            _say(f"Type the class's counts and run this cell again; to go on without counting, write `vote({number})`.")
            return
        step, cells = (number, 0), self._steps[number, 0].shown
        settled = next(k for k, cell in enumerate(cells) if f"**Answer ({asked.id})" in cell.source)
        again = step in self._seen
        self._catch_up(step)
        self._show(step, [] if again else cells[:settled])
        self._tell(asked, counts)
        self._show(step, [] if again else cells[settled:])
        if not again:
            _set(self._blank[cell.id] for cell in self._steps[step].exercise)

    def go_on(self, question: int | str, part: int = 1) -> None:
        """Show what follows the exercise behind a question; ``part`` counts from 1, for one with several exercises."""
        number = self._number(question)
        step = (number, part)
        if step not in self._steps:
            raise ValueError(f"question {question}: there is no part {part}")
        if (number, 0) not in self._run:
            _say(f"Question {number} comes first: type its counts, or write `vote({number})` there.")
            return
        self._catch_up(step)
        self._show(step, self._steps[step].shown)
        _set(self._blank[cell.id] for cell in self._steps[step].exercise)

    def _number(self, question: int | str) -> int:
        ids = [each.id for each in self._questions]
        if question in ids:
            return ids.index(str(question)) + 1
        if question in range(1, len(ids) + 1):
            return int(question)
        raise ValueError(f"{question!r} is no question here; there are 1 to {len(ids)}")

    def _catch_up(self, step: tuple[int, int]) -> None:
        """Execute unseen what was skipped before a step, since that may use it."""
        skipped = [each for each in self._steps if each < step and each not in self._run]
        if passed := [number for number, part in skipped if number and not part]:
            _say(f"Not voted on, and executed unseen: question {', '.join(map(str, passed))}.")
        for each in skipped:
            with capture_output():
                _execute(self._steps[each].shown)
            self._run.add(each)

    def _show(self, step: tuple[int, int], cells: Iterable[NotebookNode]) -> None:
        _execute(cells)
        self._run.add(step)
        self._seen.add(step)

    def _tell(self, question: Question, counts: dict[str, int]) -> None:
        total = sum(counts.values())
        rows = []
        for letter, text in question.choices.items():
            mark = " ✔" if letter == question.right else ""
            rows.append(
                [f"({letter}) {text}{mark}", str(counts.get(letter, "–")), _share(counts.get(letter, 0), total)]
            )
        table(["choice", "votes", "share"], rows)
        try:
            verdict = get_ipython().user_ns["claims"].verdict(question.id)
        except KeyError:
            verdict = "no verdict, since its cell could not be run"
        right = (
            f"{_share(counts[question.right], total)} of {total} votes were right" if total else "nobody was counted"
        )
        display(Markdown(f"**{question.id}, {verdict}**; {right}."))


def _execute(cells: Iterable[NotebookNode]) -> None:
    """Show prose and execute code; a cell that fails costs one line, not the seminar."""
    shell = get_ipython()
    for cell in cells:
        if cell.cell_type == "markdown":
            display(Markdown(cell.source))
        elif cell.cell_type == "code":
            display(Markdown(f"<details><summary>Code</summary>\n\n```python\n{cell.source}\n```\n\n</details>"))
            shell.set_custom_exc((Exception,), _failed(cell.source))
            try:
                result = shell.run_cell(cell.source)
            finally:
                shell.set_custom_exc((), None)
            if not isinstance(result.error_in_exec, Exception):  # none, or somebody interrupted
                result.raise_error()


def _failed(source: str) -> Callable[..., list[str]]:
    """What IPython calls in place of showing a traceback."""

    def told(shell: Any, kind: type, error: Exception, *rest: Any, **more: Any) -> list[str]:
        line = (str(error).strip().splitlines() or [kind.__name__])[0]
        left_out = "The table of claims is left out" if "claims.table()" in source else "This cell could not be run"
        _say(f"{left_out}: {line.rstrip('.')}. The lesson goes on.")
        return []

    return told


def _set(cells: Iterable[NotebookNode]) -> None:
    """Show an exercise, and put its cell below the one that runs: JupyterLab and VS Code do that when asked."""
    exercise = list(cells)
    code = "\n\n\n".join(cell.source for cell in exercise if cell.cell_type == "code")
    for cell in exercise:
        if cell.cell_type == "markdown":
            display(Markdown(cell.source))
    if code:
        summary = "The cell of the exercise, should none have come below"
        display(Markdown(f"<details><summary>{summary}</summary>\n\n```python\n{code}\n```\n\n</details>"))
        get_ipython().set_next_input(code)


def _say(text: str) -> None:
    display(Markdown(text))


def _share(count: int, total: int) -> str:
    return f"{count / total:.0%}" if total else "–"
