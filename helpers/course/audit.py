"""The audit: does every claim hold at other seeds, and at other budgets?

One run is one notebook with one set of parameters; claims that fail are recorded instead of stopping it. Runs are
independent, so `dask.distributed` spreads them: over one process per core here, or over a cluster that exists.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import NotebookNode

from helpers.course import notebooks
from helpers.course.parameters import BUDGET, label, published, scaled, with_parameters
from helpers.course.places import replace_file
from helpers.course.recording import CLAIMS, RECORD
from helpers.course.sources import sources

if TYPE_CHECKING:
    from distributed import Client

FORMAT = 1  # of the file of results


def parse_seeds(text: str) -> list[int]:
    """Seeds ≥ 0 from "0-9", "3" or "0-2,7"; ValueError for anything else.

    >>> parse_seeds("0-2,7")
    [0, 1, 2, 7]
    """
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        if not match or int(match[2] or match[1]) < int(match[1]):
            raise ValueError(f"--seeds {text!r}: {part!r} is neither a seed ≥ 0 nor an ascending range such as 0-9")
        seeds += range(int(match[1]), int(match[2] or match[1]) + 1)
    return sorted(set(seeds))


def parse_variation(text: str) -> tuple[str, list[float]]:
    """("training_steps", [0.5, 2.0]) from "training_steps=0.5x,2x"; ValueError for another form or a factor ≤ 0.

    >>> parse_variation("training_steps=0.5x,2x")
    ('training_steps', [0.5, 2.0])
    """
    name, _, factors = text.partition("=")
    numbers = re.findall(r"(\d+(?:\.\d+)?)x(?:,|$)", factors)
    if not name.isidentifier() or ",".join(f"{number}x" for number in numbers) != factors or not numbers:
        raise ValueError(f"--vary {text!r} is not of the form NAME=0.5x,2x")
    if not all(float(number) > 0 for number in numbers):
        raise ValueError(f"--vary {text!r}: give factors > 0")
    return name, [float(number) for number in numbers]


def settings(
    stored: Mapping[str, NotebookNode], seeds: Sequence[int], variations: Mapping[str, Sequence[float]]
) -> list[tuple[str, dict[str, Any]]]:
    """(stem, changed parameters) of every run: each seed as published, and once for each factor of each variation.

    ValueError for a variation that no chosen notebook has.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    known = {stem: published(notebook) for stem, notebook in stored.items()}
    for name in variations:
        if not any(scaled(values, name, 1.0) for values in known.values()):
            names = sorted({key for values in known.values() for key in scaled(values, BUDGET, 1.0)})
            raise ValueError(f"--vary {name}: no such whole-number parameter; there are {', '.join([BUDGET, *names])}")
    for stem, values in known.items():
        changes = [scaled(values, name, factor) for name, factors in variations.items() for factor in factors]
        found += [(stem, {"seed": seed, **change}) for seed in seeds for change in ({}, *filter(None, changes))]
    return found


def result(row: Mapping[str, Any]) -> dict[str, Any]:
    """Of a claim's row what an audit keeps: its verdict, and the range of what was measured, or its text.

    >>> result({"id": "S1", "verdict": "reproduced", "measured": "2.5", "low": 2.46813579, "high": 2.5})
    {'verdict': 'reproduced', 'low': 2.468, 'high': 2.5}
    """
    kept = {key: row[key] for key in ("verdict", "published") if key in row}
    if "low" in row:
        return kept | {key: float(f"{row[key]:.4g}") for key in ("low", "high")}
    return kept | {"measured": row["measured"]}


def run_once(stem: str, text: str, parameters: Mapping[str, Any], code: str) -> dict[str, Any]:
    """One run of the notebook ``text`` (JSON), on whatever machine: seconds, error ("" for none) and its claims.

    RuntimeError where `sources` of this machine is not ``code``: it has another version of the course.
    """
    stored = nbformat.reads(text, as_version=4)
    if sources(stem, stored) != code:
        raise RuntimeError("this worker has another version of the course; install the same commit on all of them")
    prepared = with_parameters(stem, stored, parameters)
    with tempfile.TemporaryDirectory() as folder:
        environment = {CLAIMS: RECORD, "COURSE_FIGURES": folder, "COURSE_FORMATS": "png"}
        run = asyncio.run(notebooks.execute_one(stem, prepared, environment))
    claims = {row["id"]: result(row) for row in notebooks.claims(run.notebook)}
    error = re.sub(r"\x1b\[[0-9;]*m", "", run.error).strip().splitlines()
    return {
        "notebook": stem,
        "parameters": dict(parameters),
        "sources": code,
        "seconds": round(run.seconds, 1),
        "error": error[-1] if error else "",
        "claims": claims,
    }


def read_results(path: Path) -> list[dict[str, Any]]:
    """The runs that a file of results holds; none where there is no file. ValueError for another kind of file."""
    if not path.exists():
        return []
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["format"] == FORMAT:
            return list(stored["runs"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: is not a file of audit results ({error}); name another with --out") from error
    raise ValueError(f"{path}: is of another format than {FORMAT}; name another file with --out")


def write_results(path: Path, runs: Sequence[Mapping[str, Any]]) -> None:
    """All ``runs`` in one step, a run a line, in an order that does not depend on which ended first."""
    order = sorted(runs, key=lambda run: (run["notebook"], label(run["parameters"])))
    lines = ",\n".join(json.dumps(run, ensure_ascii=False, sort_keys=True) for run in order)
    replace_file(path, f'{{"format": {FORMAT}, "runs": [\n{lines}\n]}}\n'.encode())


def identity(stem: str, parameters: Mapping[str, Any], code: str) -> str:
    """What makes two runs the same one."""
    return f"{stem} {label(parameters)} {code}"


def audit(
    client: Client,
    wanted: Sequence[tuple[str, Mapping[str, Any]]],
    stored: Mapping[str, NotebookNode],
    path: Path,
    finished: Callable[[dict[str, Any]], None],
) -> list[str]:
    """Execute what ``path`` does not hold yet, keep each run there as it ends; returns what could not be executed.

    A run whose worker dies is given to another by the scheduler. Runs of other code of the chosen notebooks are
    dropped from the file.
    """
    from distributed import as_completed

    codes = {stem: sources(stem, notebook) for stem, notebook in stored.items()}
    kept = [run for run in read_results(path) if codes.get(run["notebook"], run["sources"]) == run["sources"]]
    done = {identity(run["notebook"], run["parameters"], run["sources"]) for run in kept}
    texts = {stem: nbformat.writes(notebook) for stem, notebook in stored.items()}
    failures, futures = [], {}
    for stem, parameters in wanted:
        key = identity(stem, parameters, codes[stem])
        if key not in done:
            done.add(key)
            futures[client.submit(run_once, stem, texts[stem], parameters, codes[stem], pure=False)] = key
    write_results(path, kept)  # without the old runs, also where nothing new is to be run
    for future in as_completed(list(futures)):
        if error := future.exception():
            failures.append(f"{futures[future]}: {type(error).__name__}: {error}")
            continue
        kept.append(future.result())
        write_results(path, kept)
        finished(kept[-1])
    return failures
