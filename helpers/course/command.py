"""The `course` command: run, test, open and take apart the notebooks.

A command is imported when it is called, so that help comes at once.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

PACKAGE = "scientific-spaces-course"
# Name → file, function, first sentence of its docstring (a test compares).
COMMANDS = {
    "run": ("command_run", "run", "Execute notebooks, write their figures, and print the scoreboard of claims."),
    "lab": ("command_open", "lab", "Open JupyterLab, with sliders, in copies that you may change."),
    "figures": ("command_figures", "figures", "Regenerate figures: of all notebooks, of some, or single ones."),
    "list": ("command_stored", "list_", "List the notebooks with their minutes; of chosen ones also the parameters."),
    "claims": ("command_stored", "claims", "Print the scoreboard; for chosen notebooks, every claim."),
    "book": ("command_stored", "book", "Build the site, to be read without a network."),
    "slides": ("command_stored", "slides", "Make a deck for each notebook, to be shown without a network."),
    "student": ("command_stored", "student", "Write copies without outputs and solutions; edited ones stay."),
    "grade": ("command_grade", "grade", "Check every exercise of returned notebooks, and write a table of points."),
    "audit": ("command_audit", "audit", "Execute notebooks at other seeds and settings; show how often claims held."),
    "test": ("command_open", "test", "Run the unit tests, and every notebook against its stored outputs."),
    "contents": ("command_stored", "contents", "Print each notebook's table of contents with counted minutes."),
    "doctor": ("command_doctor", "doctor", "Say what is installed here, and what would fail."),
}
_HANDING_ON = {"allow_extra_args": True, "ignore_unknown_options": True}  # to JupyterLab, to pytest


class _Lazy(TyperGroup):
    """A group that knows its commands by name and sentence until one of them is called."""

    # The types are those of click, which older versions of typer import and newer ones bring along.
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, name: str) -> Any:
        return TyperCommand(name, help=COMMANDS[name][2]) if name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name in COMMANDS else command, rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (OSError, ExceptionGroup) as error:  # a full disk, a folder that may not be written
            cause = _refused(error)
            if cause is None:
                raise
            place = f": {cause.filename}" if cause.filename else ""
            typer.secho(f"course: {cause.strerror or cause}{place}", fg="red", err=True)
            raise typer.Exit(1) from None


def _refused(error: BaseException) -> OSError | None:
    """What the system refused, where ``error`` is nothing else: alone, in a group, or as one of many files to copy."""
    if isinstance(error, BaseExceptionGroup):
        causes = [_refused(each) for each in error.exceptions]
        return None if None in causes else causes[0]
    if isinstance(error, shutil.Error):
        return OSError(error.args[0][0][2] if isinstance(error.args[0], list) else str(error))
    return error if isinstance(error, OSError) else None


def load(name: str) -> Any:
    """The command of this name, imported now."""
    file, function, _ = COMMANDS[name]
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    settings = _HANDING_ON if file == "command_open" else {}
    alone.command(name, context_settings=settings)(getattr(import_module(f"helpers.course.{file}"), function))
    return get_command(alone)


app = typer.Typer(cls=_Lazy, help=__doc__.split("\n")[0], no_args_is_help=True, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(metadata.version(PACKAGE))
        raise typer.Exit


@app.callback()
def main(
    shown: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Run, test, open and take apart the notebooks."""
    _write_utf8((sys.stdout, sys.stderr))


def _write_utf8(streams: Sequence[Any]) -> None:
    """Marks and Chinese terms go into a log as they are, whatever encoding the system prefers."""
    for stream in streams:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
