"""Set-up: done once, said step by step, done again where it was interrupted, and one line for what cannot be."""

import importlib.util
import json
import sys
from types import SimpleNamespace

import pytest

from helpers.course.places import ROOT


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("tasks", ROOT / "tasks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "installed.json")
    monkeypatch.setattr(module, "called", [], raising=False)
    monkeypatch.setattr(module, "working", False, raising=False)
    monkeypatch.setattr(module, "fails_at", None, raising=False)
    monkeypatch.setattr(module, "lost", set(), raising=False)

    def call(command, cwd=None):
        module.called.append([str(word) for word in command])
        (tmp_path / ".venv").mkdir(exist_ok=True)
        (tmp_path / ".venv" / "pyvenv.cfg").write_text("")
        if len(module.called) == module.fails_at:
            return 1
        module.working = True
        return 0

    monkeypatch.setattr(module.subprocess, "call", call)
    monkeypatch.setattr(
        module, "works", lambda interpreter, *names: module.working and not module.lost.intersection(names)
    )
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    for name in ("UV", "TORCH", "CONSTRAINTS"):
        monkeypatch.delenv(name, raising=False)
    return module


def test_a_fresh_machine_is_set_up_once_and_told_each_step(tasks, capsys):
    assert tasks.main(["run", "6", "-p", "seed=3"]) == 0
    venv, install, run = tasks.called
    assert venv[:3] == [sys.executable, "-m", "venv"] and "--clear" in venv
    assert install[1:4] == ["-m", "pip", "install"] and install[-1] == "--editable=." and "--quiet" not in install
    assert install[-3:-1] == ["--constraint", "constraints.txt"]
    assert run[1:] == ["-m", "helpers.course", "run", "6", "-p", "seed=3"]
    said = capsys.readouterr().out
    assert all(f"Set-up {k}/2: " in said for k in (1, 2)) and said.count("done in") == 2
    assert tasks.main(["run"]) == 0
    assert len(tasks.called) == 4 and "Set-up" not in capsys.readouterr().out


def test_a_command_installs_what_it_needs_and_keeps_what_there_is(tasks):
    for words, target in ((["book"], "[book]"), (["test"], "[book,test]"), (["setup", "audit"], "[audit,book,test]")):
        tasks.main(words)
        assert [call for call in tasks.called if "pip" in call][-1][-1] == f"--editable=.{target}"
    before = len(tasks.called)
    assert tasks.main(["setup", "book"]) == 0 and len(tasks.called) == before
    (tasks.ROOT / "pyproject.toml").write_text("changed")
    assert tasks.main(["setup"]) == 0 and len(tasks.called) == before + 1


def test_an_interrupted_or_broken_set_up_is_done_again(tasks, capsys):
    tasks.fails_at = 2
    assert tasks.main(["setup"]) == 2
    assert "stopped at packages, with pip" in capsys.readouterr().err and not tasks.STAMP.exists()
    tasks.fails_at = None
    assert tasks.main(["setup"]) == 0 and json.loads(tasks.STAMP.read_text())["extras"] == []
    tasks.working = False  # the Python that .venv was made from is gone
    calls = len(tasks.called)
    assert tasks.main(["setup"]) == 0
    assert ["--clear" in call for call in tasks.called[calls:]] == [True, False]
    tasks.STAMP.write_text("half a f")
    assert tasks.main(["setup"]) == 0 and "pip" in tasks.called[-1]


def test_a_moved_repository_or_lost_packages_are_noticed(tasks):
    assert tasks.main(["setup"]) == 0
    tasks.lost.add("typer")
    assert tasks.main(["setup"]) == 0 and ["pip" in call for call in tasks.called[2:]] == [True]
    tasks.lost.clear()
    stamp = json.loads(tasks.STAMP.read_text())
    tasks.STAMP.write_text(json.dumps(stamp | {"at": "/elsewhere/.venv"}))
    assert tasks.main(["setup"]) == 0 and ["pip" in call for call in tasks.called[3:]] == [False, True]


def test_other_versions_are_installed_when_they_are_asked_for(tasks, monkeypatch):
    assert tasks.main(["setup"]) == 0
    for asked in ("", "--constraint constraints-oldest.txt"):
        monkeypatch.setenv("CONSTRAINTS", asked)
        before = len(tasks.called)
        assert tasks.main(["setup"]) == tasks.main(["setup"]) == 0 and len(tasks.called) == before + 1
    (tasks.ROOT / "constraints-oldest.txt").write_text("numpy==2.0")
    assert tasks.main(["setup"]) == 0 and len(tasks.called) == before + 2


@pytest.mark.parametrize("name", ["", ".", "work"])
def test_nothing_of_a_folder_that_is_no_environment_is_removed(tasks, monkeypatch, name, capsys):
    (tasks.ROOT / "work").mkdir()
    (tasks.ROOT / "work" / "mine.txt").write_text("mine")
    spec = importlib.util.spec_from_file_location("again", ROOT / "tasks.py")
    monkeypatch.setenv("COURSE_VENV", name)
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    monkeypatch.setattr(tasks, "VENV", tasks.ROOT / again.VENV.relative_to(ROOT))
    assert tasks.main(["setup"]) == (2 if name else 0)
    assert (tasks.called == []) == bool(name) and (tasks.ROOT / "work" / "mine.txt").exists()
    assert "is no virtual environment" in capsys.readouterr().err or not name


def test_uv_is_used_where_it_is(tasks, monkeypatch):
    monkeypatch.setattr(tasks.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setenv("TORCH", "cpu")
    monkeypatch.setenv("CONSTRAINTS", "")
    assert tasks.main(["setup", "test"]) == 0
    venv, install = tasks.called
    assert venv[:2] == ["/bin/uv", "venv"]
    assert install[:3] == ["/bin/uv", "pip", "install"] and install[-2:] == [
        "--torch-backend=cpu",
        "--editable=.[test]",
    ]
    monkeypatch.setenv("UV", "0")
    (tasks.ROOT / "pyproject.toml").write_text("changed")
    assert tasks.main(["setup"]) == 0 and tasks.called[-1][1:3] == ["-m", "pip"]


def test_what_cannot_be_takes_one_line(tasks, monkeypatch, capsys):
    assert tasks.main(["setup", "nothing"]) == 2
    assert tasks.main(["bench", "--quick"]) == 2
    monkeypatch.setattr(tasks.shutil, "disk_usage", lambda path: SimpleNamespace(free=1e8))
    assert tasks.main(["setup"]) == 2
    monkeypatch.setattr(tasks, "LEAST_PYTHON", (99, 0))
    assert tasks.main(["run"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line[:27] for line in lines] == [
        "course: setup knows test, b",
        "course: bench takes no argu",
        "course: 0.1 GB are free on ",
        "course: Python 3.11 or newe",
    ]
    assert not tasks.called


def test_help_is_the_file_itself(tasks, capsys):
    assert tasks.main([]) == tasks.main(["--help"]) == tasks.main(["setup", "-h"]) == 0
    assert capsys.readouterr().out == 3 * f"{tasks.__doc__}\n"


def test_make_knows_the_targets_and_calls_this_file():
    text = (ROOT / "Makefile").read_text()
    for target in ("setup", "run", "test", "lab", "figures", "student", "slides", "book", "bench"):
        assert f"\n{target}: ##" in text and f"$(COURSE) {target}" in text
