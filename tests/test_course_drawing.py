"""Curves with intervals, and maps of signs."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from helpers.course import Interval, draw_interval, sign_map
from helpers.course.drawing import BETTER, OPEN, WORSE


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_a_band_lies_around_its_curve(ax):
    line = draw_interval(ax, [1, 2, 4], Interval(np.array([0.0, 1.0, 3.0]), np.array([0.5, 0.0, 2.0])), label="a")
    np.testing.assert_array_equal(line.get_xydata(), [[1, 0], [2, 1], [4, 3]])
    corners = {tuple(point) for point in ax.collections[0].get_paths()[0].vertices}
    assert {(1, -0.5), (1, 0.5), (2, 1), (4, 1), (4, 5)} <= corners
    with pytest.raises(ValueError, match=r"interval: has shapes \(2,\) and \(2,\), where x has \(3,\)"):
        draw_interval(ax, [1, 2, 3], Interval(np.zeros(2), np.zeros(2)))


def test_a_sign_is_coloured_only_where_it_is_decided(ax):
    interval = Interval(np.array([[-1.0, 0.4], [2.0, -0.3]]), np.array([[0.5, 0.5], [0.1, 0.3]]))
    signs = sign_map(ax, interval, ["a", "b"], ["c", "d"])
    np.testing.assert_array_equal(signs, [[-1, 0], [1, 0]])
    colors = [to_hex(patch.get_facecolor()).upper() for patch in ax.patches]
    assert colors == [BETTER, OPEN, WORSE, OPEN]
    assert [patch.get_hatch() for patch in ax.patches] == ["", "....", "", "...."]
    assert [text.get_text() for text in ax.texts] == ["-1 ± 0.5", "0.4 ± 0.5", "2 ± 0.1", "-0.3 ± 0.3"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["c", "d"]
    with pytest.raises(ValueError, match=r"interval: has shape \(2, 2\) for 2 rows and 1 columns"):
        sign_map(ax, interval, ["a", "b"], ["c"])
