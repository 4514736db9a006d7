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
import textwrap
from importlib.metadata import version
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from helpers.course.figures import COLORS, STYLE, render
from helpers.course.places import ROOT, replace_file

PACKAGES = ("numpy", "scipy", "torch", "sympy", "quadprog", "torchjd", "vector-quantize-pytorch", "scikit-learn")
MOST = 8  # the picture shows factors from 1/MOST to MOST
HEAD = """# Benchmarks

Written by `make bench`: the median of interleaved runs, one thread, every ratio from one process. A ratio of times
compares a helper with the peer that its line names; below 1 the helper is faster. Other numbers say what they are.

![Every goal on times, and by what factor it is met or missed](benchmarks.svg)

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
    """A point for each goal on times: the factor by which it is met or missed. Errors stand in the table only."""
    timed = [row for row in goals if float(row["goal"].split()[1]) > 1e-3]
    bounds = [float(row["goal"].split()[1]) for row in timed]
    room = [
        bound / row["value"] if row["goal"].startswith("≤") else row["value"] / bound
        for row, bound in zip(timed, bounds, strict=True)
    ]
    plt.style.use(STYLE)
    fig, ax = plt.subplots(figsize=(11, 0.42 * len(timed) + 1))
    labels = [textwrap.fill(f"{row['name']} ({row['goal']})", 62) for row in timed]
    for k, (row, factor) in enumerate(zip(timed, room, strict=True)):
        shown = min(max(factor, 1 / MOST), MOST)
        beyond = ">" if factor > MOST else "<" if factor < 1 / MOST else "o" if row["met"] else "X"
        color = COLORS[0] if row["met"] else COLORS[1]
        ax.plot([1, shown], [k, k], color=color, linestyle="-", linewidth=2)
        ax.plot(shown, k, beyond, color=color, markersize=8)
    ax.set_yticks(range(len(timed)), labels, fontsize=9)
    ax.set_xscale("log", base=2)
    ax.set_xlim(0.9 / MOST, 1.1 * MOST)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_ylim(len(timed) - 0.5, -0.5)
    ax.axvline(1, color="black", linewidth=1, linestyle="-")
    ax.set_xlabel("better than the goal by this factor (○ met, × not, ▷ beyond the axis)", fontsize=11)
    data = render(fig, "svg")
    plt.close(fig)
    return data


if __name__ == "__main__":
    measured = run_all()
    replace_file(ROOT / "docs" / "benchmarks.svg", picture(measured))
    replace_file(ROOT / "docs" / "benchmarks.md", page(measured).encode())
    print(f"{ROOT / 'docs' / 'benchmarks.md'}: {sum(row['met'] for row in measured)} of {len(measured)} goals met")
