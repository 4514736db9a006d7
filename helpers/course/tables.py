"""Tables that a cell shows, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from IPython.display import display

from helpers.course.digits import format_value
from helpers.course.evidence import format_measured


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, digits: int = 3) -> None:
    """Show what `table_markdown` makes of the same arguments."""
    text = table_markdown(headers, rows, digits=digits)
    display({"text/markdown": text, "text/plain": text}, raw=True)


def table_markdown(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, digits: int = 3) -> str:
    """A Markdown table of ``rows`` under ``headers``.

    Text stays as it is; numbers show ``digits`` significant digits, and a pair (mean, half width) is mean ± half width.
    ValueError for no rows, or for a row of another length than the headers.

    >>> print(table_markdown(["n", "error"], [[1, 0.12345], [10, (0.05, 0.01)]]))
    | n | error |
    |---:|---:|
    | 1 | 0.123 |
    | 10 | 0.05 ± 0.01 |
    """
    values = [list(row) for row in rows]
    if not values or any(len(row) != len(headers) for row in values):
        raise ValueError(f"rows: give at least one, each with {len(headers)} entries, as many as there are headers")
    rule = "|".join("---" if any(isinstance(row[k], str) for row in values) else "---:" for k in range(len(headers)))
    body = [[_shown(value, digits).replace("|", "\\|") for value in row] for row in values]
    return "\n".join([_line(headers), f"|{rule}|", *map(_line, body)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _shown(value: Any, digits: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        mean, half_width = map(float, value)
        return format_measured(mean, 0.0, half_width, digits)
    return format_value(value.item() if hasattr(value, "item") else value, 0.0, digits)
