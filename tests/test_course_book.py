"""The book: built without a warning, complete, readable without a network, and seen by a browser."""

import json
import re
import runpy
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.course import book, notebooks
from helpers.course.archive import shown
from helpers.course.book_pages import glossary
from helpers.course.frames import INDEX
from helpers.course.places import ROOT

STEMS = notebooks.stems()
NOTEBOOKS = {stem: notebooks.read(stem) for stem in STEMS}
OTHERS = ["index", "claims", "errata", "gallery", "glossary", "benchmarks", "references", "teaching", "contributing"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a book")
    assert book.build(folder / "site", folder / "source") == 0, "Sphinx warns"
    return folder / "site"


@pytest.fixture(scope="module")
def soups(site):
    return {name: BeautifulSoup((site / f"{name}.html").read_text(), "html.parser") for name in [*STEMS, *OTHERS]}


def test_every_claim_has_its_address_and_stands_in_the_index(soups):
    for stem in STEMS:
        ids = [row["id"] for row in notebooks.claims(NOTEBOOKS[stem])]
        assert ids and all(soups[stem].find(id=id) for id in ids)
        for page in (stem, "claims"):
            links = {a["href"] for a in soups[page].find_all("a", href=True)}
            assert {f"{stem}.html#{id}" for id in ids} <= links | {f"{stem}.html{href}" for href in links}


def test_the_errata_are_the_articles_statements_that_failed(soups):
    expected = {
        f"{stem}.html#{row['id']}"
        for stem in STEMS
        for row in notebooks.claims(NOTEBOOKS[stem])
        if row["by"] == "article" and row["verdict"] in ("corrected", "refuted")
    }
    found = {a["href"] for a in soups["errata"].find("main").find_all("a", href=True) if ".html#" in a["href"]}
    assert expected and expected == {href for href in found if href.split(".html")[0] in STEMS}


def test_every_figure_is_in_the_gallery_and_has_an_alternative_text(soups):
    for stem in STEMS:
        for figure in shown(NOTEBOOKS[stem]):
            place = f"figures/{stem}/{figure.name}.png"
            for page in (stem, "gallery"):
                (image,) = soups[page].find_all("img", src=place)
                assert image["alt"] == figure.alt
            kinds = {
                Path(a["href"]).suffix for a in soups[stem].find("figure", id=figure.name).find_all("a", download=True)
            }
            assert {".svg", ".png", ".pdf", ".csv"} <= kinds, "the text leads to the figure's files"
    for soup in soups.values():
        assert all(image.get("alt", "").strip() for image in soup.find("main").find_all("img"))


def test_the_button_hands_out_the_notebook_itself(site):
    for stem in STEMS:
        assert (site / "_sources" / f"{stem}.ipynb").read_bytes() == (notebooks.FOLDER / f"{stem}.ipynb").read_bytes()


def test_binder_is_asked_for_the_branch_that_is_published(monkeypatch):
    monkeypatch.setenv("COURSE_REPOSITORY", "https://example.org/course")
    options = runpy.run_path(str(ROOT / "docs" / "book" / "conf.py"))["html_theme_options"]
    published = yaml.safe_load((ROOT / ".github" / "workflows" / "pages.yml").read_text())[True]["push"]["branches"]
    assert [options["repository_branch"]] == published and options["launch_buttons"]["binderhub_url"]
    monkeypatch.delenv("COURSE_REPOSITORY")
    assert "launch_buttons" not in runpy.run_path(str(ROOT / "docs" / "book" / "conf.py"))["html_theme_options"]


def test_the_glossary_knows_terms_by_hand(soups):
    terms = glossary(NOTEBOOKS)
    assert len(terms) >= 30 and terms["割线"] == ("secant", "1_derivatives")
    text = soups["glossary"].get_text()
    assert all(chinese in text and english.replace("$", "")[:5] in text for chinese, (english, _) in terms.items())


def test_the_glossary_lists_whole_terms_and_misses_none():
    cells = [
        new_markdown_cell("*a limit*, its *slope* (斜率), **mean\nvelocity** (平均速度), *denormals (非规格化数)*")
    ]
    found = glossary({"1_first": new_notebook(cells=cells)})
    assert {chinese: english for chinese, (english, _) in found.items()} == {
        "斜率": "slope",
        "平均速度": "mean velocity",
        "非规格化数": "denormals",
    }
    terms = glossary(NOTEBOOKS)
    assert all(re.match(r"[\w$]", english) and len(english.split()) <= 4 for english, _ in terms.values())
    text = "\n".join(cell.source for stem in STEMS for cell in NOTEBOOKS[stem].cells if cell.cell_type == "markdown")
    assert set(re.findall(r"\(([\u4e00-\u9fff][^()*：]*)\)", text)) <= set(terms)


def test_one_first_heading_and_levels_in_order(soups):
    for name, soup in soups.items():
        levels = [int(heading.name[1]) for heading in soup.find("article").find_all(re.compile("^h[1-6]$"))]
        assert levels.count(1) == 1 and levels[0] == 1, name
        assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False)), name


