"""Pairs of vectors: the check that all estimators share, and lengths that neither overflow nor vanish."""

from __future__ import annotations

import torch
from torch import Tensor

from helpers.tensors import float_tensor


def check_pair(z: Tensor, q: Tensor) -> None:
    """ValueError where z and q are not of one shape (..., d), d ≥ 1, and one floating dtype."""
    float_tensor("z", z)
    float_tensor("q", q)
    if z.shape != q.shape or z.ndim == 0 or z.shape[-1] == 0:
        raise ValueError(f"z, q: shapes are {tuple(z.shape)} and {tuple(q.shape)}; give one shape (..., d) with d ≥ 1")
    if z.dtype != q.dtype:
        raise ValueError(f"z, q: dtypes are {z.dtype} and {q.dtype}; give one dtype")


def lengths(z: Tensor, q: Tensor, square_z: Tensor, square_q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """1/‖z‖, 1/‖q‖ and ‖q‖/‖z‖ from ‖z‖² and ‖q‖², where those neither overflow nor vanish."""
    inverse_z, inverse_q = square_z.rsqrt(), square_q.rsqrt()
    return inverse_z, inverse_q, inverse_z / inverse_q


def careful_lengths(z: Tensor, q: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same for any length, by scaling the largest entry to 1 first.

    A vector without a normal number counts as 0, and its inverse length is given as 0. The ratio is 1 for z = 0, 0 for
    q = 0, and bounded, so that its product with an ordinary gradient stays finite.
    """
    info = torch.finfo(z.dtype)
    inverses = []
    for x in (z, q):
        largest = x.abs().amax(-1, keepdim=True)
        factor = torch.where(largest < info.smallest_normal, 0, 1 / largest)
        inverses.append(factor * ((x * factor) ** 2).sum(-1, keepdim=True).clamp_min(1).rsqrt())
    inverse_z, inverse_q = inverses
    ratio = torch.where(inverse_q > 0, inverse_z / inverse_q, 0).clamp_max(info.max * 2.0**-24)
    return inverse_z, inverse_q, torch.where(inverse_z > 0, ratio, 1)


def defined_axis(square: Tensor) -> Tensor:
    """Whether ‖q̃ ± z̃‖² is more than rounding error: below that the sum has no direction."""
    return square > (16 * torch.finfo(square.dtype).eps) ** 2
