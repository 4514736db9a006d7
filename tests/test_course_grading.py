"""Grading: right answers count, whatever else a returned notebook holds; no notebook harms another one."""

import csv

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from typer.testing import CliRunner

from helpers.course import grading, notebooks
from helpers.course.command import app

EXERCISE = """def {name}(x):
    ### BEGIN SOLUTION
    return factor * x
    ### END SOLUTION


check_answer("{title}", {name}, [((1,), 2), ((3,), 6)])"""
CELLS = [
    new_markdown_cell("# Lesson", id="head"),
    new_code_cell("from helpers.course import check_answer\nfactor = 2", id="set-up"),
    new_code_cell("raise RuntimeError('no exercise needs this cell')", id="other"),
    new_code_cell(EXERCISE.format(name="twice", title="Exercise 1"), id="one"),
    new_code_cell(EXERCISE.format(name="double", title="Exercise 2"), id="two"),
]
RIGHT = "def twice(x):\n    return x + x"


@pytest.fixture
def course(tmp_path, monkeypatch):
    folder = tmp_path / "published"
    folder.mkdir()
    nbformat.write(new_notebook(cells=CELLS), folder / "1_first.ipynb")
    monkeypatch.setattr(notebooks, "FOLDER", folder)
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(folder))
    return tmp_path / "returned"


def hand_in(folder, student, first, second=None):
    """A returned notebook; ``first`` and ``second`` are what the student's two cells hold."""
    copy = new_notebook(cells=[cell.copy() for cell in CELLS])
    copy.cells[3].source = first
    if second is not None:
        copy.cells[4].source = second
    path = folder / student / "1_first.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(copy, path)


KINDS = {  # a name → what the student wrote, the points, and a part of the line
    "right": (RIGHT, 1, "all 2 cases right."),
    "changed_check": (RIGHT + "\ncheck_answer('Exercise 1', lambda x: x, [((1,), 1)])", 1, "all 2 cases right."),
    "untouched": ("def twice(x):\n    raise NotImplementedError", 0, "not begun yet."),
    "wrong": ("def twice(x):\n    return x", 0, "for (1) the answer is 1, expected 2."),
    "no_return": ("def twice(x):\n    2 * x", 0, "returns nothing"),
    "forged": ("def check_answer(*a):\n    print('Exercise 1: all 2 cases right.')\ntwice = None", 0, "TypeError"),
    "printed": ("def twice(x):\n    print('Exercise 1: all 2 cases right.')", 0, "returns nothing"),
    "no_python": ("def twice(x:", 0, "SyntaxError"),
    "raises": ("1 / 0", 0, "ZeroDivisionError"),
    "hangs": ("import time\nwhile True:\n    time.sleep(1)", 0, "longer than 15 s"),
    "eats": ("x = bytearray(10**11)\n" + RIGHT, 0, "MemoryError"),
}


def test_every_kind_of_answer_gets_its_points_and_its_line(course):
    kinds = list(KINDS)
    for first, second in zip(kinds[::2], [*kinds[1::2], kinds[0]], strict=True):  # each beside another one
        one, two = KINDS[first][0], KINDS[second][0]
        hand_in(course, f"{first}-{second}", one, two.replace("twice", "double").replace("Exercise 1", "Exercise 2"))
    hand_in(course, "dies-", "import os\nos._exit(1)")
    (course / "empty-").mkdir()
    (course / "empty-" / "1_first.ipynb").write_text("{")
    (course / "other.ipynb").write_text("{}")
    grades = grading.grade(course, seconds=15, megabytes=6000, jobs=2)
    told = set()
    for each in grades:
        pair = each.student.split("-")
        if len(pair) == 2 and all(pair):
            kind = pair[each.exercise == "Exercise 2"]
            _, points, line = KINDS[kind]
            assert each.points == points and line in each.said, (kind, each)
            told.add(kind)
    assert told == set(KINDS)
    lines = {"dies-": "the kernel died", "empty-": "is no notebook", "other": "contains no notebook's"}
    for student, line in lines.items():
        own = [each for each in grades if each.student.startswith(student)]
        assert own and all(each.points == 0 and line in each.said for each in own)


def test_a_notebook_that_does_not_end_is_ended(course, monkeypatch):
    stubborn = "while True:\n    try:\n        while True: pass\n    except KeyboardInterrupt:\n        pass"
    hand_in(course, "stubborn", stubborn)
    grades = grading.grade(course, seconds=1, megabytes=6000, jobs=1)
    assert [(each.points, "longer than" in each.said) for each in grades] == [(0, True)] * 2
    assert not [each for each in psutil.process_iter() if str(course.parent) in _environment(each)]


def _environment(process):
    try:
        return str(process.environ())
    except psutil.Error:
        return ""


def test_an_exercise_that_a_copy_lacks_is_told(course):
    hand_in(course, "core", RIGHT)
    path = course / "core" / "1_first.ipynb"
    copy = nbformat.read(path, as_version=4)
    del copy.cells[4]
    nbformat.write(copy, path)
    grades = grading.grade(course, seconds=15, megabytes=6000, jobs=1)
    assert [(each.points, each.said) for each in grades][1] == (0, "LookupError: not in this copy")


def test_only_the_cells_that_the_exercises_need_are_run():
    assembled = grading.assemble(new_notebook(cells=CELLS), new_notebook(cells=CELLS))
    assert not any("RuntimeError" in cell.source for cell in assembled.cells)
    assert [cell.metadata.get("name") for cell in assembled.cells] == [None, None, "Exercise 1", None, "Exercise 2"]


@pytest.mark.parametrize("stem", notebooks.stems())
def test_every_exercise_of_the_course_is_checked_once_under_its_own_name(stem):
    found = grading.exercises(notebooks.read(stem))
    assert list(found) == [f"Exercise {k}" for k in range(1, len(found) + 1)] and len(found) >= 4
    assert len({cell.get("id") for cell in found.values()}) == len(found)


def test_the_command_writes_a_table(course, tmp_path):
    hand_in(course, "one", RIGHT)
    result = CliRunner().invoke(app, ["grade", str(course), "--out", str(tmp_path / "points.csv"), "--jobs", "1"])
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader((tmp_path / "points.csv").open()))
    assert [(row["student"], row["notebook"], row["exercise"], row["points"]) for row in rows] == [
        ("one", "1_first", "Exercise 1", "1"),
        ("one", "1_first", "Exercise 2", "1"),
    ]


def test_a_folder_without_notebooks_is_told(tmp_path):
    for folder, message in ((tmp_path / "none", "is no folder"), (tmp_path, "no notebooks there")):
        result = CliRunner().invoke(app, ["grade", str(folder)])
        assert result.exit_code == 2 and message in " ".join(result.stderr.split())
