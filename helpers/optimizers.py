"""Optimisers of many small models at once, stacked along the first axis of every parameter.

All seeds and settings of an experiment are stacked, so that one batched matrix product serves all models. Losses are
summed over that axis: the models do not touch each other's gradients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
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

    >>> weight, bias = stacked_linear(torch.Generator().manual_seed(0), 5, 3, 2)
    >>> weight.shape, bias.shape
    (torch.Size([5, 3, 2]), torch.Size([5, 1, 2]))
    """
    weight = torch.randn(models, fan_in, fan_out, generator=generator, dtype=dtype) * (gain / math.sqrt(fan_in))
    return weight.requires_grad_(), torch.zeros(models, 1, fan_out, dtype=dtype, requires_grad=True)


def _per_model(rate: Tensor | float, parameter: Tensor) -> Tensor:
    rate = torch.as_tensor(rate, dtype=parameter.dtype, device=parameter.device)
    if rate.ndim > 1 or (rate.ndim == 1 and len(rate) != len(parameter)):
        raise ValueError(f"lr: shape {tuple(rate.shape)} fits no parameter with {len(parameter)} models; give one each")
    return rate.reshape(-1, *[1] * (parameter.ndim - 1))


class StackedSGD:
    """SGD with heavy-ball or Nesterov momentum, as `torch.optim.SGD`, with one learning rate per model.

    parameters: tensors with the models on axis 0. lr: a number or shape (models,); assign ``.lr`` to change it.

    >>> x = torch.ones(2, 1)
    >>> StackedSGD([x], lr=torch.tensor([0.1, 0.5])).step([torch.ones(2, 1)])
    >>> x.tolist()
    [[0.8999999761581421], [0.5]]
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
    """Adam (Kingma & Ba 2015), as `torch.optim.Adam`, with one learning rate per model (as in `StackedSGD`).

    >>> x = torch.ones(2, 1)
    >>> StackedAdam([x], lr=torch.tensor([0.25, 0.5])).step([torch.tensor([[3.0], [-0.01]])])
    >>> [round(v, 4) for v in x.flatten().tolist()]  # the first step has length lr, whatever the gradient's size
    [0.75, 1.5]
    """

    def __init__(
        self,
        parameters: Sequence[Tensor],
        lr: Tensor | float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        self.parameters, self.lr, self.betas, self.eps = list(parameters), lr, betas, eps
        self.steps = 0
        # In float32 at least: eps and the squares of small gradients would be 0 in 16 bits, and a step 0/0.
        wide = [torch.promote_types(p.dtype, torch.float32) for p in self.parameters]
        self.first = [torch.zeros_like(p, dtype=kind) for p, kind in zip(self.parameters, wide, strict=True)]
        self.second = [torch.zeros_like(m) for m in self.first]

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """One update from gradients in the order of the parameters, as `torch.autograd.grad` returns them."""
        self.steps += 1
        bias1, bias2 = (1 - beta**self.steps for beta in self.betas)
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second, strict=True):
            g = g.to(m.dtype)
            m.lerp_(g, 1 - self.betas[0])
            v.mul_(self.betas[1]).addcmul_(g, g, value=1 - self.betas[1])
            p.sub_(_per_model(self.lr, m) * (m / bias1) / ((v / bias2).sqrt() + self.eps))
