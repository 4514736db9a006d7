"""`course run`: execute notebooks, write their figures, show what their claims say."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from helpers.course import archive, notebooks, parameters, readme, reuse
from helpers.course.pictures import FORMATS
from helpers.course.places import ROOT
from helpers.course.progress import Force, execute_shown, fingerprints, unchanged
from helpers.course.recording import CLAIMS, STRICT
from helpers.course.terminal import Jobs, Names, Parameters, console, fail, read_parameters, select
from helpers.course.widgets import FRAMES


def run(
    names: Names = None,
    jobs: Jobs = None,
    parameter: Parameters = None,
    store: Annotated[bool, typer.Option(help="keep the outputs in notebooks/ itself")] = False,
    out: Annotated[Path | None, typer.Option(help="folder for figures")] = None,
    force: Force = False,
    timings: Annotated[bool, typer.Option("--timings", help="show the five slowest cells of each notebook")] = False,
) -> None:
    """Execute notebooks, write their figures, and print the scoreboard of claims.

    The executed copies go to build/notebooks/, the figures to figures/; with --store the copies replace the notebooks
    themselves. With -p both go to build/<the parameters>/, and a claim that no longer holds is shown, not an error.
    """
    if store and parameter:
        raise fail("--store keeps the notebooks as they are published, so it does not go with -p")
    chosen = select(names)
    values = read_parameters(parameter, chosen)
    place = notebooks.BUILD / parameters.label(values)
    copies = notebooks.FOLDER if store else place / "notebooks" if values else notebooks.BUILD / "notebooks"
    drawn = out or (place if values else ROOT) / "figures"
    prints = fingerprints(chosen, values)
    done = {} if force or store or timings else unchanged(prints, copies, drawn, FORMATS)
    failed: dict[str, Path] = {}

    def keep(run: notebooks.Run) -> None:
        # What failed lies beside what passed, under its own name, and never in the place of a stored notebook.
        beside = notebooks.BUILD / "notebooks" if store else copies
        broken = beside / f"{run.stem}.failed.ipynb"
        if run.error:
            failed[run.stem] = broken
        else:
            broken.unlink(missing_ok=True)
            if not store:
                reuse.record(run.notebook, prints[run.stem], drawn / run.stem, FORMATS)
        notebooks.write(run.notebook, broken if run.error else copies / f"{run.stem}.ipynb")
        if store and not run.error and not out:
            archive.publish(run.stem, run.notebook, drawn / run.stem)

    environment = {"COURSE_FIGURES": str(drawn.resolve())}
    environment |= {CLAIMS: STRICT, FRAMES: str(ROOT / "docs" / "frames")} if store else {}
    try:
        done |= execute_shown([stem for stem in chosen if stem not in done], jobs, environment, values, keep)
    finally:
        for stem, path in failed.items():
            if path.exists():  # not on a full disk
                console.print(Text(f"{stem} as far as it came: {path}"))
    if timings:
        _show_timings(done.values())
    boards = {stem: notebooks.claims(done[stem].notebook) for stem in chosen}
    console.print(Markdown(readme.scoreboard(boards)))
    for stem, rows in boards.items():
        if other := [f"{row['id']} {row['verdict']}" for row in rows if "published" in row]:
            console.print(Text(f"{stem}, not as published: {', '.join(other)}"))
    console.print(Text(f"Figures: {drawn}{os.sep}<notebook>{os.sep}   Executed notebooks: {copies}{os.sep}"))


def _show_timings(runs: Iterable[notebooks.Run]) -> None:
    table = Table("notebook", "cell", "seconds", "begins with")
    for run in runs:
        for index, seconds in sorted(run.cell_seconds.items(), key=lambda item: -item[1])[:5]:
            first = run.notebook.cells[index].source.strip().splitlines()[0]
            table.add_row(run.stem, str(index), f"{seconds:.1f}", Text(first[:60]))
    console.print(table)
