"""Grading: right answers count, whatever else a returned notebook holds; no notebook harms another one."""

import csv
import json

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from typer.testing import CliRunner

from helpers.course import checking, grading, notebooks, returned
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


def test_a_returned_file_is_read_in_its_own_process_alone(course, monkeypatch):
    hand_in(course, "ada", RIGHT)

    def touched(*arguments, **options):
        raise AssertionError("a student's file is read where it can harm others")

    monkeypatch.setattr(grading.nbformat, "read", touched)
    grades = grading.grade(course, seconds=60, megabytes=4096, jobs=1)
    assert [(each.exercise, each.points) for each in grades] == [("Exercise 1", 1), ("Exercise 2", 1)]


KINDS = {  # a name → what the student wrote, the points, and a part of the line
    "right": (RIGHT, 1, "all 2 cases right."),
    "changed_check": (RIGHT + "\ncheck_answer('Exercise 1', lambda x: x, [((1,), 1)])", 1, "all 2 cases right."),
    "untouched": ("def twice(x):\n    raise NotImplementedError", 0, "not begun yet."),
    "wrong": ("def twice(x):\n    return x", 0, "for (1) the answer is 1, expected 2."),
    "no_return": ("def twice(x):\n    2 * x", 0, "returns nothing"),
    "forged": ("def check_answer(*a):\n    print('Exercise 1: all 2 cases right.')\ntwice = None", 0, "TypeError"),
    "printed": ("def twice(x):\n    print('Exercise 1: all 2 cases right.')", 0, "returns nothing"),
    "no_python": ("y = 1\ndef twice(x:", 0, "this is no Python: '(' was never closed in line 2 of the cell"),
    "raises": ("1 / 0", 0, "ZeroDivisionError"),
    "exits": ("exit()", 0, "the answer ended the program (exit)"),
    "system_exits": ("def twice(x):\n    import sys\n    sys.exit()", 0, "the answer ended the program (exit)"),
    "hangs": ("import time\nwhile True:\n    time.sleep(1)", 0, "longer than 15 s"),
    "eats": ("x = bytearray(10**11)\n" + RIGHT, 0, "MemoryError"),
}


def test_every_kind_of_answer_gets_its_points_and_its_line(course):
    kinds = list(KINDS)
    for first, second in zip(kinds[::2], [*kinds[1::2], kinds[0]], strict=True):  # each beside another one
        one, two = KINDS[first][0], KINDS[second][0]
        hand_in(course, f"{first}-{second}", one, two.replace("twice", "double").replace("Exercise 1", "Exercise 2"))
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
    for student in ("empty-", "other"):
        (own,) = [each for each in grades if each.student.startswith(student)]
        assert own.points == 0 and own.said == "the file is no notebook"


def test_an_answer_that_kills_the_kernel_costs_no_other_one(course):
    hand_in(course, "dies", "import os\nos._exit(1)")
    hand_in(course, "when called", "import os\ndef twice(x):\n    os._exit(1)")
    grades = grading.grade(course, seconds=15, megabytes=6000, jobs=2)
    assert [(each.points, each.said) for each in grades] == [
        (0, "the kernel died of this answer"),
        (1, "Exercise 2: all 2 cases right."),
    ] * 2


def rewritten(folder, student, change, name="1_first.ipynb"):
    """Hand in both right answers in a notebook that ``change`` changes, a dictionary as JSON has it, under ``name``."""
    hand_in(folder, student, f"{RIGHT}\n\n\ncheck_answer('Exercise 1', twice, [((1,), 2), ((3,), 6)])")
    path = folder / student / "1_first.ipynb"
    notebook = json.loads(path.read_text())
    change(notebook)
    path.write_text(json.dumps(notebook))
    path.rename(path.with_name(name))


def without_ids(notebook):
    notebook["nbformat_minor"] = 0
    for cell in notebook["cells"]:
        del cell["id"]


def ids_of_colab(notebook):
    notebook["nbformat_minor"] = 0
    for cell in notebook["cells"]:
        cell["metadata"]["id"] = cell.pop("id")


def new_ids_and_no_checkers(notebook):
    for k, cell in enumerate(notebook["cells"]):
        cell["id"] = f"new{k}"
        source = [line for line in cell["source"] if "check_answer(" not in line]
        cell["source"] = source if cell["source"][0].startswith("def") else cell["source"]
    cells = notebook["cells"]
    for k in (2, 1):
        heading = {"cell_type": "markdown", "id": f"h{k}", "metadata": {}, "source": f"### Exercise {k}: so"}
        cells.insert(2 + k, heading)


