"""How long a noisy particle takes over a barrier: simulated, exact, and by Kramers' formula."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import cumulative_simpson, simpson

from helpers.inputs import generator as random_generator
from helpers.inputs import integer, real_array, real_number
from helpers.sgd_dynamics._types import Array, Field


def exit_times(
    gradient: Field,
    start: ArrayLike,
    target: float,
    *,
    step: float,
    sigma: float,
    generator: np.random.Generator,
    max_steps: int = 10**6,
) -> Array:
    """First times at which Langevin particles from ``start`` (n,), all below ``target``, arrive; inf if they did not.

    Particles that have arrived leave the simulation. step > 0, sigma > 0. ValueError for bad arguments.

    >>> rng = np.random.default_rng(0)  # pushed with force 1 from 0 to 2, hardly any noise
    >>> exit_times(lambda x: -1 + 0 * x, [0.0], 1.99, step=0.5, sigma=1e-9, generator=rng).tolist()
    [2.0]
    """
    target = real_number("target", target)
    theta = np.atleast_1d(real_array("start", start, below=target))
    step, sigma = real_number("step", step, above=0), real_number("sigma", sigma, above=0)
    max_steps, generator = integer("max_steps", max_steps, 1), random_generator("generator", generator)
    times, alive, scale = np.full(theta.shape, math.inf), np.arange(theta.size), sigma * math.sqrt(step)
    for n in range(1, max_steps + 1):
        theta = theta + (scale * generator.standard_normal(theta.size) - step * gradient(theta))
        if theta.max() >= target:
            out = theta >= target
            times[alive[out]] = n * step
            theta, alive = theta[~out], alive[~out]
            if not alive.size:
                break
    return times


def mean_passage_time(
    potential: Field, start: float, target: float, *, sigma: float, lower: float, points: int = 20001
) -> float:
    """Exact mean first-passage time of dθ = −L′dt + σdW from ``start`` up to ``target``, reflected at ``lower``.

    (2/σ²) ∫_start^target e^{2L(y)/σ²} ∫_lower^y e^{−2L(z)/σ²} dz dy by Simpson's rule (Gardiner, Handbook of
    Stochastic Methods, ch. 5). potential: L on an array. lower ≤ start < target, sigma > 0; ValueError otherwise.

    >>> round(mean_passage_time(lambda x: 0 * x, 0.0, 3.0, sigma=1, lower=0.0), 6)  # (target − start)²/σ²
    9.0
    """
    target = real_number("target", target)
    start = real_number("start", start, below=target)
    lower, sigma = real_number("lower", lower, at_most=start), real_number("sigma", sigma, above=0)
    points = integer("points", points, 3)
    z = np.linspace(lower, start, points) if lower < start else None
    y = np.linspace(start, target, points)
    scaled_y = 2 / sigma**2 * potential(y)
    reference = scaled_y.min()  # the shift cancels between the two exponentials and keeps them finite
    before = 0.0 if z is None else simpson(np.exp(reference - 2 / sigma**2 * potential(z)), x=z)
    inner = before + cumulative_simpson(np.exp(reference - scaled_y), x=y, initial=0)
    return float(2 / sigma**2 * simpson(np.exp(scaled_y - reference) * inner, x=y))


def kramers_time(well: ArrayLike, top: ArrayLike, barrier: ArrayLike, sigma: ArrayLike) -> Array:
    """Kramers' mean escape time 2π/√(k_w k_t) · e^{2ΔL/σ²} over a high barrier, for dθ = −L′dt + σdW.

    well, top > 0: |L″| at the minimum and at the top; barrier > 0: ΔL; sigma > 0; broadcast. ValueError otherwise.

    >>> round(float(kramers_time(well=2, top=2, barrier=0.5, sigma=1) / np.pi), 6)  # e
    2.718282
    """
    well, top = real_array("well", well, above=0), real_array("top", top, above=0)
    barrier, sigma = real_array("barrier", barrier, above=0), real_array("sigma", sigma, above=0)
    return 2 * math.pi / np.sqrt(well * top) * np.exp(2 * barrier / sigma**2)
