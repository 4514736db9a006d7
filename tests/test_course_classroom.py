"""Copies for a class: complete, quiet about results until the vote, and they run as they are handed out."""

import asyncio
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from typer.testing import CliRunner

from helpers.course import classroom, notebooks
from helpers.course.command import app
from helpers.course.links import claims_shown
from helpers.course.prose import sentences
from helpers.course.reading import core
from helpers.course.seminar import PREDICT, questions
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
        assert sentences(question.answer)[0] not in text
    assert not any(cell.get("outputs") for cell in vote_copies[stem].cells)


@each_notebook
def test_a_vote_copy_has_every_question_under_its_number_and_its_vote(stem, vote_copies):
    cells = vote_copies[stem].cells
    asked = questions(NOTEBOOKS[stem])
    places = [k for k, cell in enumerate(cells) if PREDICT in cell.metadata.get("tags", [])]
    assert len(places) == len(asked)
    for number, (place, question) in enumerate(zip(places, asked, strict=True), 1):
        assert cells[place].source.startswith(f"## Question {number}\n\n**Predict.** ")
        assert cells[place + 1].source == f"vote({number}, {', '.join(f'{x}=0' for x in question.choices)})"
    nbformat.validate(vote_copies[stem])


@each_notebook
def test_neither_an_exercise_nor_an_id_in_a_vote_copy_gives_an_answer_away(stem, vote_copies):
    kept = {cell.get("id") for cell in vote_copies[stem].cells}
    assert not kept & {cell.get("id") for cell in classroom.exercise_cells(core(NOTEBOOKS[stem]))}
    sources = [cell.source for cell in vote_copies[stem].cells]
    text = "\n".join(source for source in sources if "Claims(" not in source)  # its owed ids stand for nothing yet
    assert "Hint" not in text and not re.search(r"\b[EXB]\d+[a-z]?\b", text)
    assert not any(f'"{question.id}"' in text for question in questions(NOTEBOOKS[stem]))


def test_no_question_gives_another_one_away(vote_copies):
    """Sentences that did: a series that vanishes at 1, paths that raise a loss, a gain that is enough after all."""
    text = "\n".join(cell.source for copy in vote_copies.values() for cell in copy.cells)
    assert r"2+2\cos" not in text and "may rise" not in text and "raise a loss on the way" not in text
    assert "At these two gains, what brings" in text
    assert "You will be able to" not in text and "The article in one line" not in text and "You should know" in text


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


def voted(copy, counts, set_up=""):
    """What each vote cell of a copy shows when it is executed with the counts, an argument list for each question."""
    copy = copy.copy()
    copy.cells = [cell.copy() for cell in copy.cells]
    for cell in copy.cells:
        if match := re.match(r"vote\((\d+), ", cell.source):
            cell.source = f"vote({match[1]}{counts[match[1]]})" if match[1] in counts else cell.source
    at = next(k for k, cell in enumerate(copy.cells) if cell.get("id") == "vote")
    copy.cells.insert(at, new_code_cell(set_up))
    shown = zip(copy.cells, executed(copy), strict=True)
    return {cell.id: text for cell, text in shown if cell.get("id", "").startswith("vote-")}


def test_a_vote_copy_as_it_is_handed_out_shows_nothing_before_somebody_counts(vote_copies):
    shown = voted(vote_copies[CHEAP], {})
    for id, text in shown.items():
        said = r"Type the class's counts .* `vote\(\d\)`\." if id.count("-") == 1 else r"Question \d comes first: .*"
        assert re.fullmatch(said, text), (id, text)


def test_a_vote_shows_verdict_and_votes_and_the_exercise_when_it_is_due(vote_copies):
    asked = questions(NOTEBOOKS[CHEAP])
    first = asked[0]
    counts = {str(k): "" for k in range(2, len(asked) + 1)}  # without counting
    counts["1"] = "".join(f", {letter}={7 if letter == first.right else 3}" for letter in first.choices)
    shown = voted(vote_copies[CHEAP], counts)
    said, share = shown["vote-1"], 7 / (7 + 3 * (len(first.choices) - 1))
    verdict = next(row["verdict"] for row in notebooks.claims(NOTEBOOKS[CHEAP]) if row["id"] == first.id)
    assert f"**{first.id}, {verdict}**; {share:.0%} of {7 + 3 * (len(first.choices) - 1)} votes were right." in said
    assert said.index(f"**{first.id}, {verdict}**") < said.index(f"**Answer ({first.id})")
    text = "".join(shown.values())
    found = {id for id in re.findall(r" \*\*([SFEXB]\d+[a-z]?), ", text)}
    assert found >= {id for cell in core(NOTEBOOKS[CHEAP]) for id in claims_shown(cell)}
    assert "nobody was counted" in shown["vote-2"] and "| verdict | held in |" in text
    for cell in classroom.exercise_cells(core(NOTEBOOKS[CHEAP])):
        assert cell.cell_type == "code" or text.count(cell.source) == 1
    assert "your turn" in text and "BEGIN SOLUTION" not in text


def test_a_skipped_vote_is_executed_unseen_and_a_failing_cell_costs_a_line(vote_copies):
    last = str(len(questions(NOTEBOOKS[CHEAP])))
    shown = voted(vote_copies[CHEAP], {last: ""})
    assert "Not voted on, and executed unseen: question 1, 2, 3, 4, 5, 6." in shown[f"vote-{last}"]
    assert "| verdict | held in |" in shown[f"vote-{last}"] + shown.get(f"vote-{last}-1", "")
    shown = voted(vote_copies[CHEAP], {"1": "", last: ""}, "def refuse(*a, **b): 1 / 0\nclaims.check = refuse")
    text = "".join(shown.values())
    assert "This cell could not be run: division by zero. The lesson goes on." in shown["vote-1"]
    assert "The table of claims is left out: 2_determinant_derivatives: no claim closes" in text


def test_a_core_copy_runs_as_it_is_handed_out():
    text = "".join(executed(notebooks.without_solutions(classroom.core_copy(NOTEBOOKS[CHEAP]))))
    assert "not begun yet" in text and "| verdict | held in |" in text


def test_a_wrong_vote_is_told(monkeypatch):
    from helpers.course.votes import Vote

    vote, first = Vote(CHEAP), questions(NOTEBOOKS[CHEAP])[0]
    for none in ("Z9", 0, 8):
        with pytest.raises(ValueError, match="is no question here; there are 1 to 7"):
            vote(none, a=1)
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
