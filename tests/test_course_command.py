"""The command itself: help at once, one line for what the system refuses, and a doctor that sees what is missing."""

import inspect
import json
import shutil
import subprocess
import sys
from importlib.metadata import version

import pytest
from typer.testing import CliRunner

from helpers.course import command, command_doctor, notebooks
from helpers.course.command import COMMANDS, app
from helpers.course.terminal import readable


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_the_command_says_of_itself(name):
    callback = command.load(name).callback
    first = " ".join(inspect.getdoc(callback).split())
    assert first.replace(";", ".").startswith(COMMANDS[name][2].rstrip(".").replace(";", "."))
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0 and COMMANDS[name][2].split()[0] in result.output


def test_help_and_version_need_none_of_the_heavy_packages():
    heavy = "numpy, matplotlib, sympy, torch, scipy, nbformat, nbclient, papermill, IPython"
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom helpers.course.command import app\n"
        "assert all(CliRunner().invoke(app, [word]).exit_code == 0 for word in ('--help', '--version'))\n"
        f"print([name for name in '{heavy}'.split(', ') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
    assert CliRunner().invoke(app, ["--version"]).output.strip() == version(command.PACKAGE)
    assert CliRunner().invoke(app, ["nothing"]).exit_code == 2


def test_no_command_but_figures_waits_for_packages_that_only_kernels_need():
    code = (
        "import sys\nfrom helpers.course.command import COMMANDS, load\n"
        "[load(name) for name in COMMANDS if name != 'figures']\n"
        "print([name for name in ('matplotlib', 'scipy', 'sympy', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_what_the_system_refuses_takes_one_line(tmp_path):
    file = tmp_path / "a file"
    file.write_text("")
    result = CliRunner().invoke(app, ["student", "1", "--out", str(file / "below")])
    assert result.exit_code == 1 and result.stderr.startswith("course: Not a directory: ")
    assert result.stderr.count("\n") == 1


def test_what_the_system_refuses_is_found_in_groups_and_lists():
    full = OSError(28, "No space left on device", "a.png")
    assert command._refused(ExceptionGroup("two notebooks", [full, ExceptionGroup("deeper", [full])])) is full
    assert command._refused(ExceptionGroup("two notebooks", [full, ValueError("another")])) is None
    assert str(command._refused(shutil.Error([("a", "b", "No space left on device")]))) == "No space left on device"
    assert command._refused(ValueError()) is None


def test_marks_reach_a_log_that_prefers_another_encoding(tmp_path):
    command = [sys.executable, "-m", "helpers.course", "claims", "1"]
    with (tmp_path / "log").open("wb") as log:
        done = subprocess.run(command, stdout=log, env={"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"})
    assert done.returncode == 0 and "✅" in (tmp_path / "log").read_text(encoding="utf-8")


def test_claims_as_json_and_at_full_width(tmp_path):
    rows = notebooks.claims(notebooks.read("6_attention_scale"))
    found = json.loads(CliRunner().invoke(app, ["claims", "6", "--json"]).output)["6_attention_scale"]
    assert [row["id"] for row in found] == [row["id"] for row in rows] and all(row["held"] for row in found)
    assert CliRunner().invoke(app, ["claims", "6", "--json", "--out", str(tmp_path / "c.json")]).exit_code == 0
    assert json.loads((tmp_path / "c.json").read_text())["6_attention_scale"] == found
    assert CliRunner().invoke(app, ["claims", "6", "--out", str(tmp_path / "c.txt")]).exit_code == 0
    text = (tmp_path / "c.txt").read_text()
    assert all(row["id"] in text for row in rows) and max(map(len, text.splitlines())) > 120


def test_a_terminal_shows_formulas_and_no_latex():
    assert readable(r"$\alpha\leq\frac12$ for $(1+β)^{1/β}$, 5 $ each") == "α≤1/2 for (1+β)^{1/β}, 5 $ each"
    rows = [row for stem in notebooks.stems() for row in notebooks.claims(notebooks.read(stem))]
    fields = [readable(row[key]) for row in rows for key in ("statement", "stated", "measured")]
    assert not [text for text in fields if "\\" in text or "$" in text]


def test_a_package_without_its_repository_is_told_in_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    for words in (["lab"], ["test"], ["run"], ["list"]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 2 and "install the course from its repository" in " ".join(result.stderr.split())
    assert not list(tmp_path.iterdir())


def test_the_doctor_finds_nothing_here_and_sees_what_is_missing(monkeypatch):
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 0
    monkeypatch.setattr(command_doctor, "LEAST_PYTHON", (99, 0))
    monkeypatch.setattr(command_doctor, "LEAST_DISK", 1e9)
    monkeypatch.setattr(command_doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(command_doctor, "version", lambda name: "0.0.1")
    found = {what: problem for what, _, problem, _ in command_doctor.findings()}
    assert found["Python"].startswith("too old") and found["free disk"] == "too little"
    assert found["numpy"].startswith("wanted >=") and found["printing the book"] == "no browser"
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 1
