"""Slides: a deck for each notebook, made from its core path; Sphinx turns it into reveal.js, without a network."""

from __future__ import annotations

import errno
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from helpers.course import notebooks, readme
from helpers.course.archive import shown
from helpers.course.places import ROOT, replace_file
from helpers.course.prose import sentences, unquoted, without_links
from helpers.course.reading import core, load
from helpers.course.seminar import Question, opening, questions, told
from helpers.course.verdicts import SYMBOLS, count_verdicts

SOURCE, DECKS = notebooks.BUILD / "slides-source", notebooks.BUILD / "slides"
BY_HAND = ROOT / "docs" / "slides"  # configuration and style sheet
MOST = 25  # slides of a deck
_FORMULA = re.compile(r"\$\$.+?\$\$", re.DOTALL)
_HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Slide:
    """One slide: its heading, what it shows (Markdown), and what the speaker may say (plain words and formulas)."""

    heading: str
    shows: str
    notes: str = ""
    kind: str = "text"  # title, text, formula, vote, figure or verdict


def build(chosen: Iterable[str], out: Path = DECKS, source: Path = SOURCE) -> int:
    """Write the decks of the notebooks ``chosen`` into ``out``, an HTML file each. Returns Sphinx's exit code.

    NotADirectoryError where ``out`` is a file.
    """
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "decks are written into a folder, and this is a file", str(out))
    if source.exists():
        shutil.rmtree(source)
    shutil.copytree(BY_HAND, source, ignore=shutil.ignore_patterns("__pycache__"))
    stems = list(chosen)
    for stem in stems:
        notebook = notebooks.read(stem)
        for figure in shown(notebook):
            replace_file(source / "figures" / stem / f"{figure.name}.png", figure.png)
        replace_file(source / f"{stem}.md", markdown(deck(stem, notebook)).encode())
    decks = "\n".join(stems)
    replace_file(source / "index.md", f"# Decks\n\n```{{toctree}}\n{decks}\n```\n".encode())
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "revealjs"]
    return subprocess.call([*command, str(source), str(out)])


def deck(stem: str, notebook: NotebookNode) -> list[Slide]:
    """The slides of a notebook: its question, then for each result the vote, the figures, the verdict; at most MOST.

    Where there is room, the formula that a vote is about comes before it.
    """
    claims = {row["id"]: row for row in notebooks.claims(notebook)}
    pictures = _pictures(stem, notebook)
    before, heading = opening(notebook), ""
    slides = [_title(notebook), *_shown(before, pictures)]
    for number, question in enumerate(questions(notebook), 1):
        heading = _last_heading(before, heading)
        asked = f"Question {number}"  # the section's own heading may tell the answer
        slides += [*_formula(before, f"Before question {number}"), _vote(question, asked)]
        settled = next(k for k, cell in enumerate(question.cells) if f"**Answer ({question.id})" in cell.source)
        slides += _shown(question.cells[:settled], pictures, heading)
        slides.append(_verdict(question, claims, heading))
        slides += _shown(question.cells[settled:], pictures, heading)
        before = list(question.cells)
    slides += _closing(notebook, claims.values())
    room = MOST - sum(slide.kind != "formula" for slide in slides)
    formulas = [slide for slide in slides if slide.kind == "formula"]
    return [slide for slide in slides if slide.kind != "formula" or slide in formulas[: max(room, 0)]]


def markdown(slides: Iterable[Slide]) -> str:
    """The deck as Sphinx reads it: a heading for each slide, its notes in a directive."""
    parts = []
    for k, slide in enumerate(slides):
        notes = f"\n\n::::{{revealjs-notes}}\n{slide.notes}\n::::" if slide.notes else ""
        body = f":::::{{container}} {slide.kind}\n{slide.shows}\n:::::"
        parts.append(f"{'##' if k else '#'} {slide.heading}\n\n{body}{notes}\n")
    return "\n".join(parts)


def _title(notebook: NotebookNode) -> Slide:
    head = notebook.cells[0].source.split("\n\n")
    minutes = load(core(notebook)).minutes
    article = " ".join(next(part for part in head if "Scientific Spaces" in part).split())
    return Slide(
        readme.title(notebook), f"{article}\n\n*{minutes:.0f} minutes to read, 75 with the votes*", kind="title"
    )


def _pictures(stem: str, notebook: NotebookNode) -> dict[str, str]:
    """Figure → the Markdown that shows it with its caption."""
    return {
        figure.name: f"![{figure.alt}](figures/{stem}/{figure.name}.png)\n\n{figure.caption}"
        for figure in shown(notebook)
    }


