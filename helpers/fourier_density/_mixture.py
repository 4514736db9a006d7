"""Stacked Gaussian mixtures, unchecked, and the checks of what a caller gives."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from helpers.tensors import float_tensor

Mixture = tuple[Tensor, Tensor, Tensor]  # means, log_scales, log_weights up to a constant: each (…, K)


def checked_data(x: Tensor, weights: Tensor) -> None:
    """ValueError where the points or their weights are not finite, not of these shapes, or weights do not sum to 1."""
    if float_tensor("x", x, finite=True).ndim != 1 or x.numel() == 0:
        raise ValueError(f"x: has shape {tuple(x.shape)}; give (n,) with one point or more")
    if float_tensor("weights", weights, finite=True).shape[-1:] != x.shape:
        raise ValueError(f"weights: has shape {tuple(weights.shape)}; give (…, {x.numel()}), a weight for each point")
    if (weights < 0).any() or not torch.allclose(weights.sum(-1), weights.new_ones(()), atol=1e-4):
        raise ValueError("weights: have negative ones, or another sum; give weights ≥ 0 that sum to 1 over the points")


def checked_mixture(mixture: Mixture) -> None:
    """ValueError where a part is not finite, not (…, K) like the others."""
    if len(mixture) != 3:
        raise ValueError(f"mixture: has {len(mixture)} parts; give means, log_scales and log_weights")
    for name, part in zip(("means", "log_scales", "log_weights"), mixture, strict=True):
        if float_tensor(name, part, finite=True).shape != mixture[0].shape or part.numel() == 0 or part.ndim == 0:
            raise ValueError(f"{name}: has shape {tuple(part.shape)}; give all three the same shape (…, K)")


def joint_log_prob(x: Tensor, mixture: Mixture) -> tuple[Tensor, Tensor]:
    """log w_k N(x; μ_k, σ_k²) and z = (x − μ_k)/σ_k, (…, K, n): points last, so that the loops over them are long."""
    means, log_scales, logits = (part[..., None] for part in mixture)
    constant = torch.log_softmax(logits, -2) - log_scales - 0.5 * math.log(2 * math.pi)
    z = (x - means) * torch.exp(-log_scales)
    return torch.addcmul(constant, z, z, value=-0.5), z


@torch.no_grad()
def statistics_of(x: Tensor, weights: Tensor, mixture: Mixture) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`mixture_statistics`, unchecked and without autograd, so that it may work in place."""
    share, z = joint_log_prob(x, mixture)
    largest = share.amax(-2, keepdim=True)
    share.sub_(largest).exp_()
    total = share.sum(-2)
    log_likelihood = (weights * (largest[..., 0, :] + torch.log(total))).sum(-1)
    share.mul_((weights / total)[..., None, :])
    mass, first = share.sum(-1), share.mul_(z).sum(-1)
    return log_likelihood, mass, first, share.mul_(z).sum(-1)


def gradient_of(x: Tensor, weights: Tensor, mixture: Mixture) -> tuple[Tensor, Mixture]:
    """`mixture_gradient`, unchecked."""
    _, log_scales, logits = mixture
    value, mass, first, second = statistics_of(x, weights, mixture)
    return -value, (-first * torch.exp(-log_scales), mass - second, torch.softmax(logits, -1) - mass)
