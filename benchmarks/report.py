"""Run every benchmark and write docs/benchmarks.md with its picture: each goal, the ratio measured, met or not.

Ratios only: seconds would say more about the machine than about the code. Nothing is written unless every script ended
well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from helpers.course.figures import ROOT, STYLE, render, replace_file

PACKAGES = ("numpy", "scipy", "torch", "sympy", "quadprog", "torchjd", "vector-quantize-pytorch", "scikit-learn")
HEAD = """# Benchmarks

Written by `make bench`: the median of interleaved runs, one thread, every ratio from one process. A ratio of times
compares a helper with the peer that its line names; below 1 the helper is faster. Other numbers say what they are.

![Every goal and the value measured, as a share of the goal](benchmarks.svg)

"""


def run_all() -> list[dict[str, Any]]:
    """The goals of every script in this folder, in alphabetical order. SystemExit where a script fails."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.jsonl"
        for script in sorted(Path(__file__).parent.glob("[a-z]*.py")):
            if script.stem in ("timing", "report"):
                continue
            print(f"== {script.stem}", flush=True)
            done = subprocess.run([sys.executable, script], env={**os.environ, "BENCHMARK_RESULTS": str(results)})
            if done.returncode:
                raise SystemExit(f"{script.name} failed; docs/benchmarks.md is as it was")
        return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


def page(goals: list[dict[str, Any]]) -> str:
    """The Markdown page for ``goals``."""
    lines = ["| benchmark | what | measured | goal | met |", "|---|---|---:|---:|---|"]
    for row in goals:
        name = row["name"].replace("|", "\\|")
        met = "yes" if row["met"] else "**no**"
        lines.append(f"| {row['benchmark']} | {name} | {row['value']:.3g} | {row['goal']} | {met} |")
    met = sum(row["met"] for row in goals)
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    python = ".".join(map(str, sys.version_info[:3]))
    return HEAD + "\n".join(lines) + f"\n\n{met} of {len(goals)} goals met. Python {python}, {versions}.\n"


def picture(goals: list[dict[str, Any]]) -> bytes:
    """A bar for each goal: how far on the good side of its bound the value is, as a factor; 1 is the bound itself."""
    plt.style.use(STYLE)
    bounds = [float(row["goal"].split()[1]) for row in goals]
    values = [row["value"] for row in goals]
    room = [
        bound / value if row["goal"].startswith("≤") else value / bound
        for row, bound, value in zip(goals, bounds, values, strict=True)
    ]
    fig, ax = plt.subplots(figsize=(8, 0.3 * len(goals) + 1.2))
    labels = [f"{row['benchmark']}: {row['name']}" for row in goals]
    labels = [label if len(label) < 72 else label[:70] + "…" for label in labels]
    colors = ["#0072B2" if row["met"] else "#D55E00" for row in goals]
    ax.barh(range(len(goals)), [factor - 1 for factor in room], left=1, color=colors)
    ax.set_yticks(range(len(goals)), labels, fontsize=8)
    ax.set_xscale("log")
    ax.invert_yaxis()
    ax.axvline(1, color="black", linewidth=1, linestyle="-")
    ax.set_xlabel("room to the goal, a factor (right of 1: met)")
    data = render(fig, "svg")
    plt.close(fig)
    return data


if __name__ == "__main__":
    measured = run_all()
    replace_file(ROOT / "docs" / "benchmarks.svg", picture(measured))
    replace_file(ROOT / "docs" / "benchmarks.md", page(measured).encode())
    print(f"{ROOT / 'docs' / 'benchmarks.md'}: {sum(row['met'] for row in measured)} of {len(measured)} goals met")
