"""Figures on a dark page: nothing is lost in it, and words follow the colours that they name."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from helpers.course.figure_dark import LEAST_CONTRAST, PAGE, contrast, darken
from helpers.course.figures import STYLE


@pytest.fixture
def ax():
    with matplotlib.rc_context(STYLE):
        yield plt.figure().subplots()
    plt.close("all")


def test_contrast_is_that_of_wcag():
    assert contrast("black", "white") == pytest.approx(21) and contrast("red", "red") == 1


def test_a_black_mark_is_light_and_a_white_one_is_the_page(ax):
    (black,) = ax.plot([0], [0], "ko", linestyle="-")
    (hole,) = ax.plot([1], [1], "o", markerfacecolor="white", markeredgecolor="black")
    dots = ax.scatter([0, 1], [1, 0], color="black")
    darken(ax.figure)
    light = [black.get_color(), black.get_markerfacecolor(), hole.get_markeredgecolor(), dots.get_facecolor()[0]]
    light += [dots.get_edgecolor()[0]]
    assert all(contrast(color, PAGE) > 10 for color in light)
    assert to_rgb(hole.get_markerfacecolor()) == pytest.approx(to_rgb(PAGE))


def test_arrows_boxes_and_words_follow(ax):
    arrow = ax.annotate("", (1, 1), (0, 0), arrowprops={"color": "black"})
    on_white = ax.text(0, 0, "here", backgroundcolor="white")
    on_blue = ax.text(0, 1, "0.3", bbox={"facecolor": "#A8CFE8"})
    title = ax.set_title("slopes (black), cells (white)")
    darken(ax.figure)
    assert contrast(arrow.arrow_patch.get_facecolor(), PAGE) > 10
    for text in (on_white, on_blue):
        assert contrast(text.get_color(), text.get_bbox_patch().get_facecolor()) > 4.5
    assert title.get_text() == "slopes (white), cells (black)"


def test_dark_colours_become_bright_enough_and_others_stay(ax):
    (navy,) = ax.plot([0, 1], color="#000060")
    (orange,) = ax.plot([1, 0], color="#E69F00")
    darken(ax.figure)
    assert contrast(navy.get_color(), PAGE) >= LEAST_CONTRAST and to_rgb(orange.get_color()) == to_rgb("#E69F00")


def test_a_mesh_in_greys_is_turned_and_an_image_is_not(ax):
    mesh = ax.pcolormesh(np.eye(2), cmap="Greys")
    coloured = ax.pcolormesh(np.eye(2), cmap="cividis")
    photograph = ax.imshow(np.eye(2), cmap="gray")
    darken(ax.figure)
    assert contrast(mesh.get_cmap()(0.0), PAGE) < 1.1 and contrast(mesh.get_cmap()(1.0), PAGE) > 10
    assert coloured.get_cmap().name == "cividis" and photograph.get_cmap().name == "gray"
