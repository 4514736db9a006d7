"""The house: small files, imports that point down, the three floors (docs/ARCHITECTURE.md draws them)."""

import ast
import graphlib
import importlib
import inspect
import re
from pathlib import Path

import pytest

from helpers.course.places import ROOT

GROUND = "helpers"
COURSE = "helpers.course"
MOST_LINES, MOST_NAMES = 250, 6
FILES = sorted((ROOT / "helpers").rglob("*.py"))
ARTICLES = sorted(path.stem.split("_", 1)[1] for path in (ROOT / "notebooks").glob("[0-9]*_*.ipynb"))
VERBS_WITHOUT_NOUN = {"carry", "collapse", "descents", "forward", "place", "unpack"}


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for path in FILES}
each_file = pytest.mark.parametrize("name", MODULES)
each_idea = pytest.mark.parametrize("name", [name for name in MODULES if MODULES[name].name != "__init__.py"])
each_article = pytest.mark.parametrize("article", ARTICLES)


def tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text())


def defined(name: str) -> list[str]:
    """Public names that a file defines: functions, classes, constants."""
    found = []
    for node in tree(name).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.append(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                found += [part.id for part in ast.walk(target) if isinstance(part, ast.Name)]
    return [n for n in found if not n.startswith("_")]


def imported(name: str) -> set[str]:
    """The modules of `helpers` that a file imports anywhere in it; a package counts only where it is itself meant."""
    found = set()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: write imports in full, from helpers on"
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {part if part in MODULES else node.module for part in parts}
    return {m for m in found if m in MODULES}


@each_idea
def test_a_file_holds_one_idea(name):
    assert len(MODULES[name].read_text().splitlines()) <= MOST_LINES
    if not name.startswith((COURSE, "helpers._compat")):  # a command line has as many commands as it has
        assert len(defined(name)) <= MOST_NAMES, f"{name} defines {', '.join(defined(name))}"
    assert not VERBS_WITHOUT_NOUN & set(defined(name)), "a public name says of what"


@each_file
def test_imports_point_down(name):
    """Helpers know nothing of the course, articles nothing of each other, the course nothing of any article."""
    article = name.split(".")[1] if name.count(".") and name.split(".")[1] in ARTICLES else None
    for other in imported(name):
        owner = other.split(".")[1] if other.count(".") else None
        if name.startswith(COURSE):
            assert owner not in ARTICLES, f"{name} imports {other}"
        else:
            assert not other.startswith(COURSE), f"{name} imports {other}"
            assert owner not in ARTICLES or owner == article, f"{name} imports {other}"
            assert other != f"{GROUND}.{article}", f"{name} imports its own package; name the file"


def test_no_circle():
    graphlib.TopologicalSorter({name: imported(name) for name in MODULES}).prepare()


def test_the_ground_floor_opens_no_file_and_draws_nothing():
    for name in MODULES:
        if not name.startswith(COURSE):
            source = MODULES[name].read_text()
            assert not re.search(r"^\s*(import|from) (matplotlib|IPython|ipywidgets)", source, re.MULTILINE), name
            assert not re.search(r"\bopen\(|\bPath\(", source), name


@each_article
def test_one_stem_four_places(article):
    """A package with a line on each of its files, a folder of tests, one notebook."""
    package = ROOT / "helpers" / article
    described = (package / "__init__.py").read_text()
    for path in package.glob("[a-z]*.py"):
        assert f"`{path.stem}`" in described, f"helpers/{article}/__init__.py says nothing of {path.name}"
        assert (ROOT / "tests" / article / f"test_{path.stem}.py").exists(), f"{path.stem} has no test of its own"


@each_article
def test_every_public_name_is_handed_on_documented_and_shown(article):
    """What the notebook can use has a docstring, and a function has an example that `make test` runs."""
    package = importlib.import_module(f"helpers.{article}")
    names = [
        n
        for name in MODULES
        if name.startswith(f"helpers.{article}.")
        for n in defined(name)
        if not MODULES[name].name.startswith("_")
    ]
    for name in package.__all__:
        thing = getattr(package, name)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            assert thing.__doc__ and (inspect.isclass(thing) or ">>> " in thing.__doc__), f"{name} shows no example"
    missing = set(names) - set(package.__all__)
    assert not missing, f"helpers/{article}/__init__.py does not hand on {', '.join(sorted(missing))}"


def test_private_interfaces_of_others_stand_in_one_file():
    for name in MODULES:
        if name != "helpers._compat":
            found = re.findall(r"\btorch\._\w+|\btorch\.ops\.\w+|\b_async_\w+|\bfdiff\b", MODULES[name].read_text())
            assert not found, f"{name}: {found} belongs into helpers/_compat.py"
