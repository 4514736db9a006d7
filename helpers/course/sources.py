"""What a notebook's numbers come from: a hash that changes with its code, and not with a comment or an output."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from helpers.course.places import ROOT

HELPERS = ROOT / "helpers"
JUDGES = ("judging.py", "training.py", "data.py")  # what of the course itself decides a verdict


def structure(code: str) -> str:
    """``code`` without comments, docstrings and layout, spelled alike by every version of Python.

    >>> structure("x = 1  # one") == structure("x=1"), structure("x = 1") == structure("x = 2")
    (True, False)
    """

    def says_something(node: ast.AST) -> bool:  # unlike a string that stands alone
        return not (isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str))

    def spell(node: Any) -> Any:
        if isinstance(node, list):
            return [spell(item) for item in node if not isinstance(item, ast.AST) or says_something(item)]
        if not isinstance(node, ast.AST):
            return repr(node)
        fields = [(name, spell(value)) for name, value in ast.iter_fields(node) if name not in ("kind", "type_comment")]
        return (type(node).__name__, *(field for field in fields if field[1] not in ("None", [])))

    return repr(spell(ast.parse(code)))


def files(stem: str) -> list[Path]:
    """The helpers that the notebook ``stem`` may compute with: its own package, the shared ground, and JUDGES."""
    package = HELPERS / stem.split("_", 1)[-1]
    judges = [HELPERS / "course" / name for name in JUDGES]
    return [*sorted(HELPERS.glob("*.py")), *sorted(package.rglob("*.py")), *judges]


def sources(stem: str, notebook: NotebookNode) -> str:
    """A hash of the notebook's code and of its `files`: a result belongs to it, and is old when it changes."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    code += [path.read_text(encoding="utf-8") for path in files(stem)]
    return hashlib.sha256("\0".join(map(structure, code)).encode()).hexdigest()[:16]


def package_hash() -> str:
    """A hash of every file of the installed package, comments included: what a picture or a text may depend on."""
    files = sorted(HELPERS.rglob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:16]
