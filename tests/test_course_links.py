"""From the table of claims to the cells, and alternative texts that reach a reader."""

import re

import nbformat
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

from helpers.course.links import claims_shown, link_claims
from helpers.course.verdicts import MIME


def shown(**data):
    return new_output("display_data", {kind.replace("_", "/"): text for kind, text in data.items()})


def executed():
    table = shown(text_markdown="| id | x |\n|---|---|\n| S1 | a |\n| E2b | b |\n| S3 | of no cell |")
    table.data[MIME] = {"notebook": "1_first", "claims": []}
    other = shown(text_markdown="❔ **E2b, undecided at seed=3 (published: refuted)**: x")
    first = [shown(text_markdown="✅ **S1, reproduced**: x"), shown(text_markdown="text ✅ **S3, reproduced**: x")]
    return new_notebook(
        cells=[
            new_code_cell("a", outputs=first),
            new_code_cell("b", outputs=[other]),
            new_code_cell("c", outputs=[table]),
        ]
    )


def test_each_id_leads_to_its_cell():
    notebook = executed()
    assert [claims_shown(cell) for cell in notebook.cells] == [["S1"], ["E2b"], []]
    link_claims(notebook)
    once = nbformat.writes(notebook)
    link_claims(notebook)
    assert nbformat.writes(notebook) == once  # links are not linked again
    page, _ = HTMLExporter().from_notebook_node(notebook)
    targets = re.findall(r'href="#(cell-id=[\w-]+)"', page)
    assert targets == [f"cell-id={notebook.cells[k].id}" for k in (0, 1)]
    assert all(f'id="{target}"' in page for target in targets)
    assert "<td>S3</td>" in page


def test_the_alternative_text_of_a_figure_reaches_a_page(tmp_path, monkeypatch):
    import matplotlib.pyplot as plt

    from helpers.course import figures
    from helpers.course.pictures import embedded_png

    outputs = []
    monkeypatch.setenv("COURSE_FIGURES", str(tmp_path))
    monkeypatch.setattr(figures, "display", lambda data, **options: outputs.append(data))
    figures.Figures("1_first").save(plt.figure(), "line", alt='rises by "one" & stops', caption="It rises.")
    assert embedded_png(outputs[0]) == (tmp_path / "1_first" / "line.png").read_bytes()
    cell = new_code_cell("a", outputs=[new_output("display_data", data) for data in outputs])
    page, _ = HTMLExporter().from_notebook_node(new_notebook(cells=[cell]))
    (image,) = BeautifulSoup(page, "html.parser").find_all("img")
    assert image["alt"] == 'rises by "one" & stops' and image["src"].startswith("data:image/png;base64,")
