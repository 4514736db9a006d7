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


@pytest.fixture(scope="module")
def execute(tmp_path_factory):
    def run(source):
        folder = tmp_path_factory.mktemp("notebooks")
        nbformat.write(new_notebook(cells=[new_code_cell(source)]), folder / "1_first.ipynb")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(notebooks, "FOLDER", folder)
            (run,) = notebooks.execute(["1_first"])
        assert not run.error
        return run.notebook

    return run


def judge(folder):
    """nbval's verdict on each notebook in the folder, and all that it printed."""
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "conftest", "-p", "no:cacheprovider"]
    command += ["--nbval", "--nbval-current-env", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    found = re.findall(r"^(PASSED|FAILED) .*?(\w+)\.ipynb", done.stdout, re.M)
    return {name: verdict for verdict, name in found}, done.stdout


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


def test_images_are_compared(execute, tmp_path):
    executed = execute(DRAW)
    for name, change in (("same", None), ("shaded", shade), ("flipped", flip), ("dropped", drop), ("renamed", rename)):
        notebook = copy.deepcopy(executed)
        if change:
            change(next(output for output in notebook.cells[0].outputs if embedded_png(output.get("data", {}))))
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    results, printed = judge(tmp_path)
    passed = {name for name, verdict in results.items() if verdict == "PASSED"}
    assert passed == {"same", "shaded"} and len(results) == 5, printed
    assert "1 images stored, 1 produced; changed pixels" in printed


def test_text_may_differ_in_last_digits_and_in_what_claims_measured(execute, tmp_path):
    text = nbformat.writes(execute(SAY))
    changes = {
        "same": ("", "", "PASSED"),
        "last": ("loss 0.11, rate 3e-05", "loss 0.12, rate 4e-05", "PASSED"),
        "far": ("loss 0.11", "loss 0.13", "FAILED"),
        "count": ("4 cases", "5 cases", "FAILED"),
        "word": ("cases", "cakes", "FAILED"),
        "measured": ("0.25", "7.5", "PASSED"),
        "stated": ("≥ 0.1", "≥ 0.2", "FAILED"),
        "verdict": ("reproduced", "refuted", "FAILED"),
    }
    for name, (stored, changed, _) in changes.items():
        assert stored in text
        notebook = nbformat.reads(text, as_version=4)
        outputs = json.dumps(notebook.cells[0].outputs, ensure_ascii=False).replace(stored, changed)
        notebook.cells[0].outputs = [nbformat.from_dict(output) for output in json.loads(outputs)]
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    results, printed = judge(tmp_path)
    assert results == {name: verdict for name, (_, _, verdict) in changes.items()}, printed
