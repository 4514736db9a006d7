"""Monotone networks as distribution functions, many at once: J. Ballé et al. (arXiv 1802.01436), section 6.1."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from helpers.inputs import generator as checked_generator
from helpers.inputs import integer, real_number
from helpers.tensors import float_tensor


def monotone_network(models: int, width: int, generator: torch.Generator, reach: float = 10.0) -> list[Tensor]:
    """Parameters of ``models`` monotone networks 1 → width → width → 1: width² + 6 width + 1 numbers each.

    ValueError: models or width < 1, reach not in (0, 1e9], no torch generator.
    Layers (matrix, bias, gate) as in Ballé et al.; ``reach`` is the steepness of Φ at the start.

    >>> parameters = monotone_network(5, 3, torch.Generator().manual_seed(0))
    >>> [tuple(p.shape) for p in parameters[:3]], sum(p[0].numel() for p in parameters)
    ([(5, 1, 3), (5, 1, 3), (5, 1, 3)], 28)
    """
    models, width = integer("models", models, 1), integer("width", width, 1)
    reach = real_number("reach", reach, above=0, at_most=1e9)
    checked_generator("generator", generator, torch.Generator)
    sizes = [1, width, width, 1]
    scale = reach ** (1 / 3)
    parameters = []
    for fan_in, fan_out in zip(sizes[:-1], sizes[1:], strict=True):
        matrix = torch.full((models, fan_in, fan_out), math.log(math.expm1(scale / fan_out)))
        bias = torch.rand(models, 1, fan_out, generator=generator) - 0.5
        parameters += [matrix, bias] + ([torch.zeros(models, 1, fan_out)] if fan_out > 1 else [])
    return [parameter.requires_grad_() for parameter in parameters]


def monotone_log_prob(x: Tensor, parameters: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Φ(x) and log Φ'(x), both (models, n): Φ = sigmoid of layers with weights ≥ 0, Φ' by the chain rule.

    >>> parameters = monotone_network(1, 3, torch.Generator().manual_seed(0))
    >>> value, _ = monotone_log_prob(torch.tensor([-9.0, 9.0]), parameters)
    >>> value.detach().numpy().round(6).tolist()
    [[0.0, 1.0]]
    """
    if float_tensor("x", x, finite=True).ndim != 1:
        raise ValueError(f"x: has shape {tuple(x.shape)}; give (n,)")
    if len(parameters) % 3 != 2:
        raise ValueError(f"parameters: are {len(parameters)}; give what monotone_network returns")
    value = x.expand(parameters[0].shape[0], 1, -1)  # (models, width, n): points last, so that loops over them are long
    slope = torch.ones_like(value)
    position = 0
    while position < len(parameters):
        matrix = torch.nn.functional.softplus(parameters[position]).mT
        value = torch.baddbmm(parameters[position + 1].mT, matrix, value)
        slope = matrix @ slope
        position += 2
        if position < len(parameters):
            gate, squashed = torch.tanh(parameters[position].mT), torch.tanh(value)
            slope = slope * (1 + gate * (1 - squashed.square()))
            value = value + gate * squashed
            position += 1
    value, slope = value[:, 0], slope[:, 0]
    log_density = torch.log(slope) + torch.nn.functional.logsigmoid(value) + torch.nn.functional.logsigmoid(-value)
    return torch.sigmoid(value), log_density
