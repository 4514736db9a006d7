"""The parts of the README that are made from the notebooks: what did not hold, and the scoreboard of claims."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nbformat import NotebookNode

from helpers.course.held import SETTINGS, held_by_setting, held_everywhere, present
from helpers.course.parameters import published
from helpers.course.verdicts import SYMBOLS, VERDICTS, count_verdicts, is_erratum

ALL = "all"  # the scoreboard's last row


def title(notebook: NotebookNode) -> str:
    """The text of the notebook's first heading. ValueError where there is none."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (match := re.search(r"^# (.+)$", cell.source, re.MULTILINE)):
            return match[1].strip()
    raise ValueError("the notebook has no heading")


def scoreboard(
    claims: Mapping[str, Sequence[Mapping[str, str]]], audited: Mapping[str, Mapping[str, str]] | None = None
) -> str:
    """A Markdown table of verdicts; ``claims`` holds each notebook's rows under its stem.

    The four columns of verdicts count the article's statements. The next one counts what the course itself, or a
    later paper, predicts, and how much of that the numbers bore out. audited: further columns, as `audited` gives them.
    """
    titles = [*(f"{SYMBOLS[verdict]} {verdict}" for verdict in VERDICTS), "course's own"]
    rows, counted = [], [0] * (len(VERDICTS) + 2)
    for stem, own_claims in claims.items():
        counts = count_verdicts(row for row in own_claims if row["by"] == "article")
        own = count_verdicts(row for row in own_claims if row["by"] == "course")
        numbers = [*counts.values(), own["reproduced"], sum(own.values())]
        counted = [a + b for a, b in zip(counted, numbers, strict=True)]
        rows.append(_row(stem, numbers, [audited[stem][setting] for setting in SETTINGS] if audited else []))
    total = _row("**all**", counted, [audited[ALL][setting] for setting in SETTINGS] if audited else [])
    titles += [f"held at {setting}" for setting in SETTINGS] if audited else []
    return "\n".join(["| notebook | " + " | ".join(titles) + " |", "|---|" + "---:|" * len(titles), *rows, total])


def audited(stored: Mapping[str, NotebookNode], runs: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """For each notebook, and for ALL, and each of SETTINGS: how many claims held in every run there, of how many.

    "not run" where the results in ``runs`` have none for the present code.
    """
    table: dict[str, dict[str, str]] = {}
    total = {setting: [0, 0] for setting in SETTINGS}
    for stem, notebook in stored.items():
        for setting, (seeds, rows) in held_by_setting(present(stem, notebook, runs), published(notebook)).items():
            held, count = held_everywhere(rows).get(stem, (0, 0))
            table.setdefault(stem, {})[setting] = f"{held} of {count} in {len(seeds)} seeds" if seeds else "not run"
            total[setting] = [total[setting][0] + held, total[setting][1] + count]
    sums = {setting: f"{held} of {count}" if count else "not run" for setting, (held, count) in total.items()}
    return table | {ALL: sums}


def _row(name: str, numbers: Sequence[int], further: Sequence[str]) -> str:
    *verdicts, held, own = numbers
    return "| " + " | ".join([name, *map(str, verdicts), f"{held} of {own} held", *further]) + " |"


def errata(claims: Mapping[str, Sequence[Mapping[str, str]]], most: int = 5) -> str:
    """A Markdown list of statements of the articles that did not hold: one of each notebook, refuted ones first."""
    chosen, count = [], 0
    for stem, own_claims in claims.items():
        failed = [row for row in own_claims if is_erratum(row)]
        count += len(failed)
        if failed:
            chosen.append((stem, max(failed, key=lambda row: row["verdict"] == "refuted")))
    chosen.sort(key=lambda item: item[1]["verdict"] != "refuted")
    lines = []
    for stem, row in sorted(chosen[:most]):
        evidence = f"stated {row['stated']}; measured {row['measured']}"
        mark = SYMBOLS[row["verdict"]]
        lines.append(f"- {mark} [{stem}](notebooks/{stem}.ipynb), {row['id']}: {row['statement']} ({evidence})")
    head = (
        f"{len(lines)} of {count} statements, with what is stated (→ what holds instead); the site lists all as errata:"
    )
    return "\n".join([head, "", *lines])


def replace_block(text: str, name: str, block: str) -> str:
    """``text`` with what stands between ``<!-- name -->`` and ``<!-- /name -->`` replaced by ``block``.

    ValueError where the marks are missing.
    """
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the marks <!-- {name} --> and <!-- /{name} --> are missing")
    return pattern.sub(lambda match: match[1] + block + match[2], text)
