"""Copies for a class: complete, quiet about results until the vote, and they run as they are handed out."""

import asyncio
import re

import nbformat
import pytest
from typer.testing import CliRunner

from helpers.course import classroom, notebooks
from helpers.course.command import app
from helpers.course.grading import exercises
from helpers.course.links import claims_shown
from helpers.course.reading import core
from helpers.course.seminar import PREDICT, questions, sentences
from helpers.course.verdicts import VERDICTS, base_id

STEMS = notebooks.stems()
NOTEBOOKS = {stem: notebooks.read(stem) for stem in STEMS}
CHEAP = "2_determinant_derivatives"
each_notebook = pytest.mark.parametrize("stem", STEMS)


@pytest.fixture(scope="module")
def vote_copies():
    return {stem: notebooks.without_solutions(classroom.vote_copy(stem, NOTEBOOKS[stem])) for stem in STEMS}


@each_notebook
def test_a_core_copy_owes_what_it_shows_and_lists_what_it_has(stem):
    copy = classroom.core_copy(NOTEBOOKS[stem])
    assert [cell.source for cell in copy.cells if cell.cell_type == "code"][1:] == [
        cell.source for cell in core(NOTEBOOKS[stem]) if cell.cell_type == "code"
    ][1:]
    shown = {base_id(id) for cell in copy.cells for id in claims_shown(cell)}
    (owed,) = [match for cell in copy.cells for match in re.findall(r'Claims\("[^"]+", owed="([^"]+)"', cell.source)]
    assert set(owed.split()) == shown and len(owed.split()) == len(shown) >= 10
    (contents,) = [cell.source for cell in copy.cells if "contents" in cell.metadata.get("tags", [])]
    headings = [line[3:] for cell in copy.cells for line in cell.source.splitlines() if line.startswith("## ")]
    assert re.findall(r"^\| \[(.+?)\]\(#", contents, re.MULTILINE) == headings


@each_notebook
def test_nothing_in_a_vote_copy_tells_a_result(stem, vote_copies):
    text = "\n".join(cell.source for cell in vote_copies[stem].cells)
    for row in notebooks.claims(NOTEBOOKS[stem]):
        assert row["statement"] not in text or len(row["statement"]) < 30  # such as "annealed objective"
    assert not re.search(rf"expect=|corrected=|\*\*Answer|{'|'.join(VERDICTS[1:3])}|claims\.\w+\(", text)
    for question in questions(NOTEBOOKS[stem]):
        assert sentences(question.answer, 1) not in text
    assert not any(cell.get("outputs") for cell in vote_copies[stem].cells)


@each_notebook
def test_a_vote_copy_has_every_question_its_vote_and_the_exercises_of_the_core(stem, vote_copies):
    cells = vote_copies[stem].cells
    asked = questions(NOTEBOOKS[stem])
    places = [k for k, cell in enumerate(cells) if PREDICT in cell.metadata.get("tags", [])]
    assert len(places) == len(asked)
    for place, question in zip(places, asked, strict=True):
        assert cells[place + 1].source == f'vote("{question.id}", {", ".join(f"{x}=0" for x in question.choices)})'
    kept = {cell.get("id") for cell in cells}
    own = core(NOTEBOOKS[stem])
    of_core = {cell.get("id") for cell in exercises(NOTEBOOKS[stem]).values()} & {cell.get("id") for cell in own}
    assert of_core and of_core <= kept
    nbformat.validate(vote_copies[stem])


@each_notebook
def test_with_what_its_votes_show_a_vote_copy_is_the_core(stem):
    whole = classroom.core_copy(NOTEBOOKS[stem])
    kept, held_back = classroom.split_opening(whole)
    shown = [*kept, *held_back]
    for question in questions(whole):
        found = classroom.parts(question)
        assert f"**Answer ({question.id})" in "".join(cell.source for cell in found[0].shown)
        assert all(part.exercise for part in found[:-1])
        shown += [cell for part in found for cell in (*part.shown, *part.exercise)]
    ids = {cell.get("id") for cell in shown}
    left = [cell for cell in whole.cells if cell.get("id") not in ids]
    assert all({"contents", PREDICT} & set(cell.metadata.get("tags", [])) for cell in left)


def executed(notebook):
    run = asyncio.run(notebooks.execute_one(CHEAP, notebook, {}))
    assert not run.error, run.error
    return ["\n".join(_texts(cell)) for cell in run.notebook.cells]


def _texts(cell):
    for output in cell.get("outputs", []):
        yield "".join(output.get("data", {}).get("text/markdown", "") or output.get("text", ""))


def test_a_vote_copy_runs_as_it_is_handed_out_and_shows_verdict_and_votes(vote_copies):
    copy = vote_copies[CHEAP].copy()
    first = questions(NOTEBOOKS[CHEAP])[0]
    counts = {letter: (7 if letter == first.right else 3) for letter in first.choices}
    for cell in copy.cells:
        if cell.source.startswith(f'vote("{first.id}"'):
            cell.source = f"vote({first.id!r}, **{counts})"
    text = executed(copy)
    said = next(
        shown for shown, cell in zip(text, copy.cells, strict=True) if cell.source.startswith(f"vote('{first.id}'")
    )
    share = 7 / sum(counts.values())
    verdict = next(row["verdict"] for row in notebooks.claims(NOTEBOOKS[CHEAP]) if row["id"] == first.id)
    assert f"**{first.id}, {verdict}**; {share:.0%} of {sum(counts.values())} votes were right." in said
    assert said.index(f"**{first.id}, {verdict}**") < said.index(f"**Answer ({first.id})")
    assert "not begun yet" in "".join(text) and "no votes were counted" in "".join(text)
    shown = {id for id in re.findall(r" \*\*([SFEXB]\d+[a-z]?), ", "".join(text))}
    assert shown >= {id for cell in core(NOTEBOOKS[CHEAP]) for id in claims_shown(cell)}


def test_a_core_copy_runs_as_it_is_handed_out():
    text = "".join(executed(notebooks.without_solutions(classroom.core_copy(NOTEBOOKS[CHEAP]))))
    assert "not begun yet" in text and "| verdict | held in |" in text


def test_a_wrong_vote_is_told(monkeypatch):
    from helpers.course.votes import Vote

    vote, first = Vote(CHEAP), questions(NOTEBOOKS[CHEAP])[0]
    with pytest.raises(ValueError, match="'Z9' is no question here; there are"):
        vote("Z9", a=1)
    with pytest.raises(ValueError, match="give the votes for a, b, c"):
        vote(first.id, a=1)
    for wrong in (-1, 0.5, True):
        with pytest.raises(ValueError, match="whole numbers"):
            vote(first.id, **dict.fromkeys(first.choices, wrong))


def test_the_command_writes_both_kinds(tmp_path):
    for option in ("--core", "--vote"):
        result = CliRunner().invoke(app, ["student", "2", option, "--out", str(tmp_path / option)])
        assert result.exit_code == 0, result.output
    core_cells, vote_cells = (
        nbformat.read(tmp_path / option / f"{CHEAP}.ipynb", as_version=4).cells for option in ("--core", "--vote")
    )
    assert len(NOTEBOOKS[CHEAP].cells) > len(core_cells) > len(vote_cells)
