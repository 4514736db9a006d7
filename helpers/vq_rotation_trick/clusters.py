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

    points: any floating dtype; sums are taken in float64. ValueError for fewer points than centres, for points with
    nan or inf, and where a sum overflows float64.

    >>> points = torch.tensor([[0.0], [1.0], [10.0], [12.0]])
    >>> kmeans(points, 2, torch.Generator().manual_seed(0)).flatten().sort().values.tolist()
    [0.5, 11.0]
    """
    codes, iterations = integer("codes", codes, 1), integer("iterations", iterations, 0)
    checked_generator("generator", generator, torch.Generator)
    float_tensor("points", points, finite=True)
    if points.ndim < 2 or points.shape[-2] < codes or points.shape[-1] == 0:
        raise ValueError(f"points: shape is {tuple(points.shape)}; give (..., n, d) with d ≥ 1 and n ≥ {codes} centres")
    points = points.detach()
    # All models start from the points of one draw: their differences are those of their points.
    choice = torch.randperm(points.shape[-2], generator=generator, device=generator.device)[:codes]
    centres = points[..., choice.to(points.device), :].clone()
    for _ in range(iterations):
        counts, sums = cell_sums(points, nearest_code(points, centres), codes)
        if not torch.isfinite(sums).all():
            raise ValueError("points: their sums overflow float64; give smaller ones")
        means = (sums / counts.clamp_min(1)[..., None]).to(points.dtype)
        centres = torch.where(counts[..., None] > 0, means, centres)
    return centres


def cell_sums(points: Tensor, indices: Tensor, codes: int) -> tuple[Tensor, Tensor]:
    """How many points (..., n, d) have each code, integers (..., codes), and their sums, float64 (..., codes, d).

    indices: (..., n), integers from 0 to codes − 1. ValueError where they do not fit.

    >>> counts, sums = cell_sums(torch.tensor([[1.0], [2.0], [5.0]]), torch.tensor([0, 0, 1]), 2)
    >>> counts.tolist(), sums.tolist()
    ([2, 1], [[3.0], [5.0]])
    """
    counts = code_counts(indices, codes)
    if float_tensor("points", points).shape[:-1] != indices.shape:
        raise ValueError(
            f"points: shape {tuple(points.shape)} does not fit indices {tuple(indices.shape)}; give (..., n, d)"
        )
    # In float64, so that points far from the origin keep their digits and long ones do not overflow.
    sums = torch.zeros(*counts.shape, points.shape[-1], dtype=torch.float64, device=points.device)
    return counts, sums.scatter_add_(-2, indices.long()[..., None].expand_as(points), points.double())
