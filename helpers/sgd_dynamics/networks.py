"""Many small networks trained at once: a hidden layer of tanh, and softmax on top."""

from __future__ import annotations

import torch
from torch import Tensor

from helpers.inputs import integer, real_number
from helpers.optimizers import StackedSGD, stacked_linear


def new_networks(generator: torch.Generator, models: int, sizes: tuple[int, int, int], copies: int = 1) -> list[Tensor]:
    """Parameters of models × copies networks of ``sizes`` (inputs, hidden, classes); the copies of one start alike.

    >>> [tuple(p.shape) for p in new_networks(torch.Generator().manual_seed(0), 2, (5, 4, 3), copies=3)]
    [(6, 5, 4), (6, 1, 4), (6, 4, 3), (6, 1, 3)]
    """
    models, copies = integer("models", models, 1), integer("copies", copies, 1)
    layers = [p for n in (0, 1) for p in stacked_linear(generator, models, sizes[n], sizes[n + 1])]
    return [p.detach().repeat_interleave(copies, 0).requires_grad_() for p in layers]


def network_losses(parameters: list[Tensor], inputs: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy (models,) of every network on its own inputs (models, n, d) with labels (models, n).

    >>> silent = [torch.zeros(1, 5, 4), torch.zeros(1, 1, 4), torch.zeros(1, 4, 2), torch.zeros(1, 1, 2)]
    >>> round(network_losses(silent, torch.ones(1, 3, 5), torch.zeros(1, 3, dtype=torch.long)).item(), 4)  # log 2
    0.6931
    """
    w1, b1, w2, b2 = parameters
    hidden = torch.tanh(torch.baddbmm(b1, inputs, w1))
    logits = torch.baddbmm(b2, hidden, w2)
    return torch.nn.functional.cross_entropy(logits.transpose(1, 2), labels, reduction="none").mean(1)


def train_epoch(optimiser: StackedSGD, inputs: Tensor, labels: Tensor, order: Tensor, batch: int) -> int:
    """One pass over the samples in ``order`` (m, n), of which each m serves as many models as the stack has for it.

    inputs (N, d), labels (N,); order holds indices into them. Returns the number of updates, n // batch.
    ValueError for a batch larger than n, or a stack that is no multiple of m.

    >>> networks = new_networks(torch.Generator().manual_seed(0), 1, (5, 4, 3), copies=2)
    >>> data = torch.ones(6, 5), torch.zeros(6, dtype=torch.long)
    >>> train_epoch(StackedSGD(networks, 0.1), *data, torch.arange(6)[None], batch=2)
    3
    """
    copies, rest = divmod(len(optimiser.parameters[0]), len(order))
    if rest:
        raise ValueError(f"order: {len(order)} orders do not share out {len(optimiser.parameters[0])} models evenly")
    updates = order.shape[1] // integer("batch", batch, 1, order.shape[1])
    for n in range(updates):
        chosen = order[:, n * batch : (n + 1) * batch].repeat_interleave(copies, 0)
        loss = network_losses(optimiser.parameters, inputs[chosen], labels[chosen]).sum()
        optimiser.step(torch.autograd.grad(loss, optimiser.parameters))
    return updates


def continued_sgd(optimiser: StackedSGD, factor: float, momentum: float) -> StackedSGD:
    """A copy of ``optimiser`` and its models that goes on at ``factor`` times the rate, with another momentum.

    The step v = −αb of the last update is kept, as the article's iteration does it: the stored b is divided by factor.

    >>> old = StackedSGD([torch.ones(1, 1)], 0.5, momentum=0.9)
    >>> old.step([torch.ones(1, 1)])
    >>> new = continued_sgd(old, 0.1, 0.8)
    >>> round(new.lr, 3), new.velocity[0].item(), old.velocity[0].item()
    (0.05, 10.0, 1.0)
    """
    factor = real_number("factor", factor, above=0)
    parameters = [p.detach().clone().requires_grad_() for p in optimiser.parameters]
    copy = StackedSGD(parameters, optimiser.lr * factor, momentum=momentum, nesterov=optimiser.nesterov)
    copy.velocity = [v / factor for v in optimiser.velocity]
    return copy
