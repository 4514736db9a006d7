"""One figure, as somebody wants it: which cells it needs, how it looks, and whether it is the published one."""

import json
from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import nbformat.v4
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from helpers.course import archive, notebooks
from helpers.course.command import app
from helpers.course.command_figures import choose, only_cells_of
from helpers.course.figure_layout import SMALLEST
from helpers.course.figure_style import Wish, inches, style_from
from helpers.course.figures import STYLE, Figures
from helpers.course.pictures import FORMATS
from helpers.course.slices import needed

STEMS = notebooks.stems()


@pytest.mark.parametrize(
    "cells, target, expected",
    [
        (["a = 1", "b = 2", "print(b)"], 2, [1, 2]),
        (["def f():\n    return a", "a = 1", "f()"], 2, [0, 1, 2]),  # a name within a function
        (["x = []", "x.append(1)", "y = x[:]", "y"], 3, [0, 1, 2, 3]),  # changed in place by a method
        (["x = {}", "x['a'] = 1", "x.b = 2", "x"], 3, [0, 1, 2, 3]),
        (["x = 1", "x = 2", "x"], 2, [1, 2]),  # made anew
        (["x = 1", "x = x + 1", "x += 1", "x"], 3, [0, 1, 2, 3]),
        (["rng = np.random.default_rng(0)", "a = f(rng)", "b = rng.normal()"], 2, [0, 1, 2]),  # a draw moves the next
        (["g = torch.Generator().manual_seed(0)", "a = f(g)", "b = 1", "c = f(g)"], 3, [0, 1, 3]),
        (["g = default_rng(0)", "def f():\n    return g.normal()", "a = f()", "b = 1", "c = f()"], 4, [0, 1, 2, 4]),
        (
            ["g = default_rng(0)", "d = lambda: g.random()", "def f():\n    return d()", "a = f()", "g"],
            4,
            [0, 1, 2, 3, 4],
        ),
        (["g = default_rng(0)", "p = partial(h, g)", "a = [p() for k in range(3)]", "p()"], 3, [0, 1, 2, 3]),
        (["g = default_rng(0)", "def f(g):\n    return g", "a = f(1)", "f(2)"], 3, [1, 3]),
        (["import numpy as np", "np.seterr('raise')", "np.e"], 2, [0, 2]),
        (["fig, ax = make()", "ax.plot(1)", "fig, ax = make()\nax.plot(2)\nsave(fig)"], 2, [2]),
        (["x = 0", "y = [x for x in range(3)]", "y"], 2, [1, 2]),  # a name of the comprehension alone
        (["x = 0", "for x in range(3):\n    y = x", "y"], 2, [1, 2]),
        (["p = 1", "if p:\n    q = 2", "with open(q) as h:\n    r = h", "r"], 3, [0, 1, 2, 3]),
        (["claims.check(1)", "figures.save(2)", "a = 1", "figures.save(a)"], 3, [2, 3]),
        (["t = 1", "try:\n    u = t\nexcept E:\n    u = v", "u"], 2, [0, 1, 2]),
    ],
)
def test_a_cell_needs_what_makes_or_changes_its_names(cells, target, expected):
    assert needed(cells, [target]) == expected


def test_no_cells_no_needs_and_a_wrong_one_is_told():
    assert needed(["a = 1"], []) == []
    for wrong in (1, -1):
        with pytest.raises(ValueError, match="are not all cells of a notebook with 1"):
            needed(["a = 1"], [wrong])


@pytest.mark.parametrize("stem", STEMS)
def test_every_figure_has_a_cell_that_saves_it_under_the_name_it_shows(stem):
    notebook = notebooks.read(stem)
    assert [figure.name for figure in archive.shown(notebook)] == list(archive.saved(notebook))


@pytest.mark.parametrize("stem", STEMS)
def test_a_single_figure_needs_few_of_the_cells(stem):
    for name in archive.saved(notebooks.read(stem)):
        notebook = notebooks.read(stem)
        of_all = sum(cell.cell_type == "code" for cell in notebook.cells)
        chosen = only_cells_of(notebook, [name]).cells
        assert any(f'"{name}"' in cell.source for cell in chosen) and len(chosen) <= of_all / 3


