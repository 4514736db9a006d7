"""The peers of the Fourier density: Gaussian mixtures, monotone networks and kernels, many models at once.

Models are stacked along leading axes: parameters (…, K), points x (n,) shared by all, weights (…, n) of each model's
data, which sum to 1 over n (1/n, or the counts of a histogram). Torch float tensors in and out.
Sources: A. Dempster, N. Laird, D. Rubin (1977) for EM; J. Ballé et al., Variational image compression with a scale
hyperprior (arXiv 1802.01436), section 6.1, for the monotone network.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import optimize
from torch import Tensor

Mixture = tuple[Tensor, Tensor, Tensor]  # means, log_scales, log_weights up to a constant: each (…, K)


def _joint_log_prob(x: Tensor, mixture: Mixture) -> Tensor:
    """log w_k N(x; μ_k, σ_k²), (…, K, n): points last, so that the loops over them are long."""
    means, log_scales, logits = (part[..., None] for part in mixture)
    constant = torch.log_softmax(logits, -2) - log_scales - 0.5 * math.log(2 * math.pi)
    distance = (x - means) * torch.exp(-log_scales)
    return torch.addcmul(constant, distance, distance, value=-0.5)


def mixture_log_prob(x: Tensor, mixture: Mixture) -> Tensor:
    """log density (…, n) of Gaussian mixtures at x (n,)."""
    return torch.logsumexp(_joint_log_prob(x, mixture), -2)


@torch.no_grad()
def mixture_statistics(x: Tensor, weights: Tensor, mixture: Mixture) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mean log-likelihood (…) and Σ_i weights_i r_ik x_i^p for p = 0, 1, 2, each (…, K), with responsibilities r.

    EM and the exact gradient both are functions of these four. Without autograd, so that it may work in place.
    """
    share = _joint_log_prob(x, mixture)
    largest = share.amax(-2, keepdim=True)
    share.sub_(largest).exp_()
    total = share.sum(-2)
    log_likelihood = (weights * (largest[..., 0, :] + torch.log(total))).sum(-1)
    powers = torch.stack([torch.ones_like(x), x, x.square()], -1)
    sums = share @ (powers * (weights / total)[..., None])  # (…, K, 3)
    return log_likelihood, sums[..., 0], sums[..., 1], sums[..., 2]


def mixture_gradient(x: Tensor, weights: Tensor, mixture: Mixture) -> tuple[Tensor, Mixture]:
    """Negative mean log-likelihood (…) and its gradient in (means, log_scales, logits)."""
    means, log_scales, logits = mixture
    value, mass, first, second = mixture_statistics(x, weights, mixture)
    precision = torch.exp(-2 * log_scales)
    d_means = (first - means * mass) * precision
    d_log_scales = (second - 2 * means * first + means.square() * mass) * precision - mass
    return -value, (-d_means, -d_log_scales, -(mass - torch.softmax(logits, -1)))


def em_step(x: Tensor, weights: Tensor, mixture: Mixture, smallest_scale: float = 1e-3) -> tuple[Tensor, Mixture]:
    """One step of expectation maximisation: negative mean log-likelihood before it, and the new mixture.

    smallest_scale keeps a component from collapsing onto one point, where the likelihood is infinite.
    """
    value, mass, first, second = mixture_statistics(x, weights, mixture)
    mass = mass.clamp_min(1e-12)
    means = first / mass
    variance = (second / mass - means.square()).clamp_min(smallest_scale**2)
    return -value, (means, 0.5 * torch.log(variance), torch.log(mass))


def quantile_start(x: Tensor, weights: Tensor, components: int) -> Mixture:
    """A sensible start: means at the quantiles (k + ½)/K of the data, scales at half the range a component covers."""
    levels = (torch.arange(2 * components + 1, dtype=x.dtype) / (2 * components)).clamp(1e-3, 1 - 1e-3)
    cumulative = weights.cumsum(-1).contiguous()
    index = torch.searchsorted(cumulative, levels.expand(*weights.shape[:-1], -1).contiguous())
    points = x[index.clamp_max(x.numel() - 1)]
    scales = (points[..., 2::2] - points[..., :-1:2]).clamp_min(0.01) / 2
    return points[..., 1::2].clone(), torch.log(scales), torch.zeros_like(scales)


