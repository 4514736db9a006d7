"""How long a noisy particle takes over a barrier: simulated, exact, and by Kramers' formula."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import cumulative_simpson, simpson

from helpers.inputs import broadcast, integer, real_array, real_number
from helpers.inputs import generator as random_generator
from helpers.sgd_dynamics._passage import log_passage_integral
from helpers.sgd_dynamics._range import finite, quotient
from helpers.sgd_dynamics._types import Array, Field, field_values, locked


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
    if theta.ndim != 1:
        raise ValueError(f"start: has shape {theta.shape}; give one axis of particles")
    step, sigma = real_number("step", step, above=0), real_number("sigma", sigma, above=0)
    max_steps, generator = integer("max_steps", max_steps, 1), random_generator("generator", generator)
    times, alive, scale = np.full(theta.shape, math.inf), np.arange(theta.size), sigma * math.sqrt(step)
    with np.errstate(over="ignore", invalid="ignore"):
        for n in range(1, max_steps + 1):
            kick = field_values("gradient", gradient, locked(theta))
            theta = theta + (scale * generator.standard_normal(theta.size) - step * kick)
            if not theta.max() < target:  # arrived, or nan
                out = theta >= target
                times[alive[out]] = n * step
                theta, alive = theta[~out], alive[~out]
                if not np.isfinite(theta).all():  # refused below, rather than after 10⁶ steps
                    break
                if not alive.size:
                    return times
    if not np.isfinite(theta).all():
        raise ValueError("step: particles left the range of float64; give a smaller step")
    return times


def mean_passage_time_by_simpson(
    potential: Field, start: float, target: float, *, sigma: float, lower: float, points: int = 20001
) -> float:
    """`mean_passage_time` by Simpson's rule on even points, both integrals as written: the plain method.

    It needs points that are close where L bends. ValueError for bad arguments, and where e^{±2L/σ²} leaves float64.

    >>> round(mean_passage_time_by_simpson(lambda x: 0 * x, 0.0, 3.0, sigma=1, lower=-1.0), 6)  # 9 + 2·1·3
    15.0
    """
    start, target, sigma, lower, points = _passage(start, target, sigma, lower, points)
    y, z = np.linspace(start, target, points), np.linspace(lower, start, points)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        rate = np.float64(2) / (sigma * sigma)
        before = simpson(np.exp(-rate * field_values("potential", potential, locked(z))), x=z) if lower < start else 0
        phi = rate * field_values("potential", potential, locked(y))
        inner = before + cumulative_simpson(np.exp(-phi), x=y, initial=0)
        return float(finite("potential, sigma", rate * simpson(np.exp(phi) * inner, x=y)))


def _passage(
    start: float, target: float, sigma: float, lower: float, points: int
) -> tuple[float, float, float, float, int]:
    """The arguments of both, checked."""
    target = real_number("target", target)
    start = real_number("start", start, below=target)
    lower, sigma = real_number("lower", lower, at_most=start), real_number("sigma", sigma, above=0)
    return start, target, sigma, lower, integer("points", points, 3, 100_001)


def mean_passage_time(
    potential: Field, start: float, target: float, *, sigma: float, lower: float, points: int = 257
) -> float:
    """Exact mean first-passage time of dθ = −L′dt + σdW from ``start`` up to ``target``, reflected at ``lower``.

    (2/σ²) ∫_start^target e^{2L(y)/σ²} ∫_lower^y e^{−2L(z)/σ²} dz dy (Gardiner, Handbook of Stochastic Methods, ch. 5),
    to about 1e−10 of itself. potential: L on an array (n,). lower ≤ start < target, sigma > 0. points: of the first
    mesh, on either side of start; it refines itself, but a well narrower than its cells may be missed.
    ValueError otherwise, and where 2L/σ² or the result leaves float64 or L is too rough.

    >>> round(mean_passage_time(lambda x: 0 * x, 0.0, 3.0, sigma=1, lower=0.0), 6)  # (target − start)²/σ²
    9.0
    """
    start, target, sigma, lower, points = _passage(start, target, sigma, lower, points)

    def scaled(x: Array) -> Array:
        # divided twice, since σ² may be 0 in float64
        return 2 * (field_values("potential", potential, locked(x)) / sigma / sigma)

    # T is put together as a logarithm: 2/σ² alone may leave float64 where T does not
    log_time = log_passage_integral(scaled, start, target, lower, points) + math.log(2) - 2 * math.log(sigma)
    with np.errstate(over="ignore", under="ignore"):
        return float(finite("potential, sigma", np.exp(log_time)))


def kramers_time(well: ArrayLike, top: ArrayLike, barrier: ArrayLike, sigma: ArrayLike) -> Array:
    """Kramers' mean escape time 2π/√(k_w k_t) · e^{2ΔL/σ²} over a high barrier, for dθ = −L′dt + σdW.

    well, top > 0: |L″| at the minimum and at the top; barrier > 0: ΔL; sigma > 0; broadcast. ValueError otherwise.

    >>> round(float(kramers_time(well=2, top=2, barrier=0.5, sigma=1) / np.pi), 6)  # e
    2.718282
    """
    well, top, barrier, sigma = broadcast(
        well=real_array("well", well, above=0),
        top=real_array("top", top, above=0),
        barrier=real_array("barrier", barrier, above=0),
        sigma=real_array("sigma", sigma, above=0),
    )
    exponent = quotient("barrier, sigma", [2, barrier], [sigma, sigma])
    with np.errstate(over="ignore"):  # in two factors, since the first of the product may be small
        growth = finite("barrier, sigma", np.exp(exponent / 2))
    return quotient("barrier, sigma", [2 * math.pi, growth, growth], [np.sqrt(well), np.sqrt(top)])
