"""Running notebooks: in parallel, with parameters, failing, interrupted; in a folder with a space in its name."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from typer.testing import CliRunner

from helpers.course import notebooks, parameters
from helpers.course.command import app
from helpers.course.widgets import explore

SETUP = """
import numpy as np, matplotlib.pyplot as plt
from helpers.course import Claims, Figures
claims, figures = Claims("1_first", owed="S1"), Figures("1_first")
"""
WORK = """
print(size, np.random.default_rng(size).normal(size=3).round(3))
fig, ax = plt.subplots(); ax.plot([1, size])
figures.save(fig, "line", alt="a line", caption="a line")
claims.check("S1", "two and two", 4, size + 2)
"""
WAIT = "import os, pathlib, threading; pathlib.Path({!r}, str(os.getpid())).touch(); threading.Event().wait()"


def store(folder, stem, *sources):
    cells = [new_markdown_cell(f"# {stem}"), new_code_cell("size = 2", metadata={"tags": ["parameters"]})]
    notebook = new_notebook(cells=[*cells, *(new_code_cell(source) for source in sources)])
    folder.mkdir(exist_ok=True, parents=True)
    notebooks.write(notebook, folder / f"{stem}.ipynb")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "with a space" / "notebooks"
    folder.mkdir(parents=True)
    monkeypatch.setattr(notebooks, "FOLDER", folder)
    return folder


def heed_interruptions():
    """What a script's background or nohup has switched off: a child process inherits that signals are ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def course(folder, *arguments, **options):
    environment = {**os.environ, "COURSE_NOTEBOOKS": str(folder), "COLUMNS": "100"}
    command = [sys.executable, "-m", "helpers.course", *arguments]
    if os.name == "posix":
        options["preexec_fn"] = heed_interruptions
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )


def finish(process):
    text, _ = process.communicate(timeout=300)
    return process.returncode, text


def test_names(folder):
    for stem in ("1_derivatives", "2_determinant_derivatives", "10_last"):
        store(folder, stem)
    assert notebooks.stems() == ["1_derivatives", "2_determinant_derivatives", "10_last"]
    assert notebooks.select(["last", "1", "derivatives"]) == ["1_derivatives", "10_last"]
    assert notebooks.select(["2_determinant_derivatives"]) == ["2_determinant_derivatives"]
    assert notebooks.select([]) == notebooks.stems()
    for wrong in ("7", "attention", ""):
        with pytest.raises(ValueError, match="1_derivatives, 2_determinant_derivatives, 10_last"):
            notebooks.select([wrong])
    with pytest.raises(ValueError, match="several; choose among: 1_derivatives, 2_determinant_derivatives$"):
        notebooks.select(["deriv"])


def test_no_notebooks(folder):
    with pytest.raises(ValueError, match="no notebooks"):
        notebooks.stems()


def test_parameters(folder):
    store(folder, "1_first")
    notebook = parameters.with_parameters("1_first", notebooks.read("1_first"), {"size": 5})
    assert "size = 5" in notebook.cells[2].source
    with pytest.raises(ValueError, match="1_first has no parameter depth; it has: size"):
        parameters.with_parameters("1_first", notebooks.read("1_first"), {"depth": 5})


def test_results_do_not_depend_on_jobs_and_are_complete(folder, tmp_path):
    for stem in ("1_first", "2_second"):
        store(folder, stem, SETUP, WORK, "claims.table()", "import torch; print(torch.get_num_threads())")
    outputs = []
    for jobs in (1, 2):
        figures = tmp_path / f"figures {jobs}"
        runs = notebooks.execute(notebooks.stems(), jobs=jobs, environment={"COURSE_FIGURES": str(figures)})
        assert not any(run.error for run in runs)
        assert (figures / "1_first" / "line.svg").exists()
        assert notebooks.claims(runs[0].notebook)[0]["verdict"] == "reproduced"
        outputs.append([[cell.get("outputs") for cell in run.notebook.cells] for run in runs])
    assert outputs[0] == outputs[1]
    assert outputs[0][0][3][0].text.startswith("2 ")  # the parameter's stored value
    assert outputs[0][0][5][0].text == "1\n"  # threads
    with pytest.raises(ValueError, match="jobs"):
        notebooks.execute([], jobs=0)


