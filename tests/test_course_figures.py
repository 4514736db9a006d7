"""Figures: the same data, the same bytes; never half a file."""

import io
import os
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.course import figures
from helpers.course.figures import Figures, render
from helpers.course.pictures import CHANGED_PIXELS, FORMATS, changed_pixels
from helpers.course.places import replace_file

DRAW = """
import hashlib, sys, numpy as np, matplotlib.pyplot as plt
from helpers.course.figures import Figures, render
from helpers.course.pictures import FORMATS
Figures("0_test")
fig, ax = plt.subplots()
ax.plot(np.linspace(0, 1, 50) ** 2, label="square"); ax.scatter([1, 2], [0.2, 0.4], clip_on=True); ax.legend()
ax.fill_between([0, 10], 0.5, 0.7, alpha=0.3, hatch="//")
print([hashlib.sha256(render(fig, format)).hexdigest() for format in FORMATS])
"""


@pytest.fixture(autouse=True)
def closed():
    """No figure stays open for the tests that run behind these in one process."""
    yield
    plt.close("all")


def lines(y=1.0):
    fig, ax = plt.subplots(figsize=(8, 4.5), dpi=110)
    ax.plot([0, 1], [0, y])
    ax.set_ylim(0, 2)
    return fig


def test_two_processes_give_identical_bytes():
    first, second = (
        subprocess.run([sys.executable, "-c", DRAW], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    )
    assert first == second and len(set(eval(first))) == len(FORMATS)


def test_save_writes_every_format_and_closes(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_FIGURES", str(tmp_path / "a folder"))
    monkeypatch.delenv("COURSE_FORMATS")
    save = Figures("0_test").save  # sets the style that the figure is drawn in
    fig = lines()
    save(fig, "a_line", alt="a line", caption="It rises.")
    folder = tmp_path / "a folder" / "0_test"
    assert sorted(path.name for path in folder.iterdir()) == [f"a_line.{kind}" for kind in ("csv", "pdf", "png", "svg")]
    assert not plt.fignum_exists(fig.number)


def test_the_choice_of_formats_does_not_change_a_figure(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_FIGURES", str(tmp_path))
    drawn = []
    for formats in ("png", "pdf,svg,png"):
        monkeypatch.setenv("COURSE_FORMATS", formats)
        save = Figures("0_test").save
        save(lines(), "a_line", alt="a line", caption="It rises.")
        drawn.append((tmp_path / "0_test" / "a_line.png").read_bytes())
    assert drawn[0] == drawn[1]


def test_formats_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_FIGURES", str(tmp_path))
    monkeypatch.setenv("COURSE_FORMATS", "svg")
    Figures("0_test").save(lines(), "a_line", alt="a line", caption="It rises.")
    assert [path.name for path in (tmp_path / "0_test").glob("*g")] == ["a_line.svg"]
    monkeypatch.setenv("COURSE_FORMATS", "svg,gif")
    with pytest.raises(ValueError, match="gif"):
        Figures("0_test")


@pytest.mark.parametrize(
    "arguments",
    [("A line", "alt", "caption"), ("../line", "alt", "caption"), ("line", "", "caption"), ("line", "alt", " ")],
)
def test_bad_names_and_missing_texts(tmp_path, monkeypatch, arguments):
    monkeypatch.setenv("COURSE_FIGURES", str(tmp_path))
    name, alt, caption = arguments
    with pytest.raises(ValueError):
        Figures("0_test").save(lines(), name, alt=alt, caption=caption)
    assert not list(tmp_path.iterdir())


def test_unknown_format():
    with pytest.raises(ValueError, match="gif"):
        render(lines(), "gif")


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "figure.svg"
    replace_file(path, b"old")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(figures.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["figure.svg"]


def test_changed_pixels_sees_a_moved_line_but_not_a_shade():
    stored = render(lines(), "png")
    assert changed_pixels(stored, stored) == 0
    assert changed_pixels(stored, render(lines(1.5), "png")) > CHANGED_PIXELS
    from PIL import Image

    image = np.asarray(Image.open(io.BytesIO(stored)).convert("RGB"), dtype=int)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(image - 20, 0, 255).astype(np.uint8)).save(buffer, "png")
    assert changed_pixels(stored, buffer.getvalue()) == 0
    small = plt.figure(figsize=(2, 2))
    assert changed_pixels(stored, render(small, "png")) == 1.0
