"""Stacked fully connected networks: all models of an experiment at once, one batched product a layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from helpers.activation_functions.functions import Activation


def network_output(layers: Sequence[tuple[Tensor, Tensor]], x: Tensor, f: Activation) -> Tensor:
    """Output of stacked fully connected networks, f between the layers and none after the last.

    layers: (weight (models, fan_in, fan_out), bias (models, 1, fan_out)) in order. x: (models, batch, fan_in).

    >>> layers = [(torch.full((1, 1, 1), -2.0), torch.zeros(1, 1, 1))] * 2
    >>> network_output(layers, torch.tensor([[[3.0], [-3.0]]]), torch.relu).flatten().tolist()
    [0.0, -12.0]
    """
    for weight, bias in layers[:-1]:
        x = f(torch.baddbmm(bias, x, weight))
    weight, bias = layers[-1]
    return torch.baddbmm(bias, x, weight)


def collapse_layers(layers: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """The one layer (weight, bias) that equals ``layers`` (as in `network_output`) when nothing stands between them.

    ValueError where there is no layer.

    >>> weight, bias = collapse_layers([(torch.full((1, 1, 1), -2.0), torch.ones(1, 1, 1))] * 2)
    >>> weight.item(), bias.item()  # −2(−2x + 1) + 1
    (4.0, -1.0)
    """
    if not layers:
        raise ValueError("layers: there are none; give one or more pairs (weight, bias)")
    weight, bias = layers[0]
    for w, b in layers[1:]:
        weight, bias = weight @ w, bias @ w + b
    return weight, bias


def unpack_layers(candidates: Tensor, sizes: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
    """Layers of fully connected networks from flat parameter vectors.

    candidates: (models, parameters). sizes: widths from input to output. Returns what `network_output` takes.
    ValueError where the number of parameters does not fit the sizes.

    >>> [[tuple(part.shape) for part in layer] for layer in unpack_layers(torch.zeros(5, 14), (3, 2, 2))]
    [[(5, 3, 2), (5, 1, 2)], [(5, 2, 2), (5, 1, 2)]]
    """
    count = sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False))
    if candidates.ndim != 2 or candidates.shape[1] != count:
        raise ValueError(
            f"candidates: has shape {tuple(candidates.shape)}; give (models, {count}) for the sizes {tuple(sizes)}"
        )
    layers, start = [], 0
    for fan_in, fan_out in zip(sizes, sizes[1:], strict=False):
        block = candidates[:, start : start + (fan_in + 1) * fan_out].unflatten(1, (fan_in + 1, fan_out))
        layers.append((block[:, :-1], block[:, -1:]))
        start += (fan_in + 1) * fan_out
    return layers
