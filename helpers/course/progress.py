"""Executing notebooks before somebody's eyes: bars while they run, what failed, and what need not run again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from nbformat import NotebookNode
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax
from rich.text import Text

from helpers.course import notebooks, reuse
from helpers.course.terminal import console, fail


def execute_shown(
    chosen: list[str],
    jobs: int | None,
    environment: dict[str, str],
    values: dict[str, Any] | None = None,
    keep: Callable[[notebooks.Run], None] = lambda run: None,
    prepare: Callable[[str, NotebookNode], NotebookNode] = lambda stem, notebook: notebook,
) -> dict[str, notebooks.Run]:
    """Run notebooks under a progress bar and ``keep`` each one as soon as it has ended.

    Shows every failure and then leaves with 1; leaves with 130 after Ctrl-C.
    """
    if not chosen:
        return {}
    bar = (BarColumn(), TextColumn("cell"), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(TextColumn("[bold]{task.description}"), *bar, console=console) as bars:
            tasks = {stem: bars.add_task(stem, start=False, total=None) for stem in chosen}

            def progress(stem: str, done: int, total: int) -> None:
                if not bars.tasks[tasks[stem]].started:
                    bars.start_task(tasks[stem])
                bars.update(tasks[stem], completed=done, total=total)

            def finished(run: notebooks.Run) -> None:
                bars.stop_task(tasks[run.stem])
                keep(run)
                mark = "[red]failed[/]" if run.error else "[green]passed[/]"
                bars.console.print(f"{mark} {run.stem} in {run.seconds:.0f} s")

            runs = notebooks.execute(
                chosen,
                jobs=jobs,
                parameters=values,
                environment=environment,
                prepare=prepare,
                progress=progress,
                finished=finished,
            )
    except ValueError as error:
        raise fail(error) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("Interrupted: all kernels are stopped; what had finished is complete.")
        raise typer.Exit(130) from None
    for run in runs:
        if run.error:
            console.rule(f"{run.stem}: this cell failed")
            console.print(Syntax(run.failed_source, "python", background_color="default"))
            console.print(Text.from_ansi(run.error))
    if any(run.error for run in runs):
        raise typer.Exit(1)
    return {run.stem: run for run in runs}


Force = Annotated[bool, typer.Option("--force", help="execute also what has not changed since its executed copy")]


def fingerprints(chosen: list[str], values: dict[str, Any]) -> dict[str, str]:
    return {stem: reuse.fingerprint(notebooks.read(stem), values) for stem in chosen}


def unchanged(prints: dict[str, str], copies: Path, drawn: Path, formats: Sequence[str]) -> dict[str, notebooks.Run]:
    """The notebooks whose executed copy has the fingerprint in ``prints`` and its figures, one line for each."""
    found = {}
    for stem, print_of in prints.items():
        path = copies / f"{stem}.ipynb"
        if notebook := reuse.reusable(path, print_of, drawn / stem, formats):
            found[stem] = notebooks.Run(stem, notebook, 0.0)
            console.print(Text(f"reused {stem}: nothing changed since {path} (--force executes it)"))
    return found