def test_nothing_comes_from_elsewhere_and_every_link_arrives(soups, site):
    places = {name: {tag["id"] for tag in soup.find_all(id=True)} for name, soup in soups.items()}
    for name, soup in soups.items():
        loaded = [tag.get("src") for tag in soup.find_all(["script", "img", "iframe"]) if tag.get("src")]
        loaded += [tag["href"] for tag in soup.find_all("link", href=True) if "stylesheet" in tag.get("rel", [])]
        assert not [address for address in loaded if urlsplit(address).scheme], name
        links = [a["href"] for a in soup.find_all("a", href=True) if not urlsplit(a["href"]).scheme]
        for address in [*loaded, *links]:
            path, fragment = urlsplit(address).path, unquote(urlsplit(address).fragment)
            target = site / path if path else site / f"{name}.html"
            assert target.exists(), f"{name}: {address}"
            if fragment and target.stem in soups:
                assert fragment in places[target.stem], f"{name}: {address}"


@pytest.mark.parametrize("stem", STEMS)
def test_sliders_have_their_frames(stem, soups):
    drawn = [
        name for cell in NOTEBOOKS[stem].cells if cell.cell_type == "code" and (name := book.explored(cell.source))
    ]
    for name in drawn:
        folder = ROOT / "docs" / "frames" / stem / name
        index = json.loads((folder / INDEX).read_text())
        sizes = [len(values) for values in index["values"].values()]
        count = 1
        for size in sizes:
            count *= size
        assert 6 <= count <= 20 and len(list(folder.glob("*.webp"))) == count
        (figure,) = soups[stem].find_all("figure", attrs={"data-place": f"frames/{stem}/{name}"})
        assert [int(slider["max"]) + 1 for slider in figure.find_all("input")] == sizes
    stored = {path.parent.name for path in (ROOT / "docs" / "frames" / stem).rglob(INDEX)}
    assert stored == set(drawn), "docs/frames holds drawings that no notebook shows"


def test_most_notebooks_have_something_to_move(soups):
    assert sum(bool(soups[stem].find("figure", class_="frames")) for stem in STEMS) >= 7


def test_a_page_folds_plots_and_solutions_and_marks_what_lies_beyond():
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# A title"),
            new_markdown_cell("## One (S1)\n\nsee [two](#Two)"),
            new_code_cell('figures.save(fig, "a", alt="b", caption="c")'),
            new_code_cell("### BEGIN SOLUTION"),
            new_code_cell("x = 1", outputs=[new_output("stream", name="stdout", text="1")]),
            new_markdown_cell("## Two", metadata={"tags": ["beyond"]}),
        ]
    )
    page = book.page("1_first", notebook)
    assert ["hide-input" in cell.metadata["tags"] for cell in page.cells] == [
        False,
        False,
        True,
        True,
        False,
        False,
        False,
    ]
    assert "To cite this notebook**: *A title*" in page.cells[6].source
    assert page.cells[1].source == "(1_first-0)=\n## One (S1)\n\nsee [two](#1_first-1)"
    assert page.cells[5].source.startswith("(1_first-1)=\n## Two\n\n<p") and "Beyond" in page.cells[5].source
    assert notebook.cells[1].source == "## One (S1)\n\nsee [two](#Two)"  # the notebook itself stays


RAW = """
const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT), found = [];
while (walker.nextNode()) {
  const text = walker.currentNode;
  if (!text.parentElement.closest("pre, code, script, style, mjx-container") && /[$]|\\\\\\\\frac/.test(text.data))
    found.push(text.data.trim());
}
return found;
"""
SETTLED = "const done = arguments[0]; (window.MathJax?.startup?.promise ?? Promise.resolve()).then(() => done());"


