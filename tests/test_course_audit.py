"""Changed parameters record claims instead of stopping; the audit counts them, resumes, and survives a lost worker."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from typer.testing import CliRunner

from helpers.course import audit, held, notebooks, parameters
from helpers.course.command import app
from helpers.course.recording import CLAIMS

SETUP = """
import numpy as np
from helpers.course import Claims
claims = Claims("1_first", owed="S1-S3")
"""
# S1 holds always, S2 at even seeds only, S3 is undecided where the measurement is a nan, at seed 3.
WORK = """
claims.check("S1", "one is one", 1, size / size)
claims.bound("S2", "the seed is even", float(seed % 2), below=0.5)
claims.bound("S3", "a number", np.nan if seed == 3 else float(seed), above=-1.0, by="course")
"""
MARK = "import os, pathlib, uuid; pathlib.Path({!r}, f'{{seed}}-{{size}}-{{uuid.uuid4()}}').touch()"


def notebook(*sources):
    cells = [new_markdown_cell("# First"), new_code_cell("seed = 0\nsize = 2", metadata={"tags": ["parameters"]})]
    return new_notebook(cells=[*cells, *(new_code_cell(source) for source in sources)])


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A folder of notebooks and one for what is built, for this process and for the ones it starts."""
    for name, place in (("COURSE_NOTEBOOKS", "with a space/notebooks"), ("COURSE_BUILD", "build")):
        (tmp_path / place).mkdir(parents=True)
        monkeypatch.setenv(name, str(tmp_path / place))
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path / "with a space/notebooks")
    monkeypatch.setattr(notebooks, "BUILD", tmp_path / "build")
    monkeypatch.delenv(CLAIMS, raising=False)  # as for a reader
    return tmp_path


def course(*arguments):
    command = [sys.executable, "-m", "helpers.course", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "COLUMNS": "120"}
    )
    text, _ = process.communicate(timeout=300)
    return process.returncode, " ".join(text.split())


def test_a_changed_parameter_is_recorded_and_the_notebook_goes_on(places):
    notebooks.write(notebook(SETUP, WORK, "claims.table()"), notebooks.FOLDER / "1_first.ipynb")
    figures = str(places / "figures")
    code, text = course("run", "-p", "seed=3", "-p", "size=2**3", "--out", figures)
    assert code == 0 and "1_first, not as published: S2 refuted, S3 undecided" in text, text
    assert sorted(path.name for path in (places / "build").iterdir()) == ["seed=3,size=8"]
    executed = nbformat.read(places / "build" / "seed=3,size=8" / "notebooks" / "1_first.ipynb", as_version=4)
    shown = str(
        [output.get("data", {}).get("text/plain") for cell in executed.cells for output in cell.get("outputs", [])]
    )
    assert "S2 refuted at seed=3, size=8 (published: reproduced)" in shown
    rows = {row["id"]: row for row in notebooks.claims(executed)}
    assert [rows[id].get("published") for id in ("S1", "S2", "S3")] == [None, "reproduced", "reproduced"]
    assert rows["S2"]["low"] == rows["S2"]["high"] == 1.0


def test_a_parameter_edited_by_hand_is_noticed_and_never_stored(places):
    stored = notebook(SETUP, WORK, "claims.table()")
    path = notebooks.FOLDER / "1_first.ipynb"
    notebooks.write(stored, path)
    edited = nbformat.read(path, as_version=4)
    edited.cells[1].source = "seed = 1\nsize = 2"  # saved in JupyterLab: the metadata stay
    nbformat.write(edited, path)
    code, text = course("run", "--out", str(places / "figures"))
    assert code == 0 and "not as published: S2 refuted" in text, text
    before = path.read_bytes()
    code, text = course("run", "--store", "--out", str(places / "figures"))
    assert code == 1 and "ClaimError" in text and "1_first as far as it came" in text, text
    assert path.read_bytes() == before
    failed = nbformat.read(places / "build" / "notebooks" / "1_first.failed.ipynb", as_version=4)
    assert any(output.output_type == "error" for cell in failed.cells for output in cell.get("outputs", []))


def test_at_the_published_parameters_a_claim_that_fails_stops_the_notebook(places):
    notebooks.write(notebook(SETUP, WORK.replace("below=0.5", "below=-0.5")), notebooks.FOLDER / "1_first.ipynb")
    code, text = course("run", "-p", "seed=0", "--out", str(places / "figures"))
    assert code == 1 and "S2: declared 'reproduced', but the numbers say 'refuted'" in text, text


