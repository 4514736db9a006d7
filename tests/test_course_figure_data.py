"""What a figure shows, as numbers: enough to draw it again."""

import csv
import inspect
import io
import math
import re
import zipfile

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from helpers.course import archive, figures, notebooks
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


def series(ax):
    """(series, kind) → its points, with the further columns where there are such."""
    found = {}
    for row in csv.DictReader(io.StringIO(figure_table(ax.figure).decode())):
        numbers = [float(row[name]) for name in ("x", "y", "u", "v") if row.get(name)]
        found.setdefault((row["series"], row["kind"]), []).append([*numbers, *filter(None, [row.get("text")])])
    return found


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


# One of each kind of drawing in the notebooks: what is drawn, and a series that must be told.
DRAWINGS = [
    (lambda ax: ax.axhline(3, label="level"), ("level", "line"), [[0, 3], [1, 3]]),
    (lambda ax: ax.axvline(0, label="wall"), ("wall", "line"), [[0, 0], [0, 1]]),
    (lambda ax: ax.axline((0, 1), slope=2, label="slope"), ("slope", "line"), [[0, 1], [1, 3]]),
    (lambda ax: ax.axline((1, 0), (1, 2), label="up"), ("up", "line"), [[1, 0], [1, 2]]),
    (lambda ax: ax.errorbar([1], [5], [0.5], label="mean", fmt="o"), ("mean", "points"), [[1, 5]]),
    (lambda ax: ax.errorbar([1], [5], [0.5], label="mean", fmt="o"), ("mean", "interval"), [[1, 4.5], [1, 5.5]]),
    (lambda ax: ax.hlines([1, 2], 0, [3, 4], label="pieces"), ("pieces", "segment"), [[0, 1], [3, 1], [0, 2], [4, 2]]),
    (lambda ax: ax.fill([0, 1, 0], [0, 0, 1], label="corner"), ("corner", "outline"), [[0, 0], [1, 0], [0, 1]]),
    (lambda ax: ax.add_patch(plt.Rectangle((1, 2), 3, 4)), ("series 1", "outline"), [[1, 2], [4, 2], [4, 6], [1, 6]]),
    (lambda ax: ax.axhspan(2, 3, label="zone"), ("zone", "outline"), [[0, 2], [0, 3], [1, 3], [1, 2]]),
    (
        lambda ax: ax.hist([0.5, 0.6, 1.5], [0, 1, 2], histtype="stepfilled", label="steps"),
        ("steps", "outline"),
        [[0, 0], [0, 2], [1, 2], [1, 1], [2, 1], [2, 0], [1, 0]],
    ),
    (lambda ax: ax.hist([0.5, 0.6, 1.5], [0, 1, 2], label="counts"), ("counts", "bar"), [[0.5, 2], [1.5, 1]]),
    (
        lambda ax: ax.quiver([1, 2], [3, 4], [5, 6], [7, 8], label="field"),
        ("field", "arrow"),
        [[1, 3, 5, 7], [2, 4, 6, 8]],
    ),
    (
        lambda ax: ax.annotate("push", (1, 2), (0, 0.5), arrowprops={"arrowstyle": "->"}),
        ("push", "arrow"),
        [[0, 0.5, 1, 1.5]],
    ),
    (
        lambda ax: ax.annotate("turn", (1, 2), (5, 3), textcoords="offset points"),
        ("series 1", "text"),
        [[1, 2, "turn"]],
    ),
    (lambda ax: ax.text(1, 2, "−0.3 ± 0.1"), ("series 1", "text"), [[1, 2, "−0.3 ± 0.1"]]),
    (lambda ax: ax.text(0.5, 1, "seen", transform=ax.transAxes), ("series 1", "text"), [[0.5, 1, "seen"]]),
]


@pytest.mark.parametrize("draw, name, points", DRAWINGS, ids=[f"{name[1]} {name[0]}" for _, name, _ in DRAWINGS])
def test_each_kind_of_drawing_is_told_in_data_coordinates(draw, name, points):
    ax = plt.figure().subplots()
    draw(ax)
    ax.set(xlim=(0, 1) if name[1] in ("line", "text") or name[0] == "zone" else None)
    found = {tuple(row) for row in series(ax)[name]}  # where an outline starts is matplotlib's affair
    assert found == {tuple(row) for row in points}


def test_a_share_of_a_logarithmic_axis_is_told_in_its_numbers():
    ax = plt.figure().subplots()
    ax.set(xscale="log", xlim=(1, 100))
    ax.axhline(3)
    ax.text(0.5, 0, "middle", transform=ax.transAxes)
    assert series(ax)["series 1", "line"] == [[1, 3], [100, 3]]
    assert series(ax)["series 2", "text"][0][0] == pytest.approx(10)


