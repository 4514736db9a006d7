"""Particles with noise, all at once: without inertia (Langevin) and with it (Kramers)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import exprel

from helpers.inputs import broadcast, integer, real_array, real_number
from helpers.inputs import generator as random_generator
from helpers.sgd_dynamics._range import quotient
from helpers.sgd_dynamics._types import Array, Field, field_values, locked


def simulate_langevin(
    gradient: Field,
    start: ArrayLike,
    *,
    step: float,
    steps: int,
    sigma: float,
    generator: np.random.Generator,
    record_every: int | None = None,
) -> Array:
    """Particles of dθ = −∇L dt + σ dW, all at once (Euler–Maruyama: θ ← θ − γ∇L + σ√γ ξ).

    SGD with step γ and gradient noise s·ξ per step is this with σ = s√γ. start: any shape, one noise per entry;
    step > 0, sigma ≥ 0. Returns the last positions, or with record_every = n every n-th, on a new leading axis.
    ValueError for bad arguments.

    >>> rng = np.random.default_rng(0)
    >>> simulate_langevin(lambda x: x, [1.0, 8.0], step=0.5, steps=2, sigma=0, generator=rng).tolist()  # halved twice
    [0.25, 2.0]
    """
    theta = real_array("start", start).copy()
    step, sigma = real_number("step", step, above=0), real_number("sigma", sigma, at_least=0)
    steps, generator = integer("steps", steps, 1), random_generator("generator", generator)
    every = steps + 1 if record_every is None else integer("record_every", record_every, 1, steps)
    scale, shown, noise, kept = sigma * math.sqrt(step), locked(theta), np.empty_like(theta), []
    with np.errstate(over="ignore", invalid="ignore"):
        for n in range(1, steps + 1):  # in place: with 10⁵ particles, fresh arrays cost a quarter more
            generator.standard_normal(out=noise)
            noise *= scale
            noise -= step * field_values("gradient", gradient, shown)
            theta += noise
            if n % every == 0:
                kept.append(theta.copy())
    _bounded(theta)
    return theta if record_every is None else np.array(kept)


def _bounded(theta: Array) -> None:
    if not np.isfinite(theta).all():
        raise ValueError("step: particles left the range of float64; give a smaller step")


def simulate_kramers(
    gradient: Field,
    start: ArrayLike,
    velocity: ArrayLike = 0.0,
    *,
    friction: float,
    step: float,
    steps: int,
    sigma: float,
    generator: np.random.Generator,
    record_every: int | None = None,
) -> tuple[Array, Array]:
    """Particles (θ, η) of dθ = η dt, dη = −(λη + ∇L) dt + σ dW, all at once.

    BAOAB splitting (Leimkuhler & Matthews 2013): half kick, half drift, friction and noise exactly, half drift, half
    kick. Its stationary error is O(γ²); friction λ = 0 is allowed. Arguments, returns, errors as `simulate_langevin`.

    >>> setting = {"friction": 0, "step": 0.5, "steps": 4, "sigma": 0, "generator": np.random.default_rng(0)}
    >>> theta, eta = simulate_kramers(lambda x: 0 * x, [1.0], 3.0, **setting)  # free flight for a time of 2
    >>> theta.tolist(), eta.tolist()
    ([7.0], [3.0])
    """
    theta, eta = real_array("start", start).copy(), real_array("velocity", velocity)
    if np.broadcast_shapes(theta.shape, broadcast(start=theta, velocity=eta)[0].shape) != theta.shape:
        raise ValueError(f"velocity: has shape {eta.shape}; give one that broadcasts to that of start, {theta.shape}")
    eta = np.broadcast_to(eta, theta.shape).copy()
    step, sigma = real_number("step", step, above=0), real_number("sigma", sigma, at_least=0)
    friction = real_number("friction", friction, at_least=0)
    steps, generator = integer("steps", steps, 1), random_generator("generator", generator)
    every = steps + 1 if record_every is None else integer("record_every", record_every, 1, steps)
    damping = float(quotient("friction, step", [friction, step]))
    decay = math.exp(-damping)
    spread = sigma * math.sqrt(step * exprel(-2 * damping))  # (1 − e^{−2λγ})/2λ, which tends to γ as λ → 0
    half, shown, noise, kept = step / 2, locked(theta), np.empty_like(theta), []
    with np.errstate(over="ignore", invalid="ignore"):
        kick = half * field_values("gradient", gradient, shown)
        for n in range(1, steps + 1):  # in place: with 10⁵ particles, fresh arrays cost half as much again
            eta -= kick
            theta += half * eta
            generator.standard_normal(out=noise)
            noise *= spread
            eta *= decay
            eta += noise
            theta += half * eta
            kick = half * field_values("gradient", gradient, shown)  # serves this step and the next
            eta -= kick
            if n % every == 0:
                kept.append((theta.copy(), eta.copy()))
    _bounded(eta)  # where θ is not finite, η is not either
    if record_every is None:
        return theta, eta
    return np.array([k[0] for k in kept]), np.array([k[1] for k in kept])
