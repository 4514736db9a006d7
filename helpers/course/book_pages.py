"""The pages of the book that are made from all notebooks: start, claims, errata, gallery, glossary."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from nbformat import NotebookNode

from helpers.course import notebooks, readme
from helpers.course.archive import KINDS, Shown, published_files, shown
from helpers.course.audit import read_results
from helpers.course.held import STORED
from helpers.course.places import PROJECT, ROOT
from helpers.course.verdicts import SYMBOLS, is_erratum

# *English* (中文) or *English (中文)*, with one asterisk or two.
_TERM = re.compile(r"(?<![\w*])(\*{1,2})(?=[^\s*])([^*]{1,80}?)(?:(?<=\S)\1)?\s\(([\u4e00-\u9fff][^()*]*)\)")


def claim_link(stem: str, id: str) -> str:
    """A link to a claim of a notebook's page, at an address that does not change from build to build."""
    return f'<a href="{stem}.html#{id}">{id}</a>'


def downloads(stem: str, name: str, files: Collection[str]) -> str:
    """Links to what there is of a figure among the published ``files`` of its notebook: pictures and numbers."""
    found = [f"{name}.{kind}" for kind in KINDS if kind == "png" or f"{name}.{kind}" in files]
    links = [f'<a href="figures/{stem}/{file}" download>{file.rpartition(".")[2].upper()}</a>' for file in found]
    return " · ".join(links)


def pages(stored: Mapping[str, NotebookNode]) -> dict[str, str]:
    """Name → Markdown of every page that is not a notebook."""
    claims = {stem: notebooks.claims(notebook) for stem, notebook in stored.items()}
    titles = {stem: f"{stem.split('_')[0]}. {readme.title(notebook)}" for stem, notebook in stored.items()}
    return {
        "index": _start(claims, titles, readme.audited(stored, read_results(STORED))),
        "claims": _claims(claims, titles),
        "errata": _errata(claims, titles),
        "gallery": _gallery({stem: shown(notebook) for stem, notebook in stored.items()}, titles),
        "glossary": _glossary(glossary(stored), titles),
        "references": "# References\n\n```{bibliography}\n:all:\n```\n",
        "benchmarks": (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8"),
        "teaching": _document("docs/TEACHING.md"),
        "contributing": _document("CONTRIBUTING.md"),
    }


def glossary(stored: Mapping[str, NotebookNode]) -> dict[str, tuple[str, str]]:
    """Chinese term → (the English before its bracket, the stem of the notebook where it first appears)."""
    found: dict[str, tuple[str, str]] = {}
    for stem, notebook in stored.items():
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                for match in _TERM.finditer(cell.source):
                    found.setdefault(match[3].strip(), (" ".join(match[2].split()), stem))
    return found


def _document(path: str) -> str:
    """A document of the repository as a page: of its links only those that lead outside stay."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", text)


def _start(
    claims: Mapping[str, Sequence[Mapping[str, str]]],
    titles: Mapping[str, str],
    audited: Mapping[str, Mapping[str, str]],
) -> str:
    entries = "\n".join(f"{titles[stem]} <{stem}>" for stem in claims)
    board = re.sub(r"^\| (\d+_\w+) \|", r"| [\1](\1.ipynb) |", readme.scoreboard(claims, audited), flags=re.MULTILINE)
    return f"""---
html_theme.sidebar_secondary.remove: true
---

# {PROJECT}

Every statement of eight articles of 苏剑林 (Su Jianlin), *Scientific Spaces*, as something that runs: derived,
measured, drawn, and judged beneath by its own numbers.

- **Read**: begin with [attention scale](6_attention_scale.ipynb), or with what did not hold: the [errata](errata.md).
- **Look something up**: [all claims](claims.md), [all figures](gallery.md), [the Chinese terms](glossary.md).
- **Teach**: [a plan for each notebook](teaching.md). **Improve it**: [how to contribute](contributing.md).

## Scoreboard

{board}

The first four columns count the articles' statements: {SYMBOLS["reproduced"]} the numbers bear it out,
{SYMBOLS["corrected"]} it holds in another form, {SYMBOLS["refuted"]} it does not hold, {SYMBOLS["not testable here"]}
nothing here can test it. Then come the statements of the course itself, and of all how many held whenever the notebook
was executed with other seeds, and with half and double the budget of its experiments.

```{{toctree}}
:caption: Notebooks
:hidden:

{entries}
```

```{{toctree}}
:caption: Look up
:hidden:

claims
errata
gallery
glossary
benchmarks
references
```

```{{toctree}}
:caption: Use
:hidden:

teaching
contributing
```
"""


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _claims(claims: Mapping[str, Sequence[Mapping[str, str]]], titles: Mapping[str, str]) -> str:
    def row(stem: str, claim: Mapping[str, str]) -> list[str]:
        verdict = f"{SYMBOLS[claim['verdict']]} {claim['verdict']}"
        fields = [claim[key] for key in ("statement", "by", "stated", "measured")]
        return [claim_link(stem, claim["id"]), *fields, verdict]

    headers = ["id", "statement", "by", "stated", "measured", "verdict"]
    tables = [
        f"## {titles[stem]}\n\n{_table(headers, [row(stem, claim) for claim in own])}" for stem, own in claims.items()
    ]
    return "\n\n".join(["# All claims", '<div id="claim-filter"></div>', *tables, ""])


def _errata(claims: Mapping[str, Sequence[Mapping[str, str]]], titles: Mapping[str, str]) -> str:
    parts = [
        "# Errata",
        "What the articles state and the numbers do not bear out: what is stated, → what holds instead. "
        "What is refuted has no arrow; *measured* says what came out.",
    ]
    for stem, own in claims.items():
        rows = [
            [claim_link(stem, claim["id"]), claim["statement"], claim["stated"], claim["measured"], claim["verdict"]]
            for claim in own
            if is_erratum(claim)
        ]
        if rows:
            parts += [
                f"## {titles[stem]}",
                _table(["where", "statement", "stated → holds", "measured", "verdict"], rows),
            ]
    return "\n\n".join([*parts, ""])


def _gallery(figures: Mapping[str, Sequence[Shown]], titles: Mapping[str, str]) -> str:
    parts = [
        "# Gallery",
        "All figures, CC BY 4.0, as SVG, PNG and PDF, with the numbers that they show (CSV; NPZ for images). Title, "
        "source and licence stand in the files. A picture leads to its place in the text.",
    ]
    for stem, own in figures.items():
        files = published_files(stem)
        cards = "\n".join(_card(stem, figure, files) for figure in own)
        parts += [f"## {titles[stem]}", f'<div class="gallery">\n{cards}\n</div>']
    return "\n\n".join([*parts, ""])


def _card(stem: str, figure: Shown, files: Collection[str]) -> str:
    image = f'<img src="figures/{stem}/{figure.name}.png" alt="{html.escape(figure.alt)}" loading="lazy">'
    words = f"<strong>{figure.name}</strong>. {html.escape(figure.caption)} <br>{downloads(stem, figure.name, files)}"
    return f'<figure><a href="{stem}.html#{figure.name}">{image}</a><figcaption>{words}</figcaption></figure>'


def _glossary(terms: Mapping[str, tuple[str, str]], titles: Mapping[str, Any]) -> str:
    rows = [
        [chinese, english, f"[{titles[stem]}]({stem}.ipynb)"]
        for chinese, (english, stem) in sorted(terms.items(), key=lambda item: item[1][0].lower())
    ]
    return f"# Glossary\n\n{_table(['Chinese', 'English', 'first in'], rows)}\n"
