"""What a figure shows, as numbers: enough to draw it again."""

import csv
import io

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from helpers.course import figures, notebooks
from helpers.course.figure_data import HEADER, figure_images, figure_table
from helpers.course.figures import Figures, render
from helpers.course.pictures import changed_pixels


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def rows(fig):
    header, *lines = csv.reader(io.StringIO(figure_table(fig).decode()))
    assert header == HEADER
    return lines


def test_curves_points_bars_and_bands_with_their_names():
    fig, (left, right) = plt.subplots(1, 2)
    left.plot([1, 2], [1, 4], label="square, exactly")
    left.plot([1, 2], [0, 1], "o", linestyle="none")
    left.set(xlabel="x", ylabel="y in m", title="one")
    right.bar(["a", "b"], [3, 4], label="bars")
    right.scatter([0.5], [1 / 3])
    found = rows(fig)
    panel = ["1", "one", "x", "y in m"]
    assert found[:4] == [
        [*panel, "square, exactly", "line", "1", "1"],
        [*panel, "square, exactly", "line", "2", "4"],
        [*panel, "series 2", "points", "1", "0"],
        [*panel, "series 2", "points", "2", "1"],
    ]
    assert [row[4:] for row in found[4:]] == [
        ["series 1", "points", "0.5", "0.333333"],
        ["bars", "bar", "0", "3"],
        ["bars", "bar", "1", "4"],
    ]
    outline = plt.figure().subplots().fill_between([0, 1], [0, 0], [1, 2]).axes.figure
    assert {tuple(row[6:]) for row in rows(outline)} == {("0", "0"), ("0", "1"), ("1", "0"), ("1", "2")}


def test_images_are_kept_as_they_are():
    fig, axes = plt.subplots(1, 2)
    picture = np.arange(6.0).reshape(2, 3)
    axes[1].imshow(picture)
    assert list(figure_images(fig)) == ["panel 2"]
    np.testing.assert_array_equal(figure_images(fig)["panel 2"], picture)


def draw_again(table):
    """Curves and points of each panel, from nothing but the file."""
    lines = list(csv.DictReader(io.StringIO(table.decode())))
    panels = sorted({int(row["panel"]) for row in lines})
    series = {}
    for row in lines:
        key = int(row["panel"]), row["series"], row["kind"]
        series.setdefault(key, []).append((float(row["x"]), float(row["y"])))
    fig, axes = plt.subplots(1, max(panels), squeeze=False)
    for (panel, name, kind), points in series.items():
        style = {} if kind == "line" else {"linestyle": "none", "marker": "o"}
        axes[0, panel - 1].plot(*np.transpose(points), label=name, **style)
    return fig


def test_three_figures_drawn_from_their_data_alone():
    x = np.linspace(0.1, 3, 40)
    for draw in (
        lambda ax: ax.plot(x, np.sin(x), label="sine"),
        lambda ax: [ax.plot(x, x**k, label=f"power {k}") for k in (1, 2, 3)],
        lambda ax: ax.plot(x, np.log(x), "o", linestyle="none", label="logarithm"),
    ):
        with plt.rc_context(figures.STYLE):
            fig, ax = plt.subplots()
            draw(ax)
            again = draw_again(figure_table(fig))
            first, second = (render(each, "png") for each in (fig, again))
        assert changed_pixels(first, second) < 0.001


def test_every_file_says_what_it_is_and_whose(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_FIGURES", str(tmp_path))
    monkeypatch.delenv("COURSE_FORMATS", raising=False)
    stem = notebooks.stems()[0]
    save = Figures(stem).save
    for folder in ("first", "second"):
        fig, ax = plt.subplots()
        ax.imshow(np.eye(2))
        save(fig, "a_name", alt="two squares", caption="It is the identity.")
        (tmp_path / stem).rename(tmp_path / folder)
    first, second = ({path.name: path.read_bytes() for path in (tmp_path / f).iterdir()} for f in ("first", "second"))
    assert first == second and set(first) == {f"a_name.{kind}" for kind in ("svg", "png", "pdf", "csv", "npz")}
    about = Image.open(tmp_path / "first" / "a_name.png").info
    expected = {"Title": "a_name", "Description": "two squares", "Copyright": "CC BY 4.0"}
    assert about.items() >= expected.items()
    assert about["Source"].startswith(f"notebooks/{stem}.ipynb, ")
    assert ", seed=0, " in about["Source"]
    assert f"matplotlib {matplotlib.__version__}" in about["Source"]
    for text in (*expected.values(), "CC BY 4.0"):
        assert text in first["a_name.svg"].decode()
    assert b"/Title (a_name)" in first["a_name.pdf"] and b"/Type3" not in first["a_name.pdf"]
    np.testing.assert_array_equal(np.load(tmp_path / "first" / "a_name.npz")["panel 1"], np.eye(2))
