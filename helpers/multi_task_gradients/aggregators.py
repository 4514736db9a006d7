"""Nine methods behind one interface: one torch Jacobian in, one direction out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.bargaining import nash_mtl_weights
from helpers.multi_task_gradients.cagrad import cagrad_weights
from helpers.multi_task_gradients.cone import upgrad_weights
from helpers.multi_task_gradients.min_norm import min_norm_weights
from helpers.multi_task_gradients.scalings import aligned_mtl_weights, imtl_g_weights, mean_weights, normalized_weights
from helpers.multi_task_gradients.surgery import pcgrad_weights
from helpers.tensors import float_tensor

WEIGHTS: dict[str, Callable[..., Array]] = {
    "mean": mean_weights,
    "normalized_sum": normalized_weights,
    "mgda": min_norm_weights,
    "pcgrad": pcgrad_weights,
    "cagrad": cagrad_weights,
    "imtl_g": imtl_g_weights,
    "nash_mtl": nash_mtl_weights,
    "aligned_mtl": aligned_mtl_weights,
    "upgrad": upgrad_weights,
}
_SCALE_FREE = ("normalized_sum", "nash_mtl")  # weights of degree −1: u does not follow the gradients' common scale


@dataclass(frozen=True)
class Aggregator:
    """The direction that the method ``name`` takes, with ``weights`` a function of the Gram matrix.

    Called with a float32 or float64 Jacobian (tasks, parameters) it returns (parameters,) in the same dtype and on the
    same device; step along its negative. Keyword options go to ``weights``. ValueError for another shape, dtype or
    layout, an empty Jacobian, nan or inf, gradients whose lengths differ by more than 1e300, or a direction out of
    range.

    >>> Aggregator("mgda", min_norm_weights)(torch.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor([0.4000, 0.8000])
    """

    name: str
    weights: Callable[..., Array]

    def __call__(self, jacobian: Tensor, **options: Any) -> Tensor:
        jacobian = float_tensor("jacobian", jacobian, (torch.float32, torch.float64)).detach()
        if jacobian.ndim != 2 or jacobian.numel() == 0 or jacobian.layout != torch.strided or jacobian.is_meta:
            kind = f"{jacobian.layout} on {jacobian.device}"
            raise ValueError(
                f"jacobian: shape {tuple(jacobian.shape)}, {kind}; give dense (tasks, parameters), both ≥ 1"
            )
        exact = (jacobian if jacobian.device.type != "mps" else jacobian.cpu()).double()
        largest = exact.abs().amax(1)
        if not torch.isfinite(largest).all():
            raise ValueError("jacobian: holds nan or inf; give finite numbers")
        # A power of two, so that no product overflows or underflows and no bit changes.
        exponents = torch.frexp(largest[largest > 0]).exponent
        low, high = (int(exponents.min()), int(exponents.max())) if len(exponents) else (0, 0)
        if high - low > 1000:
            raise ValueError("jacobian: its gradients' lengths differ by more than 1e300; leave out the shorter ones")
        shift = (low + high) // 2
        exact = _scaled(exact, -shift)
        gram = (exact @ exact.T).cpu().numpy()
        alpha = torch.from_numpy(self.weights((gram + gram.T) / 2, **options)).to(exact.device)
        direction = _scaled(alpha @ exact, 0 if self.name in _SCALE_FREE else shift).to(jacobian)
        if not torch.isfinite(direction).all():
            raise ValueError(f"jacobian: the direction of {self.name} exceeds {jacobian.dtype}; give smaller gradients")
        return direction


def _scaled(values: Tensor, exponent: int) -> Tensor:
    """values · 2^exponent, in two factors because one may be out of range."""
    half = exponent // 2
    return values * math.ldexp(1.0, half) * math.ldexp(1.0, exponent - half)


AGGREGATORS = {name: Aggregator(name, weights) for name, weights in WEIGHTS.items()}
