"""`course figures`: all of them, or one, as somebody wants it; and whether they are still the published ones."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from nbformat import NotebookNode
from rich.table import Table
from rich.text import Text

from helpers.course import archive, notebooks, parameters
from helpers.course.figure_labels import languages
from helpers.course.figure_style import THEMES, UNFIT, Wish, inches
from helpers.course.pictures import FORMATS, ONLY
from helpers.course.places import ROOT
from helpers.course.progress import Force, execute_shown, fingerprints, unchanged
from helpers.course.slices import needed
from helpers.course.terminal import Jobs, Parameters, console, fail, read_parameters

Chosen = Annotated[
    list[str] | None,
    typer.Argument(help="notebooks, such as 6 or attention; behind a notebook figures of it, such as training"),
]


def figures(
    names: Chosen = None,
    list_: Annotated[bool, typer.Option("--list", help="name the figures with their captions; draw nothing")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="draw nothing; name the files that are not as published")
    ] = False,
    format: Annotated[list[str] | None, typer.Option(help=f"one of {', '.join(FORMATS)}; may be repeated")] = None,
    width: Annotated[
        str | None, typer.Option(help="such as 84mm or 3.3in; laid out again, so that letters stay legible")
    ] = None,
    dpi: Annotated[int | None, typer.Option(help="of PNG; 110 as published")] = None,
    theme: Annotated[str, typer.Option(help=f"one of {', '.join(THEMES)}")] = "light",
    font: Annotated[str | None, typer.Option(help="a font family of this machine")] = None,
    text: Annotated[bool, typer.Option("--text", help="letters in SVG stay text, to be selected")] = False,
    lang: Annotated[
        str, typer.Option(help=f"of axes, common titles and legends; one of {', '.join(languages())}")
    ] = "en",
    out: Annotated[Path | None, typer.Option(help="folder for figures")] = None,
    parameter: Parameters = None,
    jobs: Jobs = None,
    force: Force = False,
) -> None:
    """Regenerate figures: of all notebooks, of some, or single ones. Of single ones only the cells they need are run.

    As published they go to figures/; with -p, or drawn another way, to a folder of their own in build/.
    """
    try:
        chosen, only = choose(names or [])
        style = Wish(inches(width) if width else None, dpi, theme, font, text, lang)
        style.settings()  # says here, not in each kernel, that a font is missing
    except ValueError as error:
        raise fail(error) from None
    if unknown := set(format or []) - set(FORMATS):
        raise fail(f"--format {', '.join(sorted(unknown))}: choose among {', '.join(FORMATS)}")
    formats = [each for each in FORMATS if not format or each in format]
    if list_:
        return _list(chosen, only)
    values = read_parameters(parameter, chosen)
    label = ",".join(filter(None, [parameters.label(values) if values else "", style.label()]))
    drawn = out or (notebooks.BUILD / label if label else ROOT) / "figures"
    if check:
        return _check(chosen, only, drawn)
    drawn.mkdir(parents=True, exist_ok=True)
    environment = {"COURSE_FIGURES": str(drawn.resolve()), "COURSE_FORMATS": ",".join(formats)} | style.environment()
    done: Mapping[str, notebooks.Run] = {}
    if only:
        environment |= {ONLY: ",".join(only)}
    elif not force and not style.label():
        copies = (notebooks.BUILD / parameters.label(values) if values else notebooks.BUILD) / "notebooks"
        done = unchanged(fingerprints(chosen, values), copies, drawn, formats)

    def prepare(stem: str, notebook: NotebookNode) -> NotebookNode:
        return only_cells_of(notebook, only) if only else notebook

    left = [stem for stem in chosen if stem not in done]
    told: list[str] = []
    execute_shown(left, jobs, environment, values, keep=lambda run: told.extend(_unfit(run)), prepare=prepare)
    for line in told:
        console.print(Text(line))
    console.print(Text(f"Figures: {drawn}{os.sep}<notebook>{os.sep}"))


def _unfit(run: notebooks.Run) -> list[str]:
    """The lines in which `Figures.save` said that a figure is not legible at the width asked for."""
    outputs = [output for cell in run.notebook.cells for output in cell.get("outputs", [])]
    lines = [line for output in outputs if output.get("name") == "stderr" for line in output.text.splitlines()]
    return [f"{run.stem}: {line}" for line in lines if line.startswith(UNFIT)]


def choose(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The notebooks and the single figures that ``names`` mean; no figures stand for all of them.

    A name that is no notebook is a figure, or a part of its name, of the notebooks named so far. ValueError, with the
    valid ones, for one that is neither or several.
    """
    stems: list[str] = []
    found: list[str] = []
    for name in names:
        try:
            stems += notebooks.select([name])
            continue
        except ValueError:
            if not stems:
                raise
        known = [figure for stem in stems for figure in archive.saved(notebooks.read(stem))]
        matches = [figure for figure in known if figure == name] or [figure for figure in known if name in figure]
        if len(matches) != 1:
            problem = "means several figures" if matches else "is neither a notebook nor a figure"
            raise ValueError(f"{name!r} {problem} of {', '.join(stems)}; choose among: {', '.join(matches or known)}")
        found += matches
    chosen = notebooks.select(stems)
    if found:
        chosen = [stem for stem in chosen if set(found) & archive.saved(notebooks.read(stem)).keys()]
    return chosen, found


def only_cells_of(notebook: NotebookNode, figures: Sequence[str]) -> NotebookNode:
    """``notebook`` with nothing but the cells that ``figures`` need."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    places = archive.saved(notebook)
    targets = [k for k, cell in enumerate(code) if any(places.get(figure) is cell for figure in figures)]
    notebook.cells = [code[k] for k in needed([cell.source for cell in code], targets)]
    return notebook


def _list(chosen: Sequence[str], only: Sequence[str]) -> None:
    table = Table("notebook", "figure", "caption")
    for stem in chosen:
        for figure in archive.shown(notebooks.read(stem)):
            if not only or figure.name in only:
                table.add_row(*map(Text, (stem, figure.name, figure.caption)))
    console.print(table)


def _check(chosen: Sequence[str], only: Sequence[str], drawn: Path) -> None:
    """Say which files in ``drawn`` are not those of the manifest; leaves with 1 where there are any."""
    found = {
        f"{stem}{os.sep}{file}": how
        for stem in chosen
        for file, how in archive.changed(stem, drawn / stem).items()
        if not only or file.rpartition(".")[0] in only
    }
    missing = sum(how == archive.MISSING for how in found.values())
    if not any((drawn / stem).is_dir() for stem in chosen):
        raise fail(f"nothing is drawn in {drawn} yet: course figures does it")
    for file, how in found.items():
        if how != archive.MISSING:
            console.print(Text(f"{file}: {how}"))
    if count := len(found) - missing:
        console.print(Text(f"{_files(count)} in {drawn} {'is' if count == 1 else 'are'} not as published"))
    if missing:
        stems = sorted({file.partition(os.sep)[0] for file, how in found.items() if how == archive.MISSING})
        console.print(Text(f"{_files(missing)} not made yet: run course figures {' '.join(stems)}"))
    if found:
        raise typer.Exit(1)
    console.print(Text(f"as published: {drawn}"))


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
