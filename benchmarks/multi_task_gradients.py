"""Min-norm weights and UPGrad beside torchjd, quadprog and the article's iterations.

python benchmarks/multi_task_gradients.py: one thread, about 3 minutes. Every function maps one Gram matrix to weights.
quadprog refuses singular matrices and then gets a second try with a ridge of 1e−10 of the trace. Cold means that a
matrix product of 8 MB stands before each call, as in training; its own time is taken off.
"""

from __future__ import annotations

from timing import goal, median_seconds  # first: it sets one thread

# isort: split
import statistics
import time
from functools import partial

import numpy as np
import quadprog
import torch
from torchjd._linalg import QuadprogProjector
from torchjd.aggregation import MGDAWeighting, UPGradWeighting

from helpers import multi_task_gradients as mtg

SIZES = (2, 3, 4, 8, 12, 16, 24, 32, 64, 128, 256)


def quadprog_weights(gram: np.ndarray, constraints: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    none = np.zeros(len(gram))
    try:
        return quadprog.solve_qp(gram, none, constraints, bounds, 1)[0]
    except ValueError:
        ridge = 1e-10 * np.trace(gram) * np.eye(len(gram))
        return quadprog.solve_qp(gram + ridge, none, constraints, bounds, 1)[0]


def problem(tasks: int, rank: int, agreement: float = 0.3, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng([tasks, seed]).standard_normal((tasks, rank)) + agreement
    gram = rows @ rows.T
    return (gram + gram.T) / 2


def cold_seconds(peers: dict, repeats: int = 15) -> dict[str, float]:
    """Median time of one call right after a product of large matrices."""
    large = torch.ones(1024, 1024)
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(repeats):
        for name, run in peers.items():
            large @ large
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def min_norm() -> None:
    print("min-norm weights: µs, time over ours (warm, cold), relative duality gap")
    slowest = {"quadprog, warm": np.inf, "quadprog, cold": np.inf, "torchjd MGDA, n ≥ 8": np.inf}
    gap = 0.0
    for tasks in SIZES:
        constraints = np.concatenate([np.ones((tasks, 1)), np.eye(tasks)], 1)
        bounds = np.append(1.0, np.zeros(tasks))
        for rank in sorted({2, max(2, tasks // 2), max(2, tasks - 1), 2 * tasks}):
            gram = problem(tasks, rank)
            tensor = torch.from_numpy(gram)
            peers = {
                "ours": partial(mtg.min_norm_weights, gram),
                "quadprog": partial(quadprog_weights, gram, constraints, bounds),
                "torchjd": partial(MGDAWeighting(), tensor),
            }
            slow = median_seconds({name: peers[name] for name in ("ours", "torchjd")}, repeats=9, least=2e-3)
            warm = median_seconds({name: peers[name] for name in ("ours", "quadprog")}, repeats=15, least=1e-3)
            cold = cold_seconds({name: peers[name] for name in ("ours", "quadprog")})
            ours, theirs = mtg.min_norm_weights(gram), np.maximum(peers["quadprog"](), 0)
            gap = max(gap, float(mtg.duality_gap(gram, ours)))
            ratios = {"quadprog": warm["quadprog"] / warm["ours"], "torchjd": slow["torchjd"] / slow["ours"]}
            cold_ratio = cold["quadprog"] / cold["ours"]
            slowest["quadprog, warm"] = min(slowest["quadprog, warm"], ratios["quadprog"])
            slowest["quadprog, cold"] = min(slowest["quadprog, cold"], cold_ratio)
            if tasks >= 8:
                slowest["torchjd MGDA, n ≥ 8"] = min(slowest["torchjd MGDA, n ≥ 8"], ratios["torchjd"])
            print(
                f"{tasks:4} rank {min(rank, tasks):4} {1e6 * warm['ours']:8.1f} µs; quadprog {ratios['quadprog']:6.2f}x"
                f" {cold_ratio:6.2f}x, gap {float(mtg.duality_gap(gram, theirs / theirs.sum())):.0e}; "
                f"torchjd {ratios['torchjd']:7.1f}x"
            )
    goal("min-norm weights: largest relative duality gap", gap, at_most=1e-12)
    for name, ratio in slowest.items():
        goal(f"min-norm weights: time over ours, least of all n and ranks: {name}", ratio, at_least=1.0)


def iterations() -> None:
    print("\nthe article's iterations: time over the exact solver, and the gap they leave")
    for tasks in (8, 32, 128):
        gram = problem(tasks, 2 * tasks)
        peers = {
            "exact": partial(mtg.min_norm_weights, gram),
            "line search 100": partial(mtg.frank_wolfe_weights, gram, 100),
            "average 1000": partial(mtg.averaged_weights, gram, 1000),
            "softmax 1000": partial(mtg.softmax_descent_weights, gram, 1000, 10.0),
        }
        seconds = median_seconds(peers, repeats=5, least=1e-4)
        texts = [
            f"{n} {seconds[n] / seconds['exact']:.0f}x {float(mtg.duality_gap(gram, f())):.0e}"
            for n, f in peers.items()
        ]
        print(f"{tasks:4} " + "; ".join(texts))


def upgrad() -> None:
    print("\nUPGrad weights: µs, time of torchjd (with qpsolvers) over ours, largest difference of weights")
    package = UPGradWeighting(projector=QuadprogProjector(norm_eps=0.0, reg_eps=1e-10))
    least = np.inf
    for tasks in (2, 4, 8, 12, 16, 17, 24, 32, 64, 128):
        for kind, agreement in (("agreeing", 0.3), ("random signs", 0.0)):
            gram = problem(tasks, 2 * tasks, agreement)
            peers = {"ours": partial(mtg.upgrad_weights, gram), "torchjd": partial(package, torch.from_numpy(gram))}
            seconds = median_seconds(peers, repeats=7, least=2e-3)
            ratio = seconds["torchjd"] / seconds["ours"]
            least = min(least, ratio)
            apart = np.abs(peers["ours"]() - peers["torchjd"]().numpy()).max()
            print(f"{tasks:4} {kind:12} {1e6 * seconds['ours']:8.1f} µs; {ratio:6.1f}x, {apart:.0e}")
    goal("UPGrad: time of torchjd over ours, least of all n ≤ 128", least, at_least=3.0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    min_norm()
    iterations()
    upgrad()
