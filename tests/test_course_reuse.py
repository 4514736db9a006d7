"""A notebook that did not change is not executed twice; one that did is."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from typer.testing import CliRunner

from helpers.course import notebooks, reuse
from helpers.course.command import app

MARK = "import os, pathlib, uuid; pathlib.Path(os.environ['COURSE_MARKS'], uuid.uuid4().hex).touch()"
WORK = """
import matplotlib.pyplot as plt
from helpers.course import Claims, Figures
claims, figures = Claims("1_first", owed="S1"), Figures("1_first")
fig, ax = plt.subplots(figsize=(1, 1)); ax.plot([1, size])
figures.save(fig, "line", alt="a line", caption="a line")
claims.check("S1", "one is one", 1, size / size)
claims.table()
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Runs the command on a folder with one notebook, and says how often that was executed so far."""
    for name, attribute in (("notebooks", "FOLDER"), ("build", "BUILD")):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(notebooks, attribute, tmp_path / name)
    (tmp_path / "marks").mkdir()
    monkeypatch.setenv("COURSE_MARKS", str(tmp_path / "marks"))
    monkeypatch.delenv("COURSE_FORMATS")

    def write(*sources):
        cells = [new_markdown_cell("# First"), new_code_cell("size = 2", metadata={"tags": ["parameters"]})]
        notebook = new_notebook(cells=[*cells, *map(new_code_cell, sources)])
        nbformat.write(notebook, tmp_path / "notebooks" / "1_first.ipynb")

    def run(*arguments):
        done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "figures")], env={"COLUMNS": "120"})
        return done.exit_code, " ".join(done.output.split()), len(list((tmp_path / "marks").iterdir()))

    write(MARK, WORK)
    run.write, run.figures = write, tmp_path / "figures" / "1_first"
    return run


def test_only_what_changed_is_executed(course):
    assert course("run")[::2] == (0, 1)
    code, text, executed = course("run")
    assert (code, executed) == (0, 1) and "reused 1_first: nothing changed since" in text and "reproduced" in text
    assert course("figures", "--format", "svg")[::2] == (0, 1)
    code, text, executed = course("run", "--timings")
    assert (code, executed) == (0, 2) and "begins with" in text and MARK[:40] in text
    (course.figures / "line.pdf").write_bytes(b"")
    assert course("figures", "--format", "svg")[::2] == (0, 2)
    assert course("run")[::2] == (0, 3)  # a figure was lost
    course.write(MARK, WORK, "size")
    assert course("run")[::2] == (0, 4)
    assert course("run", "--force")[::2] == (0, 5)


def test_what_failed_is_executed_again(course):
    course.write(MARK, "1 / 0")
    assert course("run")[::2] == (1, 1)
    assert course("run")[::2] == (1, 2)


def test_a_copy_of_another_kind_is_not_reused(tmp_path):
    path = tmp_path / "1_first.ipynb"
    for text in (None, "", "{}", json.dumps(new_notebook())):
        if text is not None:
            path.write_text(text)
        assert reuse.reusable(path, "x", tmp_path, ["png"]) is None


def test_everything_that_decides_a_result_is_in_the_fingerprint(monkeypatch):
    notebook = new_notebook(cells=[new_code_cell("x = 1")])
    prints = [reuse.fingerprint(notebook, {}), reuse.fingerprint(notebook, {"seed": 1})]
    prints.append(reuse.fingerprint(new_notebook(cells=[new_code_cell("x = 2")]), {}))
    monkeypatch.setattr(reuse, "package_hash", lambda: "another")
    prints.append(reuse.fingerprint(notebook, {}))
    monkeypatch.setattr(reuse, "_version", lambda name: "0")
    prints.append(reuse.fingerprint(notebook, {}))
    assert len(set(prints)) == 5
    assert prints[-1] == reuse.fingerprint(notebook, {})