def test_wrong_parameters_are_explained_before_anything_runs(places):
    cells = notebook(SETUP)
    cells.cells[1].source += "\nlengths = (16, 64)\nrate = 0.5"
    notebooks.write(cells, notebooks.FOLDER / "1_first.ipynb")
    for assignment, message in (
        ("seed=abc", "seed: 'abc': is neither a literal nor arithmetic"),
        ("seed=1e3", "seed is 1000.0; give a value like the published 0"),
        ("seed=-1", "seed is -1; give whole numbers ≥ 0"),
        ("seed=True", "give a value like"),
        ("size=0", "size is 0; give whole numbers ≥ 1"),
        ("size=9**9**9", "exponent beyond 64"),
        ("size=__import__('os')", "neither a literal nor arithmetic"),
        ("lengths=16", "give a value like the published (16, 64)"),
        ("lengths=(16, 0)", "whole numbers ≥ 1"),
        ("depth=3", "1_first has no parameter depth; it has: seed, size, lengths, rate"),
    ):
        done = CliRunner().invoke(app, ["run", "-p", assignment])
        assert done.exit_code == 2 and message in " ".join(done.output.split()), done.output
    good = {"seed": 5, "size": 2**10, "lengths": (4,), "rate": 1}
    parameters.check("1_first", good, notebooks.read("1_first"))
    done = CliRunner().invoke(app, ["list", "1"], env={"COLUMNS": "200"})
    assert done.exit_code == 0 and "lengths=(16, 64)" in done.output


def test_what_an_audit_runs():
    stored = {"1_first": notebook(SETUP)}
    assert audit.settings(stored, [0, 4], {"size": [0.5, 2.0]}) == [
        ("1_first", {"seed": 0}),
        ("1_first", {"seed": 0, "size": 1}),
        ("1_first", {"seed": 0, "size": 4}),
        ("1_first", {"seed": 4}),
        ("1_first", {"seed": 4, "size": 1}),
        ("1_first", {"seed": 4, "size": 4}),
    ]
    assert audit.parse_seeds("0-2, 7,1") == [0, 1, 2, 7]
    for wrong in ("", "a", "-1", "3-1", "1,,2", "0-"):
        with pytest.raises(ValueError, match="--seeds"):
            audit.parse_seeds(wrong)
    for wrong in ("size", "size=2", "size=0x", "=2x", "size=2x;3x", "size=-1x", "size="):
        with pytest.raises(ValueError, match="--vary"):
            audit.parse_variation(wrong)
    with pytest.raises(ValueError, match="no such whole-number parameter; there are budget, size"):
        audit.settings(stored, [0], {"depth": [2.0]})


def test_an_audit_counts_what_held_and_goes_on_where_it_was(places):
    marks, out = places / "marks", places / "audit.json"
    marks.mkdir()
    text = notebook(SETUP, MARK.format(str(marks)), WORK, "assert seed != 2, 'the reason'", "claims.table()")
    notebooks.write(text, notebooks.FOLDER / "1_first.ipynb")
    arguments = ("audit", "--seeds", "0-1", "--vary", "size=2x", "--out", str(out))
    code, shown = course(*arguments)
    assert code == 0 and "2 of 3 claims in all of 4 runs" in shown, shown
    assert "S2 │" in shown or "S2 reproduced 2 of 4" in shown, shown
    assert sorted(path.name.rsplit("-", 5)[0] for path in marks.iterdir()) == ["0-2", "0-4", "1-2", "1-4"]
    first = out.read_bytes()
    code, _ = course(*arguments)
    assert code == 0 and len(list(marks.iterdir())) == 4 and out.read_bytes() == first  # nothing was run again
    code, shown = course("audit", "--seeds", "2-3", "--out", str(out))  # two more, one of which stops early
    runs = audit.read_results(out)
    assert code == 0 and len(runs) == 6 and len(list(marks.iterdir())) == 6
    rows = {row.id: row for row in held.gather(runs)}
    assert (rows["S1"].held, rows["S2"].held, rows["S3"].held) == (6, 3, 5)
    assert rows["S3"].failed == ["seed=3: undecided"] and rows["S3"].high == 2.0
    (stopped,) = [run for run in runs if run["error"]]
    assert stopped["parameters"] == {"seed": 2} and stopped["error"] == "AssertionError: the reason"
    assert set(stopped["claims"]) == {"S1", "S2", "S3"}  # what it reached before it stopped
    notebooks.write(notebook(SETUP, WORK, "x = 1"), notebooks.FOLDER / "1_first.ipynb")
    code, _ = course("audit", "--seeds", "0", "--out", str(out))
    assert code == 0 and len(audit.read_results(out)) == 1  # results of other code are old