def wide(driver, width):
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def test_a_browser_without_a_network_shows_every_page(site, driver):
    for name in [*STEMS, *OTHERS]:
        wide(driver, 1280)
        driver.get((site / f"{name}.html").as_uri())
        driver.execute_async_script(SETTLED)
        messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
        asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))], name
        assert not [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"], name
        assert not driver.execute_script(RAW), f"{name}: a formula is not typeset"
        wide(driver, 320)
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 320, f"{name} is too wide"


def test_a_slider_moves_with_the_keyboard_and_claims_can_be_filtered(site, driver):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select

    driver.get((site / "1_derivatives.html").as_uri())
    figure = driver.find_element(By.CSS_SELECTOR, "figure.frames")
    image, slider = figure.find_element(By.TAG_NAME, "img"), figure.find_element(By.TAG_NAME, "input")
    before, value = image.get_attribute("src"), figure.find_element(By.TAG_NAME, "output").text
    slider.send_keys(Keys.ARROW_LEFT)
    assert image.get_attribute("src") != before and figure.find_element(By.TAG_NAME, "output").text != value
    assert Path(unquote(urlsplit(image.get_attribute("src")).path)).exists()
    driver.get((site / "claims.html").as_uri())
    choice = Select(driver.find_element(By.CSS_SELECTOR, "#claim-filter select"))
    choice.select_by_visible_text("❌ refuted")
    rows = [row.text for row in driver.find_elements(By.CSS_SELECTOR, "main tbody tr") if row.is_displayed()]
    refuted = sum(row["verdict"] == "refuted" for stem in STEMS for row in notebooks.claims(NOTEBOOKS[stem]))
    assert len(rows) == refuted and all("refuted" in row for row in rows)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", STEMS[0], "gallery"])
def test_axe_finds_no_violation(name, theme, site, driver):
    """Contrast, names, order, language: what axe-core can see of WCAG A and AA."""
    import axe_core_python

    wide(driver, 1280)
    driver.get((site / f"{name}.html").as_uri())
    driver.execute_async_script(SETTLED)
    # Colours change at once, so that none is looked at on its way.
    driver.execute_script(
        "document.head.insertAdjacentHTML('beforeend', '<style>* { transition: none !important }</style>')"
    )
    driver.execute_script(f"document.documentElement.dataset.theme = document.documentElement.dataset.mode = '{theme}'")
    driver.execute_script((Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    run = "const done = arguments[0]; axe.run({runOnly: ['wcag2a', 'wcag2aa']}).then(found => done(found.violations));"
    violations = driver.execute_async_script(run)
    told = [(found["id"], node["target"], node["html"][:200]) for found in violations for node in found["nodes"]]
    assert not told


def test_a_book_is_printed_with_bookmarks_and_numbers_and_nothing_cut(site, tmp_path, driver):
    from pypdf import PdfReader

    from helpers.course.book_pdf import print_book

    assert print_book(site, tmp_path / "book.pdf", ["2_determinant_derivatives", "errata"]) >= 10
    book = PdfReader(tmp_path / "book.pdf")
    pages, sections, errata, _ = book.outline
    assert (pages.title, errata.title) == ("Derivatives of determinants", "Errata") and len(sections) >= 10
    assert book.get_destination_page_number(errata) > book.get_destination_page_number(sections[2]) > 0
    assert not [entry.title for entry in sections if not isinstance(entry, list) and re.search(r"[\\\\$]", entry.title)]
    words = " ".join(" ".join(page.extract_text() for page in book.pages).split())
    claims = notebooks.claims(NOTEBOOKS["2_determinant_derivatives"])
    assert sum(f"{row['id']}, {row['verdict']}" in words for row in claims) == len(claims)
    assert sum(len(page.images) for page in book.pages) >= len(shown(NOTEBOOKS["2_determinant_derivatives"]))
    assert all("".join(page.extract_text().split()).endswith(str(number)) for number, page in enumerate(book.pages, 1))


def test_links_on_paper_stay_in_the_book(site, tmp_path, driver):
    """Claims of two notebooks have one id; a page that is not printed is linked to by none."""
    from pypdf import PdfReader

    from helpers.course.book_pdf import print_book

    (tmp_path / "site").mkdir()
    for name, others in (("one", "two three"), ("two", "one")):
        links = "".join(f"<a href='{other}.html#S1'>{other}</a> " for other in others.split())
        text = "<p style='break-before: page'>".join(
            [f"<h1>{name}</h1><a href='#S1'>here</a> {links}", f"<b id=S1>{name}</b>"]
        )
        (tmp_path / "site" / f"{name}.html").write_text(f"<article>{text}<a href='https://a.org'>a</a></article>")
    assert print_book(tmp_path / "site", tmp_path / "book.pdf", ["one", "two"]) == 4
    book = PdfReader(tmp_path / "book.pdf")
    sheets = {page.indirect_reference.idnum: number for number, page in enumerate(book.pages)}
    links = [[link.get_object() for link in page.get("/Annots") or ()] for page in book.pages]
    inside = [[sheets[link["/Dest"][0].idnum] for link in sheet if "/Dest" in link] for sheet in links]
    outside = [[link["/A"]["/URI"] for link in sheet if "/A" in link] for sheet in links]
    assert inside == [[1, 3], [], [3, 1], []] and outside == [[], ["https://a.org/"], [], ["https://a.org/"]]


def test_printing_without_a_browser_says_so(site, tmp_path, monkeypatch):
    from helpers.course import book_pdf

    monkeypatch.setattr(book_pdf.shutil, "which", lambda name: None)
    with pytest.raises(OSError, match="printing needs a browser"):
        book_pdf.print_book(site, tmp_path / "book.pdf", ["index"])
    assert not (tmp_path / "book.pdf").exists()
