"""`course lab` and `course test`: what hands over to JupyterLab and to pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from helpers.course import copies, notebooks
from helpers.course.places import ROOT
from helpers.course.terminal import Jobs, select


def lab(
    context: typer.Context,
    work: Annotated[Path, typer.Option(help="folder of the working copies")] = ROOT / "work",
    fresh: Annotated[bool, typer.Option("--fresh", help="new copies; edited ones are kept under another name")] = False,
) -> None:
    """Open JupyterLab, with sliders, in copies that you may change. Further arguments go to JupyterLab."""
    for stem in select(None):
        if fresh or not (work / f"{stem}.ipynb").exists():
            copies.hand_out(notebooks.read(stem), work / f"{stem}.ipynb")
    environment = {**os.environ, **notebooks.ONE_THREAD, "COURSE_WIDGETS": "1"}
    place = os.path.relpath(work, ROOT)
    root = ROOT if not place.startswith("..") else work  # a folder elsewhere is its own root
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"]
    command += [f"--LabApp.default_url=/lab/tree/{place}"] if root == ROOT else []
    command += context.args
    if os.name == "posix":  # JupyterLab takes the place of this process, so a signal leaves nothing behind
        os.execve(command[0], command, environment)
    raise typer.Exit(subprocess.call(command, env=environment))


def test(context: typer.Context, jobs: Jobs = None) -> None:
    """Run the unit tests, and every notebook against its stored outputs. Further arguments go to pytest."""
    select(None)  # says so where there is no repository
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
    command += [f"--nbval-cell-timeout={notebooks.CELL_TIMEOUT}", "--dist=loadfile", f"--numprocesses={jobs or 'auto'}"]
    raise typer.Exit(subprocess.call([*command, *context.args], cwd=ROOT))
