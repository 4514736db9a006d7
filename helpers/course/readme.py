"""The parts of the README that are made from the notebooks: the table of notebooks and the scoreboard of claims."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nbformat import NotebookNode

from helpers.course.verdicts import SYMBOLS, VERDICTS, count_verdicts


def title(notebook: NotebookNode) -> str:
    """The text of the notebook's first heading. ValueError where there is none."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (match := re.search(r"^# (.+)$", cell.source, re.MULTILINE)):
            return match[1].strip()
    raise ValueError("the notebook has no heading")


def scoreboard(claims: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """A Markdown table of verdicts; ``claims`` holds each notebook's rows under its stem.

    The four columns of verdicts count the article's statements. The last one counts what the course itself, or a
    later paper, predicts, and how much of that the numbers bore out.
    """
    lines = [
        "| notebook | " + " | ".join(f"{SYMBOLS[verdict]} {verdict}" for verdict in VERDICTS) + " | course's own |",
        "|---|" + "---:|" * (len(VERDICTS) + 1),
    ]
    total = [0] * (len(VERDICTS) + 2)
    for stem, rows in claims.items():
        counts = count_verdicts(row for row in rows if row["by"] == "article")
        own = count_verdicts(row for row in rows if row["by"] == "course")
        numbers = [*counts.values(), own["reproduced"], sum(own.values())]
        total = [a + b for a, b in zip(total, numbers, strict=True)]
        lines.append(_row(stem, numbers))
    return "\n".join([*lines, _row("**all**", total)])


def _row(name: str, numbers: Sequence[int]) -> str:
    *verdicts, held, own = numbers
    return "| " + " | ".join([name, *map(str, verdicts), f"{held} of {own} held"]) + " |"


def replace_block(text: str, name: str, block: str) -> str:
    """``text`` with what stands between ``<!-- name -->`` and ``<!-- /name -->`` replaced by ``block``.

    ValueError where the marks are missing.
    """
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the marks <!-- {name} --> and <!-- /{name} --> are missing")
    return pattern.sub(lambda match: match[1] + block + match[2], text)
