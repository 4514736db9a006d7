"""Finding, executing and reading the notebooks.

Every notebook runs in a fresh kernel with one torch / BLAS thread, so that its numbers do not depend on how many
run beside it. Nothing is written before a notebook has finished, and then in one step.
"""

from __future__ import annotations

import asyncio
import copy
import os
import re
import signal
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from helpers.course.links import link_claims
from helpers.course.parameters import published, with_parameters
from helpers.course.places import ROOT, replace_file
from helpers.course.verdicts import MIME
from helpers.course.widgets import FRAMES

FOLDER = Path(os.environ.get("COURSE_NOTEBOOKS", ROOT / "notebooks"))
BUILD = Path(os.environ.get("COURSE_BUILD", ROOT / "build"))  # whatever is made and can be made again
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION$", re.DOTALL | re.MULTILINE)
CELL_TIMEOUT = 600  # seconds; an unexplained hang must not stop a whole run
STARTS = 3  # how often a kernel is tried that dies before it answers


@dataclass
class Run:
    """One executed notebook: how long it and each cell took, the failing cell's source and error, if any."""

    stem: str
    notebook: NotebookNode
    seconds: float
    failed_source: str = ""
    error: str = ""
    cell_seconds: dict[int, float] = field(default_factory=dict)


def stems() -> list[str]:
    """The notebooks' stems in teaching order. ValueError where there are none (a package without its repository)."""
    found = sorted((path.stem for path in FOLDER.glob("[0-9]*_*.ipynb")), key=lambda stem: int(stem.split("_")[0]))
    if not found:
        raise ValueError(f"no notebooks in {FOLDER}; install the course from its repository with `pip install -e .`")
    return found


def select(names: Sequence[str]) -> list[str]:
    """The stems that ``names`` mean, all of them for none: a number, a part of the name, the stem, or the file.

    ValueError, with the valid ones, for a name that means none or several.
    """
    known, chosen = stems(), []
    for name in (name.removesuffix(".ipynb").split("/")[-1] for name in names):
        exact = [stem for stem in known if name in (stem, *stem.split("_", 1))]
        matches = exact or [stem for stem in known if name and name in stem]
        if len(matches) != 1:
            problem = "matches several" if matches else "is not a notebook"
            raise ValueError(f"{name!r} {problem}; choose among: {', '.join(matches or known)}")
        chosen += matches
    return sorted(set(chosen), key=known.index) or known


def read(stem: str) -> NotebookNode:
    """The stored notebook, as nbformat 4."""
    return nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4)


def write(notebook: NotebookNode, path: Path) -> None:
    """Store ``notebook`` at ``path`` in one step, with its parameters and without what changes between machines."""
    notebook.metadata["course"] = {"parameters": {name: repr(value) for name, value in published(notebook).items()}}
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata.pop("papermill", None)
    replace_file(path, nbformat.writes(notebook).encode() + b"\n")


def claims(notebook: NotebookNode) -> list[dict[str, Any]]:
    """The rows of the claims table in the notebook's outputs.

    A notebook that stopped early has no table; then the rows that were recorded one by one (see `recording`), in order.
    """
    recorded = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found = output.get("data", {}).get(MIME, {})
            if "claims" in found:
                return found["claims"]
            if "claim" in found:
                recorded[found["claim"]["id"]] = found["claim"]
    return list(recorded.values())


def without_solutions(notebook: NotebookNode) -> NotebookNode:
    """A copy for students: no outputs, and every solution replaced by ``raise NotImplementedError``.

    ValueError where a mark ``### BEGIN SOLUTION`` or ``### END SOLUTION`` has no partner.
    """
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.source = _SOLUTION.sub(r'\1raise NotImplementedError("your turn")', cell.source)
            if "### BEGIN SOLUTION" in cell.source or "### END SOLUTION" in cell.source:
                raise ValueError(f"a solution mark without its partner in the cell:\n{cell.source}")
    return notebook


