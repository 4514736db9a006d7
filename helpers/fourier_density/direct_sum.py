"""The density by its formula, one wave after the other, in torch: the plain method beside the tables of `_table`."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from helpers._compat import functorch_active
from helpers.tensors import float_tensor


def fourier_log_prob(a: Tensor, x: Tensor) -> Tensor:
    """log p(x) on [−1, 1] in torch, summed directly and differentiable in a (…, N+1) complex and in x (…).

    Leading axes broadcast: every x may have its own coefficients, as in an autoregressive model. O(N) a point.
    Outside [−1, 1] p is continued with period 2. Where p = 0 the value is −inf, with gradient 0.
    ValueError: shapes that do not broadcast, a not complex or all zero, nan or inf.

    >>> a = torch.tensor([1, 0.5j], dtype=torch.complex128)  # |1 + i/2 e^{−iπx}|² = 5/4 + sin πx
    >>> fourier_log_prob(a, torch.tensor([0.0, 0.5]).double()).exp().numpy().round(12).tolist()
    [0.5, 0.9]
    """
    a, x = _checked(a, x)
    k = torch.arange(a.shape[-1], dtype=x.dtype, device=x.device)
    angle = -torch.pi * x[..., None] * k
    amplitude = (a * torch.complex(angle.cos(), angle.sin())).sum(-1)
    total = (a.real.square() + a.imag.square()).sum(-1)
    power = amplitude.real.square() + amplitude.imag.square()
    positive = power >= torch.finfo(power.dtype).tiny  # beneath, the gradient's 1/power overflows
    value = torch.log(torch.where(positive, power, 1)) - torch.log(2 * total)  # no 0/0 in the gradient
    return torch.where(positive, value, -torch.inf)


def _checked(a: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """a divided by a power of two near its largest part, so that its squares can be held, and x; ValueError else."""
    float_tensor("x", x)
    if not isinstance(a, Tensor) or not a.is_complex() or a.ndim == 0 or a.shape[-1] == 0:
        raise ValueError(f"a: is {getattr(a, 'dtype', type(a).__name__)}; give a complex tensor (..., N+1)")
    largest = torch.maximum(a.real.abs(), a.imag.abs()).amax(-1, keepdim=True).detach()
    if not functorch_active():  # no branch on values there
        if not (torch.isfinite(largest) & (largest > 0)).all():
            raise ValueError("a: holds nan, inf or a row of zeros; give finite numbers, one of each row not 0")
        float_tensor("x", x, finite=True)
    try:
        torch.broadcast_shapes(a.shape[:-1], x.shape)
    except RuntimeError as error:
        raise ValueError(
            f"a, x: shapes {tuple(a.shape)}, {tuple(x.shape)} do not fit; give (..., N+1), (...)"
        ) from error
    x = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x  # complex numbers have no such halves
    x = x - 2 * torch.round(x / 2).detach()  # exact, and no change in [−1, 1]
    return a * torch.ldexp(torch.ones_like(largest), -torch.frexp(largest).exponent), x


def line_log_prob(a: Tensor, y: Tensor, loc: Tensor | float, scale: Tensor | float) -> Tensor:
    """log density of y = loc + scale · artanh(x) on ℝ, x as in `fourier_log_prob`; differentiable in all arguments.

    ValueError: as there, scale not > 0, y nan; at y = ±inf the value is −inf.

    >>> line_log_prob(torch.ones(1, dtype=torch.complex128), torch.zeros(1).double(), 0.0, 2.0).exp()  # 1/2 · 1/2
    tensor([0.2500], dtype=torch.float64)
    """
    y = float_tensor("y", y).double()
    scale = torch.as_tensor(scale, dtype=torch.float64, device=y.device)
    if not functorch_active() and not (scale > 0).all():
        raise ValueError(f"scale: holds {scale.min().item():g}; give numbers > 0")
    z = (y - loc) / scale
    log_jacobian = 2 * (math.log(2) - z.abs() - torch.log1p(torch.exp(-2 * z.abs())))
    return fourier_log_prob(a, torch.tanh(z)) + log_jacobian - torch.log(scale)
