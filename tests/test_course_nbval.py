"""conftest.py closes nbval's hole: a changed image or a missing one fails, a slightly different rendering does not."""

import base64
import copy
import io
import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from helpers.course import notebooks
from helpers.course.figures import ROOT

DRAW = """
import matplotlib.pyplot as plt
from helpers.course import Figures
figures = Figures("1_first")
fig, ax = plt.subplots(); ax.plot([0, 1], [0, 1])
figures.save(fig, "line", alt="a line", caption="It rises.")
print("drawn")
"""


def png(image):
    buffer = io.BytesIO()
    Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebooks")
    nbformat.write(new_notebook(cells=[new_code_cell(DRAW)]), folder / "1_first.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notebooks, "FOLDER", folder)
        (run,) = notebooks.execute(["1_first"])
    assert not run.error
    return run.notebook


def shade(output):
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).convert("RGB"), dtype=int)
    output.data["image/png"] = png(image - 15)


def flip(output):
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).convert("RGB"), dtype=int)
    output.data["image/png"] = png(image[::-1])


def drop(output):
    del output.data["image/png"]


def test_images_are_compared(executed, tmp_path):
    for name, change in (("same", None), ("shaded", shade), ("flipped", flip), ("dropped", drop)):
        notebook = copy.deepcopy(executed)
        if change:
            change(next(output for output in notebook.cells[0].outputs if "image/png" in output.get("data", {})))
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "conftest", "-p", "no:cacheprovider"]
    command += ["--nbval", "--nbval-current-env", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    results = {name: verdict for verdict, name in re.findall(r"^(PASSED|FAILED) .*?(\w+)\.ipynb", done.stdout, re.M)}
    assert results == {"same": "PASSED", "shaded": "PASSED", "flipped": "FAILED", "dropped": "FAILED"}, done.stdout
    assert "1 images stored, 1 produced; changed pixels" in done.stdout
    assert "0 images stored, 1 produced" in done.stdout