class Client(NotebookClient):
    """nbclient, made fit for several notebooks in one event loop."""

    @asynccontextmanager
    async def async_setup_kernel(self, **kwargs: Any) -> AsyncGenerator[None, None]:
        # nbclient's own version installs a signal handler that stops only the kernel that was started last. Here an
        # interruption cancels the whole run, and every kernel is stopped on the way out.
        managers = []
        try:
            for left in reversed(range(STARTS)):
                managers.append(self.create_kernel_manager())
                try:
                    await self.async_start_new_kernel(**kwargs)
                    await self.async_start_new_kernel_client()
                    break
                except RuntimeError as error:
                    # A port was free when it was chosen, and another process took it before the kernel did.
                    if not left or "died" not in str(error):
                        raise DeadKernelError(str(error)) from error
            yield
        finally:
            if self.kc is not None:
                self.kc.stop_channels()
            for manager in managers:
                await ensure_async(manager.shutdown_kernel(now=True))


Progress = Callable[[str, int, int], None]  # stem, cells done, cells in all


def _silent(stem: str, done: int, total: int) -> None:
    pass


def kernel_environment(stem: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of a notebook's kernel: one thread, ``environment``, and a folder of its own for frames."""
    own = {FRAMES: str(Path(environment[FRAMES]) / stem)} if environment.get(FRAMES) else {}
    return {**os.environ, **ONE_THREAD, **environment, **own}


async def execute_one(
    stem: str, notebook: NotebookNode, environment: Mapping[str, str], progress: Progress = _silent
) -> Run:
    """Execute ``notebook`` in a kernel of its own, with one thread and ``environment``; a failing cell ends it."""
    client = Client(
        notebook,
        kernel_name="python3",
        timeout=CELL_TIMEOUT,
        record_timing=False,
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(FOLDER)}},
        extra_arguments=["--log-level=ERROR"],
    )
    start, run = time.monotonic(), Run(stem, notebook, 0.0)

    def begun(cell: NotebookNode, cell_index: int) -> None:
        progress(stem, cell_index, len(notebook.cells))
        run.cell_seconds[cell_index] = -time.monotonic()

    def ended(cell: NotebookNode, cell_index: int, execute_reply: Any) -> None:
        run.cell_seconds[cell_index] += time.monotonic()

    client.on_cell_execute, client.on_cell_executed = begun, ended
    try:
        await client.async_execute(env=kernel_environment(stem, environment))
        progress(stem, len(notebook.cells), len(notebook.cells))
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        last = max((k for k, cell in enumerate(notebook.cells) if cell.get("execution_count")), default=0)
        failed = [cell for cell in notebook.cells if any(o.output_type == "error" for o in cell.get("outputs", []))]
        run.failed_source = (failed or [notebook.cells[last]])[0].source
        run.error = _traceback(failed[0]) if failed else f"{type(error).__name__}: {error}"
    link_claims(notebook)
    run.seconds = time.monotonic() - start
    return run


def _traceback(cell: NotebookNode) -> str:
    error = next(output for output in cell.outputs if output.output_type == "error")
    return "\n".join(error.traceback) or f"{error.ename}: {error.evalue}"


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def execute(
    chosen: Sequence[str],
    *,
    jobs: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    prepare: Callable[[str, NotebookNode], NotebookNode] = lambda stem, notebook: notebook,
    progress: Progress = _silent,
    finished: Callable[[Run], None] = lambda run: None,
) -> list[Run]:
    """Execute notebooks in parallel, each in its own kernel; ``finished`` is called as each one ends.

    jobs: how many at once, ≥ 1; by default one per core. prepare: what to do with a notebook, its parameters set,
    before it is executed. A failing notebook does not stop the others.
    KeyboardInterrupt (or SIGTERM) ends every kernel before it reaches the caller.
    """
    jobs = cores() if jobs is None else jobs
    if jobs < 1:
        raise ValueError(f"jobs: {jobs} is not at least 1")
    prepared = {stem: prepare(stem, with_parameters(stem, read(stem), parameters or {})) for stem in chosen}

    async def all_of_them() -> list[Run]:
        this = asyncio.current_task()
        assert this is not None  # this coroutine runs in a task
        with suppress(NotImplementedError):  # Windows has no such handlers
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
        gate = asyncio.Semaphore(jobs)

        async def one(stem: str) -> Run:
            async with gate:
                run = await execute_one(stem, prepared[stem], environment or {}, progress)
            finished(run)
            return run

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(stem)) for stem in chosen]
        return [task.result() for task in tasks]

    return asyncio.run(all_of_them())
