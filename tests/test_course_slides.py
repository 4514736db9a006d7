"""Slides: made from the core path, complete, quiet about the answers until they are due, and seen by a browser."""

import json
import re

import pytest
from typer.testing import CliRunner

from helpers.course import notebooks, slides
from helpers.course.command import app
from helpers.course.prose import sentences
from helpers.course.reading import BEYOND
from helpers.course.seminar import PREDICT, questions, told

STEMS = notebooks.stems()
NOTEBOOKS = {stem: notebooks.read(stem) for stem in STEMS}
each_notebook = pytest.mark.parametrize("stem", STEMS)


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slides")
    assert slides.build(STEMS, folder / "decks", folder / "source") == 0, "Sphinx warns"
    return folder / "decks"


@each_notebook
def test_every_question_of_the_core_has_choices_an_answer_and_its_cells(stem):
    tagged = [
        cell
        for cell in NOTEBOOKS[stem].cells
        if PREDICT in cell.metadata.get("tags", []) and BEYOND not in cell.metadata["tags"]
    ]
    asked = questions(NOTEBOOKS[stem])
    assert len(asked) == len(tagged) >= 5
    ids = {row["id"] for row in notebooks.claims(NOTEBOOKS[stem])}
    for question in asked:
        assert question.id in ids and question.right in question.choices and len(question.choices) >= 3
        assert question.text and question.answer and any(question.answer in cell.source for cell in question.cells)


@each_notebook
def test_a_deck_has_the_question_first_and_a_vote_before_each_verdict(stem):
    deck = slides.deck(stem, NOTEBOOKS[stem])
    kinds = [slide.kind for slide in deck]
    assert 15 <= len(deck) <= slides.MOST and kinds[:2] == ["title", "figure"] and deck[-1].heading == "What we found"
    assert kinds.count("vote") == kinds.count("verdict") == len(questions(NOTEBOOKS[stem]))
    assert not any(slide.heading.startswith("Exercise") for slide in deck)
    assert sum(bool(slide.notes) for slide in deck) >= kinds.count("verdict")


@each_notebook
def test_no_slide_says_an_answer_before_its_vote(stem):
    deck = slides.deck(stem, NOTEBOOKS[stem])
    votes = [k for k, slide in enumerate(deck) if slide.kind == "vote"]
    for place, question in zip(votes, questions(NOTEBOOKS[stem]), strict=True):
        shown = "\n".join(slide.shows for slide in deck[: place + 1])
        assert sentences(question.answer)[0] not in shown
        assert f"**{question.id}, " not in shown, "the verdict stands before the vote"
    asked = [slide.heading for slide in deck if slide.kind in ("vote", "formula")]
    why = "a section's heading may tell the answer"
    assert all(re.fullmatch(r"Question \d|Before question \d", heading) for heading in asked), why


@each_notebook
def test_a_slide_can_be_read_by_itself(stem):
    deck = slides.deck(stem, NOTEBOOKS[stem])
    for slide in deck:
        assert not re.search(r"(^|[^\w)\]}$<-]) ?> \*?\*?\w", slide.shows + slide.notes, re.MULTILINE), "a quote's mark"
        assert not re.search(r"\*\*: the same\b", slide.shows), "the same as what?"
        if slide.kind == "formula":
            assert not slide.shows.startswith("$$") and slide.heading.startswith("Before question")
    found = next(cell.source for cell in NOTEBOOKS[stem].cells if cell.source.startswith("## What we found"))
    shown = " ".join(slide.shows for slide in deck if slide.heading == "What we found")
    assert "".join(sentences(found)[-1].split()) in "".join(shown.split()), "the result is not told to its end"


def test_an_answer_of_one_sentence_is_told_with_its_correction():
    (answer,) = [each for each in questions(NOTEBOOKS["8_vq_rotation_trick"]) if each.id == "S11d"]
    assert "The account begins well" in told(answer) and "to each other" in told(answer)


def test_questions_that_lack_something_are_told():
    def cell(text, *tags):
        return type("Cell", (), {"cell_type": "markdown", "source": text, "metadata": {"tags": list(tags)}})()

    def notebook(question, answer):
        return type("Notebook", (), {"cells": [cell(question, PREDICT), cell(answer)]})()

    question = "**Predict (S1).** Which?\n\n- (a) this\n- (b) that\n  or so\n"
    found = questions(notebook(question, "**Answer (S1): (b).** That one. As was seen.\n\nMore."))[0]
    assert found.choices == {"a": "this", "b": "that\n  or so"} and found.text == "Which?"
    assert (found.right, found.answer) == ("b", "That one. As was seen.")
    for wrong, message in (
        ("**Answer (S2): (b).** x", "without its id or its answer"),
        ("**Answer (S1): (c).** x", "none"),
    ):
        with pytest.raises(ValueError, match=message):
            questions(notebook(question, wrong))


def test_a_file_in_the_place_of_the_folder_is_told_in_a_line(tmp_path):
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(app, ["slides", "2", "--out", str(tmp_path / "file")])
    assert result.exit_code == 1 and result.output.startswith("course: decks are written into a folder")
    assert len(result.output.strip().splitlines()) == 1


def test_the_command_writes_one_deck_and_names_it(tmp_path):
    result = CliRunner().invoke(app, ["slides", "2", "--out", str(tmp_path)])
    assert result.exit_code == 0 and "2_determinant_derivatives.html" in result.output.replace("\n", "")
    assert (tmp_path / "2_determinant_derivatives.html").exists() and not (tmp_path / "1_derivatives.html").exists()


READY = """
const done = arguments[0];
const wait = () => window.Reveal?.isReady() && window.MathJax?.startup?.promise
  ? MathJax.startup.promise.then(() => done()) : setTimeout(wait, 50);
wait();
"""
SHOWN = """
const slide = Reveal.getSlides()[arguments[0]], place = Reveal.getIndices(slide);
Reveal.slide(place.h, place.v);
const top = slide.getBoundingClientRect(), scale = Reveal.getScale();
const texts = [...slide.querySelectorAll("p, li, img, mjx-container")].filter(e => !e.closest("aside"));
const boxes = texts.map(e => e.getBoundingClientRect());
return [Math.max(...boxes.map(box => (box.bottom - top.top) / scale)),
        Math.max(...boxes.map(box => (box.right - top.left) / scale)),
        texts.some(e => /[$]/.test(e.textContent))];
"""


def test_nothing_overflows_at_1280_by_720_and_nothing_is_fetched(decks, driver):
    metrics = {"width": 1280, "height": 720, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    for stem in STEMS:
        driver.get_log("performance")
        driver.get((decks / f"{stem}.html").as_uri())
        driver.execute_async_script(READY)
        messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
        asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        assert not [url for url in asked if not re.match("file:|data:|blob:", url)], stem
        count = driver.execute_script("return Reveal.getTotalSlides()")
        assert count == len(slides.deck(stem, NOTEBOOKS[stem]))
        for k in range(count):
            bottom, right, raw = driver.execute_script(SHOWN, k)
            assert bottom <= 720 and right <= 1282, f"{stem}, slide {k + 1}: {right:.0f} × {bottom:.0f}"
            assert not raw, f"{stem}, slide {k + 1}: a formula is not typeset"