@pytest.mark.parametrize("collisions", [1, notebooks.STARTS])
def test_a_port_that_another_process_took_is_given_up_for_another(folder, monkeypatch, collisions):
    create, managers = notebooks.Client.create_kernel_manager, []
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        def collide(client):
            managers.append(create(client))
            if len(managers) <= collisions:
                managers[-1].cache_ports, managers[-1].shell_port = False, other.getsockname()[1]
            return managers[-1]

        monkeypatch.setattr(notebooks.Client, "create_kernel_manager", collide)
        store(folder, "1_first", "print(size)")
        (run,) = notebooks.execute(["1_first"])
    assert len(managers) == min(collisions + 1, notebooks.STARTS)
    assert run.error.startswith("DeadKernelError") == (collisions == notebooks.STARTS), run.error


def test_run_keeps_the_notebook_that_passes_and_shows_the_cell_that_fails(folder, tmp_path):
    store(folder, "1_first", SETUP, WORK, "claims.table()")
    store(folder, "2_second", "x = 1", "raise RuntimeError('the reason')  # here", "x = 3")
    before = (folder / "2_second.ipynb").read_bytes()
    code, text = finish(course(folder, "run", "--store", "--out", str(tmp_path / "figures")))
    assert code == 1
    assert "passed 1_first" in text and "failed 2_second" in text
    assert "raise RuntimeError('the reason')  # here" in text and "x = 3" not in text
    assert (folder / "2_second.ipynb").read_bytes() == before
    stored = nbformat.read(folder / "1_first.ipynb", as_version=4)
    assert notebooks.claims(stored) and "papermill" not in stored.metadata
    first = (folder / "1_first.ipynb").read_bytes()
    code, text = finish(course(folder, "run", "1", "--store", "--out", str(tmp_path / "figures")))
    assert code == 0 and "0 of 0 held" in text
    assert (folder / "1_first.ipynb").read_bytes() == first  # nothing in it depends on when it was run


def test_wrong_arguments_are_explained(folder):
    store(folder, "1_first")
    for arguments, message in (
        (["run", "9"], "choose among: 1_first"),
        (["run", "-p", "size"], "NAME=VALUE"),
        (["run", "-p", "depth=3"], "1_first has no parameter depth"),
        (["run", "-p", "size=3", "--store"], "does not go with"),
        (["figures", "--format", "gif"], "choose among svg, png, pdf"),
        (["student", "--out", str(folder)], "overwrite"),
    ):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 2 and message in " ".join(done.output.split()), done.output


