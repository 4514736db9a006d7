"""k-means: codes placed where the vectors are, and the sums over cells that it shares with running means."""

from __future__ import annotations

import torch
from torch import Tensor

from helpers.inputs import generator as checked_generator
from helpers.inputs import integer
from helpers.tensors import float_tensor
from helpers.vq_rotation_trick.lookup import code_counts, nearest_code


def kmeans(points: Tensor, codes: int, generator: torch.Generator, iterations: int = 20) -> Tensor:
    """Centres (..., codes, d) of points (..., n, d): Lloyd's iteration from random points; empty centres stay.

    ValueError for fewer points than centres, and for points with nan or inf.

    >>> points = torch.tensor([[0.0], [1.0], [10.0], [12.0]])
    >>> kmeans(points, 2, torch.Generator().manual_seed(0)).flatten().sort().values.tolist()
    [0.5, 11.0]
    """
    integer("codes", codes, 1)
    integer("iterations", iterations, 0)
    checked_generator("generator", generator, torch.Generator)
    float_tensor("points", points, finite=True)
    if points.ndim < 2 or points.shape[-2] < codes:
        raise ValueError(f"points: shape {tuple(points.shape)} is too small; give (..., n, d) with n ≥ {codes} centres")
    choice = torch.randperm(points.shape[-2], generator=generator, device=generator.device)[:codes]
    centres = points[..., choice.to(points.device), :].clone()
    for _ in range(iterations):
        counts, sums = cell_sums(points, nearest_code(points, centres), codes)
        centres = torch.where(counts[..., None] > 0, sums / counts.clamp_min(1)[..., None], centres)
    return centres


def cell_sums(points: Tensor, indices: Tensor, codes: int) -> tuple[Tensor, Tensor]:
    """How many points (..., n, d) have each code, (..., codes), and their sums, (..., codes, d).

    >>> counts, sums = cell_sums(torch.tensor([[1.0], [2.0], [5.0]]), torch.tensor([0, 0, 1]), 2)
    >>> counts.tolist(), sums.tolist()
    ([2.0, 1.0], [[3.0], [5.0]])
    """
    sums = torch.zeros(*points.shape[:-2], codes, points.shape[-1], dtype=points.dtype, device=points.device)
    sums.scatter_add_(-2, indices[..., None].expand_as(points), points)
    return code_counts(indices, codes).to(points.dtype), sums
