"""Figures at a narrow width: laid out again until no letters are cut, stand over others or over what is drawn."""

import warnings

import matplotlib
import matplotlib.pyplot as plt
import nbformat.v4
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from helpers.course import notebooks
from helpers.course.command import app
from helpers.course.command_figures import _unfit
from helpers.course.figure_layout import SMALLEST, lay_out, roomy_width
from helpers.course.figure_lines import wrap_text
from helpers.course.figure_overlaps import spoilt, tick_labels
from helpers.course.figure_style import UNFIT, Wish, inches
from helpers.course.figures import STYLE

NARROW = inches("84mm")
STEM = "1_derivatives"


@pytest.fixture(autouse=True)
def course_style():
    with matplotlib.rc_context(STYLE):
        yield
    plt.close("all")


def curves(ax, names, low=-12):
    x = np.logspace(low, 0, 20)
    for k, name in enumerate(names):
        ax.loglog(x, x ** (k / 3), label=name)
    ax.set(xlabel="half-width of the window", ylabel="distance from the best line over the half-width", title="a title")


def two_panels_with_legends():
    fig, axes = plt.subplots(1, 2, figsize=(12, 4.4))
    for ax in axes:
        curves(ax, ["mean over the grid, measured", "formula of the article", "sine"])
        ax.legend(loc="lower left")
    return fig


def three_panels_that_share_an_axis():
    fig, axes = plt.subplots(1, 3, figsize=(14, 4.3), sharey=True)
    for ax in axes:
        curves(ax, ["one", "two"])
        ax.set_title("a long title that says what this panel shows at rate 0.001")
        ax.set_ylabel("")
    axes[0].set_ylabel("loss")
    axes[0].legend()
    return fig


def legend_outside():
    fig, ax = plt.subplots(figsize=(9, 4.6))
    curves(ax, [f"function number {k}" for k in range(7)])
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def many_large_numbers():
    fig, axes = plt.subplots(1, 4, figsize=(12, 3.4))
    for ax in axes:
        ax.plot([0, 20000], [0, 1e6])
        ax.set_xticks(range(0, 20001, 1000))
    return fig


def words_at_an_axis():
    fig, ax = plt.subplots()
    ax.plot([f"a word, {k}" for k in range(7)], range(7))
    return fig


FIGURES = [
    two_panels_with_legends,
    three_panels_that_share_an_axis,
    legend_outside,
    many_large_numbers,
    words_at_an_axis,
]


@pytest.mark.parametrize("make, width", [*((make, "84mm") for make in FIGURES), (two_panels_with_legends, "120mm")])
def test_nothing_is_cut_and_nothing_overlaps(make, width):
    fig = make()
    assert lay_out(fig, inches(width)) == []
    fig.draw_without_rendering()
    assert spoilt(fig) == []  # as it will be saved, too
    assert fig.get_figwidth() == pytest.approx(inches(width))
    shown = [label for ax in fig.axes for label in tick_labels(ax.xaxis) + [ax.title, ax.xaxis.label]]
    assert min(label.get_fontsize() for label in shown) >= SMALLEST


def test_the_plain_scaling_would_spoil_them():
    """What the test above asserts is not true of itself."""
    fig = two_panels_with_legends()
    fig.set_size_inches(NARROW, NARROW * 4.4 / 12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no room
        fig.draw_without_rendering()
    told = " ".join(spoilt(fig))
    assert "is cut" in told and "lies over" in told


def test_panels_that_move_to_the_left_tell_their_axis():
    fig = three_panels_that_share_an_axis()
    lay_out(fig, NARROW)
    fig.draw_without_rendering()
    left = [ax for ax in fig.axes if ax.get_subplotspec().colspan.start == 0]
    assert len(left) > 1 and all(ax.get_ylabel() == "loss" and tick_labels(ax.yaxis) for ax in left)


def test_ticks_made_later_have_the_size_of_the_others():
    fig, ax = plt.subplots()
    ax.plot([0, 17000], [0, 1])
    lay_out(fig, NARROW)
    ax.set_xlim(0, 90000)
    ax.set_xticks(range(0, 90001, 10000))
    fig.draw_without_rendering()
    assert len({label.get_fontsize() for label in tick_labels(ax.xaxis)}) == 1


def test_what_cannot_be_legible_is_told_with_the_width_that_is():
    fig, ax = plt.subplots(figsize=(10, 3))
    for k in range(40):
        ax.text(k, 0.5, f"{k}.12", ha="center")
    ax.set(xlim=(-1, 40))
    wanted = roomy_width(fig)
    assert wanted == pytest.approx(10 * SMALLEST / 13)
    told = Wish(width=1.5).fit(fig)
    assert told.startswith(f"not legible at 38 mm, give it {np.ceil(25.4 * wanted):.0f} mm: ") and "lies over" in told


def test_the_command_repeats_what_the_kernel_told():
    outputs = [
        nbformat.v4.new_output("stream", name="stderr", text=f"a warning\n{UNFIT}rules: not legible at 38 mm\n"),
        nbformat.v4.new_output("stream", name="stdout", text=f"{UNFIT}of speech\n"),
    ]
    cells = [nbformat.v4.new_markdown_cell("text"), nbformat.v4.new_code_cell("1", outputs=outputs)]
    run = notebooks.Run(STEM, nbformat.v4.new_notebook(cells=cells), 1.0)
    assert _unfit(run) == [f"{STEM}: {UNFIT}rules: not legible at 38 mm"]


def test_lines_break_outside_formulas():
    fig, ax = plt.subplots()
    text = ax.set_title("the first words $a + b + c + d$ and more")
    wrap_text(text, 150)
    assert "$a + b + c + d$" in text.get_text() and text.get_text().count("\n") >= 1
    wrap_text(text, 1e6)
    assert text.get_text() == "the first words $a + b + c + d$ and more"


def test_figures_of_a_notebook_are_legible_in_a_column(tmp_path):
    """Through the command; a figure that is not would be told there."""
    names = ["error_against", "rules", "three_fail"]
    options = ["--width", "84mm", "--dpi", "300", "--format", "png", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, ["figures", "1", *names, *options])
    assert result.exit_code == 0, result.output
    assert "not legible" not in result.output
    pictures = sorted((tmp_path / STEM).glob("*.png"))
    assert len(pictures) == len(names)
    for path in pictures:
        with Image.open(path) as image:
            assert image.width == round(NARROW * 300)
            pixels = np.asarray(image.convert("L"))
        edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert edge.min() > 250, f"{path.name}: something reaches the edge"
