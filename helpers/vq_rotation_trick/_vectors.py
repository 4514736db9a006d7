"""Pairs of vectors: the check that all estimators share, and lengths that neither overflow nor vanish."""

from __future__ import annotations

import torch
from torch import Tensor

from helpers.tensors import float_tensor


def promoted_pair(z: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """z and q in the wider of their dtypes; ValueError where they are not floating, of one shape (..., d), d ≥ 1."""
    float_tensor("z", z)
    float_tensor("q", q)
    if z.shape != q.shape or z.ndim == 0 or z.shape[-1] == 0:
        raise ValueError(f"z, q: shapes are {tuple(z.shape)} and {tuple(q.shape)}; give one shape (..., d) with d ≥ 1")
    common = torch.promote_types(z.dtype, q.dtype)
    return z.to(common), q.to(common)


def lengths(z: Tensor, q: Tensor, square_z: Tensor, square_q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """1/‖z‖, 1/‖q‖ and ‖q‖/‖z‖ from ‖z‖² and ‖q‖², where those neither overflow nor vanish."""
    inverse_z, inverse_q = square_z.rsqrt(), square_q.rsqrt()
    return inverse_z, inverse_q, inverse_z / inverse_q


def inverse_length(x: Tensor) -> Tensor:
    """1/‖x‖ of shape (..., 1) for any length, by scaling the largest entry to 1 first; 0 for x without a normal number.

    >>> [f"{x:.3g}" for x in inverse_length(torch.tensor([[3e30, 4e30], [0.0, 0.0]])).flatten().tolist()]
    ['2e-31', '0']
    """
    largest = x.abs().amax(-1, keepdim=True)
    factor = torch.where(largest < torch.finfo(x.dtype).smallest_normal, 0, 1 / largest)
    return factor * ((x * factor) ** 2).sum(-1, keepdim=True).clamp_min(1).rsqrt()


def careful_lengths(z: Tensor, q: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`lengths` for any vectors.

    The ratio is 1 for z = 0, 0 for q = 0, and bounded, so that its product with an ordinary gradient stays finite.
    """
    inverse_z, inverse_q = inverse_length(z), inverse_length(q)
    ratio = torch.where(inverse_q > 0, inverse_z / inverse_q, 0).clamp_max(torch.finfo(z.dtype).max * 2.0**-24)
    return inverse_z, inverse_q, torch.where(inverse_z > 0, ratio, 1)


def defined_axis(square: Tensor) -> Tensor:
    """Whether ‖q̃ ± z̃‖² is more than rounding error: below that the sum has no direction."""
    return square > (16 * torch.finfo(square.dtype).eps) ** 2


def unit_vectors(x: Tensor) -> Tensor:
    """x/‖x‖ with its gradient; 0 with gradient 0 for x without a normal number.

    >>> unit_vectors(torch.tensor([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    return torch.nn.functional.normalize(x * inverse_length(x.detach()), dim=-1)  # of length 1 or 0 by then