def test_figures_come_out_of_a_read_only_folder(folder, tmp_path):
    store(folder, "1_first", SETUP, WORK)
    folder.chmod(0o555)
    try:
        code, text = finish(course(folder, "figures", "--format", "svg", "--out", str(tmp_path / "new" / "figures")))
    finally:
        folder.chmod(0o755)
    assert code == 0, text
    assert {path.name for path in (tmp_path / "new" / "figures" / "1_first").iterdir()} == {"line.svg", "line.csv"}
    assert [path.name for path in folder.iterdir()] == ["1_first.ipynb"]


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs POSIX signals")
@pytest.mark.parametrize("interruption", [signal.SIGINT, signal.SIGTERM])
def test_interruption_ends_every_kernel_and_leaves_nothing_half_written(folder, tmp_path, interruption):
    pids, figures = tmp_path / "pids", tmp_path / "figures"
    pids.mkdir()
    for stem in ("1_first", "2_second"):
        store(folder, stem, SETUP, WORK, WAIT.format(str(pids)))
    before = {path: path.read_bytes() for path in folder.iterdir()}
    process = course(folder, "run", "--store", "--jobs", "2", "--out", str(figures))
    deadline = time.monotonic() + 120
    while len(list(pids.iterdir())) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    kernels = [int(path.name) for path in pids.iterdir()]
    assert len(kernels) == 2
    process.send_signal(interruption)
    code, text = finish(process)
    assert code == 130 and "Interrupted" in text, text
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in kernels) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not any(Path(f"/proc/{pid}").exists() for pid in kernels)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert all(re.fullmatch(r"line\.(svg|png|pdf|csv)", path.name) for path in (figures / "1_first").iterdir())


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs a list of processes and what they inherited")
def test_an_interruption_at_any_moment_leaves_no_kernel_and_no_half_file(tmp_path):
    """At 20 moments of a run: it ends with 130 unless it was done, and all that it left is whole."""
    rng = random.Random(0)
    folder = tmp_path / "notebooks"
    store(folder, "1_first", *["x = 1"] * 20)
    before = (folder / "1_first.ipynb").read_bytes()

    def started(number):
        environment = {**os.environ, "COURSE_NOTEBOOKS": str(folder), "COURSE_BUILD": str(tmp_path / f"build {number}")}
        command = [sys.executable, "-m", "helpers.course", "run", "--jobs", "1", "--out", str(tmp_path / "figures")]
        return subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=heed_interruptions,
        )

    def inherits(path):
        try:
            return str(tmp_path / "build ") in path.read_text(errors="replace")
        except OSError:  # it has ended, or is somebody else's
            return False

    start = time.monotonic()
    assert finish(started("whole"))[0] == 0
    whole = time.monotonic() - start
    ended = []
    for number, share in enumerate(sorted(rng.uniform(0.05, 1.05) for _ in range(20))):
        process = started(number)
        try:
            process.wait(timeout=share * whole)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        code, text = finish(process)
        # -SIGINT: before Python itself could listen; a shell shows it as 130, too.
        assert code in (0, 130, -signal.SIGINT) and "Traceback" not in text, (share, code, text)
        ended.append(code)
        assert not [path for path in Path("/proc").glob("[0-9]*/environ") if inherits(path)]
        for path in (tmp_path / f"build {number}").rglob("*"):
            if path.is_file():
                assert (
                    path.suffix == ".ipynb" and nbformat.read(path, as_version=4).cells
                )  # whole, and no temporary file
    assert 130 in ended and (folder / "1_first.ipynb").read_bytes() == before


def test_student_copy(folder, tmp_path):
    solution = "def f(x):\n    ### BEGIN SOLUTION\n    y = 2\n    return y * x\n    ### END SOLUTION\n"
    store(folder, "1_first", solution, "print(f(1))")
    done = CliRunner().invoke(app, ["student", "--out", str(tmp_path / "student")])
    assert done.exit_code == 0, done.output
    copy = nbformat.read(tmp_path / "student" / "1_first.ipynb", as_version=4)
    assert copy.cells[2].source == 'def f(x):\n    raise NotImplementedError("your turn")\n'
    with pytest.raises(ValueError, match="partner"):
        notebooks.without_solutions(new_notebook(cells=[new_code_cell("### BEGIN SOLUTION\nx = 1")]))


def test_sliders_only_where_they_can_be_moved(capsys, monkeypatch):
    import matplotlib.pyplot as plt

    drawn = []

    def draw(h):
        drawn.append(h)
        return plt.figure()

    explore(draw, h=(0.1, 1.0))
    assert "make lab" in capsys.readouterr().out and not drawn
    monkeypatch.setenv("COURSE_WIDGETS", "1")
    explore(draw, h=(0.1, 0.9))
    assert drawn == [pytest.approx(0.5)] and not plt.get_fignums()
