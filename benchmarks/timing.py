"""Side-by-side timing: the peers take turns in one process, so that a busy machine slows all of them alike."""

from __future__ import annotations

import ctypes
import os
import sys

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # must be set before numpy and torch are imported

if sys.platform == "linux":
    # glibc returns large blocks to the system and fetches them anew, a page at a time: up to half of what a pass over
    # 16 MB takes, and not the same for two peers. Let it keep them (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD in malloc.h).
    _libc = ctypes.CDLL(None)
    for _parameter, _bytes in ((-3, 2**25), (-1, 2**30)):
        if hasattr(_libc, "mallopt"):
            _libc.mallopt(_parameter, _bytes)

import statistics
import time
from collections.abc import Callable


def median_seconds(peers: dict[str, Callable[[], object]], repeats: int = 7) -> dict[str, float]:
    """Median wall time in seconds of each call, after one warm-up call; the peers are interleaved ``repeats`` times.

    ValueError when there is nothing to compare.
    """
    if not peers or repeats < 1:
        raise ValueError("median_seconds: needs at least one peer and one repeat")
    for run in peers.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(repeats):
        for name, run in peers.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}
