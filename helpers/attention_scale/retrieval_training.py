"""Training layers on retrieval: all seeds, scales and learning rates at once, stacked on one axis."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike

from helpers.attention_scale._weights import Array
from helpers.attention_scale.retrieval import initial_attention, retrieval_loss, retrieval_task
from helpers.inputs import choice, integer, real_array
from helpers.inputs import generator as checked_generator
from helpers.optimizers import StackedAdam, StackedSGD

_DIVERGED = 1e9  # the loss with which a run that diverged counts
_FRESH, _HELD_OUT = 8, 512  # queries of a training step, and of validation and test


def train_retrieval(
    generator: torch.Generator,
    seeds: int,
    n: int,
    scales: ArrayLike,
    rates: ArrayLike,
    steps: int,
    *,
    labels: bool = False,
    optimiser: str = "Adam",
) -> Array:
    """log10 of the validation and the test loss, (2, seeds, scales, rates), after ``steps`` fresh tasks of n items.

    scales: (a,) > 0. rates: (r,) > 0; scale α takes rate/√α, which falls linearly to 0. optimiser: "Adam", or "SGD"
    with momentum 0.9. The layers of one seed start equal and see the same tasks. A run that diverges counts with a
    loss of 1e9. ValueError for bad arguments.

    >>> losses = train_retrieval(torch.Generator().manual_seed(0), 2, 4, [1.0, 2.0], [0.1], steps=20)
    >>> losses.shape, bool((losses < 0.5).all())
    ((2, 2, 2, 1), True)
    """
    checked_generator("generator", generator, torch.Generator)
    seeds, n, steps = (integer(name, count, 1) for name, count in (("seeds", seeds), ("n", n), ("steps", steps)))
    choice("optimiser", optimiser, ("Adam", "SGD"))
    columns = {name: np.ravel(real_array(name, x, above=0)) for name, x in (("scales", scales), ("rates", rates))}
    alphas, base = (torch.from_numpy(column).float() for column in columns.values())
    grid = base / alphas[:, None].sqrt()
    matrices = initial_attention(generator, seeds, grid.numel())
    alpha, rate = alphas.repeat_interleave(len(base)).repeat(seeds), grid.flatten().repeat(seeds)
    stepper = StackedAdam(matrices, rate) if optimiser == "Adam" else StackedSGD(matrices, rate, momentum=0.9)
    for step in range(steps):
        stepper.lr = rate * (1 - step / steps)
        loss = retrieval_loss(matrices, alpha, retrieval_task(generator, seeds, n, _FRESH, labels=labels), labels)
        stepper.step(torch.autograd.grad(loss.sum(), matrices))
    tasks = [retrieval_task(generator, seeds, n, _HELD_OUT, labels=labels) for _ in range(2)]
    with torch.no_grad():
        losses = torch.stack([retrieval_loss(matrices, alpha, task, labels).double() for task in tasks])
    return losses.view(2, seeds, *grid.shape).nan_to_num(_DIVERGED).clamp(max=_DIVERGED).log10().numpy()
