"""What the benchmarks share: one thread, memory that stays mapped, interleaved timings, and goals.

Import this before numpy and torch. With the environment variable BENCHMARK_RESULTS every goal is also appended to that
file, one JSON object a line; `make bench` turns it into docs/benchmarks.md.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import sys
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # must be set before numpy and torch are imported

if sys.platform == "linux":
    # glibc returns large blocks to the system and fetches them anew, a page at a time: up to half of what a pass over
    # 16 MB takes, and not the same for two peers. Let it keep them (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD in malloc.h).
    _libc = ctypes.CDLL(None)
    for _parameter, _bytes in ((-3, 2**25), (-1, 2**30)):
        if hasattr(_libc, "mallopt"):
            _libc.mallopt(_parameter, _bytes)

from helpers.course.timing import median_seconds  # noqa: E402

__all__ = ["goal", "median_seconds"]


def goal(name: str, value: float, *, at_most: float = math.inf, at_least: float = -math.inf) -> bool:
    """Print one line that says whether ``value`` (a ratio of times, or an error) meets its goal, and record it."""
    value = float(value)  # numpy and torch numbers too
    met = at_least <= value <= at_most
    bound = f"≤ {at_most:g}" if at_most < math.inf else f"≥ {at_least:g}"
    print(f"goal {'met    ' if met else 'NOT met'}  {name}: {value:.3g} (goal {bound})")
    if path := os.environ.get("BENCHMARK_RESULTS"):
        row = {"benchmark": Path(sys.argv[0]).stem, "name": name, "value": value, "goal": bound, "met": met}
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return met
