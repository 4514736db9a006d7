#!/usr/bin/env python3
"""Set-up, and every command of the course, with nothing but Python: `python tasks.py run`, on Windows too.

    python tasks.py setup [test|book|audit]   make .venv, or bring it up to date; with what tests, book or audit need
    python tasks.py run 6 -p seed=3           any command of the course, set up first (python tasks.py --help)

The Makefile calls this file. Where uv is installed it does the work, several times faster; UV=0 leaves it to pip.
CONSTRAINTS= (empty) takes the newest versions; TORCH=cpu lets uv choose torch's small build for the CPU; COURSE_VENV
names another folder than .venv.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
VENV = ROOT / (os.environ.get("COURSE_VENV") or ".venv")
STAMP = VENV / "installed.json"  # written last, so that an interrupted installation is done again
LEAST_PYTHON = (3, 11)
LEAST_GB = 2.5  # for the packages, on a system where torch is the small build
EXTRAS = ("test", "book", "audit")
NEEDS = {"test": "test", "bench": "test", "audit": "audit", "book": "book", "slides": "book"}  # command → extra


def main(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    command, rest = words[0], words[1:]
    try:
        if command == "setup":
            if {"-h", "--help"} & set(rest):
                return main([])
            if unknown := set(rest) - set(EXTRAS):
                raise Problem(f"setup knows {', '.join(EXTRAS)}, not {', '.join(sorted(unknown))}")
            return set_up(rest)
        if command == "bench" and rest:
            raise Problem(f"bench takes no arguments, not {' '.join(rest)}")
        set_up([NEEDS[command]] if command in NEEDS else [])
    except Problem as problem:
        print(f"course: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("course: interrupted; the next call goes on with it", file=sys.stderr)
        return 130
    what = ["benchmarks/report.py"] if command == "bench" else ["-m", "helpers.course", command]
    try:
        return subprocess.call([str(python()), *what, *rest], cwd=None if command != "bench" else ROOT)
    except KeyboardInterrupt:  # the command has said so itself
        return 130


class Problem(Exception):
    """Why the set-up cannot go on, in one line."""


def python() -> Path:
    """The interpreter of the virtual environment."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def set_up(extras: list[str]) -> int:
    """Make .venv and install the course with ``extras``, unless that is done; says each step and its time."""
    if sys.version_info < LEAST_PYTHON:
        here = sys.version.split()[0]
        raise Problem(f"Python 3.11 or newer is needed, this is {here}; name yours: make PYTHON=python3.12")
    stamp = read_stamp()
    here = stamp.get("at", str(VENV)) == str(VENV)  # scripts name where they lie
    current = here and stamp.get("from") == fingerprint() and works(python(), "helpers", "typer")
    usable = current or (here and works(python(), "encodings"))
    done: list[str] = stamp.get("extras", []) if usable else []
    wanted = sorted({*extras, *done})
    if usable and current and wanted == done:
        return 0
    if not usable and VENV.exists() and any(VENV.iterdir()) and not (VENV / "pyvenv.cfg").exists():
        raise Problem(f"{VENV} is no virtual environment, and is left alone; remove it or name another COURSE_VENV")
    free = shutil.disk_usage(next(folder for folder in (VENV, *VENV.parents) if folder.exists())).free / 1e9
    if free < LEAST_GB and not usable:
        raise Problem(f"{free:.1f} GB are free on this disk, {LEAST_GB} are needed")
    uv = shutil.which("uv") if os.environ.get("UV") != "0" else None
    steps = [] if usable else [(f"a virtual environment in {VENV.name}", make_venv(uv))]
    steps.append((f"packages, with {'uv' if uv else 'pip'} (minutes, the first time)", install(uv, wanted)))
    for number, (what, command) in enumerate(steps, 1):
        print(f"Set-up {number}/{len(steps)}: {what}", flush=True)
        start = time.monotonic()
        if subprocess.call(command, cwd=ROOT):
            raise Problem(f"set-up stopped at {what}: see above. Is there a network, and room on the disk?")
        print(f"Set-up {number}/{len(steps)}: done in {time.monotonic() - start:.0f} s", flush=True)
    STAMP.write_text(json.dumps({"at": str(VENV), "from": fingerprint(), "extras": wanted}), encoding="utf-8")
    return 0


def make_venv(uv: str | None) -> list[str]:
    """The command that makes the virtual environment anew, whatever lies there."""
    if uv:
        return [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)]
    return [sys.executable, "-m", "venv", "--clear", str(VENV)]


def install(uv: str | None, extras: list[str]) -> list[str]:
    """The command that installs the course with ``extras``, with its own progress."""
    target = f"--editable=.{'[' + ','.join(extras) + ']' if extras else ''}"
    if uv:
        backend = [f"--torch-backend={os.environ['TORCH']}"] if os.environ.get("TORCH") else []
        return [uv, "pip", "install", "--python", str(python()), *backend, *constraints(), target]
    return [str(python()), "-m", "pip", "install", "--disable-pip-version-check", *constraints(), target]


def constraints() -> list[str]:
    """The words that tell pip and uv which versions to take."""
    return os.environ.get("CONSTRAINTS", "--constraint constraints.txt").split()


def fingerprint() -> str:
    """What the installation is made from: the project's own list, and which versions are wanted."""
    files = [ROOT / word for word in ("pyproject.toml", *constraints()) if (ROOT / word).is_file()]
    parts = [" ".join(constraints()).encode(), *(file.read_bytes() for file in files)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def read_stamp() -> dict[str, Any]:
    """What a finished installation wrote: where it lies, what it was made from, its extras; empty for none."""
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def works(interpreter: Path, *modules: str) -> bool:
    """Whether the virtual environment's Python starts, and finds ``modules`` there (not in the present folder)."""
    finds = f"import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, {modules!r})))"
    try:
        return subprocess.run([str(interpreter), "-I", "-c", finds], capture_output=True).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
