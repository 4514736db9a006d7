"""The article's activation function x·min(1, eˣ): the formula by its two cases, the article's forms, a safe one."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.activation_functions import _fast
from helpers.tensors import float_tensor


def min_exp_by_cases(x: Tensor) -> Tensor:
    """x for x > 0 and x eˣ otherwise, in plain operations: the reference for `min_exp`, and what compilers get.

    x: floating tensor of any shape. Right in value and slope for every float32 and float64, ±inf and nan included.

    >>> min_exp_by_cases(torch.tensor([2.0, 0.0, -1.0])).tolist()  # −1/e at −1
    [2.0, 0.0, -0.3678794503211975]
    """
    # Autograd differentiates both cases and multiplies the unused one by 0, so both must stay finite: e^x is taken
    # of the left half only. Beyond −1000 it is 0 in every format, and −inf·0 would be nan.
    # `where` and not `clamp`, whose slope at nan is 0, and on which compilers spend more instructions.
    left = torch.where(x > 0, 0, x)
    return torch.where(x > 0, x, torch.where(x < -1000, 0, left) * left.exp())


def min_exp(x: Tensor) -> Tensor:
    """x·min(1, eˣ), the article's activation function, safe for every input.

    x: floating tensor of any shape; float16 and bfloat16 are computed in float32 and rounded once.
    Value and slope are finite for finite x; min_exp(−inf) = 0 with slope 0, min_exp(inf) = inf with slope 1, and
    nan stays nan. The slope is (1 + x)eˣ for x ≤ 0 and 1 above; at 0 the second derivative is that of the left, 2.
    Works under autograd (twice), torch.func and torch.compile. ValueError for anything but a floating tensor.

    >>> x = torch.tensor([1000.0, -1.0], requires_grad=True)
    >>> torch.autograd.grad(min_exp(x).sum(), x)[0].tolist()
    [1.0, 0.0]
    """
    float_tensor("x", x)
    if x.dtype in (torch.float16, torch.bfloat16):
        return min_exp(x.float()).to(x.dtype)
    return _fast.fast_min_exp(x) if _fast.applies(x) else min_exp_by_cases(x)


def min_exp_naive(x: Tensor) -> Tensor:
    """x·min(1, eˣ) exactly as written: eˣ overflows for large x, and the slope is then nan.

    >>> x = torch.tensor(100.0, requires_grad=True)
    >>> min_exp_naive(x).item(), torch.autograd.grad(min_exp_naive(x), x)[0].item()
    (100.0, nan)
    """
    exponential = torch.exp(x)
    return x * torch.minimum(torch.ones_like(exponential), exponential)


def min_exp_max(x: Tensor) -> Tensor:
    """max(x, x e^{−|x|}), the article's first form that cannot overflow.

    >>> min_exp_max(torch.tensor([100.0, -1.0])).tolist()
    [100.0, -0.3678794503211975]
    """
    return torch.maximum(x, x * torch.exp(-x.abs()))


def min_exp_relu(x: Tensor) -> Tensor:
    """x + relu(x e^{−|x|} − x), the article's second form that cannot overflow; far left it cancels to 0.

    >>> min_exp_relu(torch.tensor([100.0, -20.0])).tolist(), min_exp(torch.tensor(-20.0)).item()
    ([100.0, 0.0], -4.122307...e-08)
    """
    return x + F.relu(x * torch.exp(-x.abs()) - x)
