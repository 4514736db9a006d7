"""Monotone networks fitted by Adam, many at once; the rate of each is chosen by validation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from helpers.fourier_density.monotone import monotone_log_prob, monotone_network
from helpers.inputs import integer
from helpers.optimizers import StackedAdam
from helpers.tensors import float_tensor


def fit_monotone_networks(
    x: Tensor,
    train: Tensor,
    validation: Tensor,
    width: int,
    steps: int,
    generator: torch.Generator,
    rates: Sequence[float] = (0.1, 0.3, 1.0),
) -> list[Tensor]:
    """Parameters of one network for each row of ``train`` (models, n), shares of the points x (n,).

    Every row is fitted at every rate, lowered to 0.3 and 0.1 of it after 60 and 85 % of the steps; the fit with the
    best likelihood on its row of ``validation`` is returned. ValueError: other shapes, steps < 1.

    >>> x, share = torch.linspace(-1, 1, 5), torch.full((2, 5), 0.2)
    >>> [len(p) for p in fit_monotone_networks(x, share, share, 2, 3, torch.Generator().manual_seed(0))][:2]
    [2, 2]
    """
    x, train, validation = (
        float_tensor(name, value, finite=True).float()
        for name, value in (("x", x), ("train", train), ("validation", validation))
    )
    steps, models = integer("steps", steps, 1), train.shape[0]
    if x.ndim != 1 or train.shape != validation.shape or train.shape != (models, x.numel()):
        raise ValueError(f"train, validation: have shapes {tuple(train.shape)}, {tuple(validation.shape)}; give (m, n)")
    network = monotone_network(len(rates) * models, width, generator)
    rate, shares = torch.tensor(rates).repeat_interleave(models), train.repeat(len(rates), 1)
    optimiser = StackedAdam(network, rate)
    for step in range(steps):
        optimiser.lr = rate * (1 if step < 0.6 * steps else 0.3 if step < 0.85 * steps else 0.1)
        loss = -(shares * monotone_log_prob(x, network)[1]).sum()
        optimiser.step(torch.autograd.grad(loss, network))
    with torch.no_grad():
        score = (validation.repeat(len(rates), 1) * monotone_log_prob(x, network)[1]).sum(-1).reshape(len(rates), -1)
        chosen = score.nan_to_num(-torch.inf).argmax(0) * models + torch.arange(models)
        return [part[chosen].detach() for part in network]
