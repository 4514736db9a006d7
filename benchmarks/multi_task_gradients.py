"""Min-norm weights and UPGrad beside torchjd, quadprog and the article's iterations.

python benchmarks/multi_task_gradients.py: one thread, 1–2 minutes. Every function maps one Gram matrix to weights.
Goals: duality gap ≤ 1e−12 everywhere; faster than torchjd's MGDA for n ≥ 8; within 2 × of quadprog at full rank and
faster than it at low rank, where quadprog refuses the matrix and gets a second try with a ridge of 1e−10 of the trace;
UPGrad at least 3 × as fast as torchjd's for n ≤ 128. torchjd's own projector needs qpsolvers (pip install qpsolvers);
without it, only quadprog called directly is timed, which is faster than the package.
"""

from __future__ import annotations

from timing import median_seconds  # first: it sets one thread

# isort: split
from functools import partial
from importlib.util import find_spec

import numpy as np
import quadprog
import torch
from torchjd._linalg import DualConeProjector, QuadprogProjector
from torchjd.aggregation import MGDAWeighting, UPGradWeighting

from helpers import multi_task_gradients as mtg

SIZES = (2, 8, 32, 128, 256)


class Quadprog(DualConeProjector):
    """The projections of torchjd's QuadprogProjector without qpsolvers in between."""

    def __call__(self, U, G):
        matrix = G.numpy() / np.trace(G.numpy()) + 1e-10 * np.eye(len(G))
        none = np.zeros(len(matrix))
        return torch.tensor(np.array([quadprog.solve_qp(matrix, none, np.eye(len(u)), u)[0] for u in U.numpy()]))


def quadprog_weights(gram: np.ndarray) -> np.ndarray:
    n = len(gram)
    constraints = np.concatenate([np.ones((n, 1)), np.eye(n)], 1)
    bounds = np.append(1.0, np.zeros(n))
    try:
        return quadprog.solve_qp(gram, np.zeros(n), constraints, bounds, 1)[0]
    except ValueError:
        ridge = 1e-10 * np.trace(gram) * np.eye(n)
        return quadprog.solve_qp(gram + ridge, np.zeros(n), constraints, bounds, 1)[0]


def problem(tasks: int, rank: int) -> np.ndarray:
    rows = np.random.default_rng(tasks).standard_normal((tasks, rank)) + 0.3
    gram = rows @ rows.T
    return (gram + gram.T) / 2


def seconds_per_call(peers: dict, tasks: int) -> dict[str, float]:
    """Median time of one call; short calls are repeated, so that no peer meets the others' cold caches."""
    calls = 20 if tasks <= 8 else 5 if tasks <= 32 else 1

    def repeated(function):
        def run():
            for _ in range(calls):
                function()

        return run

    seconds = median_seconds({name: repeated(f) for name, f in peers.items()}, repeats=5)
    return {name: value / calls for name, value in seconds.items()}


def min_norm() -> None:
    peers = {
        "ours": mtg.min_norm_weights,
        "torchjd": lambda g: MGDAWeighting()(torch.from_numpy(g)).numpy(),
        "quadprog": quadprog_weights,
        "line search 100": lambda g: mtg.frank_wolfe_weights(g, 100),
        "average 1000": lambda g: mtg.averaged_weights(g, 1000),
        "softmax 1000": lambda g: mtg.softmax_descent_weights(g, 1000, 10.0),
    }
    print("min-norm weights: time over ours, and the relative duality gap left")
    print(f"{'n':>4} {'rank':>5} {'ours':>19}" + "".join(f" {name:>18}" for name in list(peers)[1:]))
    for tasks in SIZES:
        for rank in sorted({2 * tasks, max(1, tasks // 2), 2}, reverse=True):
            gram = problem(tasks, rank)
            seconds = seconds_per_call({name: partial(f, gram) for name, f in peers.items()}, tasks)
            gaps = {name: float(mtg.duality_gap(gram, f(gram))) for name, f in peers.items()}
            assert gaps["ours"] <= 1e-12, f"n={tasks}, rank {rank}: gap {gaps['ours']:.0e}"
            line = f"{tasks:4} {min(rank, tasks):5} {1e6 * seconds['ours']:8.0f} µs {abs(gaps['ours']):8.0e}"
            for name in list(peers)[1:]:
                line += f" {seconds[name] / seconds['ours']:7.1f}x {abs(gaps[name]):8.0e} "
            print(line)


def upgrad() -> None:
    peers = {"ours": lambda gram, tensor: mtg.upgrad_weights(gram)}
    if find_spec("qpsolvers"):
        package = UPGradWeighting(projector=QuadprogProjector(norm_eps=0.0, reg_eps=1e-10))
        peers["torchjd"] = lambda gram, tensor: package(tensor).numpy()
    direct = UPGradWeighting(projector=Quadprog())
    peers["torchjd, quadprog called directly"] = lambda gram, tensor: direct(tensor).numpy()
    print("\nUPGrad weights: time over ours, and the largest difference of weights")
    for tasks in SIZES[:4]:
        gram = problem(tasks, 2 * tasks)
        runs = {name: partial(f, gram, torch.from_numpy(gram)) for name, f in peers.items()}
        seconds = seconds_per_call(runs, tasks)
        line = f"{tasks:4} ours {1e6 * seconds['ours']:8.0f} µs"
        for name in list(peers)[1:]:
            apart = np.abs(runs["ours"]() - runs[name]()).max()
            line += f"; {name} {seconds[name] / seconds['ours']:.1f}x, {apart:.0e}"
        print(line)


if __name__ == "__main__":
    torch.set_num_threads(1)
    min_norm()
    upgrad()
