"""conftest.py changes nbval's comparison in two ways.

A changed image or a missing one fails, a slightly different rendering does not; and a text may differ in what
processors round differently, which is the last digit of a decimal number and a number that a claim has judged.
"""

import base64
import copy
import io
import json
import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from conftest import tried_again
from helpers.course import notebooks
from helpers.course.pictures import embedded_png
from helpers.course.places import ROOT

DRAW = """
import matplotlib.pyplot as plt
from helpers.course import Figures
figures = Figures("1_first")
fig, ax = plt.subplots(); ax.plot([0, 1], [0, 1])
figures.save(fig, "line", alt="a line", caption="It rises.")
print("drawn")
"""


SAY = """
from helpers.course import Claims
claims = Claims("1_first", owed="S1")
claims.bound("S1", "a number", measured=0.25, above=0.1, by="course")
print("4 cases, loss 0.11, rate 3e-05")
claims.table()
"""


def png(image):
    buffer = io.BytesIO()
    Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode()


def execute(source, folder, monkeypatch):
    """The executed cell of this source."""
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), folder / "1_first.ipynb")
    monkeypatch.setattr(notebooks, "FOLDER", folder)
    (run,) = notebooks.execute(["1_first"])
    assert not run.error
    return run.notebook.cells[0]


def judge(cells, folder):
    """nbval's verdict on each of the cells, which are put into one notebook, and all that it printed."""
    path = folder / "changed.ipynb"
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    nbformat.write(new_notebook(cells=cells), path)
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "conftest", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, "--nbval", "--nbval-current-env", path], cwd=ROOT, capture_output=True, text=True)
    found = re.findall(r"^(PASSED|FAILED) .*?changed\.ipynb::Cell (\d+)", done.stdout, re.M)
    return [verdict for verdict, _ in sorted(found, key=lambda row: int(row[1]))], done.stdout


def redraw(output, change):
    old = embedded_png(output.data)
    image = np.asarray(Image.open(io.BytesIO(old)).convert("RGB"), dtype=int)
    output.data["text/html"] = output.data["text/html"].replace(base64.b64encode(old).decode(), png(change(image)))


def shade(output):
    redraw(output, lambda image: image - 15)


def flip(output):
    redraw(output, lambda image: image[::-1])


def drop(output):
    output.data["text/html"] = "<p>no image</p>"


def rename(output):
    output.data["text/html"] = output.data["text/html"].replace("a line", "a curve")


def test_images_are_compared(tmp_path, monkeypatch):
    executed = execute(DRAW, tmp_path, monkeypatch)
    cells = []
    for change in (None, shade, flip, drop, rename):
        cells.append(copy.deepcopy(executed))
        if change:
            change(next(output for output in cells[-1].outputs if embedded_png(output.get("data", {}))))
    verdicts, printed = judge(cells, tmp_path)
    assert verdicts == ["PASSED", "PASSED", "FAILED", "FAILED", "FAILED"], printed
    assert "1 images stored, 1 produced; changed pixels" in printed


def test_text_may_differ_in_last_digits_and_in_what_claims_measured(tmp_path, monkeypatch):
    executed = execute(SAY, tmp_path, monkeypatch)
    text = json.dumps(executed.outputs, ensure_ascii=False)
    changes = [
        ("", "", "PASSED"),
        ("loss 0.11, rate 3e-05", "loss 0.12, rate 4e-05", "PASSED"),
        ("loss 0.11", "loss 0.13", "FAILED"),
        ("4 cases", "5 cases", "FAILED"),
        ("cases", "cakes", "FAILED"),
        ("0.25", "7.5", "PASSED"),
        ("≥ 0.1", "≥ 0.2", "FAILED"),
        ("reproduced", "refuted", "FAILED"),
    ]
    cells = []
    for stored, changed, _ in changes:
        assert stored in text
        cells.append(copy.deepcopy(executed))
        cells[-1].outputs = [nbformat.from_dict(output) for output in json.loads(text.replace(stored, changed))]
    verdicts, printed = judge(cells, tmp_path)
    assert verdicts == [verdict for *_, verdict in changes], printed


def test_a_kernel_that_dies_as_it_starts_is_tried_again():
    tries = []

    def start(reason, dead):
        tries.append(reason)
        if len(tries) <= dead:
            raise RuntimeError(reason)
        return "a kernel"

    died = "Kernel died before replying to kernel_info"
    assert tried_again(start)(died, 2) == "a kernel" and len(tries) == 3
    for reason, dead, most in ((died, 3, 3), ("Kernel didn't respond in 60 seconds", 1, 1)):
        tries.clear()
        with pytest.raises(RuntimeError, match=reason):
            tried_again(start)(reason, dead)
        assert len(tries) == most
