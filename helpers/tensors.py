"""Checks of torch tensors, in the style of `helpers.inputs`, and what autograd keeps of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def float_tensor(name: str, value: Any, dtypes: Sequence[torch.dtype] = FLOATS, *, finite: bool = False) -> Tensor:
    """``value`` if it is a dense tensor of one of ``dtypes``, with ``finite`` one of finite numbers; else ValueError.

    >>> float_tensor("z", torch.ones(2)).dtype
    torch.float32
    >>> float_tensor("z", [1.0, 2.0])
    Traceback (most recent call last):
    ValueError: z: is list; give a tensor of float16, bfloat16, float32, float64
    """
    if not isinstance(value, Tensor) or value.dtype not in dtypes:
        kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
        accepted = ", ".join(str(dtype).removeprefix("torch.") for dtype in dtypes)
        raise ValueError(f"{name}: is {kind}; give a tensor of {accepted}")
    if value.layout is not torch.strided or value.is_nested:
        raise ValueError(f"{name}: is {'nested' if value.is_nested else value.layout}; give a dense tensor")
    if finite and not torch.isfinite(value).all():
        raise ValueError(f"{name}: holds nan or inf; give finite numbers")
    return value


def saved_numbers(function: Callable[..., Tensor], *inputs: Tensor) -> float:
    """Numbers that autograd keeps for the backward pass of function(*inputs), over the size of the first input.

    A tensor that is kept twice counts once. At least one input must require a gradient, or nothing is kept.

    >>> saved_numbers(torch.exp, torch.zeros(5, requires_grad=True))  # the slope of exp is its value
    1.0
    """
    saved: dict[int, Tensor] = {}
    with torch.autograd.graph.saved_tensors_hooks(lambda x: saved.setdefault(x.data_ptr(), x), lambda x: x):
        function(*inputs)
    return sum(x.numel() for x in saved.values()) / inputs[0].numel()
