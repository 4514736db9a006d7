"""Figures without colour: what a legend tells apart differs in dash, mark, width or lightness."""

import io
import re
import zipfile
from itertools import combinations
from xml.etree import ElementTree

import pytest

from helpers.course import archive, notebooks

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}href"
LEAST_CONTRAST = 0.12  # of lightness, 0…1: two greys that a printed page keeps apart


def lightness(color):
    """Relative luminance to the power of 1/2.2, 0…1, of "#rrggbb"."""
    parts = [(int(color[k : k + 2], 16) / 255) ** 2.2 for k in (1, 3, 5)]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True)) ** (1 / 2.2)


def handles(root):
    """For each legend, what stands before each of its texts: (dash, mark, width, filled?, lightness) of its parts."""
    shapes = {path.get("id"): path for path in root.iter(f"{SVG}path") if path.get("id")}
    for legend in root.iter(f"{SVG}g"):
        if not legend.get("id", "").startswith("legend"):
            continue
        found, parts = [], []
        for group in legend:
            if group.get("id", "").startswith("text"):
                found, parts = [*found, tuple(parts)], []
                continue
            for mark in [*group.iter(f"{SVG}use"), *group.iter(f"{SVG}path")]:
                style = dict(re.findall(r"([\w-]+): ([^;]+)", mark.get("style", "")))
                shape = shapes.get(mark.get(XLINK, "#")[1:])
                outline = shape.get("d") if shape is not None else ""
                color = next((style[key] for key in ("stroke", "fill") if style.get(key, "none")[0] == "#"), None)
                if color:
                    look = (
                        style.get("stroke-dasharray", ""),
                        outline,
                        style.get("stroke-width", ""),
                        style.get("fill", "none") != "none",
                    )
                    parts.append((look, lightness(color)))
        yield [handle for handle in found if handle]


def confused(handles):
    """Whether two handles of a legend look alike in grey."""
    for one, other in combinations(handles, 2):
        if [look for look, _ in one] == [look for look, _ in other]:
            if all(abs(a - b) < LEAST_CONTRAST for (_, a), (_, b) in zip(one, other, strict=True)):
                return True
    return False


@pytest.mark.parametrize("stem", notebooks.stems())
def test_every_legend_can_be_read_in_grey(stem):
    legends = 0
    with zipfile.ZipFile(archive.ARCHIVES / f"{stem}.zip") as files:
        for name in files.namelist():
            if name.endswith(".svg"):
                for legend in handles(ElementTree.parse(io.BytesIO(files.read(name))).getroot()):
                    legends += 1
                    assert not confused(legend), name
    assert legends >= 3


def test_two_lines_that_differ_in_colour_alone_are_found():
    import matplotlib.pyplot as plt

    from helpers.course.figures import render

    def legends(*styles):
        fig, ax = plt.subplots()
        for k, style in enumerate(styles):
            ax.plot([0, 1], [0, k], label=str(k), **style)
        ax.legend(frameon=False)
        svg = render(fig, "svg")
        plt.close(fig)
        return next(handles(ElementTree.parse(io.BytesIO(svg)).getroot()))

    alike = {"color": "#0072B2", "linestyle": "-"}, {"color": "#007250", "linestyle": "-"}
    assert confused(legends(*alike))
    for change in ({"linestyle": "--"}, {"marker": "o"}, {"linewidth": 4}, {"color": "#000000"}):
        assert not confused(legends(alike[0], alike[1] | change)), change
