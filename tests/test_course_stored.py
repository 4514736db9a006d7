"""The stored notebooks: what nbval does not look at, and the reader's budget.

nbval passes a cell that was never executed, and compares no image; the second hole is closed in conftest.py.
"""

import ast
import re
import statistics
import tempfile
import tomllib
from pathlib import Path

import pytest

from helpers.course import notebooks, readme
from helpers.course.audit import read_results
from helpers.course.held import STORED
from helpers.course.pictures import embedded_png
from helpers.course.places import ROOT
from helpers.course.reading import load
from helpers.course.verdicts import MIME, OWED, expand_ids

BUDGET = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["course"]
STEMS = notebooks.stems()
NOTEBOOKS = {stem: notebooks.read(stem) for stem in STEMS}
each_notebook = pytest.mark.parametrize("stem", STEMS)


def code_cells(stem):
    return [cell for cell in NOTEBOOKS[stem].cells if cell.cell_type == "code"]


def outputs(stem):
    return [output for cell in code_cells(stem) for output in cell.outputs]


def calls(stem, *methods):
    """The calls of methods with these names in the notebook's code, with the cell they stand in."""
    for cell in code_cells(stem):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods:
                yield cell, node


def stored_figures(stem):
    """Name → PNG bytes of every embedded figure; an image without a name counts under None."""
    return {
        output.metadata.get("figure"): png
        for output in outputs(stem)
        if (png := embedded_png(output.get("data", {}))) is not None
    }


@each_notebook
def test_executed_once_from_top_to_bottom(stem):
    counts = [cell.execution_count for cell in code_cells(stem)]
    assert counts == list(range(1, len(counts) + 1)) and counts


@each_notebook
def test_stores_outputs_and_no_error_and_no_warning(stem):
    assert stored_figures(stem)
    for output in outputs(stem):
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.get("text")
        text = str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
        assert not re.search(r"\b\w*Warning\b:", text)


@each_notebook
def test_ignored_cells_say_why(stem):
    for cell in code_cells(stem):
        tags = [tag for tag in cell.metadata.get("tags", []) if tag.startswith(("nbval-", "skip-", "raises-"))]
        assert not re.search(r"^\s*#\s*(NBVAL|nbval)_", cell.source), "use a tag, not a comment, to leave a cell out"
        assert set(tags) <= {"nbval-ignore-output"}, "a cell may hide its output from the comparison, never its failure"
        if tags:
            comments = [line for line in cell.source.splitlines() if line.startswith("# ") and len(line) > 20]
            assert comments, f"no comment says why this cell's output cannot be compared:\n{cell.source}"


@each_notebook
def test_every_figure_saved_is_embedded_and_nothing_else(stem):
    saved = []
    for cell, call in calls(stem, "save"):
        if isinstance(call.func.value, ast.Name) and call.func.value.id == "figures":
            name = call.args[1]
            assert isinstance(name, ast.Constant), f"a figure's name must stand in the code:\n{cell.source}"
            saved.append(name.value)
    assert len(saved) == len(set(saved)), "two figures have one name"
    assert set(stored_figures(stem)) == set(saved)


@each_notebook
def test_no_measured_value_is_typed_by_hand(stem):
    found = 0
    for cell, call in calls(stem, "check", "bound", "holds"):
        if not (isinstance(call.func.value, ast.Name) and call.func.value.id == "claims"):
            continue
        found += 1
        arguments = {keyword.arg: keyword.value for keyword in call.keywords}  # None: what ** unpacks
        place = 3 if call.func.attr == "check" else 2  # behind id and statement; a check has what is stated first
        positional = call.args[place] if len(call.args) > place else arguments.get(None)
        measured = arguments.get("measured", arguments.get("condition", positional))
        assert measured is not None and any(isinstance(node, ast.Name) for node in ast.walk(measured)), cell.source
    assert found


@each_notebook
def test_the_claims_close_every_owed_item(stem):
    tables = [output.data[MIME] for output in outputs(stem) if MIME in output.get("data", {})]
    assert len(tables) == 1 and tables[0]["notebook"] == stem
    closed = {re.match(r"[A-Z]\d+", row["id"])[0] for row in tables[0]["claims"]}
    assert closed == set(expand_ids(OWED[stem]))


@each_notebook
def test_no_machine_path_or_address(stem):
    text = (notebooks.FOLDER / f"{stem}.ipynb").read_text()
    for path in (str(ROOT), str(Path.home()), tempfile.gettempdir() + "/", "site-packages", "/home/", "/Users/"):
        assert path not in text
    assert not re.search(r"\b0x[0-9a-f]{8,}\b", text)
    assert "widget-state" not in text and "papermill" not in NOTEBOOKS[stem].metadata


@each_notebook
def test_readers_budget(stem):
    lines = sorted(sum(bool(line.strip()) for line in cell.source.splitlines()) for cell in code_cells(stem))
    whole = load(NOTEBOOKS[stem].cells)
    assert whole.cells <= BUDGET["cells-most"]
    assert whole.claims <= BUDGET["claims-most"]
    assert statistics.median(lines) <= BUDGET["code-lines-median"]
    assert lines[int(0.9 * (len(lines) - 1))] <= BUDGET["code-lines-90-percent"]
    assert lines[-1] <= BUDGET["code-lines-most"]
    assert whole.words_per_code_line >= BUDGET["words-per-code-line"]


@each_notebook
def test_shape(stem):
    """Title and source first, one parameters cell, exercises with solutions, references last."""
    cells = NOTEBOOKS[stem].cells
    assert cells[0].cell_type == "markdown" and "spaces.ac.cn/archives/" in cells[0].source + cells[1].source
    assert "CC BY-NC-ND" in cells[0].source + cells[1].source
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in cells) == 1
    assert any("### BEGIN SOLUTION" in cell.source for cell in code_cells(stem))
    headings = re.findall(r"^#+ .*", "\n".join(cell.source for cell in cells if cell.cell_type == "markdown"), re.M)
    assert readme.title(NOTEBOOKS[stem]) == headings[0].lstrip("# ") and "eference" in headings[-1]


def test_the_readme_tells_the_truth():
    text = (ROOT / "README.md").read_text()
    audited = readme.audited(NOTEBOOKS, read_results(STORED))
    claims = {stem: notebooks.claims(NOTEBOOKS[stem]) for stem in STEMS}
    board = readme.scoreboard(claims, audited)
    assert readme.replace_block(text, "errata", readme.errata(claims)) == text, "run `course claims --write`"
    assert readme.replace_block(text, "scoreboard", board) == text, "run `course claims --write`"
    for stem in STEMS:
        assert f"notebooks/{stem}.ipynb" in text
    for link in re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r'src="([^":]+)"', text):
        assert (ROOT / link).exists(), f"the README points to {link}, which is not there"


def test_the_readme_shows_a_figure_as_the_notebook_draws_it():
    pictures = sorted((ROOT / "docs").glob("*.png"))
    assert pictures
    everything = {name: data for stem in STEMS for name, data in stored_figures(stem).items()}
    for picture in pictures:
        assert picture.read_bytes() == everything[picture.stem], f"{picture.name} is not the stored figure"