def test_one_figure_is_the_published_one(tmp_path):
    """The cheapest of notebook 1, through the command: nothing else is drawn, and it is the stored picture."""
    result = CliRunner().invoke(app, ["figures", "1", "three_fail", "--format", "png", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    drawn = {path.name for path in (tmp_path / STEMS[0]).iterdir()}
    assert drawn == {"three_failures.png", "three_failures.csv"}
    assert archive.changed(STEMS[0], tmp_path / STEMS[0])["three_failures.svg"] == archive.MISSING
    how = archive.changed(STEMS[0], tmp_path / STEMS[0]).get("three_failures.png", "as published")
    assert how in ("as published", "the same picture in other bytes")


def test_names_of_figures_are_found_by_their_part_and_errors_name_the_valid_ones():
    assert choose(["attention", "training"]) == (["6_attention_scale"], ["training"])
    assert choose(["6", "1"]) == (["1_derivatives", "6_attention_scale"], [])
    with pytest.raises(ValueError, match="neither a notebook nor a figure of 6_attention_scale.*mean_objective"):
        choose(["6", "nothing"])
    with pytest.raises(ValueError, match="means several figures.*optimal_scale_normal, optimal_scale_cosine"):
        choose(["6", "optimal"])
    with pytest.raises(ValueError, match="'nothing' is not a notebook"):
        choose(["nothing"])


@pytest.mark.parametrize(
    "options, message",
    [
        (["--width", "84"], "is not a length such as 84mm"),
        (["--width", "1mm"], "0.0393701 inches"),
        (["--theme", "blue"], "is not one of light, dark, print"),
        (["--dpi", "3"], "is not between 10 and 2400"),
        (["--font", "No Such Font"], "is not installed"),
        (["--lang", "xx"], "is not one of en, zh"),
        (["--format", "gif"], "choose among"),
    ],
)
def test_a_wrong_wish_is_told_in_a_line(options, message):
    result = CliRunner().invoke(app, ["figures", "6", *options])
    assert result.exit_code == 2 and message in " ".join(result.stderr.split())


def test_the_list_names_every_figure_with_its_caption():
    result = CliRunner().invoke(app, ["figures", "6", "--list"])
    for figure in archive.shown(notebooks.read("6_attention_scale")):
        assert figure.name in result.output and figure.caption.split()[0] in result.output


def drawing(style, tmp_path, monkeypatch):
    """A figure saved in a style: its picture as an array, and its SVG."""
    monkeypatch.setenv("COURSE_FIGURES", str(tmp_path))
    for name, value in style.environment().items():
        monkeypatch.setenv(name, value)
    with matplotlib.rc_context():
        save = Figures("0_test").save
        fig, ax = plt.subplots()
        ax.plot([0, 1], color="black", label="a line")
        ax.set_title("a title")
        ax.annotate("here", (0, 0), (20, 10), textcoords="offset points")
        ax.legend()
        save(fig, "a_line", alt="a line", caption="It rises.")
    folder = tmp_path / "0_test"
    return np.asarray(Image.open(folder / "a_line.png").convert("L")), (folder / "a_line.svg").read_text()


def test_width_and_resolution_are_what_was_asked(tmp_path, monkeypatch):
    image, svg = drawing(Wish(width=inches("84mm"), dpi=300), tmp_path, monkeypatch)
    assert image.shape[1] == round(84 / 25.4 * 300) and image.shape[1] / image.shape[0] == pytest.approx(
        16 / 9, abs=0.01
    )
    assert 'width="238.' in svg and "<text" not in svg  # points


def test_letters_shrink_with_the_figure_but_stay_legible():
    with matplotlib.rc_context(STYLE):
        fig, ax = plt.subplots()
        title = ax.set_title("a title")
        Wish(width=7.9).fit(fig)
        assert title.get_fontsize() == pytest.approx(14 * 7.9 / 8)
        Wish(width=1.0).fit(fig)
        assert title.get_fontsize() == SMALLEST
        plt.close(fig)


def test_dark_is_light_on_dark_and_letters_may_stay_text(tmp_path, monkeypatch):
    light, _ = drawing(Wish(), tmp_path, monkeypatch)
    dark, svg = drawing(Wish(theme="dark", text=True), tmp_path, monkeypatch)
    assert np.median(light) == 255 and np.median(dark) < 30
    assert light.min() < 10 and dark.max() > 200
    assert ">a title</text>" in svg


def test_the_data_do_not_depend_on_the_looks(tmp_path, monkeypatch):
    tables = []
    for style in (Wish(), Wish(width=inches("60mm"), theme="dark")):
        drawing(style, tmp_path, monkeypatch)
        tables.append((tmp_path / "0_test" / "a_line.csv").read_text())
    assert tables[0] == tables[1]


def test_a_wish_survives_the_way_through_the_environment_and_the_default_leaves_none():
    style = Wish(width=3.0, dpi=200, theme="print", text=True)
    assert style_from(style.environment()) == style and Wish().environment() == {}
    assert style.label() == "width=76.2mm,dpi=200,theme=print,text=True"
    for wrong in ("[1]", "{", '{"colour": 1}'):
        with pytest.raises(ValueError, match="COURSE_FIGURE_STYLE"):
            style_from({"COURSE_FIGURE_STYLE": wrong})


@pytest.mark.parametrize("stem", STEMS)
def test_the_archive_and_the_manifest_hold_every_figure_with_its_data(stem, tmp_path):
    notebook = notebooks.read(stem)
    archive.unpack_figures(stem, notebook, tmp_path)
    hashes = json.loads(archive.MANIFEST.read_text())[stem]["sha256"]
    wanted = {f"{name}.{kind}" for name in archive.saved(notebook) for kind in (*FORMATS, "csv")}
    assert set(hashes) == {path.name for path in tmp_path.iterdir()} >= wanted
    assert archive.changed(stem, tmp_path) == {}  # the archive, the notebook and the manifest say the same


def test_what_changed_is_told_file_by_file(tmp_path):
    stem = STEMS[0]
    archive.unpack_figures(stem, notebooks.read(stem), tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    svg, png, other = (next(name for name in names if name.endswith(kind)) for kind in (".svg", ".png", ".csv"))
    (tmp_path / other).unlink()
    (tmp_path / svg).write_text("changed")
    with Image.open(tmp_path / png) as image:
        image.load()
    image.save(tmp_path / png)  # the same pixels without the texts
    (tmp_path / "stray.csv").write_text("x,y\n")
    found = {
        svg: "changed",
        "stray.csv": "not among the published ones",
        png: "the same picture in other bytes",
        other: archive.MISSING,
    }
    assert archive.changed(stem, tmp_path) == found


def test_the_check_tells_what_is_not_made_yet_from_what_is_changed(tmp_path):
    """A new clone has made nothing; one file is "1 file"."""
    check = ["figures", "1", "2", "--check", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, check)
    assert result.exit_code == 2 and "nothing is drawn" in " ".join(result.stderr.split())
    stem = STEMS[0]
    archive.unpack_figures(stem, notebooks.read(stem), tmp_path / stem)
    told = " ".join(CliRunner().invoke(app, check).output.split())
    assert f"not made yet: run course figures {STEMS[1]}" in told and "not as published" not in told
    result = CliRunner().invoke(app, ["figures", "1", "--check", "--out", str(tmp_path)])
    assert result.exit_code == 0 and "as published" in result.output
    next((tmp_path / stem).glob("*.svg")).write_text("changed")
    result = CliRunner().invoke(app, ["figures", "1", "--check", "--out", str(tmp_path)])
    told = " ".join(result.output.split())
    assert result.exit_code == 1 and "1 file in" in told and "is not as published" in told


def test_publishing_twice_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "ARCHIVES", tmp_path / "archives")
    monkeypatch.setattr(archive, "MANIFEST", tmp_path / "MANIFEST.json")
    monkeypatch.setattr(archive, "CODECHECK", tmp_path / "codecheck.yml")
    archive.CODECHECK.write_text("version: 1\nmanifest:\n  - file: old\n")
    cell = nbformat.v4.new_code_cell('figures.save(fig, "a_line", alt="a", caption="b")')
    (tmp_path / "a_line.svg").write_text("<svg/>")
    (tmp_path / "a_line.csv").write_text("x,y\n")
    (tmp_path / "stale.csv").write_text("x,y\n")
    bytes_of = []
    for _ in range(2):
        archive.publish("9_topic", SimpleNamespace(cells=[cell]), tmp_path)
        bytes_of.append(((tmp_path / "archives" / "9_topic.zip").read_bytes(), archive.MANIFEST.read_text()))
    assert bytes_of[0] == bytes_of[1] and "stale" not in bytes_of[0][1]
    assert archive.CODECHECK.read_text() == (
        "version: 1\nmanifest:\n  - file: figures/9_topic/a_line.csv\n    comment: the numbers that it shows\n"
    )
    assert set(json.loads(bytes_of[0][1])["9_topic"]["sha256"]) == {"a_line.svg", "a_line.csv"}
