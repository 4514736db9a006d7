"""The `course` command: run, test, open and take apart the notebooks."""

from __future__ import annotations

import ast
import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from helpers.course import notebooks, readme
from helpers.course.figures import FORMATS, ROOT

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
# Where there is no terminal to measure (a log file), 80 columns would break the scoreboard.
console = Console(width=None if sys.stdout.isatty() else 120)

Names = Annotated[list[str] | None, typer.Argument(help="6, attention or 6_attention_scale; all notebooks for none")]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="notebooks at once; one per core by default")]


def _fail(message: object) -> typer.Exit:
    Console(stderr=True).print(Text(f"course: {message}", style="red"))
    return typer.Exit(2)


def _select(names: Sequence[str] | None) -> list[str]:
    try:
        return notebooks.select(names or [])
    except ValueError as error:
        raise _fail(error) from None


def _parameters(assignments: Sequence[str]) -> dict[str, Any]:
    """``["seed=3"]`` gives ``{"seed": 3}``; a value that is no Python literal stays a string."""
    parsed = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator or not name.isidentifier():
            raise _fail(f"-p {assignment!r} is not of the form NAME=VALUE")
        try:
            parsed[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            parsed[name] = value
    return parsed


def _execute(
    chosen: list[str],
    jobs: int | None,
    environment: dict[str, str],
    parameters: dict[str, Any] | None = None,
    keep: Callable[[notebooks.Run], None] = lambda run: None,
) -> list[notebooks.Run]:
    """Run notebooks under a progress bar and ``keep`` each one that passes, as soon as it has.

    Shows every failure and then leaves with 1; leaves with 130 after Ctrl-C.
    """
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
                if not run.error:
                    keep(run)
                mark = "[red]failed[/]" if run.error else "[green]passed[/]"
                bars.console.print(f"{mark} {run.stem} in {run.seconds:.0f} s")

            runs = notebooks.execute(
                chosen, jobs=jobs, parameters=parameters, environment=environment, progress=progress, finished=finished
            )
    except ValueError as error:
        raise _fail(error) from None
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
    return runs


@app.command()
def run(
    names: Names = None,
    jobs: Jobs = None,
    parameter: Annotated[list[str] | None, typer.Option("-p", help="NAME=VALUE for the parameters cell")] = None,
    store: Annotated[bool, typer.Option(help="keep the outputs in notebooks/ itself")] = False,
    out: Annotated[Path, typer.Option(help="folder for figures")] = ROOT / "figures",
) -> None:
    """Execute notebooks, write their figures, and print the scoreboard of claims.

    The executed copies go to build/notebooks/; with --store they replace the notebooks themselves.
    """
    if store and parameter:
        raise _fail("--store keeps the notebooks as they are published, so it does not go with -p")
    chosen = _select(names)
    copies = notebooks.FOLDER if store else ROOT / "build" / "notebooks"

    def keep(run: notebooks.Run) -> None:
        notebooks.write(run.notebook, copies / f"{run.stem}.ipynb")

    runs = _execute(chosen, jobs, {"COURSE_FIGURES": str(out.resolve())}, _parameters(parameter or []), keep)
    console.print(Markdown(readme.scoreboard({run.stem: notebooks.claims(run.notebook) for run in runs})))
    console.print(Text(f"Figures: {out}{os.sep}<notebook>{os.sep}   Executed notebooks: {copies}{os.sep}"))


@app.command()
def figures(
    names: Names = None,
    format: Annotated[list[str] | None, typer.Option(help=f"one of {', '.join(FORMATS)}; may be repeated")] = None,
    out: Annotated[Path, typer.Option(help="folder for figures")] = ROOT / "figures",
    jobs: Jobs = None,
) -> None:
    """Regenerate figures only: nothing but the figures is written."""
    formats = format or list(FORMATS)
    if unknown := set(formats) - set(FORMATS):
        raise _fail(f"--format {', '.join(sorted(unknown))}: choose among {', '.join(FORMATS)}")
    out.mkdir(parents=True, exist_ok=True)
    chosen = _select(names)
    _execute(chosen, jobs, {"COURSE_FIGURES": str(out.resolve()), "COURSE_FORMATS": ",".join(formats)})
    console.print(Text(f"Figures: {out}{os.sep}<notebook>{os.sep}"))


@app.command()
def claims(
    names: Names = None,
    write: Annotated[bool, typer.Option(help="put the scoreboard of all notebooks into the README")] = False,
) -> None:
    """Print the scoreboard from the stored outputs; for chosen notebooks, every claim."""
    chosen = _select(names)
    stored = {stem: notebooks.claims(notebooks.read(stem)) for stem in chosen}
    if names:
        for stem, rows in stored.items():
            table = Table("id", "statement", "by", "stated", "measured", "verdict", title=stem)
            for row in rows:
                table.add_row(*(Text(row[key]) for key in ("id", "statement", "by", "stated", "measured", "verdict")))
            console.print(table)
    console.print(Markdown(readme.scoreboard(stored)))
    if write:
        if names:
            raise _fail("--write needs all notebooks")
        path = ROOT / "README.md"
        text = readme.replace_block(path.read_text(), "scoreboard", readme.scoreboard(stored))
        notebooks.replace_file(path, text.encode())


@app.command("list")
def list_() -> None:
    """List the notebooks."""
    table = Table("notebook", "title", "cells", "claims")
    for stem in _select([]):
        notebook = notebooks.read(stem)
        cells, rows = len(notebook.cells), len(notebooks.claims(notebook))
        table.add_row(stem, Text(readme.title(notebook)), str(cells), str(rows))
    console.print(table)


@app.command()
def student(names: Names = None, out: Annotated[Path, typer.Option(help="folder")] = Path("student")) -> None:
    """Write copies without outputs and with the exercises' solutions left out."""
    if out.resolve() == notebooks.FOLDER.resolve():
        raise _fail(f"--out {out}: that would overwrite the notebooks themselves")
    for stem in _select(names):
        notebooks.write(notebooks.without_solutions(notebooks.read(stem)), out / f"{stem}.ipynb")
    console.print(Text(f"Student copies: {out}{os.sep}"))


@app.command()
def lab() -> None:
    """Open JupyterLab in the notebooks' folder, with sliders."""
    environment = {**os.environ, **notebooks.ONE_THREAD, "COURSE_WIDGETS": "1"}
    raise typer.Exit(subprocess.call([sys.executable, "-m", "jupyterlab"], cwd=notebooks.FOLDER, env=environment))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context, jobs: Jobs = None) -> None:
    """Run the unit tests and nbval (strict) on every notebook; further arguments go to pytest."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
    command += [f"--nbval-cell-timeout={notebooks.CELL_TIMEOUT}", "--dist=loadfile", f"--numprocesses={jobs or 'auto'}"]
    raise typer.Exit(subprocess.call([*command, *context.args], cwd=ROOT))
