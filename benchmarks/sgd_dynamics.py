"""Langevin and Kramers particles, all at once, against a plain loop over particles and against torch; passage times.

Run: python benchmarks/sgd_dynamics.py
"""

from __future__ import annotations

import math
import random

from timing import goal, median_seconds  # first: it sets one thread

# isort: split
import numpy as np
import torch

from helpers.sgd_dynamics import mean_passage_time, mean_passage_time_by_simpson, simulate_kramers, simulate_langevin

STEP, SIGMA, FRICTION = 0.01, 0.7, 0.5


def gradient(theta):
    """Of the double well ¼(θ² − 1)²."""
    return theta * theta * theta - theta


def loop_langevin(particles: int, steps: int, rng: random.Random) -> list[float]:
    """The textbook program: one particle after the other, in plain floats."""
    scale, final = SIGMA * math.sqrt(STEP), []
    for _ in range(particles):
        x = -1.0
        for _ in range(steps):
            x += -STEP * gradient(x) + scale * rng.gauss(0, 1)
        final.append(x)
    return final


def loop_kramers(particles: int, steps: int, rng: random.Random) -> list[float]:
    """BAOAB, one particle after the other, in plain floats."""
    decay, half, final = math.exp(-FRICTION * STEP), STEP / 2, []
    spread = SIGMA * math.sqrt((1 - decay**2) / (2 * FRICTION))
    for _ in range(particles):
        x, v = -1.0, 0.0
        kick = half * gradient(x)
        for _ in range(steps):
            v -= kick
            x += half * v
            v = decay * v + spread * rng.gauss(0, 1)
            x += half * v
            kick = half * gradient(x)
            v -= kick
        final.append(x)
    return final


def torch_langevin(particles: int, steps: int) -> torch.Tensor:
    """The same Euler–Maruyama steps in torch, in place."""
    x, noise = torch.full((particles,), -1.0, dtype=torch.float64), torch.empty(particles, dtype=torch.float64)
    for _ in range(steps):
        x.add_(noise.normal_(0, SIGMA * math.sqrt(STEP)).sub_(gradient(x), alpha=STEP))
    return x


def torch_kramers(particles: int, steps: int) -> torch.Tensor:
    """BAOAB in torch, in place."""
    decay, half = math.exp(-FRICTION * STEP), STEP / 2
    spread = SIGMA * math.sqrt((1 - decay**2) / (2 * FRICTION))
    x, noise = torch.full((particles,), -1.0, dtype=torch.float64), torch.empty(particles, dtype=torch.float64)
    v = torch.zeros_like(x)
    kick = half * gradient(x)
    for _ in range(steps):
        v.sub_(kick)
        x.add_(v, alpha=half)
        v.mul_(decay).add_(noise.normal_(0, spread))
        x.add_(v, alpha=half)
        kick = half * gradient(x)
        v.sub_(kick)
    return x


def passage_goal() -> None:
    """The wall far away does not change the time to climb out of a well, which Simpson's rule on even points misses."""

    def potential(x):
        return (x * x - 1) ** 2 / 4

    near, far = (mean_passage_time(potential, -1.0, 1.0, sigma=0.5, lower=wall) for wall in (-3.0, -1e4))
    even = mean_passage_time_by_simpson(potential, -1.0, 1.0, sigma=0.5, lower=-1e4)
    print(f"mean passage time {near:.4f}; with the wall at −10⁴ {far:.4f}, by Simpson's rule {even:.4f}")
    goal("mean passage time, wall at −10⁴ or −3: relative difference", abs(far / near - 1), at_most=1e-9)


def main(particles: int = 10_000, steps: int = 100) -> None:
    batched = dict(step=STEP, steps=steps, sigma=SIGMA)
    start, rng, plain = np.full(particles, -1.0), np.random.default_rng(0), random.Random(0)
    equations = {
        "Langevin": (
            lambda: simulate_langevin(gradient, start, generator=rng, **batched),
            lambda: loop_langevin(particles, steps, plain),
            lambda: torch_langevin(particles, steps),
        ),
        "Kramers": (
            lambda: simulate_kramers(gradient, start, friction=FRICTION, generator=rng, **batched)[0],
            lambda: loop_kramers(particles, steps, plain),
            lambda: torch_kramers(particles, steps),
        ),
    }
    print(f"{particles} particles, {steps} steps, one thread; the loop runs in plain Python floats")
    print(f"{'equation':10} {'at once':>10} {'loop':>10} {'ratio':>8}   mean of θ: at once, loop")
    ratios = {}
    for name, (ours, loop, tensors) in equations.items():
        seconds = median_seconds({"ours": ours, "loop": loop}, repeats=3)
        fast = median_seconds({"ours": ours, "torch": tensors}, repeats=15)
        means = np.mean(ours()), np.mean(loop())
        error = 5 * np.std(loop()) * math.sqrt(2 / particles)
        ratios[name, "loop"] = seconds["loop"] / seconds["ours"]
        ratios[name, "torch"] = fast["torch"] / fast["ours"]
        assert abs(float(tensors().mean()) - means[1]) < error, f"{name}: torch disagrees"
        assert abs(means[0] - means[1]) < error, f"{name}: the two programs disagree: {means}"
        print(
            f"{name:10} {seconds['ours']:9.3f}s {seconds['loop']:9.2f}s {ratios[name, 'loop']:7.0f}x"
            f"   {means[0]:+.3f}, {means[1]:+.3f}"
        )
    for (name, peer), ratio in ratios.items():
        goal(f"{name}, {particles} particles: {peer} / ours", ratio, at_least={"loop": 20, "torch": 1}[peer])
    passage_goal()


if __name__ == "__main__":
    main()
