"""The published figures: which ones a notebook has, their files in one archive, their hashes in a manifest."""

from __future__ import annotations

import ast
import hashlib
import html
import io
import json
import platform
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from helpers.course import notebooks
from helpers.course.pictures import CHANGED_PIXELS, FORMATS, changed_pixels, embedded_png
from helpers.course.places import ROOT, replace_file

ARCHIVES = ROOT / "docs" / "figures"
MANIFEST = ROOT / "figures" / "MANIFEST.json"
CODECHECK = ROOT / "codecheck.yml"
KINDS = (*FORMATS, "csv", "npz")
MISSING = "not made yet"
_PACKAGES = ("matplotlib", "numpy", "torch")


@dataclass(frozen=True)
class Shown:
    """A figure in a notebook's outputs."""

    name: str
    png: bytes
    alt: str
    caption: str  # Markdown


def shown(notebook: NotebookNode) -> list[Shown]:
    """Every figure that the notebook's outputs hold, in order."""
    found = []
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        for output, following in zip(outputs, outputs[1:], strict=False):  # a caption follows each figure
            if (png := embedded_png(output.get("data", {}))) is not None:
                alt = re.search(r'alt="([^"]*)"', "".join(output.data["text/html"]))
                assert alt is not None  # as `embedded_png` found it
                caption = "".join(following.get("data", {}).get("text/plain", ""))
                found.append(Shown(output.metadata["figure"], png, html.unescape(alt[1]), caption))
    return found


def saved(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Name of each figure that the notebook's code saves → the cell that saves it, in order."""
    found = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and "figures.save(" in cell.source:
            for node in ast.walk(ast.parse(cell.source)):
                match node:
                    case ast.Call(func=ast.Attribute(attr="save"), args=[_, ast.Constant(value=str(name)), *_]):
                        found[name] = cell
    return found


def files(notebook: NotebookNode, folder: Path) -> Iterator[tuple[str, bytes]]:
    """(file name, bytes) of the figures of ``notebook`` that lie in ``folder``, in order."""
    for name in saved(notebook):
        for kind in KINDS:
            if (path := folder / f"{name}.{kind}").is_file():
                yield path.name, path.read_bytes()


def publish(stem: str, notebook: NotebookNode, folder: Path) -> None:
    """Put the figures in ``folder`` into the archive, the manifest and codecheck.yml, in place of older ones."""
    buffer, hashes = io.BytesIO(), {}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in files(notebook, folder):
            hashes[name] = hashlib.sha256(data).hexdigest()
            if not name.endswith(".png"):  # which the notebook itself holds
                archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, 9)  # ZipInfo: of 1980, always
    replace_file(ARCHIVES / f"{stem}.zip", buffer.getvalue())
    made = {"python": platform.python_version()} | {package: version(package) for package in _PACKAGES}
    manifest = {
        key: value for key, value in sorted((_manifest() | {stem: {"made with": made, "sha256": hashes}}).items())
    }
    replace_file(MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
    if CODECHECK.exists():
        head = CODECHECK.read_text(encoding="utf-8").partition("manifest:\n")[0]
        replace_file(CODECHECK, f"{head}manifest:\n{_listed(manifest)}".encode())


def _listed(manifest: Mapping[str, Any]) -> str:
    """Each published picture and its numbers, as codecheck.yml lists them."""
    comments = {"png": "figure of notebook {}", "csv": "the numbers that it shows"}
    return "".join(
        f"  - file: figures/{stem}/{name}\n    comment: {comments[kind].format(stem.split('_')[0])}\n"
        for stem, made in manifest.items()
        for name in made["sha256"]
        if (kind := name.rpartition(".")[2]) in comments
    )


def published_files(stem: str) -> list[str]:
    """The names of the files in a notebook's archive; none where it has none."""
    path = ARCHIVES / f"{stem}.zip"
    if not path.exists():
        return []
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def unpack_figures(stem: str, notebook: NotebookNode, folder: Path) -> None:
    """Write the published figures of a notebook into ``folder``, in every format, with their data."""
    for figure in shown(notebook):
        replace_file(folder / f"{figure.name}.png", figure.png)
    if (path := ARCHIVES / f"{stem}.zip").exists():
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                replace_file(folder / name, archive.read(name))


def changed(stem: str, folder: Path) -> dict[str, str]:
    """File name → in which way the file in ``folder`` is not the published one, for those that are not."""
    published = _manifest().get(stem, {}).get("sha256", {})
    pictures = {f"{figure.name}.png": figure.png for figure in shown(notebooks.read(stem))}
    found = {}
    for name, wanted in published.items():
        path = folder / name
        if not path.is_file():
            found[name] = MISSING
        elif hashlib.sha256(data := path.read_bytes()).hexdigest() != wanted:
            same = name in pictures and changed_pixels(pictures[name], data) <= CHANGED_PIXELS
            found[name] = "the same picture in other bytes" if same else "changed"
    drawn = sorted(path.name for path in folder.glob("*") if path.suffix[1:] in KINDS)
    return found | {name: "not among the published ones" for name in drawn if name not in published}


def _manifest() -> dict[str, dict]:
    return json.loads(MANIFEST.read_text(encoding="utf-8")) if MANIFEST.exists() else {}
