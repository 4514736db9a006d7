"""SGD on a linear regression, many replicas at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers.inputs import choice, integer, real_array, real_number
from helpers.inputs import generator as random_generator
from helpers.sgd_dynamics._types import Array


def least_squares_sgd(
    inputs: ArrayLike,
    targets: ArrayLike,
    start: ArrayLike,
    *,
    step: float,
    batch: int,
    steps: int,
    generator: np.random.Generator,
    sampling: str = "iid",
    burn_in: int = 0,
) -> tuple[Array, Array]:
    """SGD on L = ½ mean (xᵀθ − y)², R replicas at once; averages over the steps after ``burn_in``.

    inputs (N, d), targets (N,), start (R, d). sampling: "iid" (with replacement) or "reshuffled" (a fresh permutation
    every epoch; an incomplete last batch is dropped). Returns the excess loss over the least-squares minimum (R,) and
    the second moment of θ about the minimiser (d, d). ValueError for bad arguments.

    >>> setting = {"step": 0.5, "batch": 1, "steps": 1, "generator": np.random.default_rng(0)}
    >>> excess, moment = least_squares_sgd([[1.0], [1.0]], [3.0, 3.0], [[1.0]], **setting)
    >>> excess.round(6).tolist(), moment.round(6).tolist()  # θ = 2 after the step, the minimiser is 3
    ([0.5], [[1.0]])
    """
    inputs, targets = real_array("inputs", inputs), real_array("targets", targets)
    theta = real_array("start", start)
    if inputs.ndim != 2 or targets.shape != inputs.shape[:1] or theta.ndim != 2 or theta.shape[1] != inputs.shape[1]:
        raise ValueError(
            f"inputs, targets, start: have shapes {inputs.shape}, {targets.shape}, {theta.shape}; "
            "give (N, d), (N,), (R, d)"
        )
    samples, replicas = len(inputs), len(theta)
    step, steps = real_number("step", step, above=0), integer("steps", steps, 1)
    batch, burn_in = integer("batch", batch, 1, samples), integer("burn_in", burn_in, 0, steps - 1)
    generator = random_generator("generator", generator)
    choice("sampling", sampling, ("iid", "reshuffled"))
    best = np.linalg.lstsq(inputs, targets, rcond=None)[0]
    with np.errstate(over="ignore"):
        hessian = inputs.T @ inputs / samples
    excess, moment = np.zeros(replicas), np.zeros_like(hessian)
    per_epoch = samples // batch
    chosen: NDArray[np.int64]  # (R, B)
    order: NDArray[np.int64]  # (R, N)
    with np.errstate(over="ignore", invalid="ignore"):
        for n in range(steps):
            if sampling == "iid":
                chosen = generator.integers(samples, size=(replicas, batch))
            else:
                if n % per_epoch == 0:
                    order = generator.permuted(np.broadcast_to(np.arange(samples), (replicas, samples)), axis=1)
                chosen = order[:, n % per_epoch * batch : (n % per_epoch + 1) * batch]
            x = inputs[chosen]  # (R, B, d): every replica has a batch of its own
            residual = (x @ theta[..., None])[..., 0] - targets[chosen]
            theta = theta - step / batch * (residual[:, None, :] @ x)[:, 0]
            if n >= burn_in:
                away = theta - best
                excess += np.einsum("ri,ij,rj->r", away, hessian, away, optimize=False) / 2
                moment += away.T @ away
    if not (np.isfinite(excess).all() and np.isfinite(moment).all()):
        raise ValueError("step: a replica left the range of float64; give a smaller step")
    return excess / (steps - burn_in), moment / (replicas * (steps - burn_in))


def least_squares_covariance(inputs: ArrayLike, targets: ArrayLike, *, step: float, batch: int) -> Array:
    """Exact stationary covariance Σ (d, d) of `least_squares_sgd` with independent draws.

    Σ = E[(I − γG)Σ(I − γG)] + γ²C/B, with G the mean of xxᵀ over a batch and C the covariance of one sample's gradient
    at the minimum: linear in Σ, with the fourth moments of the data. ValueError where SGD has no stationary covariance.

    >>> least_squares_covariance([[1.0], [1.0]], [1.0, -1.0], step=0.5, batch=1).round(6).tolist()  # ¼Σ + ¼
    [[0.333333]]
    """
    inputs, targets = real_array("inputs", inputs), real_array("targets", targets)
    if inputs.ndim != 2 or targets.shape != inputs.shape[:1]:
        raise ValueError(f"inputs, targets: have shapes {inputs.shape}, {targets.shape}; give (N, d), (N,)")
    step, batch = real_number("step", step, above=0), integer("batch", batch, 1)
    samples, size = inputs.shape
    residual = inputs @ np.linalg.lstsq(inputs, targets, rcond=None)[0] - targets
    noise = (inputs * residual[:, None]).T @ (inputs * residual[:, None]) / samples
    hessian = inputs.T @ inputs / samples
    squares = (inputs[:, :, None] * inputs[:, None, :]).reshape(samples, -1)
    stay, spread = np.eye(size) - step * hessian, squares.T @ squares / samples  # (ij, kl) of E[xxᵀ ⊗ xxᵀ]
    fourth = spread.reshape([size] * 4).transpose(0, 2, 1, 3).reshape(size**2, size**2)
    one_step = np.kron(stay, stay) + step**2 / batch * (fourth - np.kron(hessian, hessian))
    if not np.abs(np.linalg.eigvals(one_step)).max() < 1:
        raise ValueError("step: SGD has no stationary covariance at this rate and batch; give a smaller step")
    flat = np.linalg.solve(np.eye(size**2) - one_step, step**2 / batch * noise.ravel())
    return flat.reshape(size, size)
