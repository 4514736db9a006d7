"""Looking codes up: which code is nearest, which rows those are, and how evenly the codes are used."""

from __future__ import annotations

import torch
from torch import Tensor


def nearest_code(z: Tensor, codebook: Tensor) -> Tensor:
    """Indices (..., n) of the codes nearest to z (..., n, d) in codebook (..., K, d), by ‖e‖² − 2z·e.

    >>> nearest_code(torch.tensor([[0.1, 0.0], [3.0, 3.0]]), torch.tensor([[0.0, 0.0], [2.0, 2.0]])).tolist()
    [0, 1]
    """
    centre = codebook.mean(-2, keepdim=True)  # far from the origin the two terms would cancel to rounding error
    z, codebook = z - centre, codebook - centre
    square = (codebook * codebook).sum(-1)[..., None, :]
    return torch.argmin((-2 * z @ codebook.transpose(-1, -2)).add_(square), -1)  # in place: the (n, K) part is large


def nearest_code_by_differences(z: Tensor, codebook: Tensor) -> Tensor:
    """As `nearest_code`, from the differences z − e themselves: the plain method, in K times the memory of z.

    >>> nearest_code_by_differences(torch.tensor([[0.1], [3.0]]), torch.tensor([[0.0], [2.0]])).tolist()
    [0, 1]
    """
    difference = z[..., :, None, :] - codebook[..., None, :, :]
    return torch.argmin((difference * difference).sum(-1), -1)


def take_codes(codebook: Tensor, indices: Tensor) -> Tensor:
    """Rows (..., n, d) of codebook (..., K, d) at indices (..., n).

    >>> take_codes(torch.tensor([[0.0, 0.0], [2.0, 2.0]]), torch.tensor([1, 1])).tolist()
    [[2.0, 2.0], [2.0, 2.0]]
    """
    return torch.gather(codebook, -2, indices[..., None].expand(*indices.shape, codebook.shape[-1]))


def code_counts(indices: Tensor, codes: int) -> Tensor:
    """How often each of ``codes`` codes occurs in indices (..., n): shape (..., codes).

    >>> code_counts(torch.tensor([0, 2, 2]), 4).tolist()
    [1.0, 0.0, 2.0, 0.0]
    """
    counts = torch.zeros(*indices.shape[:-1], codes, device=indices.device)
    return counts.scatter_add_(-1, indices, torch.ones_like(indices, dtype=counts.dtype))


def perplexity(counts: Tensor) -> Tensor:
    """exp of the entropy of the code frequencies: the effective number of codes, 1 … K, from counts (..., K).

    ValueError where nothing was counted.

    >>> round(float(perplexity(torch.tensor([3, 3, 0, 0]))), 4)
    2.0
    """
    total = counts.sum(-1, keepdim=True)
    if not (total > 0).all():
        raise ValueError("counts: hold a row without a single sample; give at least one")
    frequency = counts / total
    return torch.exp(-torch.xlogy(frequency, frequency).sum(-1))