def test_right_answers_count_where_cell_ids_are_lost(course):
    rewritten(course, "a", without_ids)
    rewritten(course, "b", ids_of_colab)
    rewritten(course, "c", new_ids_and_no_checkers)
    grades = grading.grade(course, seconds=15, megabytes=6000, jobs=2)
    assert [each.points for each in grades] == [1] * 6
    notes = ["found by the exercise's name", "", "found below the exercise's heading"]
    for student, note in zip("abc", notes, strict=True):
        own = [each.note for each in grades if each.student == student]
        assert own == [note and f"cell ids are missing: {note}"] * 2


def test_a_notebook_under_another_name_is_known_by_what_it_holds(course):
    rewritten(course, "a", lambda notebook: None, "homework.ipynb")
    rewritten(course, "b", lambda notebook: notebook["metadata"].update(course_notebook="1_first"), "homework.ipynb")
    nbformat.write(new_notebook(cells=[new_code_cell("x = 1")]), course / "own.ipynb")
    grades = grading.grade(course, seconds=15, megabytes=6000, jobs=2)
    assert [each.points for each in grades] == [1, 1, 1, 1, 0]
    assert {each.notebook for each in grades[:4]} == {"1_first"} and "copy of no notebook" in grades[4].said
    assert grades[4].note == "in no student's folder: counted for own"


def test_of_two_files_by_one_student_the_better_counts(course):
    hand_in(course, "one", RIGHT)
    (course / "one" / "1_first.ipynb").rename(course / "one" / "1_first (1).ipynb")
    hand_in(course, "one", "def twice(x):\n    return x")
    grades = grading.grade(course, seconds=15, megabytes=6000, jobs=2)
    assert [(each.file, each.counts) for each in grades] == [
        *[("one/1_first (1).ipynb", "yes")] * 2,
        *[("one/1_first.ipynb", "no")] * 2,
    ]
    assert grades[2].note == "one/1_first (1).ipynb counts instead"


def test_a_helper_in_a_cell_of_its_own_is_told(course):
    def helped(notebook):
        notebook["cells"][3]["source"] = "def twice(x):\n    return mine(x)"
        own = {"cell_type": "code", "id": "own", "metadata": {}, "outputs": [], "execution_count": None}
        notebook["cells"].insert(3, own | {"source": "def mine(x):\n    return 2 * x"})

    rewritten(course, "one", helped)
    first, _ = grading.grade(course, seconds=15, megabytes=6000, jobs=1)
    assert first.points == 0 and "Only the exercise's own cell counts: mine has to stand in it." in first.said


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
    assert [(each.points, each.said) for each in grades][1] == (0, "this copy has no cell for the exercise")


def test_only_the_cells_that_the_exercises_need_are_run():
    lesson = new_notebook(cells=CELLS)
    assembled = checking.assemble(lesson, returned.answers(lesson, lesson))
    assert not any("RuntimeError" in cell.source for cell in assembled.cells)
    assert [cell.metadata.get("name") for cell in assembled.cells] == [*[None] * 3, "Exercise 1", None, "Exercise 2"]


@pytest.mark.parametrize("stem", notebooks.stems())
def test_every_exercise_of_the_course_is_checked_once_under_its_own_name(stem):
    found = returned.exercises(notebooks.read(stem))
    assert list(found) == [f"Exercise {k}" for k in range(1, len(found) + 1)] and len(found) >= 4
    assert len({cell.get("id") for cell in found.values()}) == len(found)


def test_the_command_writes_a_table(course, tmp_path):
    hand_in(course, "苏", RIGHT)
    (course / "苏" / "answers.docx").write_text("")
    result = CliRunner().invoke(app, ["grade", str(course), "--out", str(tmp_path / "points.csv"), "--jobs", "1"])
    assert result.exit_code == 0, result.output
    assert result.output.count("answers.docx") == 1
    written = (tmp_path / "points.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbf"), "spreadsheets show other letters"
    rows = list(csv.DictReader(written.decode("utf-8-sig").splitlines()))
    assert [(row["student"], row["file"], row["exercise"], row["points"], row["counts"]) for row in rows] == [
        ("苏", "苏/1_first.ipynb", "Exercise 1", "1", "yes"),
        ("苏", "苏/1_first.ipynb", "Exercise 2", "1", "yes"),
    ]


def test_a_folder_without_notebooks_is_told(tmp_path):
    for folder, message in ((tmp_path / "none", "is no folder"), (tmp_path, "no notebooks there")):
        result = CliRunner().invoke(app, ["grade", str(folder)])
        assert result.exit_code == 2 and message in " ".join(result.stderr.split())
