"""A shared encoder with two heads, trained by several methods, rates and seeds at once as one stack of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from helpers.inputs import integer
from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.aggregators import WEIGHTS
from helpers.optimizers import StackedAdam, stacked_linear

Layer = list[Tensor]  # weight and bias of all models
ALONE = {"left": (1.0, 0.0), "right": (0.0, 1.0)}  # weights of a single task


def _forward(layers: list[Layer], x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Code (models, batch, hidden) and two logits (models, batch, classes)."""
    (weight, bias), *heads = layers
    code = torch.relu(torch.baddbmm(bias, x, weight))
    return code, [torch.baddbmm(b, code, w) for w, b in heads]


def _gradients(layers: list[Layer], x: Tensor, y: Tensor) -> tuple[list[tuple[Tensor, ...]], list[tuple[Tensor, ...]]]:
    """For each task: gradients on the code and on its head, and gradients on the encoder."""
    code, logits = _forward(layers, x)
    on_task, on_encoder = [], []
    for i in range(2):
        losses = torch.nn.functional.cross_entropy(logits[i].flatten(0, 1), y[..., i].flatten(), reduction="none")
        on_task.append(torch.autograd.grad(losses.sum() / y.shape[1], [code, *layers[1 + i]], retain_graph=True))
        on_encoder.append(torch.autograd.grad(code, layers[0], on_task[i][0], retain_graph=True))
    return on_task, on_encoder


def _gram(rows: Sequence[Sequence[Tensor]], factor: Tensor) -> Array:
    """Gram matrices (models, 2, 2) of two lists of tensors, task i multiplied by its factor."""
    flat = torch.stack([torch.cat([t.flatten(1) for t in tensors], 1) for tensors in rows], 1) * factor[:, None]
    gram: Array = (flat @ flat.mT).numpy()
    return gram


@dataclass(frozen=True)
class TwoHeads:
    """Trained models: their layers, their ``shape`` (methods, rates, seeds), and how often encoder gradients conflict.

    conflicts: share of the steps with ⟨g_1, g_2⟩ < 0 on the encoder, of that shape.
    """

    layers: list[Layer]
    shape: tuple[int, int, int]
    conflicts: Array

    @torch.no_grad()
    def accuracy(self, x: Tensor, y: Tensor) -> Array:
        """Share of right answers (methods, rates, seeds, 2) for inputs (n, inputs) with labels (n, 2)."""
        models = int(np.prod(self.shape))
        _, logits = _forward(self.layers, x.expand(models, -1, -1))
        right = [(logits[i].argmax(-1) == y[:, i]).double().mean(1) for i in range(2)]
        accuracy: Array = torch.stack(right, -1).numpy().reshape(*self.shape, 2)
        return accuracy


def train_two_heads(
    x: Tensor,
    y: Tensor,
    methods: Sequence[str],
    rates: Sequence[float],
    *,
    scales: tuple[float, float] = (1.0, 1.0),
    seeds: int = 10,
    steps: int = 400,
    hidden: int = 16,
    batch: int = 32,
    seed: int = 0,
) -> TwoHeads:
    """Train one encoder with two heads for every method, rate and seed, with Adam on cross-entropy.

    x: (n, inputs) float32, y: (n, 2) labels 0…9. methods: names of WEIGHTS, which weigh the two gradients of the
    encoder; "mgda_ub" takes those of "mgda" from the gradients on the code; "left" and "right" train one task alone.
    scales: what both losses are multiplied by, as if they were measured in other units; each head follows its own loss,
    and Adam divides the factor out there. Start and batches are equal within a seed, so that methods can be paired.
    ValueError for a method of another name.

    >>> x, y = torch.rand(40, 6), torch.randint(10, (40, 2))
    >>> train_two_heads(x, y, ["mean", "mgda_ub"], [0.01], seeds=3, steps=2).accuracy(x, y).shape
    (2, 1, 3, 2)
    """
    if unknown := set(methods) - {*WEIGHTS, "mgda_ub", *ALONE}:
        raise ValueError(
            f"methods: {', '.join(sorted(unknown))} is unknown; give names of WEIGHTS, mgda_ub, left, right"
        )
    seeds, steps = integer("seeds", seeds, 1), integer("steps", steps, 1)
    shape = (len(methods), len(rates), seeds)
    models = int(np.prod(shape))
    generator = torch.Generator().manual_seed(seed)
    sizes = [(x.shape[1], hidden), (hidden, 10), (hidden, 10)]
    first = [stacked_linear(generator, seeds, *size, gain=1.4) for size in sizes]
    layers = [[p.detach().repeat(models // seeds, 1, 1).requires_grad_() for p in layer] for layer in first]
    rate = torch.tensor(rates, dtype=torch.float32).repeat_interleave(seeds).repeat(len(methods))
    optimiser = StackedAdam([p for layer in layers for p in layer], rate)
    generator, conflicts = torch.Generator().manual_seed(seed), np.zeros(shape)
    factor = torch.tensor(scales)
    for _ in range(steps):
        chosen = torch.randint(len(x), (seeds, batch), generator=generator).repeat(models // seeds, 1)
        on_task, on_encoder = _gradients(layers, x[chosen], y[chosen])
        gram = _gram(on_encoder, factor).reshape(*shape, 2, 2)
        conflicts += gram[..., 0, 1] < 0
        for k, name in enumerate(methods):
            if name == "mgda_ub":
                own = slice(k * models // len(methods), (k + 1) * models // len(methods))
                gram[k] = _gram([[on_code[own]] for on_code, *_ in on_task], factor).reshape(gram[k].shape)
        alpha = _task_weights(methods, gram) * factor
        shared = [alpha[:, 0, None, None] * a + alpha[:, 1, None, None] * b for a, b in zip(*on_encoder, strict=True)]
        optimiser.step([*shared, *on_task[0][1:], *on_task[1][1:]])
    return TwoHeads(layers, shape, conflicts / steps)


def _task_weights(methods: Sequence[str], gram: Array) -> Tensor:
    """α (models, 2): every method looks at its own Gram matrices (methods, rates, seeds, 2, 2)."""
    alpha = np.empty(gram.shape[:-1])
    for k, name in enumerate(methods):
        alpha[k] = ALONE[name] if name in ALONE else WEIGHTS[name.removesuffix("_ub")](gram[k])
    return torch.tensor(alpha.reshape(-1, 2), dtype=torch.float32)