def fit_mixture_em(
    x: Tensor, weights: Tensor, mixture: Mixture, steps: int = 300, smallest_scale: float = 1e-3
) -> Mixture:
    """``steps`` of EM from ``mixture``. ValueError when x or weights are not finite or weights do not sum to 1."""
    _check(x, weights)
    for _ in range(steps):
        _, mixture = em_step(x, weights, mixture, smallest_scale)
    return mixture


def fit_mixture_lbfgs(
    x: Tensor, weights: Tensor, mixture: Mixture, max_iterations: int = 300, smallest_scale: float = 1e-3
) -> Mixture:
    """Every model by L-BFGS on the exact gradient, scales bounded below; float64. ValueError as in `fit_mixture_em`."""
    _check(x, weights)
    x, shape = x.double(), mixture[0].shape
    components = shape[-1]
    starts = torch.cat([part.double() for part in mixture], -1).reshape(-1, 3 * components)
    bounds = [(None, None)] * components + [(math.log(smallest_scale), None)] * components + [(-30, 30)] * components
    fitted = []
    for start, weight in zip(starts, weights.double().reshape(-1, x.numel()), strict=True):

        def loss(theta: np.ndarray, weight: Tensor = weight) -> tuple[float, np.ndarray]:
            value, gradient = mixture_gradient(x, weight, torch.from_numpy(theta).reshape(3, components).unbind())
            return float(value), torch.cat(gradient).numpy()

        options = dict(maxiter=max_iterations, maxcor=20)
        result = optimize.minimize(loss, start.numpy(), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        fitted.append(torch.from_numpy(result.x).reshape(3, components))
    return torch.stack(fitted, 1).reshape(3, *shape).unbind()


def _check(x: Tensor, weights: Tensor) -> None:
    if x.ndim != 1 or weights.shape[-1:] != x.shape:
        raise ValueError(f"x, weights: shapes {tuple(x.shape)} and {tuple(weights.shape)}; (n,) and (…, n) are needed")
    if not torch.isfinite(x).all():
        raise ValueError("x: holds nan or inf")
    if (weights < 0).any() or not torch.allclose(weights.sum(-1), weights.new_ones(()), atol=1e-4):
        raise ValueError("weights: must be ≥ 0 and sum to 1 over the points")


def monotone_network(models: int, width: int, generator: torch.Generator, reach: float = 10.0) -> list[Tensor]:
    """Parameters of ``models`` monotone networks 1 → width → width → 1: width² + 6 width + 1 numbers each.

    Layers (matrix, bias, gate) as in Ballé et al.; ``reach`` is the steepness of Φ at the start.
    """
    sizes = [1, width, width, 1]
    scale = reach ** (1 / 3)
    parameters = []
    for fan_in, fan_out in zip(sizes[:-1], sizes[1:], strict=True):
        matrix = torch.full((models, fan_in, fan_out), math.log(math.expm1(scale / fan_out)))
        bias = torch.rand(models, 1, fan_out, generator=generator) - 0.5
        parameters += [matrix, bias] + ([torch.zeros(models, 1, fan_out)] if fan_out > 1 else [])
    return [parameter.requires_grad_() for parameter in parameters]


def monotone_log_prob(x: Tensor, parameters: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Φ(x) and log Φ'(x), both (models, n): Φ = sigmoid of layers with weights ≥ 0, Φ' by the chain rule."""
    value = x.expand(parameters[0].shape[0], 1, -1)  # (models, width, n): points last, so that loops over them are long
    slope = torch.ones_like(value)
    position = 0
    while position < len(parameters):
        matrix = torch.nn.functional.softplus(parameters[position]).mT
        value = torch.baddbmm(parameters[position + 1].mT, matrix, value)
        slope = matrix @ slope
        position += 2
        if position < len(parameters):
            gate, squashed = torch.tanh(parameters[position].mT), torch.tanh(value)
            slope = slope * (1 + gate * (1 - squashed.square()))
            value = value + gate * squashed
            position += 1
    value, slope = value[:, 0], slope[:, 0]
    log_density = torch.log(slope) + torch.nn.functional.logsigmoid(value) + torch.nn.functional.logsigmoid(-value)
    return torch.sigmoid(value), log_density
