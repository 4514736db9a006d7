"""Strict at the published parameters, recording elsewhere: whether a claim that fails stops the notebook.

A stored notebook keeps its published parameters in its metadata (`course run --store` writes them), so that a value
edited by hand in JupyterLab counts as changed even after the notebook was saved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from IPython import get_ipython

from helpers.course.places import ROOT

# The environment variable that decides, whatever the parameters are: the audit records, a stored run is strict.
CLAIMS, RECORD, STRICT = "COURSE_CLAIMS", "record", "strict"


def _published(stem: str) -> dict[str, Any]:
    """The stored notebook as its file says it; empty where there is none."""
    path = Path(os.environ.get("COURSE_NOTEBOOKS", ROOT / "notebooks")) / f"{stem}.ipynb"
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return {}


@lru_cache(maxsize=1)  # each figure asks for its cell
def _read(path: Path, changed: int) -> dict[str, Any]:
    """What the file says, read again only when it was ``changed``."""
    return json.loads(path.read_text(encoding="utf-8"))


def published_parameters(stem: str) -> dict[str, str]:
    """Name → repr of each published parameter of a stored notebook; empty for a notebook that was never stored."""
    return _published(stem).get("metadata", {}).get("course", {}).get("parameters", {})


def published_cell(stem: str, figure: str) -> str:
    """The id of the cell of a stored notebook that saves the figure of this name; empty where there is none."""
    for cell in _published(stem).get("cells", []):
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and "figures.save(" in source and f'"{figure}"' in source:
            return cell.get("id", "")
    return ""


def changed_parameters(published: Mapping[str, str]) -> dict[str, Any]:
    """The values in the running notebook that differ from ``published`` (name → repr); empty outside a kernel."""
    shell = get_ipython()
    values = shell.user_ns if shell else {}
    return {name: values[name] for name, text in published.items() if name in values and repr(values[name]) != text}


def recording(published: Mapping[str, str]) -> bool:
    """Whether a claim that fails is recorded: the environment says so, or else a parameter was changed."""
    wish = os.environ.get(CLAIMS, "")
    return wish == RECORD or (wish != STRICT and bool(changed_parameters(published)))
