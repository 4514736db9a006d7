"""The documents of a release agree with each other, with the notebooks and with the figures.

What this does not prove: that an address answers, or that CITATION.cff passes the validators of its format. No network
is used here.
"""

import datetime
import json
import re
import tomllib

import nbformat
import pytest
import yaml
from click import Context
from typer.core import TyperGroup
from typer.main import get_command

from helpers.course import notebooks
from helpers.course.command import app
from helpers.course.places import ROOT

STEMS = notebooks.stems()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"
DOCUMENTS = ["CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md", "paper.md"]
ARTICLE = r"https://spaces\.ac\.cn/archives/\d+"


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def releases():
    """(version, date) of each release in the changelog, the newest first."""
    return re.findall(r"^## \[([^]]+)\] - (\S+)$", text("CHANGELOG.md"), re.MULTILINE)


@pytest.fixture(scope="module")
def citation():
    return yaml.safe_load(text("CITATION.cff"))


@pytest.fixture(scope="module")
def heads():
    """Stem → the first cell of the notebook."""
    return {stem: nbformat.read(notebooks.FOLDER / f"{stem}.ipynb", as_version=4).cells[0].source for stem in STEMS}


def form(name):
    """Id → what a form asks for."""
    return {item["id"]: item for item in yaml.safe_load((FORMS / name).read_text())["body"] if "id" in item}


def test_one_version_and_one_date(citation):
    version, date = releases()[0]
    assert PROJECT["version"] == citation["version"] == version
    assert citation["date-released"] == date == datetime.date.fromisoformat(date).isoformat()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)


def test_no_code_repeats_the_version():
    for path in [*(ROOT / "helpers").rglob("*.py"), ROOT / "docs" / "book" / "conf.py"]:
        pattern = r"""^(__version__|version|release)\s*=\s*["']"""
        assert not re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE), path


def test_releases_go_from_the_newest_to_the_oldest():
    versions = [[int(part) for part in version.split(".")] for version, _ in releases()]
    dates = [date for _, date in releases()]
    assert versions == sorted(versions, reverse=True) and dates == sorted(dates, reverse=True)
    assert len({tuple(version) for version in versions}) == len(versions)


def test_a_citation_has_what_its_format_requires(citation):
    assert {"cff-version", "message", "title", "authors", "type", "version", "date-released", "license"} <= set(
        citation
    )
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert citation["license"] in PROJECT["license"].split(" AND ")
    for reference in citation["references"]:
        assert reference["type"] == "blog" and reference["title"]
        assert reference["authors"] == [{"family-names": "Su", "given-names": "Jianlin", "alias": "苏剑林"}]


def test_the_articles_cited_are_those_of_the_notebooks(citation, heads):
    for stem, reference in zip(STEMS, citation["references"], strict=True):
        (address,) = set(re.findall(ARTICLE, heads[stem]))
        assert reference["url"] == address
        assert reference["title"] in heads[stem].replace("\n", "")
        assert reference["notes"].endswith(f"; examined in notebooks/{stem}.ipynb")
        day = datetime.date.fromisoformat(reference["date-published"])
        assert f"{day}" in heads[stem] or f"{day.day} {day:%B %Y}" in heads[stem].replace("\n", " ")


def test_one_name_for_the_authors(citation):
    (author,) = PROJECT["authors"]
    assert [author] == citation["authors"] == yaml.safe_load(text("paper.md").split("---")[1])["authors"]
    assert yaml.safe_load(text("codecheck.yml"))["paper"]["authors"] == [author]
    copyright = f"Copyright (c) 2026 {author['name'][0].lower()}{author['name'][1:]}\n"
    assert copyright in text("LICENSE") and copyright in text("LICENSES/MIT.txt")


def test_the_licences_are_there_in_full():
    for pattern in PROJECT["license-files"]:
        assert list(ROOT.glob(pattern)), pattern
    named = {f"{name}.txt" for name in PROJECT["license"].split(" AND ")}
    assert named == {path.name for path in (ROOT / "LICENSES").iterdir()}
    assert all(f"{name}" in text("LICENSE") for name in named)
    assert text("LICENSE").endswith(text("LICENSES/MIT.txt"))
    code = text("LICENSES/CC-BY-4.0.txt")
    assert code.startswith("Attribution 4.0 International\n")
    assert re.findall(r"^Section (\d) -- ", code, re.MULTILINE) == list("12345678")
    assert code.endswith("Creative Commons may be contacted at creativecommons.org.\n")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_between_documents_arrive(name):
    written = text(name)
    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", written):
        path, _, anchor = target.partition("#")
        assert (ROOT / path).is_file(), target
        titles = re.findall(r"^#+ (.+)$", text(path), re.MULTILINE) if anchor else []
        assert not anchor or anchor in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    for path in re.findall(r"`((?:docs|helpers|\.github)/[\w./-]+|\w+\.(?:toml|yml|cff|md))`", written):
        assert (ROOT / path).exists(), path


