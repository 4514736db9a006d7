"""Mixtures of Gaussians fitted by expectation maximisation and by gradients; stacked as in `mixtures`.

Source: A. Dempster, N. Laird, D. Rubin (1977) for EM.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from scipy import optimize
from torch import Tensor

from helpers.fourier_density._mixture import Mixture, checked_data, checked_mixture, gradient_of, joint_log_prob
from helpers.inputs import integer, real_number
from helpers.optimizers import StackedAdam


def em_step(
    x: Tensor, weights: Tensor, mixture: Mixture, smallest_scale: float | None = None
) -> tuple[Tensor, Mixture]:
    """One step of expectation maximisation: negative mean log-likelihood before it, and the new mixture.

    smallest_scale keeps a component from collapsing onto one point, where the likelihood is infinite; by default a
    thousandth of half the range of x. ValueError: as of `mixture_statistics`, constant x, or a component so far from
    all points that even the logarithm of its density leaves the range of its numbers.

    >>> x, mixture = torch.tensor([-1.0, 3.0]), tuple(torch.zeros(3, 1))
    >>> means, log_scales, _ = em_step(x, torch.full((2,), 0.5), mixture)[1]
    >>> means.tolist(), log_scales.exp().tolist()
    ([1.0], [2.0])
    """
    checked_data(x, weights)
    return _em_step(x, weights, mixture, *_units(x, smallest_scale))


@torch.no_grad()
def _em_step(x: Tensor, weights: Tensor, mixture: Mixture, unit: float, least: float) -> tuple[Tensor, Mixture]:
    checked_mixture(mixture)
    log_share = joint_log_prob(x, mixture)[0]
    log_prob = torch.logsumexp(log_share, -2)
    # The points' shares in a component sum to 1. By logarithms, a component far from all points goes to the nearest.
    log_share.add_(torch.where(weights > 0, torch.log(weights) - log_prob, -torch.inf)[..., None, :])
    log_mass = torch.logsumexp(log_share, -1)
    share = log_share.sub_(log_mass[..., None]).exp_()
    means = mixture[0] + (share * (x - mixture[0][..., None])).sum(-1)
    # About the new means, since Σ share x² − means² would cancel; in units of the data, whose squares can be held.
    variance = share.mul_(((x - means[..., None]) / unit).square_()).sum(-1).clamp_min_(least**2)
    new = means, 0.5 * torch.log(variance) + math.log(unit), log_mass
    if not all(torch.isfinite(part).all() for part in new):
        raise ValueError("mixture: lies too far from x for the range of its numbers; give a start nearer to the data")
    return -torch.where(weights > 0, weights * log_prob, 0).sum(-1), new


def quantile_start(x: Tensor, weights: Tensor, components: int) -> Mixture:
    """A sensible start: means at the quantiles (k + ½)/K of the data, scales at half the range a component covers.

    Scales are at least half a hundredth of half the range of x. ValueError: as of `mixture_statistics`, constant x.

    >>> x = torch.linspace(-1, 1, 201)
    >>> quantile_start(x, torch.full((201,), 1 / 201), 2)[0].numpy().round(2).tolist()
    [-0.5, 0.5]
    """
    checked_data(x, weights)
    components = integer("components", components, 1)
    smallest = 0.01 * _units(x, None)[0]
    x, order = torch.sort(x, stable=True)
    levels = (torch.arange(2 * components + 1, dtype=x.dtype) / (2 * components)).clamp(1e-3, 1 - 1e-3)
    cumulative = weights[..., order].cumsum(-1).contiguous()
    index = torch.searchsorted(cumulative, levels.expand(*weights.shape[:-1], -1).contiguous())
    points = x[index.clamp_max(x.numel() - 1)]
    scales = (points[..., 2::2] - points[..., :-1:2]).clamp_min(smallest) / 2
    return points[..., 1::2].clone(), torch.log(scales), torch.zeros_like(scales)


def fit_mixture_em(
    x: Tensor, weights: Tensor, mixture: Mixture, steps: int = 300, smallest_scale: float | None = None
) -> Mixture:
    """``steps`` of EM from ``mixture``; ValueError as of `em_step`, or for constant x.

    >>> x, mixture = torch.tensor([-1.0, 3.0]), tuple(torch.zeros(3, 1))
    >>> fit_mixture_em(x, torch.full((2,), 0.5), mixture, steps=1)[0].tolist()
    [1.0]
    """
    checked_data(x, weights)
    units = _units(x, smallest_scale)
    for _ in range(integer("steps", steps, 0)):
        _, mixture = _em_step(x, weights, mixture, *units)
    return mixture


def fit_mixture_adam(
    x: Tensor, weights: Tensor, mixture: Mixture, rate: float, marks: Sequence[int]
) -> dict[int, Mixture]:
    """Adam at ``rate`` on all parameters of every model; the mixtures after each number of steps in ``marks``.

    ValueError: as of `mixture_gradient`, no marks or one < 1, rate ≤ 0.

    >>> x, mixture = torch.tensor([-1.0, 3.0]), tuple(torch.zeros(3, 1))  # one step has the length of the rate
    >>> fit_mixture_adam(x, torch.full((2,), 0.5), mixture, 0.25, [1])[1][0].numpy().round(4).tolist()
    [0.25]
    """
    marks, rate = [integer("marks", mark, 1) for mark in marks], real_number("rate", rate, above=0)
    if not marks:
        raise ValueError("marks: is empty; give the numbers of steps after which to look")
    checked_data(x, weights)
    checked_mixture(mixture)
    means, log_scales, logits = (part.clone() for part in mixture)
    optimiser, path = StackedAdam([means, log_scales, logits], rate), {}
    for step in range(1, max(marks) + 1):
        optimiser.step(gradient_of(x, weights, (means, log_scales, logits))[1])
        if step in marks:
            path[step] = means.clone(), log_scales.clone(), logits.clone()
    return path


def fit_mixture_lbfgs(
    x: Tensor, weights: Tensor, mixture: Mixture, max_iterations: int = 300, smallest_scale: float | None = None
) -> Mixture:
    """Every model by L-BFGS on the exact gradient, scales bounded below; float64. ValueError as of `fit_mixture_em`.

    >>> x, mixture = torch.tensor([-1.0, 3.0]), tuple(torch.zeros(3, 1))
    >>> fit_mixture_lbfgs(x, torch.full((2,), 0.5), mixture)[0].numpy().round(4).tolist()
    [1.0]
    """
    checked_data(x, weights)
    checked_mixture(mixture)
    x, shape = x.double(), mixture[0].shape
    weights = weights.double().expand(*shape[:-1], x.numel()).reshape(-1, x.numel())
    # In units of the data's own range, so that the search does not depend on the units given.
    center, (unit, least) = float(x.max() / 2 + x.min() / 2), _units(x, smallest_scale)
    x = (x - center) / unit
    means, log_scales, logits = (part.double() for part in mixture)
    starts = torch.cat([(means - center) / unit, log_scales - math.log(unit), logits], -1).reshape(-1, 3 * shape[-1])
    bounds = [(None, None)] * shape[-1] + [(math.log(least), None)] * shape[-1] + [(-30, 30)] * shape[-1]
    options = dict(maxiter=integer("max_iterations", max_iterations, 0), maxcor=20)
    fitted = []
    for start, weight in zip(starts, weights, strict=True):

        def loss(theta: np.ndarray, weight: Tensor = weight) -> tuple[float, np.ndarray]:
            value, gradient = gradient_of(x, weight, _as_mixture(torch.from_numpy(theta).reshape(3, -1)))
            return float(value), torch.cat(gradient).numpy()

        result = optimize.minimize(loss, start.numpy(), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        fitted.append(torch.from_numpy(result.x).reshape(3, -1))
    means, log_scales, logits = _as_mixture(torch.stack(fitted, 1).reshape(3, *shape))
    return center + unit * means, log_scales + math.log(unit), logits


def _as_mixture(parameters: Tensor) -> Mixture:
    """Parameters (3, …, K) as a mixture."""
    means, log_scales, logits = parameters
    return means, log_scales, logits


def _units(x: Tensor, smallest_scale: float | None) -> tuple[float, float]:
    """Half the range of x, and smallest_scale in units of that: a thousandth by default."""
    unit = float(x.max() / 2 - x.min() / 2)
    if unit == 0:
        raise ValueError(f"x: holds all {x.numel()} values equal {float(x[0]):g}; give different ones")
    return unit, 1e-3 if smallest_scale is None else real_number("smallest_scale", smallest_scale, above=0) / unit
