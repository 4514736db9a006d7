"""Labels in another language: every axis has one, none is out of date, and formulas stay what they are."""

import ast
import re

import matplotlib.pyplot as plt
import pytest
from matplotlib import font_manager

from helpers.course import notebooks
from helpers.course.figure_labels import font_for, labels, languages, translate
from helpers.course.figure_style import Wish

OTHERS = [language for language in languages() if language != "en"]
AXES = {"xlabel", "ylabel", "set_xlabel", "set_ylabel"}
each_language = pytest.mark.parametrize("language", OTHERS)


def written(names):
    """The texts that the notebooks write, as constants, to arguments or through methods of these names."""
    for stem in notebooks.stems():
        for cell in notebooks.read(stem).cells:
            if cell.cell_type == "code" and "fig" in cell.source:
                for node in ast.walk(ast.parse(cell.source)):
                    if isinstance(node, ast.Call):
                        texts = [keyword.value for keyword in node.keywords if keyword.arg in names]
                        if getattr(node.func, "attr", "") in names:
                            texts += node.args[:1]
                        yield from (text.value for text in texts if isinstance(text, ast.Constant))


def constants():
    """Every text in a cell that draws, as a loop may hand it to a legend."""
    for stem in notebooks.stems():
        for cell in notebooks.read(stem).cells:
            if cell.cell_type == "code" and "fig" in cell.source:
                for node in ast.walk(ast.parse(cell.source)):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str):
                        yield node.value


@each_language
def test_every_axis_with_words_has_a_label_and_no_label_is_out_of_date(language):
    axes = set(written(AXES))
    words = {text for text in axes if re.search(r"[a-z]{3}", re.sub(r"\$[^$]*\$|log det|det\(", "", text))}
    assert len(words) > 50 and words <= labels(language).keys()
    assert labels(language).keys() <= set(constants())


@each_language
def test_most_titles_and_legends_with_words_have_a_label(language):
    texts = {text for text in written({"title", "label"}) if re.search(r"[a-z]{3}", re.sub(r"\$[^$]*\$", "", text))}
    assert len(texts & labels(language).keys()) >= 0.9 * len(texts) > 40


@each_language
def test_a_label_keeps_the_formulas_of_its_text(language):
    for text, label in labels(language).items():
        formulas = [sorted(re.findall(r"\$[^$]*\$", each)) for each in (text, label)]
        assert formulas[0] == formulas[1] and label != text, text


def test_known_texts_are_translated_and_others_stay():
    fig, ax = plt.subplots()
    ax.set(xlabel="learning rate", ylabel="something else", title="time")
    translate(fig, "zh")
    assert [ax.get_xlabel(), ax.get_ylabel(), ax.get_title()] == ["学习率", "something else", "时间"]
    translate(fig, "en")
    assert ax.get_xlabel() == "学习率"
    plt.close(fig)


def test_a_font_is_found_where_one_is_installed():
    try:
        family = font_for("zh")
    except ValueError:
        pytest.skip("no Chinese font is installed here")
    assert Wish(lang="zh").settings()["font.family"][0] == family
    path = font_manager.findfont(family, fallback_to_default=False)
    assert set(map(ord, "学习率")) <= font_manager.get_font(path).get_charmap().keys()


def test_no_font_is_told(monkeypatch, tmp_path):
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"not a font")
    latin = font_manager.findfont("DejaVu Sans")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(broken), str(tmp_path / "gone.ttf"), latin])
    with pytest.raises(ValueError, match="no font here has the letters of 'zh'; install one"):
        font_for.__wrapped__("zh")