def test_a_claim_that_was_not_reached_did_not_hold():
    runs = [
        {"notebook": "1_first", "parameters": {"seed": 0}, "claims": {"S1": {"verdict": "reproduced"}}},
        {"notebook": "1_first", "parameters": {"seed": 1}, "claims": {}},
    ]
    (row,) = held.gather(runs)
    assert (row.held, row.runs, row.failed) == (1, 2, ["seed=1: not reached"])
    assert held.held_everywhere([row]) == {"1_first": (0, 1)}


def test_a_file_of_another_kind_is_left_alone(places):
    notebooks.write(notebook(SETUP), notebooks.FOLDER / "1_first.ipynb")
    for content in ("{}", "no json", '{"format": 99, "runs": []}'):
        (places / "other.json").write_text(content)
        done = CliRunner().invoke(app, ["audit", "--seeds", "0", "--out", str(places / "other.json")])
        assert done.exit_code == 2 and "--out" in done.output
        assert (places / "other.json").read_text() == content
    done = CliRunner().invoke(app, ["audit", "--seeds", "0", "--scheduler", "nowhere"])
    assert done.exit_code == 2 and "cannot be reached" in " ".join(done.output.split())


# --- A scheduler and two workers on the loopback address -------------------------------------------------------------


@pytest.fixture
def cluster(places):
    """(address, workers): real processes, as somebody would start them on two machines."""
    processes = []

    def start(*arguments):
        command = [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]]
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return processes[-1]

    file = places / "scheduler.json"
    start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    options = ("--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard")
    workers = [start("dask_worker", "--scheduler-file", str(file), "--name", name, *options) for name in "ab"]
    from distributed import Client

    while not file.exists():
        assert processes[0].poll() is None
        time.sleep(0.1)
    address = json.loads(file.read_text())["address"]
    with Client(address) as client:
        client.wait_for_workers(2)
    yield address, workers
    for process in processes:
        process.kill()
        process.wait()


def test_an_existing_cluster_audits(places, cluster):
    notebooks.write(notebook(SETUP, WORK, "claims.table()"), notebooks.FOLDER / "1_first.ipynb")
    out = places / "audit.json"
    code, shown = course("audit", "--seeds", "0-3", "--scheduler", cluster[0], "--out", str(out))
    assert code == 0, shown
    assert [run["parameters"]["seed"] for run in audit.read_results(out)] == [0, 1, 2, 3]
    (row,) = [row for row in held.gather(audit.read_results(out)) if row.id == "S2"]
    assert (row.held, row.runs) == (2, 4)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_lost_worker_loses_nothing_and_counts_nothing_twice(places, cluster):
    address, workers = cluster
    started, go, out = places / "started", places / "go", places / "audit.json"
    started.mkdir()
    wait = (
        f"import os, pathlib, time\npathlib.Path({str(started)!r}, f'{{seed}}-{{os.getppid()}}').touch()\n"
        f"while not pathlib.Path({str(go)!r}).exists():\n    time.sleep(0.05)"
    )
    notebooks.write(notebook(SETUP, wait, WORK, "claims.table()"), notebooks.FOLDER / "1_first.ipynb")
    command = [sys.executable, "-m", "helpers.course", "audit", "--seeds", "0-4", "--scheduler", address]
    process = subprocess.Popen(
        [*command, "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    while len(list(started.iterdir())) < 2:  # both workers are in the middle of a notebook
        assert process.poll() is None
        time.sleep(0.05)
    workers[0].send_signal(signal.SIGKILL)
    workers[0].wait()
    lost = workers[0].pid
    go.touch()
    text, _ = process.communicate(timeout=300)
    assert process.returncode == 0, text
    assert [run["parameters"]["seed"] for run in audit.read_results(out)] == [0, 1, 2, 3, 4]
    begun = [path.name.split("-") for path in started.iterdir()]
    assert len(begun) == 6 and sum(int(parent) == lost for _, parent in begun) == 1  # one was begun twice, kept once
    (row,) = [row for row in held.gather(audit.read_results(out)) if row.id == "S1"]
    assert (row.held, row.runs) == (5, 5)
    assert Path(f"/proc/{lost}").exists() is False
