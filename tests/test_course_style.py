"""The shape of a lesson (docs/STYLE.md): core and beyond, one order, questions before results, exercises that check."""

import ast
import re
import tomllib

import pytest

from helpers.course import notebooks
from helpers.course.contents import contents, contents_cell
from helpers.course.places import ROOT
from helpers.course.reading import BEYOND, core, load, sections

BUDGET = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["course"]
STEMS = notebooks.stems()
NOTEBOOKS = {stem: notebooks.read(stem) for stem in STEMS}
RELATED = {1: 2, 2: 1, 3: 6, 4: 5, 5: 4, 6: 3, 7: 8, 8: 7}
IDS = (
    "Ids: **S** is a statement of the article, **F** a figure of it, **E** a correction or a sharpening, "
    "**X** an experiment of the article's source, **B** a step beyond it."
)
LAST = ["Exercises", "What we found", "Claims", "References"]
each_notebook = pytest.mark.parametrize("stem", STEMS)


def markdown(cells):
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def code(cells):
    return [cell.source for cell in cells if cell.cell_type == "code"]


def tagged(cells, tag):
    return [cell for cell in cells if tag in cell.metadata.get("tags", [])]


def words(text):
    return " ".join(text.split())


@each_notebook
def test_the_core_fits_into_an_hour(stem):
    own, whole = load(core(NOTEBOOKS[stem])), load(NOTEBOOKS[stem].cells)
    assert own.cells <= BUDGET["core-cells-most"] and own.minutes <= BUDGET["core-minutes-most"]
    assert whole.code_lines <= BUDGET["code-lines-in-all-most"]


@each_notebook
def test_the_heads_stand_in_one_order(stem):
    headings = [
        (len(marks), text)
        for source in markdown(NOTEBOOKS[stem].cells)
        for marks, text in re.findall(r"^(#+) (.+)$", source, re.MULTILINE)
    ]
    assert [level for level, _ in headings].count(1) == 1 and headings[0][0] == 1
    second = [text for level, text in headings if level == 2]
    assert second[0] == "The question" and second[-4:] == LAST
    assert all(b <= a + 1 for (a, _), (b, _) in zip(headings, headings[1:], strict=False)), "a level is left out"


@each_notebook
def test_the_head_tells_sections_and_minutes(stem):
    cell = contents_cell(NOTEBOOKS[stem])
    assert NOTEBOOKS[stem].cells.index(cell) == 1
    assert cell.source == contents(NOTEBOOKS[stem]), "run `course contents --write`"
    assert "…" not in re.findall(r"\| ([^|]*) \|$", cell.source, re.MULTILINE)


@each_notebook
def test_the_question_comes_with_its_picture(stem):
    cells = dict(sections(NOTEBOOKS[stem]))["The question"]
    assert load(cells).figures == 1 and "?" in "".join(markdown(cells))
    assert words(IDS) in words("\n".join(markdown(cells)))
    assert tagged(cells, "parameters")


@each_notebook
def test_main_results_are_asked_for_before_they_are_shown(stem):
    cells = NOTEBOOKS[stem].cells
    ids = {row["id"] for row in notebooks.claims(NOTEBOOKS[stem])}
    asked = tagged(cells, "predict")
    assert 5 <= len(tagged(core(NOTEBOOKS[stem]), "predict")) <= 8
    for cell in asked:
        id = re.match(r"\*\*Predict \((\w+)\)\.\*\* ", cell.source)[1]
        choices = re.findall(r"^- \((\w)\) ", cell.source, re.MULTILINE)
        assert id in ids and len(choices) >= 2 and "?" in cell.source
        at = cells.index(cell)
        following = "\n\n".join(markdown(cells[at + 1 : at + 7]))
        answer = re.search(rf"^\*\*Answer \({id}\): \((\w)\)\.\*\*", following, re.MULTILINE)
        assert answer and answer[1] in choices, f"the question for {id} is not answered within six cells"


@each_notebook
def test_exercises(stem):
    cells = NOTEBOOKS[stem].cells
    text = "\n".join(markdown(cells))
    numbers = [int(number) for number in re.findall(r"^### Exercise (\d+): ", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    before = cells[: next(k for k, cell in enumerate(cells) if cell.source.startswith("## Exercises"))]
    along = [cell for cell in core(NOTEBOOKS[stem]) if cell in before and re.search(r"^### Exercise ", cell.source)]
    assert 2 <= len(along) <= 3, "two or three exercises stand in the core"
    solutions = sum("### BEGIN SOLUTION" in source for source in code(cells))
    assert not re.search(r"</summary>\n?[^\n]|[^\n]\n?</details>", text), "a hint needs blank lines around its text"
    assert text.count("<summary>Hint</summary>") >= len(numbers) and solutions >= len(numbers)
    assert sum(source.count("check_outcome(") for source in code(cells)) >= 2, "two exercises change an experiment"


@each_notebook
def test_the_core_stands_without_what_lies_beyond(stem):
    def names(cells, kinds):
        for node in ast.walk(ast.parse("\n".join(code(cells)))):
            if isinstance(node, ast.Name) and isinstance(node.ctx, kinds):
                yield node.id
            elif ast.Store in kinds and isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.alias)):
                yield (getattr(node, "asname", None) or node.name).split(".")[0]
            elif ast.Store in kinds and isinstance(node, ast.arg):
                yield node.arg

    own, beyond = core(NOTEBOOKS[stem]), tagged(NOTEBOOKS[stem].cells, BEYOND)
    assert beyond
    missing = (set(names(own, (ast.Load,))) & set(names(beyond, (ast.Store,)))) - set(names(own, (ast.Store,)))
    assert not missing


@each_notebook
def test_one_hand(stem):
    source = "\n".join(code(NOTEBOOKS[stem].cells))
    assert re.search(rf"^from helpers import {stem.split('_', 1)[1]} as \w+$", source, re.MULTILINE)
    assert "set_num_threads" not in source and "fmt: skip" not in source
    number = int(stem.split("_")[0])
    last = sections(NOTEBOOKS[stem])[-1][1][0].source
    for other in {number - 1, number + 1, RELATED[number]} & set(range(1, 9)):
        linked = next(s for s in notebooks.stems() if s.startswith(f"{other}_"))
        assert f"]({linked}.ipynb)" in last, f"the references do not lead to {linked}"
