"""The activation functions of the course by name, their values and slopes, and gated linear units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional as F

from helpers.activation_functions.forms import min_exp
from helpers.inputs import real_array

Activation: TypeAlias = Callable[[Tensor], Tensor]
Array: TypeAlias = NDArray[np.float64]

ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "leaky ReLU": F.leaky_relu,  # slope 0.01 on the left
    "ELU": F.elu,
    "GELU": F.gelu,
    "Swish": F.silu,
    "Mish": F.mish,
    "min-exp": min_exp,
}


def value_and_slope(f: Activation, x: ArrayLike) -> tuple[Array, Array]:
    """f(x) and f′(x) in float64, of x's shape; the slope is autograd's. f must act elementwise.

    ValueError for an x that holds nan or inf, and for an f that changes the shape.

    >>> value, slope = value_and_slope(torch.sigmoid, [0.0, 100.0])
    >>> value.tolist(), slope.tolist()
    ([0.5, 1.0], [0.25, 0.0])
    """
    inputs = torch.tensor(real_array("x", x)).requires_grad_()
    value: Any = f(inputs)
    if not isinstance(value, Tensor) or value.shape != inputs.shape:
        raise ValueError(f"f: changes the shape {tuple(inputs.shape)}; give an elementwise function of a tensor")
    if not value.requires_grad:  # a constant
        return value.numpy(), np.zeros(inputs.shape)
    (slope,) = torch.autograd.grad(value.sum(), inputs)
    return value.detach().numpy(), slope.numpy()


def gated_linear(x: Tensor, weight: Tensor, bias: Tensor, gate_weight: Tensor, gate_bias: Tensor) -> Tensor:
    """Gated linear unit (W₁x + b₁) ⊗ σ(W₂x + b₂) of Dauphin et al. (arXiv:1612.08083).

    x: (..., fan_in). weight, gate_weight: (fan_out, fan_in). bias, gate_bias: (fan_out,). Returns (..., fan_out).

    >>> one, zero = torch.ones(1, 1), torch.zeros(1)
    >>> gated_linear(torch.tensor([[0.0], [100.0]]), one, zero, one, zero).tolist()  # both weights 1: x·σ(x), Swish
    [[0.0], [100.0]]
    """
    return F.linear(x, weight, bias) * torch.sigmoid(F.linear(x, gate_weight, gate_bias))
