"""Langevin and Kramers particles, all at once, against a plain loop over particles.

Run: python benchmarks/sgd_dynamics.py
"""

from __future__ import annotations

import math
import random

from timing import goal, median_seconds  # first: it sets one thread

# isort: split
import numpy as np

from helpers.sgd_dynamics import simulate_kramers, simulate_langevin

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


def main(particles: int = 10_000, steps: int = 100) -> None:
    batched = dict(step=STEP, steps=steps, sigma=SIGMA)
    start, rng, plain = np.full(particles, -1.0), np.random.default_rng(0), random.Random(0)
    equations = {
        "Langevin": (
            lambda: simulate_langevin(gradient, start, generator=rng, **batched),
            lambda: loop_langevin(particles, steps, plain),
        ),
        "Kramers": (
            lambda: simulate_kramers(gradient, start, friction=FRICTION, generator=rng, **batched)[0],
            lambda: loop_kramers(particles, steps, plain),
        ),
    }
    print(f"{particles} particles, {steps} steps, one thread; the loop runs in plain Python floats")
    print(f"{'equation':10} {'at once':>10} {'loop':>10} {'ratio':>8}   mean of θ: at once, loop")
    ratios = {}
    for name, (ours, loop) in equations.items():
        seconds = median_seconds({"ours": ours, "loop": loop}, repeats=3)
        means = np.mean(ours()), np.mean(loop())
        error = 5 * np.std(loop()) * math.sqrt(2 / particles)
        ratios[name] = seconds["loop"] / seconds["ours"]
        assert abs(means[0] - means[1]) < error, f"{name}: the two programs disagree: {means}"
        print(
            f"{name:10} {seconds['ours']:9.3f}s {seconds['loop']:9.2f}s {ratios[name]:7.0f}x"
            f"   {means[0]:+.3f}, {means[1]:+.3f}"
        )
    for name, ratio in ratios.items():
        goal(f"{name}, {particles} particles: loop / at once", ratio, at_least=20)


if __name__ == "__main__":
    main()
