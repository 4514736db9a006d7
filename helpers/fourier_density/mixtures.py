"""Mixtures of Gaussians, many models at once.

Models are stacked along leading axes: parameters (…, K), points x (n,) shared by all, weights (…, n) of each model's
data, which sum to 1 over n (1/n, or the counts of a histogram). Torch float tensors in and out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from helpers.fourier_density._mixture import (
    Mixture,
    checked_data,
    checked_mixture,
    gradient_of,
    joint_log_prob,
    statistics_of,
)
from helpers.tensors import float_tensor


def mixture_log_prob(x: Tensor, mixture: Mixture) -> Tensor:
    """log density (…, n) of Gaussian mixtures at x (n,).

    >>> mixture_log_prob(torch.zeros(1), tuple(torch.zeros(3, 2))).exp()  # two standard normals: 1/√(2π)
    tensor([0.3989])
    """
    if float_tensor("x", x, finite=True).ndim != 1:
        raise ValueError(f"x: has shape {tuple(x.shape)}; give (n,)")
    checked_mixture(mixture)
    value = torch.logsumexp(joint_log_prob(x, mixture)[0], -2)
    if torch.isnan(value).any():
        raise ValueError("mixture: has scales beyond the range of its numbers; give log_scales nearer to 0")
    return value


def mixture_statistics(x: Tensor, weights: Tensor, mixture: Mixture) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mean log-likelihood (…) and Σ_i weights_i r_ik z_ik^p for p = 0, 1, 2, each (…, K).

    r_ik: responsibility of component k for point i; z_ik = (x_i − μ_k)/σ_k, so that data far from 0 lose no digits.
    ValueError: x, weights or mixture not finite or not of these shapes, weights that do not sum to 1.
    The exact gradient is a function of these four.

    >>> x, mixture = torch.tensor([-1.0, 3.0]), tuple(torch.zeros(3, 1))  # one component takes all
    >>> [sums.tolist() for sums in mixture_statistics(x, torch.full((2,), 0.5), mixture)[1:]]
    [[1.0], [1.0], [5.0]]
    """
    checked_data(x, weights)
    checked_mixture(mixture)
    found = statistics_of(x, weights, mixture)
    _check_values(*found)
    return found


def mixture_gradient(x: Tensor, weights: Tensor, mixture: Mixture) -> tuple[Tensor, Mixture]:
    """Negative mean log-likelihood (…) and its gradient in (means, log_scales, logits).

    >>> x, mixture = torch.tensor([-1.0, 3.0]), tuple(torch.zeros(3, 1))
    >>> [part.tolist() for part in mixture_gradient(x, torch.full((2,), 0.5), mixture)[1]]  # −mean, 1 − mean square
    [[-1.0], [-4.0], [0.0]]
    """
    checked_data(x, weights)
    checked_mixture(mixture)
    value, gradient = gradient_of(x, weights, mixture)
    _check_values(value, *gradient)
    return value, gradient


def _check_values(*values: Tensor) -> None:
    if not all(torch.isfinite(value).all() for value in values):
        raise ValueError("mixture: lies too far from x for the range of its numbers; give one nearer to the data")
