"""Mixtures of Gaussians fitted by expectation maximisation and by gradients; stacked as in `mixtures`.

Source: A. Dempster, N. Laird, D. Rubin (1977) for EM.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import optimize
from torch import Tensor

from helpers.fourier_density.mixtures import Mixture, mixture_gradient, mixture_statistics


def em_step(x: Tensor, weights: Tensor, mixture: Mixture, smallest_scale: float = 1e-3) -> tuple[Tensor, Mixture]:
    """One step of expectation maximisation: negative mean log-likelihood before it, and the new mixture.

    smallest_scale keeps a component from collapsing onto one point, where the likelihood is infinite.

    >>> x, mixture = torch.tensor([-1.0, 3.0]), tuple(torch.zeros(3, 1))
    >>> means, log_scales, _ = em_step(x, torch.full((2,), 0.5), mixture)[1]
    >>> means.tolist(), log_scales.exp().tolist()
    ([1.0], [2.0])
    """
    value, mass, first, second = mixture_statistics(x, weights, mixture)
    mass = mass.clamp_min(1e-12)
    means = first / mass
    variance = (second / mass - means.square()).clamp_min(smallest_scale**2)
    return -value, (means, 0.5 * torch.log(variance), torch.log(mass))


def quantile_start(x: Tensor, weights: Tensor, components: int) -> Mixture:
    """A sensible start: means at the quantiles (k + ½)/K of the data, scales at half the range a component covers.

    x: (n,) increasing.

    >>> x = torch.linspace(-1, 1, 201)
    >>> quantile_start(x, torch.full((201,), 1 / 201), 2)[0].numpy().round(2).tolist()
    [-0.5, 0.5]
    """
    levels = (torch.arange(2 * components + 1, dtype=x.dtype) / (2 * components)).clamp(1e-3, 1 - 1e-3)
    cumulative = weights.cumsum(-1).contiguous()
    index = torch.searchsorted(cumulative, levels.expand(*weights.shape[:-1], -1).contiguous())
    points = x[index.clamp_max(x.numel() - 1)]
    scales = (points[..., 2::2] - points[..., :-1:2]).clamp_min(0.01) / 2
    return points[..., 1::2].clone(), torch.log(scales), torch.zeros_like(scales)


def fit_mixture_em(
    x: Tensor, weights: Tensor, mixture: Mixture, steps: int = 300, smallest_scale: float = 1e-3
) -> Mixture:
    """``steps`` of EM from ``mixture``. ValueError when x or weights are not finite or weights do not sum to 1.

    >>> x, mixture = torch.tensor([-1.0, 3.0]), tuple(torch.zeros(3, 1))
    >>> fit_mixture_em(x, torch.full((2,), 0.5), mixture, steps=1)[0].tolist()
    [1.0]
    """
    _check(x, weights)
    for _ in range(steps):
        _, mixture = em_step(x, weights, mixture, smallest_scale)
    return mixture


def fit_mixture_lbfgs(
    x: Tensor, weights: Tensor, mixture: Mixture, max_iterations: int = 300, smallest_scale: float = 1e-3
) -> Mixture:
    """Every model by L-BFGS on the exact gradient, scales bounded below; float64. ValueError as in `fit_mixture_em`.

    >>> x, mixture = torch.tensor([-1.0, 3.0]), tuple(torch.zeros(3, 1))
    >>> fit_mixture_lbfgs(x, torch.full((2,), 0.5), mixture)[0].numpy().round(4).tolist()
    [1.0]
    """
    _check(x, weights)
    x, shape = x.double(), mixture[0].shape
    components = shape[-1]
    starts = torch.cat([part.double() for part in mixture], -1).reshape(-1, 3 * components)
    bounds = [(None, None)] * components + [(math.log(smallest_scale), None)] * components + [(-30, 30)] * components
    fitted = []
    for start, weight in zip(starts, weights.double().reshape(-1, x.numel()), strict=True):

        def loss(theta: np.ndarray, weight: Tensor = weight) -> tuple[float, np.ndarray]:
            value, gradient = mixture_gradient(x, weight, _unpacked(torch.from_numpy(theta)))
            return float(value), torch.cat(gradient).numpy()

        options = dict(maxiter=max_iterations, maxcor=20)
        result = optimize.minimize(loss, start.numpy(), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        fitted.append(torch.from_numpy(result.x).reshape(3, components))
    return _unpacked(torch.stack(fitted, 1).reshape(3, *shape))


def _unpacked(parameters: Tensor) -> Mixture:
    """Parameters (3 · K,) or (3, …, K) as a mixture."""
    means, log_scales, logits = parameters.unflatten(0, (3, -1)) if parameters.ndim == 1 else parameters
    return means, log_scales, logits


def _check(x: Tensor, weights: Tensor) -> None:
    if x.ndim != 1 or weights.shape[-1:] != x.shape:
        raise ValueError(f"x, weights: shapes {tuple(x.shape)} and {tuple(weights.shape)}; (n,) and (…, n) are needed")
    if not torch.isfinite(x).all():
        raise ValueError("x: holds nan or inf")
    if (weights < 0).any() or not torch.allclose(weights.sum(-1), weights.new_ones(()), atol=1e-4):
        raise ValueError("weights: must be ≥ 0 and sum to 1 over the points")
