"""What an audit says: of each claim, in how many runs it held, what was measured, and where it did not hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from helpers.course import notebooks
from helpers.course.audit import read_results
from helpers.course.digits import format_value
from helpers.course.links import link_claims
from helpers.course.parameters import BUDGET, label, scaled
from helpers.course.places import ROOT
from helpers.course.sources import sources
from helpers.course.verdicts import MIME, Claim, markdown_table

STORED = ROOT / "docs" / "audit.json"  # the results that the README counts
SETTINGS = {"every seed": 1.0, "half budget": 0.5, "double budget": 2.0}  # with the factor of every budget parameter


@dataclass
class Held:
    """One claim over many runs of its notebook."""

    notebook: str
    id: str
    verdict: str  # the published one
    held: int = 0
    runs: int = 0
    low: float | None = None
    high: float | None = None
    failed: list[str] = field(default_factory=list)  # settings, with the verdict that came out there

    def measured(self) -> str:
        """The range of what was measured; empty where that was no number."""
        if self.low is None or self.high is None:
            return ""
        low, high = format_value(self.low), format_value(self.high)
        return low if low == high else f"{low} … {high}"

    def add(self, claim: Mapping[str, Any] | None, setting: str) -> None:
        """Count one run; None: the notebook ended before this claim."""
        self.runs += 1
        if claim is None:
            self.failed.append(f"{setting}: not reached")
        elif "published" in claim:
            self.failed.append(f"{setting}: {claim['verdict']}")
        else:
            self.held += 1
        if claim and "low" in claim:
            self.low = min(claim["low"], self.low if self.low is not None else claim["low"])
            self.high = max(claim["high"], self.high if self.high is not None else claim["high"])


def gather(runs: Iterable[Mapping[str, Any]]) -> list[Held]:
    """One `Held` for each claim that any run of its notebook reached, in the order of the notebooks and their runs."""
    runs = list(runs)
    rows: dict[tuple[str, str], Held] = {}
    for run in runs:
        for id, claim in run["claims"].items():
            key = (run["notebook"], id)
            rows.setdefault(key, Held(*key, claim.get("published", claim["verdict"])))
    for run in runs:
        for (notebook, id), row in rows.items():
            if notebook == run["notebook"]:
                row.add(run["claims"].get(id), label(run["parameters"]))
    return list(rows.values())


def held_everywhere(rows: Iterable[Held]) -> dict[str, tuple[int, int]]:
    """For each notebook, how many of its claims held in every run, and how many there are."""
    counts: dict[str, tuple[int, int]] = {}
    for row in rows:
        everywhere, total = counts.get(row.notebook, (0, 0))
        counts[row.notebook] = (everywhere + (row.held == row.runs), total + 1)
    return counts


def held_by_setting(
    runs: Iterable[Mapping[str, Any]], values: Mapping[str, Any]
) -> dict[str, tuple[list[int], list[Held]]]:
    """For each of SETTINGS the seeds that one notebook was run with, and its claims there.

    values: its published parameters.
    """
    found: dict[str, tuple[list[int], list[Held]]] = {}
    for setting, factor in SETTINGS.items():
        changed = scaled(values, BUDGET, factor) if factor != 1 else {}
        own = [run for run in runs if {k: v for k, v in run["parameters"].items() if k != "seed"} == changed]
        found[setting] = (sorted(run["parameters"]["seed"] for run in own), gather(own))
    return found


def held_of(stem: str, notebook: NotebookNode, runs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Claim → "k of n": in how many runs of the notebook's present code it held, at every setting."""
    return {row.id: f"{row.held} of {row.runs}" for row in gather(present(stem, notebook, runs))}


def present(stem: str, notebook: NotebookNode, runs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of ``runs`` that are of the notebook's present code."""
    code = sources(stem, notebook)
    return [run for run in runs if run["notebook"] == stem and run["sources"] == code]


def held_in_store(stem: str) -> dict[str, str]:
    """What `held_of` says of the stored notebook and the stored results; empty where one of the two is missing."""
    try:
        return held_of(stem, notebooks.read(stem), read_results(STORED))
    except (OSError, ValueError):
        return {}


def renew_table(notebook: NotebookNode, held: Mapping[str, str]) -> bool:
    """Put ``held`` into the last column of an executed notebook's table of claims; whether that changed it."""
    changed = False
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "claims" in (data := output.get("data", {})).get(MIME, {}):
                before = data["text/markdown"]
                data["text/markdown"] = markdown_table([Claim(**row) for row in data[MIME]["claims"]], held)
                link_claims(notebook)
                changed |= data["text/markdown"] != before
    return changed


def shortened(failed: Sequence[str], most: int = 4) -> str:
    """The first few settings at which a claim did not hold."""
    rest = f" and {len(failed) - most} more" if len(failed) > most else ""
    return "; ".join(failed[:most]) + rest
