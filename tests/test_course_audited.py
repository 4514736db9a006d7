"""The stored audit: it is of the present code, and every claim of every notebook held in it."""

import functools
import re

import pytest

from helpers.course import notebooks, readme
from helpers.course.audit import read_results
from helpers.course.held import STORED, held_by_setting, held_of, present, renew_table
from helpers.course.parameters import published
from helpers.course.verdicts import MIME

RUNS = read_results(STORED)
STEMS = notebooks.stems()
each_notebook = pytest.mark.parametrize("stem", STEMS)


@functools.cache
def settings(stem):
    notebook = notebooks.read(stem)
    return held_by_setting(present(stem, notebook, RUNS), published(notebook))


@each_notebook
def test_the_audit_is_as_new_as_the_sources(stem):
    seeds = {setting: found for setting, (found, _) in settings(stem).items()}
    wanted = {"every seed": list(range(10)), "half budget": [0, 1, 2], "double budget": [0, 1, 2]}
    assert seeds == wanted, "make audit"
    own = [run for run in RUNS if run["notebook"] == stem]
    assert len(own) == sum(map(len, seeds.values())), "it holds runs of older code or of other settings"


@each_notebook
def test_every_claim_holds_at_every_seed_and_at_double_budget(stem):
    ids = {row["id"] for row in notebooks.claims(notebooks.read(stem))}
    for setting in ("every seed", "double budget"):
        seeds, rows = settings(stem)[setting]
        assert {row.id for row in rows} == ids and len(seeds) >= 3
        assert not [(row.id, row.failed) for row in rows if row.failed]


@each_notebook
def test_the_notebook_shows_in_how_many_runs_each_claim_held(stem):
    tables = [
        output.data["text/markdown"]
        for cell in notebooks.read(stem).cells
        for output in cell.get("outputs", [])
        if MIME in output.get("data", {})
    ]
    shown = dict(re.findall(r"^\| \[(\w+)\]\(#cell-id=[\w-]+\) .* \| (.*?) \|$", tables[0], re.MULTILINE))
    assert shown == held_of(stem, notebooks.read(stem), RUNS), "run `course run --store`"


@each_notebook
def test_no_run_stopped(stem):
    assert not [run["error"] for run in RUNS if run["notebook"] == stem and run["error"]]


def test_old_results_count_for_nothing():
    stem = STEMS[0]
    old = [{**run, "sources": "0"} for run in RUNS]
    assert set(readme.audited({stem: notebooks.read(stem)}, old)[stem].values()) == {"not run"}


def test_the_last_column_is_renewed_without_an_execution():
    stem = STEMS[0]
    notebook = notebooks.read(stem)
    held = held_of(stem, notebook, RUNS)
    assert not renew_table(notebook, held)
    assert renew_table(notebook, held | {next(iter(held)): "1 of 3"}) and renew_table(notebook, held)
    assert notebook == notebooks.read(stem)
