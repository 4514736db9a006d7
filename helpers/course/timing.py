"""Side-by-side timing: the peers take turns in one process, so that a busy machine slows all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def median_seconds(peers: Mapping[str, Callable[[], object]], repeats: int = 7, least: float = 0.0) -> dict[str, float]:
    """Median wall time in seconds of each call, after one warm-up call; the peers are interleaved ``repeats`` times.

    least: a call is repeated within one timing until that has taken so many seconds, since a clock's reading costs
    some 50 ns. ValueError when there is nothing to compare.

    >>> sorted(median_seconds({"list": lambda: [0] * 9, "tuple": lambda: (0,) * 9}))
    ['list', 'tuple']
    """
    if not peers or repeats < 1:
        raise ValueError("peers, repeats: nothing to compare; give at least one peer and one repeat")
    for run in peers.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(repeats):
        for name, run in peers.items():
            calls, start = 0, time.perf_counter()
            while calls == 0 or time.perf_counter() - start < least:
                run()
                calls += 1
            times[name].append((time.perf_counter() - start) / calls)
    return {name: statistics.median(values) for name, values in times.items()}
