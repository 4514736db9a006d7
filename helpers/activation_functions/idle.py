"""Idle weights: those of a random network to which a batch hands no gradient at all."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from helpers._types import Array
from helpers.activation_functions.functions import Activation
from helpers.activation_functions.mean_field import gain
from helpers.activation_functions.networks import network_output
from helpers.inputs import generator as checked_generator
from helpers.inputs import integer
from helpers.optimizers import stacked_linear


def idle_weights(
    f: Activation, *, depth: int, batch: int, networks: int, generator: torch.Generator, width: int = 24
) -> Array:
    """Share of each layer's weights whose gradient is exactly 0, in random networks: (networks, depth + 1).

    The last column is the share among all weights. 64 standard-normal inputs, hidden layers of ``width`` with f's own
    gain, 10 classes with random labels, cross-entropy summed over the batch. ValueError for sizes below 1.

    >>> options = {"depth": 2, "batch": 1, "networks": 50, "generator": torch.Generator().manual_seed(0)}
    >>> idle_weights(torch.relu, **options).mean(0).round(1).tolist()  # half of the units are off
    [0.5, 0.5, 0.5]
    """
    sizes = {"depth": depth, "batch": batch, "networks": networks, "width": width}
    depth, batch, networks, width = (integer(name, size, 1) for name, size in sizes.items())
    checked_generator("generator", generator, torch.Generator)
    widths, gains = [64, *[width] * (depth - 1), 10], [1.0] + [gain(f)] * (depth - 1)
    layers = [stacked_linear(generator, networks, *s) for s in zip(widths[:-1], widths[1:], gains, strict=True)]
    x = torch.randn(networks, batch, 64, generator=generator)
    labels = torch.randint(10, (networks * batch,), generator=generator)
    loss = F.cross_entropy(network_output(layers, x, f).flatten(0, 1), labels, reduction="sum")
    idle = [g.flatten(1) == 0 for g in torch.autograd.grad(loss, [weight for weight, _ in layers])]
    shares = [part.double().mean(1).numpy() for part in (*idle, torch.cat(idle, 1))]
    return np.stack(shares, axis=1)
