"""How long a notebook takes: minutes by a formula, for its core and in all, and for each section."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nbformat import NotebookNode

from helpers.course.links import claims_shown
from helpers.course.pictures import embedded_png

BEYOND = "beyond"  # the tag of cells outside the core path
WORDS_PER_MINUTE = 150.0
MINUTES_PER_LINE, MINUTES_PER_FIGURE, MINUTES_PER_CLAIM = 6 / 60, 30 / 60, 20 / 60


@dataclass(frozen=True)
class Load:
    """What a reader has before them in some cells."""

    cells: int = 0
    words: int = 0  # of Markdown cells; a formula counts as what stands between its blanks
    code_lines: int = 0  # that are not blank
    figures: int = 0
    claims: int = 0

    @property
    def minutes(self) -> float:
        """Words at 150 a minute, 6 s for a line of code, 30 s for a figure, 20 s for a claim."""
        code = MINUTES_PER_LINE * self.code_lines
        shown = MINUTES_PER_FIGURE * self.figures + MINUTES_PER_CLAIM * self.claims
        return self.words / WORDS_PER_MINUTE + code + shown

    @property
    def words_per_code_line(self) -> float:
        """How much is said for a line of code."""
        return self.words / max(self.code_lines, 1)


def load(cells: Iterable[NotebookNode]) -> Load:
    """The `Load` of executed ``cells``."""
    count = words = lines = drawn = judged = 0
    for cell in cells:
        count += 1
        if cell.cell_type == "markdown":
            words += sum(bool(re.search(r"\w", word)) for word in cell.source.split())
        elif cell.cell_type == "code":
            lines += sum(bool(line.strip()) for line in cell.source.splitlines())
            shown = [output.get("data", {}) for output in cell.get("outputs", [])]
            drawn += sum(embedded_png(data) is not None for data in shown)
            judged += len(claims_shown(cell))
    return Load(count, words, lines, drawn, judged)


def core(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells of the core path: those without the tag BEYOND."""
    return [cell for cell in notebook.cells if BEYOND not in cell.metadata.get("tags", [])]


def sections(notebook: NotebookNode) -> list[tuple[str, list[NotebookNode]]]:
    """(heading, cells) of each section of level two; what stands before the first is left out."""
    found: list[tuple[str, list[NotebookNode]]] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (match := re.match(r"## (.+)", cell.source)):
            found.append((match[1].strip(), []))
        if found:
            found[-1][1].append(cell)
    return found