def _shown(cells: Iterable[NotebookNode], pictures: Mapping[str, str], heading: str = "") -> Iterator[Slide]:
    """A slide for each figure among ``cells``, with the prose before it as notes."""
    prose: list[str] = []
    for cell in cells:
        if cell.cell_type == "markdown":
            heading = _last_heading([cell], heading)
            prose.append(_spoken(cell.source))
        for output in cell.get("outputs", []):
            if name := output.get("metadata", {}).get("figure"):
                yield Slide(heading or "The question", pictures[name], "\n\n".join(prose), "figure")
                prose = []


def _formula(cells: Sequence[NotebookNode], heading: str) -> Iterator[Slide]:
    """A slide for the last formula that stands by itself in the last of ``cells`` that has one, since its heading.

    The sentence that it stands in goes with it, to say what it is.
    """
    prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
    starts = [k for k, text in enumerate(prose) if _HEADING.search(text)]
    text = "\n\n".join(prose[starts[-1] :] if starts else prose)
    if found := list(_FORMULA.finditer(text)):
        formula = found[-1]
        before = _HEADING.sub("", without_links(unquoted(text[: formula.start()]))).strip()
        after = unquoted(text[formula.end() :].split("\n\n")[0])
        lead = " ".join(sentences(before.split("\n\n")[-1])[-2:])
        rest = sentences(after)[0] if re.match(r"\s*[a-z,$]", after) and formula[0][-3] not in ". " else ""
        yield Slide(heading, "\n\n".join(filter(None, (lead, formula[0], rest))), _spoken(text), "formula")


def _vote(question: Question, heading: str) -> Slide:
    choices = "\n".join(f"- ({letter}) {without_links(text)}" for letter, text in question.choices.items())
    return Slide(heading, f"{without_links(question.text)}\n\n{choices}", kind="vote")


def _verdict(question: Question, claims: Mapping[str, Mapping[str, str]], heading: str) -> Slide:
    claim = claims[question.id]
    card = f"{SYMBOLS[claim['verdict']]} **{claim['id']}, {claim['verdict']}**: {_alone(question.id, claims)}\n\n"
    card += f"stated {claim['stated']}; measured {claim['measured']}"
    notes = _spoken("\n\n".join(cell.source for cell in question.cells if cell.cell_type == "markdown"))
    return Slide(heading, f"{card}\n\n**({question.right})** {without_links(told(question))}", notes, "verdict")


def _alone(id: str, claims: Mapping[str, Mapping[str, str]]) -> str:
    """The statement of a claim; one that begins with "the same" leans on the claim before it, which no slide shows."""
    statement = claims[id]["statement"]
    order = list(claims)
    match = re.match(r"the same,? (.+)", statement, re.DOTALL)
    if not match or id == order[0]:
        return statement
    before = claims[order[order.index(id) - 1]]
    return f"as in {before['id']} ({before['statement']}), but {match[1]}"


def _closing(notebook: NotebookNode, claims: Iterable[Mapping[str, str]]) -> Iterator[Slide]:
    """What was found, a slide for each paragraph or half a list: which sentence is the result, no rule can know."""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in count_verdicts(claims).items() if count)
    found = next(cell.source for cell in notebook.cells if cell.source.startswith("## What we found"))
    paragraphs = without_links(_HEADING.sub("", found)).strip().split("\n\n")
    *first, last = [part for paragraph in paragraphs for part in _halves(paragraph)]
    for shows in (*first, f"{last}\n\n*{counts}*"):
        yield Slide("What we found", shows)


def _halves(paragraph: str) -> list[str]:
    """A list of more than three items in two parts, anything else as it is."""
    items = re.split(r"\n(?=\d+\. |- )", paragraph)
    middle = (len(items) + 1) // 2
    return ["\n".join(items[:middle]), "\n".join(items[middle:])] if len(items) > 3 else [paragraph]


def _last_heading(cells: Iterable[NotebookNode], heading: str) -> str:
    found = [match for cell in cells if cell.cell_type == "markdown" for match in _HEADING.findall(cell.source)]
    return next((each for each in reversed(found) if not each.startswith("Exercise")), heading)


def _spoken(text: str) -> str:
    """Prose for the speaker: no headings, links, choices or answers marked, formulas as they are written."""
    plain = re.sub(r"<[^>]+>", "", unquoted(without_links(_HEADING.sub("", text))))
    return re.sub(r"\n{3,}", "\n\n", plain).strip()
