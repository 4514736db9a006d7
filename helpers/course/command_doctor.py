"""`course doctor`: what is installed here, and what would fail."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

import typer
from packaging.requirements import Requirement
from rich.table import Table
from rich.text import Text

from helpers.course import notebooks
from helpers.course.command import PACKAGE
from helpers.course.places import BROWSERS, ROOT
from helpers.course.terminal import console

LEAST_PYTHON, LEAST_DISK = (3, 11), 0.5  # GB, for figures, copies, the book


def doctor() -> None:
    """Say what is installed here, and what would fail: leaves with 1 where a reader's part would."""
    table, broken = Table("what", "here", "verdict"), False
    for what, here, problem, needed in findings():
        broken |= bool(problem) and needed
        mark = "[green]good[/]" if not problem else f"[red]{problem}[/]" if needed else f"[yellow]{problem}[/]"
        table.add_row(Text(what), Text(here), mark)
    console.print(table)
    if broken:
        raise typer.Exit(1)


def findings() -> Iterator[tuple[str, str, str, bool]]:
    """(what, what is here, what is wrong with it or nothing, whether a reader needs it)."""
    old = sys.version_info < LEAST_PYTHON
    yield "Python", f"{platform.python_version()}, {sys.executable}", "too old: 3.11 is needed" if old else "", True
    yield "system", f"{platform.system()} {platform.machine()}, {notebooks.cores()} cores", "", False
    yield "threads of each kernel", ", ".join(f"{k}={v}" for k, v in notebooks.ONE_THREAD.items()), "", False
    for requirement in sorted({str(each) for each in _required()}):
        yield _package(Requirement(requirement))
    free = shutil.disk_usage(ROOT).free / 1e9
    yield "free disk", f"{free:.1f} GB", "" if free >= LEAST_DISK else "too little", True
    writable = os.access(ROOT, os.W_OK)
    yield "repository", str(ROOT), "" if writable else "may not be written: give --out elsewhere", True
    try:
        yield "notebooks", f"{len(notebooks.stems())} in {notebooks.FOLDER}", "", True
    except ValueError as error:
        yield "notebooks", "none", str(error), True
    kernel = subprocess.run([sys.executable, "-m", "ipykernel_launcher", "--version"], capture_output=True, text=True)
    yield "kernel", kernel.stdout.strip(), "" if kernel.returncode == 0 else "does not start", True
    extras = {"book": ("sphinx", "book and slides"), "test": ("pytest", "tests"), "audit": ("distributed", "audit")}
    for extra, (module, purpose) in extras.items():
        found = importlib.util.find_spec(module) is not None
        yield purpose, module, "" if found else f"not installed: python tasks.py setup {extra}", False
    browser = next(filter(None, map(shutil.which, BROWSERS)), "")
    yield "printing the book", browser or "chromium", "" if browser else "no browser", False


def _required() -> list[Requirement]:
    try:
        every = [Requirement(line) for line in requires(PACKAGE) or []]
    except PackageNotFoundError:
        return []
    return [each for each in every if each.marker is None or each.marker.evaluate({"extra": ""})]


def _package(requirement: Requirement) -> tuple[str, str, str, bool]:
    try:
        here = version(requirement.name)
    except PackageNotFoundError:
        return requirement.name, "", "not installed", True
    fits = requirement.specifier.contains(here.split("+")[0], prereleases=True)
    return requirement.name, here, "" if fits else f"wanted {requirement.specifier}", True
