"""The nearest code by one matrix product, and by differences only among codes between which rounding could decide."""

from __future__ import annotations

import torch
from torch import Tensor

from helpers.tensors import float_tensor

BLOCK = 2**22  # numbers in one block of differences


def _decided(z: Tensor, e: Tensor, row: Tensor, code: Tensor, rows: int) -> Tensor:
    """Of pairs (z, e) with their row and code number: each row's nearest code as `nearest_code_by_differences` says."""
    difference = (z.double() / 2 - e.double() / 2).abs()
    per_row = z.new_full((rows,), torch.inf, dtype=torch.float64)
    unit = per_row.scatter_reduce(0, row, difference.amax(-1), "amin")
    unit = unit.clamp_min(torch.finfo(torch.float64).smallest_normal)
    square = (difference / unit[row][:, None]).square().sum(-1)
    nearest = square == per_row.scatter_reduce(0, row, square, "amin")[row]
    first = torch.full((rows,), torch.iinfo(code.dtype).max, device=code.device)
    return first.scatter_reduce(0, row[nearest], code[nearest], "amin")


def nearest_by_product(z: Tensor, codebook: Tensor) -> Tensor:
    """Indices (m, n) of the codes (m, K, d) nearest to z (m, n, d), both float32 or both float64, by ‖e‖² − 2z·e.

    ValueError for nan or inf.
    """
    if torch.get_float32_matmul_precision() != "highest":  # a product of float32 may then have 8 bits
        z, codebook = z.double(), codebook.double()
    info, dim = torch.finfo(z.dtype), z.shape[-1]
    centre = codebook.mean(-2, keepdim=True)  # far from the origin rounding could decide everything
    x, e = z - centre, codebook - centre
    square_x = (x.square() @ x.new_ones(dim, 1))[..., 0]  # faster than a sum over few numbers
    square_e = e.square().sum(-1)
    # A sum of d products errs by at most d·eps/2 times the sum of their sizes, which here is ‖x‖² + ‖e‖² or less. With
    # the rounding of x and e, the other sums, and what differences would do wrong: (d + 8)·eps on each side, twice.
    # The share of ‖e‖² is taken off beforehand, so that a code far away puts no other in doubt.
    slack = 2 * (dim + 8) * info.eps
    with torch.autocast(z.device.type, enabled=False):
        least = torch.baddbmm(((1 - slack) * square_e)[:, None, :], x, e.mT, alpha=-2)
    best, indices = least.min(-1)
    rival = least.scatter_(-1, indices[..., None], torch.inf).amin(-1)
    limit = best + 2 * slack * (square_x + square_e.gather(-1, indices)) + 16 * dim * info.smallest_normal
    doubt = ~(rival > limit)  # also where something is nan or overflowed
    if not doubt.any():
        return indices
    blocks = (x.split(max(1, BLOCK // codebook[0].numel())) for x in doubt.nonzero(as_tuple=True))
    for model, row in zip(*blocks, strict=True):
        possible = ~(least[model, row] > limit[model, row, None])
        if possible.all(-1).any():
            float_tensor("z", z, finite=True)
            float_tensor("codebook", codebook, finite=True)
        possible.scatter_(-1, indices[model, row, None], True)
        place, code = possible.nonzero(as_tuple=True)
        pairs = z[model[place], row[place]], codebook[model[place], code]
        indices[model, row] = _decided(*pairs, place, code, len(row))
    return indices
