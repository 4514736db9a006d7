"""What the commands share: the console, how they end on an error, and how notebooks and parameters are named."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from helpers.course import notebooks, parameters

# Where there is no terminal to measure (a log file), 80 columns would break the scoreboard.
console = Console(width=None if sys.stdout.isatty() else 120)

Names = Annotated[list[str] | None, typer.Argument(help="6, attention or 6_attention_scale; all notebooks for none")]
Parameters = Annotated[
    list[str] | None, typer.Option("-p", help="NAME=VALUE for the parameters cell, such as seed=3; may be repeated")
]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="notebooks at once; one per core by default")]


def fail(message: object) -> typer.Exit:
    Console(stderr=True).print(Text(f"course: {message}", style="red"))
    return typer.Exit(2)


def readable(text: str) -> str:
    """``text`` with its formulas between dollars as a terminal can show them: $\\alpha\\leq2$ as α≤2."""
    from pylatexenc.latex2text import LatexNodes2Text  # here, as only a table of claims needs it

    converter = LatexNodes2Text(math_mode="text", keep_braced_groups=True)  # e^{-cH} keeps its braces
    spaced = re.sub(r"\\operatorname\{(\w+)\}", r"\\,\1\\,", text)
    shown = re.sub(r"\$([^$]+)\$", lambda formula: converter.latex_to_text(formula[0]), spaced)
    return re.sub(r"(?<![\^_])\{([^{}]*)\}", r"\1", shown)


def select(names: Sequence[str] | None) -> list[str]:
    try:
        return notebooks.select(names or [])
    except ValueError as error:
        raise fail(error) from None


def read_parameters(assignments: Sequence[str] | None, chosen: Sequence[str]) -> dict[str, Any]:
    """The values that -p asks for, each of them a parameter of every chosen notebook."""
    try:
        values = parameters.parse_assignments(assignments or [])
        for stem in chosen if values else ():
            parameters.check(stem, values, notebooks.read(stem))
    except ValueError as error:
        raise fail(error) from None
    return values
