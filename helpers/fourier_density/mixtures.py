"""Mixtures of Gaussians, many models at once.

Models are stacked along leading axes: parameters (…, K), points x (n,) shared by all, weights (…, n) of each model's
data, which sum to 1 over n (1/n, or the counts of a histogram). Torch float tensors in and out.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

Mixture = tuple[Tensor, Tensor, Tensor]  # means, log_scales, log_weights up to a constant: each (…, K)


def _joint_log_prob(x: Tensor, mixture: Mixture) -> Tensor:
    """log w_k N(x; μ_k, σ_k²), (…, K, n): points last, so that the loops over them are long."""
    means, log_scales, logits = (part[..., None] for part in mixture)
    constant = torch.log_softmax(logits, -2) - log_scales - 0.5 * math.log(2 * math.pi)
    distance = (x - means) * torch.exp(-log_scales)
    return torch.addcmul(constant, distance, distance, value=-0.5)


def mixture_log_prob(x: Tensor, mixture: Mixture) -> Tensor:
    """log density (…, n) of Gaussian mixtures at x (n,).

    >>> mixture_log_prob(torch.zeros(1), tuple(torch.zeros(3, 2))).exp()  # two standard normals: 1/√(2π)
    tensor([0.3989])
    """
    return torch.logsumexp(_joint_log_prob(x, mixture), -2)


@torch.no_grad()
def mixture_statistics(x: Tensor, weights: Tensor, mixture: Mixture) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mean log-likelihood (…) and Σ_i weights_i r_ik x_i^p for p = 0, 1, 2, each (…, K), with responsibilities r.

    EM and the exact gradient both are functions of these four. Without autograd, so that it may work in place.

    >>> x, mixture = torch.tensor([-1.0, 3.0]), tuple(torch.zeros(3, 1))  # one component takes all
    >>> [sums.tolist() for sums in mixture_statistics(x, torch.full((2,), 0.5), mixture)[1:]]
    [[1.0], [1.0], [5.0]]
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
    """Negative mean log-likelihood (…) and its gradient in (means, log_scales, logits).

    >>> x, mixture = torch.tensor([-1.0, 3.0]), tuple(torch.zeros(3, 1))
    >>> [part.tolist() for part in mixture_gradient(x, torch.full((2,), 0.5), mixture)[1]]  # −mean, 1 − mean square
    [[-1.0], [-4.0], [-0.0]]
    """
    means, log_scales, logits = mixture
    value, mass, first, second = mixture_statistics(x, weights, mixture)
    precision = torch.exp(-2 * log_scales)
    d_means = (first - means * mass) * precision
    d_log_scales = (second - 2 * means * first + means.square() * mass) * precision - mass
    return -value, (-d_means, -d_log_scales, -(mass - torch.softmax(logits, -1)))
