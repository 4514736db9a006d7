"""The vocabulary of claims: verdicts, ids, what each notebook owes, and one row of its table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

VERDICTS = ("reproduced", "corrected", "refuted", "not testable here")
SYMBOLS = {"reproduced": "✅", "corrected": "✏️", "refuted": "❌", "not testable here": "💬", "undecided": "❔"}
MIME = "application/vnd.scientific-spaces-course.claims+json"
ID = re.compile(r"([SFEXB])(\d+)([a-z]?)")
# What each notebook must close: every numbered statement (S), figure (F), correction (E), experiment (X) and
# extension (B) of its article.
OWED = {
    "1_derivatives": "S1-S8 F1 E1-E3 B1-B3",
    "2_determinant_derivatives": "S1-S8 E1-E2 B1-B6",
    "3_activation_functions": "S1-S10 F1-F5 E1-E3 B1-B4",
    "4_sgd_dynamics": "S1-S23 F1-F3 E1-E8 B1-B4 B6",
    "5_multi_task_gradients": "S0-S17 F1 E1-E6 B1-B5",
    "6_attention_scale": "S1-S13 F1-F2 E1-E6 B1-B3",
    "7_fourier_density": "S1-S18 F1 E1-E6 B1-B5",
    "8_vq_rotation_trick": "S1-S15 F1-F2 E1-E5 X1-X4 B1-B3",
}


@dataclass(frozen=True)
class Claim:
    """One row of a notebook's table of claims; every field is text, ready to print."""

    id: str
    statement: str
    by: str  # "article" or "course": whose statement is judged
    stated: str
    measured: str
    verdict: str
    published: str | None = None  # where this run's verdict is another one: the published verdict
    low: float | None = None  # while recording: the smallest and the largest number measured
    high: float | None = None

    def row(self) -> dict[str, Any]:
        """The fields that say something."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def expand_ids(text: str) -> list[str]:
    """Ids in ``text``: ``"S1-S3 E2"`` gives ``["S1", "S2", "S3", "E2"]``. ValueError for anything else."""
    ids = []
    for part in text.split():
        first, _, last = part.partition("-")
        start, stop = ID.fullmatch(first), ID.fullmatch(last or first)
        if not start or not stop or start[3] or stop[3] or start[1] != stop[1]:
            raise ValueError(f"owed: {part!r} is not an id such as 'S4' or a range such as 'S1-S8'")
        ids += [f"{start[1]}{k}" for k in range(int(start[2]), int(stop[2]) + 1)]
    return ids


def base_id(id: str) -> str:
    """The owed id of which a claim is a part.

    >>> base_id("S12b")
    'S12'
    """
    return id.rstrip("abcdefghijklmnopqrstuvwxyz")


def is_erratum(claim: Mapping[str, str]) -> bool:
    """Whether a claim (a row as in the table's data) is a statement of the article that did not hold."""
    return claim["by"] == "article" and claim["verdict"] in ("corrected", "refuted")


def count_verdicts(claims: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """How many of ``claims`` (rows as in the table's data) carry each of VERDICTS; what is undecided counts nowhere."""
    counts = dict.fromkeys(VERDICTS, 0)
    for claim in claims:
        if claim["verdict"] in counts:
            counts[claim["verdict"]] += 1
    return counts


def markdown_table(claims: Iterable[Claim], held: Mapping[str, str]) -> str:
    """The claims as a Markdown table, in the order given.

    held: id → in how many runs of the audit the claim held; "–" stands for what it does not list.
    """
    lines = ["| id | statement | by | stated | measured | verdict | held in |", "|---|---|---|---|---|---|---|"]
    for claim in claims:
        published = f", published: {claim.published}" if claim.published else ""
        verdict = f"{SYMBOLS[claim.verdict]} {claim.verdict}{published}"
        cells = (claim.id, claim.statement, claim.by, claim.stated, claim.measured, verdict, held.get(claim.id, "–"))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
