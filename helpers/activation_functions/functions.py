"""The activation functions of the course by name, their values and slopes, and gated linear units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn import functional as F

from helpers._types import Array
from helpers.activation_functions.forms import min_exp
from helpers.inputs import real_array
from helpers.tensors import float_tensor

Activation: TypeAlias = Callable[[Tensor], Tensor]

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

    ValueError for an x that holds nan or inf, and for an f that changes the shape, or whose value or slope is not
    finite at x.

    >>> value, slope = value_and_slope(torch.sigmoid, [0.0, 100.0])
    >>> value.tolist(), slope.tolist()
    ([0.5, 1.0], [0.25, 0.0])
    """
    places = real_array("x", x)
    value, slope = _differentiated(f, places.copy())  # a copy, since torch refuses negative strides
    # A sum is not finite wherever one number is not, and takes a fraction of the time of looking at each.
    with np.errstate(over="ignore", invalid="ignore"):
        total = value.sum() + slope.sum()
    if not np.isfinite(total):
        bad = ~(np.isfinite(value) & np.isfinite(slope))
        if bad.any():
            raise ValueError(f"f: is nan or inf at {places[bad][0]:g}, or its slope is; give a function that is finite")
    return value, slope


def _differentiated(f: Activation, x: Array) -> tuple[Array, Array]:
    """`value_and_slope` for those who look at the numbers themselves, before and after."""
    with torch.inference_mode(False):  # and with gradients, also where the caller has switched them off
        inputs = torch.from_numpy(x).requires_grad_()
        result = _result(f, inputs)
        if result.requires_grad:
            ones = result.new_ones(()).expand_as(result)
            (slope,) = torch.autograd.grad(result, inputs, ones, materialize_grads=True)
        else:  # a constant
            slope = torch.zeros_like(inputs)
    return result.detach().double().numpy(), slope.numpy()


def _values(f: Activation, x: Array) -> Array:
    """The values of `_differentiated` alone."""
    with torch.no_grad():
        return _result(f, torch.from_numpy(x)).double().numpy()


def _result(f: Activation, inputs: Tensor) -> Tensor:
    result: Any = f(inputs)
    if not isinstance(result, Tensor) or result.shape != inputs.shape or not result.is_floating_point():
        raise ValueError(f"f: gives no real numbers of shape {tuple(inputs.shape)}; give an elementwise function")
    return result


def gated_linear(x: Tensor, weight: Tensor, bias: Tensor, gate_weight: Tensor, gate_bias: Tensor) -> Tensor:
    """Gated linear unit (W₁x + b₁) ⊗ σ(W₂x + b₂) of Dauphin et al. (arXiv:1612.08083).

    x: (..., fan_in). weight, gate_weight: (fan_out, fan_in). bias, gate_bias: (fan_out,). Returns (..., fan_out).
    ValueError where the shapes or the dtypes do not fit.

    >>> one, zero = torch.ones(1, 1), torch.zeros(1)
    >>> gated_linear(torch.tensor([[0.0], [100.0]]), one, zero, one, zero).tolist()  # both weights 1: x·σ(x), Swish
    [[0.0], [100.0]]
    """
    if float_tensor("x", x).ndim == 0:
        raise ValueError("x: is a single number; give shape (..., fan_in)")
    matrix = (*weight.shape[:1], x.shape[-1])
    parts = {"weight": weight, "bias": bias, "gate_weight": gate_weight, "gate_bias": gate_bias}
    for name, part in parts.items():
        wanted = matrix if "weight" in name else matrix[:1]
        if float_tensor(name, part, (x.dtype,)).shape != wanted:
            raise ValueError(f"{name}: has shape {tuple(part.shape)}; give {wanted}")
    return F.linear(x, weight, bias) * torch.sigmoid(F.linear(x, gate_weight, gate_bias))
