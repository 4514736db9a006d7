"""Stacked fully connected networks: all models of an experiment at once, one batched product a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from helpers.activation_functions.functions import Activation
from helpers.inputs import integer
from helpers.tensors import float_tensor

Layer: TypeAlias = tuple[Tensor, Tensor]  # weight (models, fan_in, fan_out) and bias (models, 1, fan_out)


def _check_layers(layers: Sequence[Layer], like: Tensor) -> None:
    """ValueError unless every layer has the models and the dtype of ``like`` and takes what the one before gives."""
    models, _, fan_in = like.shape
    for k, (weight, bias) in enumerate(layers):
        fan_out = weight.shape[-1] if weight.ndim == 3 else 0
        wanted = (models, fan_in, fan_out), (models, 1, fan_out)
        if (weight.shape, bias.shape) != wanted or weight.dtype != like.dtype or bias.dtype != like.dtype:
            raise ValueError(
                f"layers: number {k} has weight {tuple(weight.shape)} of {weight.dtype} and bias {tuple(bias.shape)} "
                f"of {bias.dtype}; give ({models}, {fan_in}, fan_out) and ({models}, 1, fan_out) of {like.dtype}"
            )
        fan_in = fan_out


def network_output(layers: Sequence[Layer], x: Tensor, f: Activation) -> Tensor:
    """Output of stacked fully connected networks, f between the layers and none after the last.

    layers: (weight (models, fan_in, fan_out), bias (models, 1, fan_out)) in order. x: (models, batch, fan_in).
    f: elementwise. Returns (models, batch, fan_out). ValueError where the shapes do not fit.

    >>> layers = [(torch.full((1, 1, 1), -2.0), torch.zeros(1, 1, 1))] * 2
    >>> network_output(layers, torch.tensor([[[3.0], [-3.0]]]), torch.relu).flatten().tolist()
    [0.0, -12.0]
    """
    if float_tensor("x", x).ndim != 3:
        raise ValueError(f"x: has shape {tuple(x.shape)}; give (models, batch, fan_in)")
    if not layers:
        raise ValueError("layers: there are none; give one or more pairs (weight, bias)")
    _check_layers(layers, x)
    for weight, bias in layers[:-1]:
        x = f(torch.baddbmm(bias, x, weight))
    weight, bias = layers[-1]
    return torch.baddbmm(bias, x, weight)


def collapse_layers(layers: Sequence[Layer]) -> Layer:
    """The one layer (weight, bias) that equals ``layers`` (as in `network_output`) when nothing stands between them.

    ValueError where there is no layer, or where the shapes do not fit.

    >>> weight, bias = collapse_layers([(torch.full((1, 1, 1), -2.0), torch.ones(1, 1, 1))] * 2)
    >>> weight.item(), bias.item()  # −2(−2x + 1) + 1
    (4.0, -1.0)
    """
    if not layers:
        raise ValueError("layers: there are none; give one or more pairs (weight, bias)")
    weight, bias = layers[0]
    if weight.ndim != 3:
        raise ValueError(f"layers: the first weight has shape {tuple(weight.shape)}; give (models, fan_in, fan_out)")
    _check_layers(layers, weight.mT)
    for w, b in layers[1:]:
        weight, bias = weight @ w, bias @ w + b
    return weight, bias


def unpack_layers(candidates: Tensor, sizes: Sequence[int]) -> list[Layer]:
    """Layers of fully connected networks from flat parameter vectors.

    candidates: (models, parameters). sizes: two or more widths ≥ 1, from input to output. Returns what
    `network_output` takes, as views. ValueError where the number of parameters does not fit the sizes.

    >>> [[tuple(part.shape) for part in layer] for layer in unpack_layers(torch.zeros(5, 14), (3, 2, 2))]
    [[(5, 3, 2), (5, 1, 2)], [(5, 2, 2), (5, 1, 2)]]
    """
    sizes = [integer("sizes", size, 1) for size in sizes]
    if len(sizes) < 2:
        raise ValueError(f"sizes: are {sizes}; give two or more widths, from input to output")
    count = sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False))
    if float_tensor("candidates", candidates).ndim != 2 or candidates.shape[1] != count:
        raise ValueError(
            f"candidates: has shape {tuple(candidates.shape)}; give (models, {count}) for the sizes {tuple(sizes)}"
        )
    layers, start = [], 0
    for fan_in, fan_out in zip(sizes, sizes[1:], strict=False):
        block = candidates[:, start : start + (fan_in + 1) * fan_out].unflatten(1, (fan_in + 1, fan_out))
        layers.append((block[:, :-1], block[:, -1:]))
        start += (fan_in + 1) * fan_out
    return layers
