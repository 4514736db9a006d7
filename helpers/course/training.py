"""Training many small models at once, and the intervals that comparisons of them need.

All seeds and settings of an experiment are stacked along a leading axis of every parameter, so that one batched
matrix product serves all models. Losses are summed over that axis: the models do not touch each other's gradients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy import stats
from torch import Tensor


def stacked_linear(
    generator: torch.Generator,
    models: int,
    fan_in: int,
    fan_out: int,
    gain: float = 1.0,
    dtype: torch.dtype = torch.float32,
) -> tuple[Tensor, Tensor]:
    """Weight (models, fan_in, fan_out) ~ N(0, gain²/fan_in) and zero bias (models, 1, fan_out), both with gradients.

    Apply with ``torch.baddbmm(bias, x, weight)`` to x of shape (models, batch, fan_in).
    """
    weight = torch.randn(models, fan_in, fan_out, generator=generator, dtype=dtype) * (gain / math.sqrt(fan_in))
    return weight.requires_grad_(), torch.zeros(models, 1, fan_out, dtype=dtype, requires_grad=True)


def _per_model(rate: Tensor | float, parameter: Tensor) -> Tensor:
    rate = torch.as_tensor(rate, dtype=parameter.dtype, device=parameter.device)
    if rate.ndim > 1 or (rate.ndim == 1 and len(rate) != len(parameter)):
        raise ValueError(f"lr: shape {tuple(rate.shape)} fits no parameter with {len(parameter)} models")
    return rate.reshape(-1, *[1] * (parameter.ndim - 1))


class StackedSGD:
    """SGD with heavy-ball or Nesterov momentum, as `torch.optim.SGD`, with one learning rate per model.

    parameters: tensors with the models on axis 0. lr: a number or shape (models,); assign ``.lr`` to change it.
    """

    def __init__(self, parameters: Sequence[Tensor], lr: Tensor | float, momentum: float = 0.0, nesterov: bool = False):
        self.parameters, self.lr, self.momentum, self.nesterov = list(parameters), lr, momentum, nesterov
        self.velocity = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """One update from gradients in the order of the parameters, as `torch.autograd.grad` returns them."""
        for p, g, v in zip(self.parameters, gradients, self.velocity, strict=True):
            if self.momentum:
                v.mul_(self.momentum).add_(g)
                g = g + self.momentum * v if self.nesterov else v
            p.sub_(_per_model(self.lr, p) * g)


class StackedAdam:
    """Adam (Kingma & Ba 2015), as `torch.optim.Adam`, with one learning rate per model (as in `StackedSGD`)."""

    def __init__(
        self, parameters: Sequence[Tensor], lr: Tensor | float, betas: tuple[float, float] = (0.9, 0.999), eps=1e-8
    ):
        self.parameters, self.lr, self.betas, self.eps = list(parameters), lr, betas, eps
        self.steps = 0
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """One update from gradients in the order of the parameters, as `torch.autograd.grad` returns them."""
        self.steps += 1
        bias1, bias2 = (1 - beta**self.steps for beta in self.betas)
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second, strict=True):
            m.lerp_(g, 1 - self.betas[0])
            v.mul_(self.betas[1]).addcmul_(g, g, value=1 - self.betas[1])
            p.sub_(_per_model(self.lr, p) * (m / bias1) / ((v / bias2).sqrt() + self.eps))


def saved_numbers(function: Callable[..., Tensor], *inputs: Tensor) -> float:
    """Numbers that autograd keeps for the backward pass of function(*inputs), over the size of the first input.

    A tensor that is kept twice counts once. At least one input must require a gradient, or nothing is kept.
    """
    saved: dict[int, Tensor] = {}
    with torch.autograd.graph.saved_tensors_hooks(lambda x: saved.setdefault(x.data_ptr(), x), lambda x: x):
        function(*inputs)
    return sum(x.numel() for x in saved.values()) / inputs[0].numel()


def mean_interval(samples: np.ndarray, axis: int = 0, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Mean of independent repeats along ``axis`` and the half-width of its Student-t confidence interval.

    For a paired comparison pass the differences. ValueError for fewer than two repeats or a nan.
    """
    samples = np.asarray(samples, dtype=float)
    repeats = samples.shape[axis] if samples.ndim else 1
    if repeats < 2:
        raise ValueError(f"samples: {repeats} repeat along axis {axis}; an interval needs at least 2")
    if np.isnan(samples).any():
        raise ValueError("samples: hold a nan")
    quantile = stats.t.ppf(0.5 + confidence / 2, repeats - 1)
    return samples.mean(axis), quantile * samples.std(axis, ddof=1) / math.sqrt(repeats)
