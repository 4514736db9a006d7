"""What a framework runs: the path of `torch.optim.SGD` on a quadratic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike

from helpers.inputs import real_array, real_number
from helpers.sgd_dynamics._types import Array


def torch_sgd_path(
    curvatures: ArrayLike, rates: Sequence[float], momentum: float = 0.9, nesterov: bool = False
) -> Array:
    """Positions (steps, d) of torch.optim.SGD on ½Σ k_i(θ_i − 1)² after each step from 0, one rate for each step.

    ValueError: curvatures that are not a vector, no rates, a rate < 0, momentum outside [0, 1).

    >>> torch_sgd_path([1.0, 0.5], [0.1, 0.1], momentum=0.5).round(4).tolist()  # 0.1, then 0.1 · 0.9 + 0.5 · 0.1 more
    [[0.1, 0.05], [0.24, 0.1225]]
    """
    k, steps = real_array("curvatures", curvatures), real_array("rates", rates, at_least=0)
    momentum = real_number("momentum", momentum, at_least=0, below=1)
    if k.ndim != 1 or steps.ndim != 1:
        raise ValueError(f"curvatures, rates: have shapes {k.shape}, {steps.shape}; give one vector each")
    p = torch.zeros(k.size, dtype=torch.float64, requires_grad=True)
    optimiser, path = torch.optim.SGD([p], lr=float(steps[0]), momentum=momentum, nesterov=nesterov), []
    for rate in steps.tolist():
        optimiser.param_groups[0]["lr"] = rate
        p.grad = torch.from_numpy(k * (p.detach().numpy() - 1))
        optimiser.step()
        path.append(p.detach().numpy().copy())
    return np.array(path)
