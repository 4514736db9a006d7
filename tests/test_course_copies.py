"""Copies that people write into: what they wrote is never lost."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from typer.testing import CliRunner

from helpers.course import copies, notebooks
from helpers.course.command import app
from helpers.course.places import ROOT


def test_a_copy_counts_as_edited_when_its_cells_change(tmp_path):
    path = tmp_path / "copies" / "1_first.ipynb"
    assert not copies.edited(path)
    assert copies.hand_out(new_notebook(cells=[new_code_cell("x = 1")]), path) is None
    assert not copies.edited(path)
    copy = nbformat.read(path, as_version=4)
    copy.cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text="1")]
    nbformat.write(copy, path)
    assert not copies.edited(path)  # it was only run
    copy.cells[0].source = "x = 2"
    nbformat.write(copy, path)
    assert copies.edited(path)
    assert copies.hand_out(new_notebook(cells=[new_code_cell("x = 3")]), path) == path.with_suffix(".1.ipynb")
    assert not copies.edited(path)
    assert nbformat.read(path.with_suffix(".1.ipynb"), as_version=4).cells[0].source == "x = 2"
    path.write_text("no notebook")
    assert copies.edited(path)
    assert copies.hand_out(new_notebook(), path) == path.with_suffix(".2.ipynb")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    solution = "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"
    for stem in ("1_first", "2_second"):
        nbformat.write(new_notebook(cells=[new_code_cell(solution)]), folder / f"{stem}.ipynb")
    monkeypatch.setattr(notebooks, "FOLDER", folder)
    return folder


def test_a_second_call_spares_what_a_student_wrote(folder, tmp_path):
    out = tmp_path / "student"

    def student(*options):
        return CliRunner().invoke(app, ["student", "--out", str(out), *options])

    assert student().exit_code == 0 and student().exit_code == 0
    copy = nbformat.read(out / "1_first.ipynb", as_version=4)
    copy.cells[0].source = "def f(x):\n    return 2 * x"
    nbformat.write(copy, out / "1_first.ipynb")
    answered, other = ((out / f"{stem}.ipynb").read_bytes() for stem in ("1_first", "2_second"))
    refused = student()
    assert refused.exit_code == 2 and "1_first: somebody has written" in " ".join(refused.output.split())
    assert (out / "1_first.ipynb").read_bytes() == answered and (out / "2_second.ipynb").read_bytes() == other
    forced = student("--force")
    assert forced.exit_code == 0 and "1_first.1.ipynb" in forced.output.replace("\n", "")
    assert (out / "1_first.1.ipynb").read_bytes() == answered
    assert "your turn" in (out / "1_first.ipynb").read_text()


def test_a_copy_that_takes_the_place_of_another_kind_says_so(tmp_path):
    def student(*options):
        return " ".join(CliRunner().invoke(app, ["student", "2", "--out", str(tmp_path), *options]).output.split())

    assert "replaced" not in student("--vote") + student("--vote")
    told = student()
    assert "the vote copy" in told and "is replaced by the whole copy; another --out keeps both" in told
    assert "the whole copy" in (told := student("--core")) and "replaced by the core copy" in told


def answers(port, deadline):
    """Whether a server on this port answers before the deadline."""
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=5) as reply:
                return reply.status == 200
        except OSError:
            time.sleep(0.2)
    return False


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_the_lab_opens_copies_hands_its_options_on_and_ends_with_a_signal(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    work = tmp_path / "work"
    command = [sys.executable, "-m", "helpers.course", "lab", "--work", str(work)]
    command += ["--", "--no-browser", f"--port={port}", "--ServerApp.port_retries=0", "--allow-root"]
    command += ["--IdentityProvider.token="]
    lab = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert answers(port, time.monotonic() + 240)
    finally:
        lab.send_signal(signal.SIGTERM)
        code = lab.wait(120)
    assert code in (0, -signal.SIGTERM) and not answers(port, time.monotonic() + 0.5)
    assert {path.stem for path in work.glob("*.ipynb")} == set(notebooks.stems())
    assert not any(copies.edited(path) for path in work.glob("*.ipynb"))
