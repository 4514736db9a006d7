"""An evolution strategy: it tries random changes of all parameters at once, and needs the loss alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from helpers.inputs import generator as checked_generator
from helpers.inputs import integer, real_array, real_number
from helpers.optimizers import StackedAdam
from helpers.tensors import float_tensor


def _centred_ranks(losses: Tensor, dtype: torch.dtype) -> Tensor:
    """Ranks of losses (n,), scaled to −1/2 for the smallest … 1/2 for the largest; equal losses share their mean."""
    _, place, counts = torch.unique(losses, return_inverse=True, return_counts=True)
    count = counts.to(dtype)
    middle = count.cumsum(0) - (count + 1) / 2
    return middle[place] / (len(losses) - 1) - 0.5


def _check_range(parameters: Tensor) -> None:
    # The sum is finite where all entries are, unless it overflows itself: one cheap look, and a second one in doubt.
    if not (torch.isfinite(parameters.sum()) or torch.isfinite(parameters).all()):
        raise ValueError(f"sigma, lr: the candidates leave the range of {parameters.dtype}; give smaller steps")


def evolve(
    loss: Callable[[Tensor], Tensor],
    start: Tensor,
    *,
    generations: int,
    pairs: int,
    sigma: float,
    lr: float,
    generator: torch.Generator,
    weight_decay: float = 0.0,
    betas: tuple[float, float] = (0.9, 0.999),
) -> tuple[Tensor, Tensor]:
    """Minimise ``loss`` by antithetic evolution strategies with centred ranks and Adam (Salimans et al. 2017).

    loss: maps candidates (2·pairs, n) to losses (2·pairs,), floating, in one batched call; it needs no gradient. nan
    counts as the worst, and equal losses share their mean rank. The candidates of one generation are start ± sigma·ε,
    the + half first; noise inside ``loss``, such as a minibatch, is shared by them. start: (n,) floating, finite.
    sigma, lr > 0; generations, pairs ≥ 1. The rate falls linearly from lr to 0. weight_decay ≥ 0: each step also
    shrinks the parameters by the factor 1 − rate·weight_decay, apart from the adaptive step (arXiv:1711.05101).
    betas: the decays of Adam's two averages, in [0, 1). Averages and parameters are kept in float32 at least, and
    candidates are handed out in start's dtype. Returns the final parameters (n,) and the mean loss of each generation
    (generations,), nan where one of them was. ValueError for bad arguments, for losses of another shape or kind, and
    when the candidates leave the range of their dtype.

    >>> options = {"generations": 200, "pairs": 8, "sigma": 0.1, "lr": 0.1}
    >>> loss = lambda c: (c - 3).abs().floor().sum(1)  # flat in steps: a gradient would be 0
    >>> found, history = evolve(loss, torch.zeros(2), generator=torch.Generator().manual_seed(0), **options)
    >>> bool((found - 3).abs().max() < 1), history.shape
    (True, torch.Size([200]))
    """
    float_tensor("start", start, finite=True)
    if start.ndim != 1 or start.numel() == 0:
        raise ValueError(f"start: has shape {tuple(start.shape)}; give (n,) with n ≥ 1")
    generations, pairs = integer("generations", generations, 1), integer("pairs", pairs, 1)
    sigma, lr = real_number("sigma", sigma, above=0), real_number("lr", lr, above=0)
    weight_decay = real_number("weight_decay", weight_decay, at_least=0)
    checked_generator("generator", generator, torch.Generator)
    decays = real_array("betas", betas, at_least=0, below=1).tolist()
    if np.shape(decays) != (2,):
        raise ValueError(f"betas: are {betas}; give two numbers in [0, 1)")
    wide = torch.promote_types(start.dtype, torch.float32)  # Adam's eps and squares would be 0 in 16 bits
    mean = start.detach().to(wide, copy=True)
    optimiser = StackedAdam([mean[None]], lr, tuple(decays), eps=1e-12)  # one model; the view shares mean's memory
    history = []
    for step in range(generations):
        noise = torch.randn(pairs, start.numel(), generator=generator, dtype=wide)
        candidates = torch.cat([mean + sigma * noise, mean - sigma * noise]).to(start.dtype)
        _check_range(candidates)
        with torch.no_grad():
            losses: Any = loss(candidates)
        if not isinstance(losses, Tensor) or losses.shape != (2 * pairs,) or not losses.is_floating_point():
            kind = f"{losses.dtype}, shape {tuple(losses.shape)}" if isinstance(losses, Tensor) else type(losses)
            raise ValueError(f"loss: gives {kind}; give a function to floating tensors of shape ({2 * pairs},)")
        history.append(losses.mean())
        # Ranks instead of losses: the step no longer depends on the loss's scale, nor on single huge values.
        fitness = _centred_ranks(torch.where(losses.isnan(), math.inf, losses), wide)
        # The estimate of the gradient but for 1/sigma: Adam takes no notice of a factor, and a small sigma overflows.
        gradient = (fitness[:pairs] - fitness[pairs:]) @ noise / pairs
        optimiser.lr = lr * (1 - step / generations)
        mean.mul_(1 - optimiser.lr * weight_decay)
        optimiser.step([gradient[None]])
    found = mean.to(start.dtype)
    _check_range(found)
    return found, torch.stack(history)
