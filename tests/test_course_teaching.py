"""The teaching plans name what is there: claims, figures, exercises; and their minutes add up."""

import re

import pytest

from helpers.course import notebooks
from helpers.course.archive import saved
from helpers.course.places import ROOT
from helpers.course.reading import core
from helpers.course.returned import exercises
from helpers.course.seminar import questions

STEMS = notebooks.stems()
TEXT = (ROOT / "docs" / "TEACHING.md").read_text(encoding="utf-8")
PLANS = dict(re.findall(r"^## Notebook (\d): .+?\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE))
each_notebook = pytest.mark.parametrize("stem", STEMS)


def plan(stem):
    return PLANS[stem[0]]


@each_notebook
def test_a_plan_takes_75_minutes(stem):
    spans = [(int(a), int(b)) for a, b in re.findall(r"^\| (\d+)–(\d+) \|", plan(stem), re.MULTILINE)]
    assert len(spans) >= 6 and spans[0][0] == 0 and spans[-1][1] == 75
    assert all(a < b for a, b in spans) and all(x[1] == y[0] for x, y in zip(spans, spans[1:], strict=False))


@each_notebook
def test_a_plan_names_ten_claims_that_there_are_and_every_vote(stem):
    (line,) = re.findall(r"^\*\*Ten claims\*\*: (.+)$", plan(stem), re.MULTILINE)
    chosen = re.findall(r"\b[SFEXB]\d+[a-z]?\b", line)
    known = {row["id"] for row in notebooks.claims(notebooks.read(stem))}
    assert len(set(chosen)) == 10 and set(chosen) <= known
    assert set(re.findall(r"\b[SFEXB]\d+[a-z]?\b", plan(stem))) <= known
    asked = [question.id for question in questions(notebooks.read(stem))]
    votes = " ".join(re.findall(r"^\|.*\bvotes? (.+?)(?=\||;|\.)", plan(stem), re.MULTILINE))
    voted = re.findall(r"[SFEXB]\d+[a-z]?", votes)
    assert voted == asked


@each_notebook
def test_a_plan_names_figures_of_the_notebook_and_homework(stem):
    notebook = notebooks.read(stem)
    figures = re.findall(r"`([a-z][a-z0-9_]+)`", plan(stem))
    assert figures and set(figures) <= set(saved(notebook))
    (homework,) = re.findall(r"^\*\*Homework\*\*: (.+)$", plan(stem), re.MULTILINE)
    named = re.findall(r"Exercise \d", homework)
    assert named and set(named) <= set(exercises(notebook))
    inside = {name for name, cell in exercises(notebook).items() if cell in core(notebook)}
    assert set(re.findall(r"^\| .*?(Exercise \d)", plan(stem), re.MULTILINE)) <= inside


def test_the_rest_of_the_page():
    for heading in ("Before the first meeting", "Eight weeks", "A weekend", "Grading", "Handouts"):
        assert f"## {heading}" in TEXT
    assert all(f"**{word}**" in each for each in PLANS.values() for word in ("Misconception", "Prerequisites"))
    assert len(PLANS) == len(STEMS)