def test_commands_that_the_documents_name_exist():
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    known = set(group.list_commands(Context(group)))
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    for name in [*DOCUMENTS, ".github/ISSUE_TEMPLATE/claim.yml", ".github/ISSUE_TEMPLATE/bug.yml", "codecheck.yml"]:
        fence = re.compile(r"```sh\n(.+?)```", re.DOTALL)
        code = fence.findall(text(name)) + re.findall(r"`([^`]+)`", fence.sub("", text(name)))
        named = set(re.findall(r"^(make|course) ([a-z][a-z-]*)", "\n".join(code), re.MULTILINE))
        assert named <= {("course", command) for command in known} | {("make", target) for target in targets}, name


def test_a_report_on_a_claim_names_notebook_claim_and_evidence():
    asked = form("claim.yml")
    assert asked["notebook"]["type"] == "dropdown" and asked["notebook"]["attributes"]["options"] == STEMS
    for id in ("notebook", "claim", "stated", "evidence", "versions"):
        assert asked[id]["validations"]["required"] is True
    ids = {row["id"] for row in notebooks.claims(notebooks.read("6_attention_scale"))}
    assert asked["claim"]["attributes"]["placeholder"] in ids


def test_contributing_calls_the_forms_by_their_names():
    for path in FORMS.glob("*.yml"):
        if path.name != "config.yml":
            assert f"*{yaml.safe_load(path.read_text())['name']}*" in text("CONTRIBUTING.md").replace("\n", " ")
    assert set(yaml.safe_load((FORMS / "config.yml").read_text())) == {"blank_issues_enabled", "contact_links"}


def test_codecheck_names_every_published_figure_and_its_numbers():
    named = [item["file"] for item in yaml.safe_load(text("codecheck.yml"))["manifest"]]
    published = json.loads(text("figures/MANIFEST.json"))
    known = {f"figures/{stem}/{name}" for stem, made in published.items() for name in made["sha256"]}
    wanted = {name for name in known if name.endswith((".png", ".csv"))}
    assert wanted and len(set(named)) == len(named)
    assert set(named) <= known, "take out of codecheck.yml: " + ", ".join(sorted(set(named) - known))
    missing = "".join(f"\n  - file: {name}" for name in sorted(wanted - set(named)))
    assert not missing, f"add to codecheck.yml: {missing}"


def test_codecheck_does_not_pretend_to_a_check():
    """Until somebody has checked it; then all four are there."""
    config = yaml.safe_load(text("codecheck.yml"))
    assert (
        text("codecheck.yml").startswith("---\n") and config["version"] == "https://codecheck.org.uk/spec/config/2.0/"
    )
    assert len({"codechecker", "report", "summary", "certificate"} & set(config)) in (0, 4)
    assert config["paper"]["title"] == yaml.safe_load(text("paper.md").split("---")[1])["title"]


def test_the_paper_is_short_and_cites_what_its_bibliography_holds():
    _, head, body = text("paper.md").split("---", 2)
    assert len(body.split()) <= 1000
    sections = ["Summary", "Statement of need", "Learning objectives", "Content and design"]
    sections += ["Experience of use", "Story of the project", "References"]
    assert re.findall(r"^# (.+)$", body, re.MULTILINE) == sections
    bibliography = text(yaml.safe_load(head)["bibliography"])
    keys = re.findall(r"^@\w+\{(\w+),", bibliography, re.MULTILINE)
    assert set(re.findall(r"@(\w+)", body)) == set(keys) and len(set(keys)) == len(keys)


def test_the_titles_are_those_of_the_book(citation):
    pattern = rf"^@misc\{{(su\d+), .*title = \{{\{{(.+?)\}}\}}.*url = \{{({ARTICLE})\}}"
    articles = re.findall(pattern, text("docs/book/references.bib"), re.MULTILINE)
    assert len(articles) == len(STEMS)
    assert re.findall(pattern, text("paper.bib"), re.MULTILINE) == articles
    assert [(entry["title"], entry["url"]) for entry in citation["references"]] == [entry[1:] for entry in articles]