def test_the_notebooks_draw_with_nothing_that_is_not_told():
    """A call that no test above knows must be looked at here: does its data file hold what it draws?"""
    told = "plot loglog semilogx semilogy errorbar scatter hist bar fill fill_between axhline axvline axline axhspan"
    told += " axvspan contour hlines text annotate quiver add_patch imshow pcolormesh contourf"
    drawing = {name for name, way in vars(Axes).items() if callable(way) and _draws(way)}
    called = set()
    for stem in notebooks.stems():
        for cell in notebooks.read(stem).cells:
            if cell.cell_type == "code":
                called |= set(re.findall(r"\b(?:ax|axes|left|right|middle|panel|\w+x)\b[^\n=]*?\.(\w+)\(", cell.source))
    assert called & drawing <= set(told.split())
    assert len(called & drawing) >= 10


def _draws(way):
    """Whether a method of Axes takes data."""
    return "data" in inspect.signature(way).parameters or way.__name__ in ("text", "annotate", "fill", "add_patch")


def test_images_and_meshes_are_kept_as_they_are_with_their_places_and_titles():
    fig, axes = plt.subplots(1, 3)
    picture = np.arange(6.0).reshape(2, 3)
    axes[1].imshow(picture)
    axes[2].set_title(r"noise $\sigma$: half/half")
    mesh = axes[2].pcolormesh([0, 1, 2, 4], [0, 1, 3], np.ma.masked_equal(picture, 5))
    fig.colorbar(mesh)
    found = figure_images(fig)
    name = "panel 3, noise sigma half half"
    assert list(found) == ["panel 2", "panel 2, extent", name, f"{name}, x", f"{name}, y"]
    np.testing.assert_array_equal(found["panel 2"], picture)
    np.testing.assert_array_equal(found["panel 2, extent"], [-0.5, 2.5, 1.5, -0.5])
    np.testing.assert_array_equal(found[name], [[0, 1, 2], [3, 4, np.nan]])
    np.testing.assert_array_equal(found[f"{name}, x"], [0, 1, 2, 4])
    np.testing.assert_array_equal(found[f"{name}, y"], [0, 1, 3])
    assert [row[4:] for row in rows(fig)] == [
        ["panel 2", "image", "-0.5", "-0.5"],
        ["panel 2", "image", "2.5", "1.5"],
        [name, "mesh", "0", "0"],
        [name, "mesh", "4", "3"],
    ]


def test_a_slanted_mesh_keeps_each_corner_and_contours_their_outlines():
    fig, (left, right) = plt.subplots(1, 2)
    x, y = np.meshgrid([0.0, 1, 2], [0.0, 1])
    left.pcolormesh(x + y, y, np.ones((1, 2)))
    right.contourf(np.eye(3), [0, 0.5, 1])
    found = figure_images(fig)
    np.testing.assert_array_equal(found["panel 1, x"], [[0, 1, 2], [1, 2, 3]])
    outlines = found["panel 2"]
    assert set(map(tuple, outlines[~np.isnan(outlines[:, 0]), :2])) == {(0, 0.5), (0.5, 1)}
    assert np.isnan(outlines[-1]).all() and np.nanmax(outlines[:, 2:]) == 2


@pytest.mark.parametrize("stem", notebooks.stems())
def test_the_published_data_of_every_figure_hold_numbers(stem):
    """The guard over the archives: a table with rows, or arrays, for each figure; an image's arrays are named there."""
    with zipfile.ZipFile(archive.ARCHIVES / f"{stem}.zip") as files:
        for name in archive.saved(notebooks.read(stem)):
            table = list(csv.DictReader(io.StringIO(files.read(f"{name}.csv").decode())))
            assert table, f"{name}.csv has a header and no row"
            assert all(math.isfinite(float(row[key])) or row["kind"] != "text" for row in table for key in "xy"), name
            named = {row["series"] for row in table if row["kind"] in ("image", "mesh", "contours")}
            if named:
                with np.load(io.BytesIO(files.read(f"{name}.npz"))) as arrays:
                    assert named <= set(arrays.files) and all(arrays[each].size for each in named), name


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
    expected = {"Title": "a_name", "Description": "two squares", "Copyright": "CC BY 4.0", "Author": figures.PROJECT}
    assert about.items() >= expected.items()
    assert about["Source"].startswith(f"notebooks/{stem}.ipynb, ")
    assert ", seed=0, " in about["Source"]
    assert f"matplotlib {matplotlib.__version__}" in about["Source"]
    for text in (*expected.values(), "CC BY 4.0"):
        assert text in first["a_name.svg"].decode()
    pdf = first["a_name.pdf"]
    assert b"/Title (a_name)" in pdf and f"/Author ({figures.PROJECT})".encode() in pdf and b"/Type3" not in pdf
    assert re.search(rb"/Keywords \(notebooks/[^()]*, CC BY 4.0\)", pdf)
    np.testing.assert_array_equal(np.load(tmp_path / "first" / "a_name.npz")["panel 1"], np.eye(2))
