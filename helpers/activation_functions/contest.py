"""A fair contest of functions: on the same splits, first weights and minibatches, at every rate at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn import functional as F

from helpers.activation_functions.functions import Activation, Array
from helpers.activation_functions.mean_field import gain as own_gain
from helpers.activation_functions.networks import network_output, unpack_layers
from helpers.inputs import integer, real_array, real_number
from helpers.optimizers import stacked_linear

_BATCH = 32


class Splits(NamedTuple):
    """Data of a contest, split anew for every repeat: inputs (repeats, n, d), labels (n,), and indices (repeats, …)."""

    inputs: Tensor
    labels: Tensor
    train: Tensor
    validation: Tensor
    test: Tensor


class Accuracies(NamedTuple):
    """Accuracies in per cent, each (repeats, rates)."""

    train: Array
    validation: Array
    test: Array


def split_data(inputs: ArrayLike, labels: ArrayLike, repeats: int, train: int, validation: int, seed: int) -> Splits:
    """Shuffle n inputs (n, d) anew for each of ``repeats``: ``train``, then ``validation`` of them, the rest for tests.

    labels: (n,) whole numbers 0, 1, …. Inputs are standardised with the training part of each repeat (a column that
    hardly varies is divided by 0.1). ValueError for sizes that leave no part for tests.

    >>> data = split_data(np.eye(10), np.arange(10) % 2, repeats=3, train=6, validation=2, seed=0)
    >>> [tuple(part.shape) for part in (data.inputs, data.train, data.validation, data.test)]
    [(3, 10, 10), (3, 6), (3, 2), (3, 2)]
    """
    values = real_array("inputs", inputs)
    classes = real_array("labels", labels, at_least=0).astype(int)
    repeats, train, validation = (
        integer(name, size, 1) for name, size in (("repeats", repeats), ("train", train), ("validation", validation))
    )
    if values.ndim != 2 or classes.shape != values.shape[:1] or train + validation >= len(values):
        raise ValueError(
            f"inputs: have shape {values.shape}, labels {classes.shape}; give (n, d) and (n,) with n above the "
            f"{train + validation} for training and validation"
        )
    orders = np.stack([np.random.default_rng([seed, k]).permutation(len(values)) for k in range(repeats)])
    parts = np.split(orders, [train, train + validation], axis=1)
    fitted = [values[index] for index in parts[0]]
    scaled = np.stack([(values - part.mean(0)) / part.std(0).clip(0.1) for part in fitted])
    return Splits(torch.tensor(scaled, dtype=torch.float32), torch.tensor(classes), *map(torch.tensor, parts))


def _rows_of_weights(sizes: list[int], gains: list[float], repeats: int, generator: torch.Generator) -> Tensor:
    """First weights of one network for each repeat, as rows for `unpack_layers`."""
    shapes = zip(sizes, sizes[1:], gains, strict=False)
    layers = [stacked_linear(generator, repeats, *shape) for shape in shapes]
    return torch.cat([part.detach().flatten(1) for layer in layers for part in layer], 1)


def train_networks(
    data: Splits,
    f: Activation,
    rates: ArrayLike,
    *,
    depth: int,
    steps: int,
    seed: int,
    gain: float | None = None,
    width: int = 24,
) -> Accuracies:
    """Train one network for each repeat of ``data`` and each rate, all at once; accuracies after ``steps`` of Adam.

    depth: layers, the last one included. Weights start normal with variance gain²/fan-in (the first layer's 1/fan-in),
    biases at 0; gain: by default the one that keeps a variance of 1. Minibatches of 32; each rate falls linearly to 0.
    With the same seed, every f and every rate meets the same random numbers. ValueError for bad arguments.

    >>> rng = np.random.default_rng(0)
    >>> data = split_data(rng.normal(size=(200, 2)), np.arange(200) % 2, repeats=2, train=100, validation=50, seed=0)
    >>> scores = train_networks(data, torch.relu, [0.01, 0.1, 1.0], depth=2, steps=5, seed=0)
    >>> scores.test.shape
    (2, 3)
    """
    depth, steps, width = (integer(n, k, 1) for n, k in (("depth", depth), ("steps", steps), ("width", width)))
    grid = np.ravel(real_array("rates", rates, above=0)).tolist()
    scale = own_gain(f) if gain is None else real_number("gain", gain, above=0)
    generator, repeats = torch.Generator().manual_seed(seed), len(data.train)
    sizes = [data.inputs.shape[2], *[width] * (depth - 1), int(data.labels.max()) + 1]
    first = _rows_of_weights(sizes, [1.0] + [scale] * (depth - 1), repeats, generator)
    rows = first.repeat(len(grid), 1)  # all repeats at the first rate, then all at the second, …
    layers = [(w.requires_grad_(), b.requires_grad_()) for w, b in unpack_layers(rows, sizes)]
    parameters = [part for layer in layers for part in layer]

    def answers(index: Tensor) -> tuple[Tensor, Tensor]:
        chosen = data.inputs[torch.arange(repeats)[:, None], index].repeat(len(grid), 1, 1)
        return network_output(layers, chosen, f), data.labels[index].repeat(len(grid), 1)

    # One block of rows for each rate, each in one pass over memory: Adam in single operations takes half of the time.
    blocks = rows.split(repeats)
    groups = [{"params": [block], "lr": rate} for block, rate in zip(blocks, grid, strict=True)]
    optimiser = torch.optim.Adam(groups, fused=True)
    for step in range(steps):
        places = torch.randint(data.train.shape[1], (repeats, _BATCH), generator=generator)
        logits, target = answers(torch.gather(data.train, 1, places))
        loss = F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="sum") / _BATCH
        gradient = torch.cat([g.flatten(1) for g in torch.autograd.grad(loss, parameters)], 1)
        for block, part, group, rate in zip(blocks, gradient.split(repeats), optimiser.param_groups, grid, strict=True):
            block.grad, group["lr"] = part, rate * (1 - step / steps)
        optimiser.step()
    with torch.no_grad():
        judged = [answers(index) for index in (data.train, data.validation, data.test)]
    return Accuracies(*(100 * (z.argmax(-1) == y).double().mean(-1).view(-1, repeats).T.numpy() for z, y in judged))


def at_chosen_rates(scores: Accuracies, allowed: slice = slice(None)) -> tuple[Array, Array]:
    """Test and training accuracies (repeats,), each repeat at the rate that is best on its own validation data.

    allowed: which of the rates may be chosen. The first of equals is taken.

    >>> part = np.array([[50.0, 60.0, 60.0]])
    >>> at_chosen_rates(Accuracies(part + 9, part, part - 5), slice(0, 2))
    (array([55.]), array([69.]))
    """
    trained, validated, tested = (part[:, allowed] for part in scores)
    choice = np.arange(len(tested)), validated.argmax(1)
    return tested[choice], trained[choice]
