"""`course audit`: every claim at other seeds and budgets, on this machine or on a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markdown import Markdown
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from helpers.course import audit as audits
from helpers.course import notebooks
from helpers.course.held import gather, held_everywhere, shortened
from helpers.course.terminal import Jobs, Names, console, fail, select

RESULTS = notebooks.BUILD / "audit.json"


def audit(
    names: Names = None,
    seeds: Annotated[str, typer.Option(help="such as 0-9 or 0-2,7")] = "0-9",
    vary: Annotated[
        list[str] | None,
        typer.Option(help="NAME=0.5x,2x scales a whole-number parameter, budget=… all but the seed; may be repeated"),
    ] = None,
    jobs: Jobs = None,
    scheduler: Annotated[str | None, typer.Option(help="address of a dask scheduler, such as tcp://host:8786")] = None,
    out: Annotated[Path, typer.Option(help="file of results; what it holds is not repeated")] = RESULTS,
) -> None:
    """Execute notebooks at other seeds and settings; show how often claims held.

    Claims that fail are recorded. Every finished run is kept in --out, so an interrupted audit goes on where it was.
    """
    chosen = select(names)
    stored = {stem: notebooks.read(stem) for stem in chosen}
    try:
        variations = dict(map(audits.parse_variation, vary or []))
        wanted = audits.settings(stored, audits.parse_seeds(seeds), variations)
        held = len(audits.read_results(out))
    except ValueError as error:
        raise fail(error) from None
    console.print(f"{len(wanted)} runs of {len(chosen)} notebooks; {out} holds {held} runs")
    failures = _run(wanted, stored, jobs, scheduler, out)
    console.print(Markdown(table(audits.read_results(out), set(chosen))))
    for failure in failures:
        console.print(Text(f"not executed: {failure}", style="red"))
    if failures:
        raise typer.Exit(1)


def _run(
    wanted: list[tuple[str, dict[str, Any]]], stored: dict[str, Any], jobs: int | None, scheduler: str | None, out: Path
) -> list[str]:
    from distributed import Client, LocalCluster  # here: it takes a second, which no other command should pay

    bars = Progress(
        TextColumn("[bold]audit"),
        BarColumn(),
        TextColumn("run"),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    try:
        if scheduler:
            client = Client(scheduler, timeout=10)
        else:
            workers = min(jobs or notebooks.cores(), max(len(wanted), 1))
            cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, memory_limit=0)
            client = Client(cluster)
    except (OSError, ValueError) as error:
        raise fail(f"--scheduler {scheduler}: cannot be reached ({error})") from None
    try:
        with client, bars:
            task = bars.add_task("audit", total=len(wanted))

            def finished(run: dict[str, Any]) -> None:
                bars.advance(task)
                off = sum("published" in claim for claim in run["claims"].values())
                ended = f"stopped: {run['error']}" if run["error"] else f"{off} claims not as published"
                bars.console.print(Text(f"{run['notebook']} {run['parameters']} in {run['seconds']:.0f} s, {ended}"))

            return audits.audit(client, wanted, stored, out, finished)
    except KeyboardInterrupt:
        console.print(f"Interrupted; the runs that had finished are in {out}, and the same command goes on from there.")
        raise typer.Exit(130) from None
    finally:
        if not scheduler:
            cluster.close()


def table(runs: list[dict[str, Any]], chosen: set[str]) -> str:
    """A Markdown table of the claims that did not hold in every run, behind one line for each notebook."""
    lines = ["| claim | published | held | measured | not at |", "|---|---|---:|---|---|"]
    rows = [row for row in gather(runs) if row.notebook in chosen]
    counts = held_everywhere(rows)
    for stem in sorted(chosen):
        own = [row for row in rows if row.notebook == stem]
        (everywhere, total), most = counts.get(stem, (0, 0)), max((row.runs for row in own), default=0)
        lines.append(f"| **{stem}** | | {everywhere} of {total} claims in all of {most} runs | | |")
        for row in own:
            if row.held < row.runs:
                where = shortened(row.failed)
                lines.append(f"| {row.id} | {row.verdict} | {row.held} of {row.runs} | {row.measured()} | {where} |")
    return "\n".join(lines)
