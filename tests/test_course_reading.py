"""Minutes by the formula, and tables."""

import numpy as np
import pytest
import torch
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.course.contents import contents
from helpers.course.reading import core, load, sections
from helpers.course.tables import table, table_markdown


def shown(**data):
    return new_output("display_data", {kind.replace("_", "/"): text for kind, text in data.items()})


IMAGE = '<img alt="" src="data:image/png;base64,">'
IMAGE = '<img alt="" src="data:image/png;base64,">'
NOTEBOOK = new_notebook(
    cells=[
        new_markdown_cell("# Title"),
        new_markdown_cell("## First\n\n" + "word " * 148 + "and $x = 1$ "),
        new_code_cell("a = 1\n\nb = 2\n" * 5, outputs=[shown(text_html=IMAGE), shown(text_markdown="*a caption*")]),
        new_markdown_cell("## Second", metadata={"tags": ["beyond"]}),
        new_code_cell(
            "c = 3",
            metadata={"tags": ["beyond", "parameters"]},
            outputs=[
                shown(text_markdown="✅ **S1, reproduced**: x"),
                shown(text_markdown="✏️ **E1, corrected**: x"),
                shown(text_markdown="| id | ✅ reproduced |"),
            ],
        ),
    ]
)


def test_minutes_follow_the_formula():
    everything, first = load(NOTEBOOK.cells), load(core(NOTEBOOK))
    assert (everything.cells, everything.words, everything.code_lines) == (5, 1 + 1 + 148 + 1 + 2 + 1, 11)
    assert (everything.figures, everything.claims) == (1, 2)
    assert everything.minutes == pytest.approx(154 / 150 + 11 * 0.1 + 0.5 + 2 / 3)
    assert (first.cells, first.words, first.claims) == (3, 153, 0)
    assert first.words_per_code_line == pytest.approx(153 / 10)


def test_sections_begin_at_their_heading():
    assert [(heading, len(cells)) for heading, cells in sections(NOTEBOOK)] == [("First", 2), ("Second", 2)]


def head(*lines):
    cells = [new_markdown_cell("\n".join(lines), metadata={"tags": ["contents"]}), *NOTEBOOK.cells[1:]]
    return new_notebook(cells=cells)


def test_the_head_counts_the_minutes_and_keeps_what_was_written():
    first = contents(head("| First | 0 | a line |"))
    assert first.splitlines() == [
        "**3 minutes** for the core path, 3 with what lies beyond it (in brackets).",
        "",
        "| section | minutes | you will have seen |",
        "|---|---:|---|",
        "| [First](#First) | 3 | a line |",
        "| [Second](#Second) | (+1) | … |",
    ]
    assert contents(head(*first.replace("…", "two claims").splitlines())) == first.replace("…", "two claims")
    with pytest.raises(ValueError, match="0 cells have the tag 'contents'"):
        contents(NOTEBOOK)


def test_tables(capsys):
    rows = [["a|b", 1, 0.5], ["c", np.float64(12345.6), (0.1234, 0.01)], ["d", torch.tensor(2.0), True]]
    assert table_markdown(["name", "n", "x"], rows).splitlines() == [
        "| name | n | x |",
        "|---|---:|---:|",
        "| a\\|b | 1 | 0.5 |",
        "| c | 12300 | 0.12 ± 0.01 |",
        "| d | 2 | yes |",
    ]
    table(["n"], [[1]])
    assert "| 1 |" in capsys.readouterr().out
    for bad in ([], [[1, 2], [3]]):
        with pytest.raises(ValueError, match="rows: give at least one, each with 2 entries"):
            table_markdown(["a", "b"], bad)
