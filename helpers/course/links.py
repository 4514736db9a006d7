"""Where each claim of an executed notebook stands, and the links from its table to there."""

from __future__ import annotations

import re

from nbformat import NotebookNode

from helpers.course.verdicts import ID, MIME, SYMBOLS

_CLAIM = re.compile(rf"(?:{'|'.join(map(re.escape, SYMBOLS.values()))}) \*\*({ID.pattern}), ")


def claims_shown(cell: NotebookNode) -> list[str]:
    """The ids of the claims that an executed cell shows, in order; the table at the end is not one."""
    shown = ("".join(output.get("data", {}).get("text/markdown", "")) for output in cell.get("outputs", []))
    return [match[1] for text in shown if (match := _CLAIM.match(text))]


def link_claims(notebook: NotebookNode) -> None:
    """Link each id in the table of claims to its cell, in the form that JupyterLab and nbconvert know."""
    places = {id: cell.get("id", "") for cell in notebook.cells for id in claims_shown(cell)}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "claims" in output.get("data", {}).get(MIME, {}):
                output.data["text/markdown"] = re.sub(
                    rf"^\| ({ID.pattern}) \|",
                    lambda match: f"| [{match[1]}](#cell-id={places[match[1]]}) |" if match[1] in places else match[0],
                    output.data["text/markdown"],
                    flags=re.MULTILINE,
                )
