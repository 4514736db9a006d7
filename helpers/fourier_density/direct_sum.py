"""The density by its formula, one wave after the other, in torch: the plain method beside the tables of `_table`."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def fourier_log_prob(a: Tensor, x: Tensor) -> Tensor:
    """log p(x) on [−1, 1] in torch, summed directly and differentiable in a (…, N+1) complex and in x (…).

    Leading axes broadcast: every x may have its own coefficients, as in an autoregressive model. O(N) a point.

    >>> a = torch.tensor([1, 0.5j], dtype=torch.complex128)  # |1 + i/2 e^{−iπx}|² = 5/4 + sin πx
    >>> fourier_log_prob(a, torch.tensor([0.0, 0.5]).double()).exp().numpy().round(12).tolist()
    [0.5, 0.9]
    """
    k = torch.arange(a.shape[-1], dtype=x.dtype, device=x.device)
    angle = -torch.pi * x[..., None] * k
    amplitude = (a * torch.complex(angle.cos(), angle.sin())).sum(-1)
    power = (a.real.square() + a.imag.square()).sum(-1)
    return torch.log(amplitude.real.square() + amplitude.imag.square()) - torch.log(2 * power)


def line_log_prob(a: Tensor, y: Tensor, loc: Tensor | float, scale: Tensor | float) -> Tensor:
    """log density of y = loc + scale · artanh(x) on ℝ, x as in `fourier_log_prob`; differentiable in all arguments.

    >>> line_log_prob(torch.ones(1, dtype=torch.complex128), torch.zeros(1).double(), 0.0, 2.0).exp()  # 1/2 · 1/2
    tensor([0.2500], dtype=torch.float64)
    """
    z = (y - loc) / scale
    log_jacobian = 2 * (math.log(2) - z.abs() - torch.log1p(torch.exp(-2 * z.abs())))
    log_scale = torch.log(torch.as_tensor(scale, dtype=torch.float64))
    return fourier_log_prob(a, torch.tanh(z)) + log_jacobian - log_scale
