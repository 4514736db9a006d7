"""The book: an offline site that Sphinx builds from the stored notebooks, without executing anything."""

from __future__ import annotations

import ast
import copy
import html
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping
from importlib import metadata
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from helpers.course import notebooks, readme
from helpers.course.archive import published_files, unpack_figures
from helpers.course.book_pages import claim_link, downloads, pages
from helpers.course.classroom import SOLUTION
from helpers.course.command import PACKAGE
from helpers.course.contents import anchor
from helpers.course.frames import INDEX
from helpers.course.pictures import embedded_png
from helpers.course.places import PROJECT, ROOT, replace_file
from helpers.course.reading import BEYOND
from helpers.course.verdicts import MIME, SYMBOLS

SOURCE, SITE = notebooks.BUILD / "book-source", notebooks.BUILD / "book"
BY_HAND = ROOT / "docs" / "book"  # configuration, style sheet, script, references
FRAMES = ROOT / "docs" / "frames"
FOLDED = re.compile(rf"figures\.save\(|{SOLUTION}")  # code that is shown on demand
_CARD = re.compile(rf"({'|'.join(map(re.escape, SYMBOLS.values()))}) \*\*(\w+), ")
_CLASSES = {symbol: verdict.split()[0] for verdict, symbol in SYMBOLS.items()}


def build(site: Path = SITE, source: Path = SOURCE) -> int:
    """Write the pages and let Sphinx build the site; a warning is an error. Returns Sphinx's exit code."""
    write_source({stem: notebooks.read(stem) for stem in notebooks.stems()}, source)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    code = subprocess.call([*command, str(source), str(site)])
    for stem in notebooks.stems() if code == 0 else ():  # what the button hands out is the notebook, not our page of it
        shutil.copy(notebooks.FOLDER / f"{stem}.ipynb", site / "_sources")
    return code


def write_source(stored: Mapping[str, NotebookNode], folder: Path) -> None:
    """Write what Sphinx reads, images included, into ``folder``, in place of what it holds."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(BY_HAND, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "docs" / "benchmarks.svg", folder)
    if FRAMES.exists():
        shutil.copytree(FRAMES, folder / "extra" / "frames")
    for stem, notebook in stored.items():
        unpack_figures(stem, notebook, folder / "extra" / "figures" / stem)
        replace_file(folder / f"{stem}.ipynb", nbformat.writes(page(stem, notebook)).encode())
    for name, text in pages(stored).items():
        replace_file(folder / f"{name}.md", text.encode())


def page(stem: str, notebook: NotebookNode) -> NotebookNode:
    """The notebook as a page of the book: claims as cards with an address, figures as files, long code folded."""
    result = copy.deepcopy(notebook)
    labels: dict[str, str] = {}  # where Jupyter puts a heading → where the book puts it
    files = published_files(stem)
    for cell in result.cells:
        tags = cell.metadata.setdefault("tags", [])
        if cell.cell_type == "code":
            if FOLDED.search(cell.source):
                tags.append("hide-input")
            if SOLUTION in cell.source:
                tags.append("solution")  # not on paper
            for output in cell.outputs:
                _settle(stem, cell.source, output, files)
        elif cell.cell_type == "markdown" and (match := re.match(r"## (.+)", cell.source)):
            label = labels[anchor(match[1].strip())] = f"{stem}-{len(labels)}"
            cell.source = f"({label})=\n{cell.source}"
        if cell.cell_type == "markdown" and BEYOND in tags:
            mark = r'\1\n\n<p class="beyond-mark">Beyond the core path</p>'
            cell.source = re.sub(r"^(#{2,3} .+)$", mark, cell.source, count=1, flags=re.MULTILINE)
    for cell in result.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\]\(#([^)]+)\)", lambda m: f"](#{labels.get(m[1], m[1])})", cell.source)
    result.cells.append(new_markdown_cell(_citation(notebook), metadata={"tags": []}))
    return result


def _citation(notebook: NotebookNode) -> str:
    title = readme.title(notebook)
    text = f"*{title}*. A notebook of “{PROJECT}”, version {metadata.version(PACKAGE)}."
    return f"**To cite this notebook**: {text} Text and figures CC BY 4.0, code MIT. Cite the article itself, too."


def _settle(stem: str, source: str, output: NotebookNode, files: Collection[str]) -> None:
    """Put what a page of the book shows in place of one output."""
    data = output.get("data", {})
    text = "".join(data.get("text/markdown", ""))
    if embedded_png(data) is not None:
        name = output.metadata["figure"]
        place = f"figures/{stem}/{name}.png"
        image = re.sub(r'src="[^"]*"', f'src="{place}" loading="lazy"', "".join(data["text/html"]))
        image = image.replace("<figure>", f'<figure class="course" id="{name}">')
        links = f'<p class="downloads">{downloads(stem, name, files)} · <a href="gallery.html">all figures</a></p>'
        data["text/html"] = image.replace("</figure>", f"{links}</figure>")
    elif MIME in data:
        del data[MIME]
        data["text/markdown"] = re.sub(r"\[(\w+)\]\(#cell-id=[\w-]+\)", lambda match: claim_link(stem, match[1]), text)
    elif match := _CARD.match(text):
        data["text/markdown"] = f'{{.claim .{_CLASSES[match[1]]}}}\n<span id="{match[2]}"></span>{text}\n'
    elif "".join(output.get("text", "")).startswith("Interactive in JupyterLab") and (slider := _slider(stem, source)):
        output.clear()
        output.update(output_type="display_data", metadata={}, data={"text/html": slider, "text/plain": "a slider"})


def explored(source: str) -> str | None:
    """The name of the drawing that a cell's code hands to `explore`; None where there is none."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="explore"), args=[ast.Name(id=name), *_]):
                return name
    return None


def _slider(stem: str, source: str) -> str:
    """The sliders over the stored frames of the drawing that a cell explores; empty where there are none."""
    name = explored(source)
    if name is None or not (FRAMES / stem / name / INDEX).exists():
        return ""
    index = json.loads((FRAMES / stem / name / INDEX).read_text(encoding="utf-8"))
    shown = {  # a frame is chosen by its number; the value beside the slider is rounded
        control: [float(f"{value:.3g}") if isinstance(value, float) else value for value in values]
        for control, values in index["values"].items()
    }
    place = f"frames/{stem}/{name}"
    opening = "_".join(map(str, index["opening"]))
    inputs = "".join(
        f'<label>{control} <input type="range" min="0" max="{len(values) - 1}" value="{start}" '
        f"data-values='{html.escape(json.dumps(values))}'> <output>{values[start]}</output></label> "
        for (control, values), start in zip(shown.items(), index["opening"], strict=True)
    )
    image = f'<img alt="{html.escape(index["alt"])}" src="{place}/{opening}.webp" loading="lazy">'
    return f'<figure class="course frames" data-place="{place}">{image}<figcaption>{inputs}</figcaption></figure>'
