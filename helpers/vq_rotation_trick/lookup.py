"""Looking codes up: which code is nearest, which rows those are, and how evenly the codes are used."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from helpers._compat import functorch_active
from helpers.inputs import integer
from helpers.tensors import float_tensor
from helpers.vq_rotation_trick._nearest import nearest_by_product

_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def _traced() -> bool:
    """Whether a compiler or a transform of torch.func is at work, for which no step may depend on a number."""
    return torch.compiler.is_compiling() or functorch_active()


def _checked_pair(z: Tensor, codebook: Tensor) -> tuple[Tensor, Tensor]:
    """z (..., n, d) and codebook (..., K, d) with one set of leading axes, in the wider of their dtypes."""
    float_tensor("z", z)
    float_tensor("codebook", codebook)
    shapes = f"z, codebook: shapes are {tuple(z.shape)} and {tuple(codebook.shape)}"
    if z.ndim < 2 or codebook.ndim < 2 or z.shape[-1] != codebook.shape[-1] or 0 in codebook.shape[-2:]:
        raise ValueError(f"{shapes}; give (..., n, d) and (..., K, d) with K, d ≥ 1")
    try:
        leading = torch.broadcast_shapes(z.shape[:-2], codebook.shape[:-2])
    except RuntimeError as error:
        raise ValueError(f"{shapes}; give leading axes that broadcast") from error
    wide = torch.promote_types(torch.promote_types(z.dtype, codebook.dtype), torch.float32)
    z, codebook = z.detach().to(wide), codebook.detach().to(wide)
    return z.expand(*leading, -1, -1), codebook.expand(*leading, -1, -1)


def nearest_code_by_differences(z: Tensor, codebook: Tensor) -> Tensor:
    """As `nearest_code`, from the differences z − e themselves: the plain method, in K times the memory of z.

    >>> nearest_code_by_differences(torch.tensor([[0.1], [3.0]]), torch.tensor([[0.0], [2.0]])).tolist()
    [0, 1]
    """
    z, codebook = _checked_pair(z, codebook)
    if not _traced():
        float_tensor("z", z, finite=True)
        float_tensor("codebook", codebook, finite=True)
    # Halves, since the difference of two finite numbers may overflow; in units of the nearest code's largest entry,
    # so that its square does neither overflow nor vanish.
    difference = (z.double()[..., :, None, :] / 2 - codebook.double()[..., None, :, :] / 2).abs()
    unit = difference.amax(-1).amin(-1)[..., None, None].clamp_min(torch.finfo(torch.float64).smallest_normal)
    return (difference / unit).square().sum(-1).argmin(-1)


def nearest_code(z: Tensor, codebook: Tensor) -> Tensor:
    """Indices (..., n) of the codes nearest to z (..., n, d) in codebook (..., K, d); of equals the first.

    z, codebook: any floating dtypes, wherever they lie and however long they are; leading axes broadcast. ValueError
    for other shapes and for nan or inf. One matrix product finds most of them, and differences the rows for which its
    rounding could have decided: what `nearest_code_by_differences` finds, wherever its own rounding does not decide.

    >>> nearest_code(torch.tensor([[0.1, 0.0], [3.0, 3.0]]), torch.tensor([[0.0, 0.0], [2.0, 2.0]])).tolist()
    [0, 1]
    """
    if _traced():
        return nearest_code_by_differences(z, codebook)
    z, codebook = _checked_pair(z, codebook)
    models = math.prod(z.shape[:-2])  # not −1, which is ambiguous where an axis is empty
    indices = nearest_by_product(z.reshape(models, *z.shape[-2:]), codebook.reshape(models, *codebook.shape[-2:]))
    return indices.reshape(z.shape[:-1])


def _checked_indices(indices: Tensor, codes: int) -> Tensor:
    """Indices as int64; ValueError where they are not integers from 0 to codes − 1."""
    if not isinstance(indices, Tensor) or indices.dtype not in _INTEGERS or indices.ndim < 1:
        kind = f"{indices.dtype} of shape {tuple(indices.shape)}" if isinstance(indices, Tensor) else type(indices)
        raise ValueError(f"indices: is {kind}; give a tensor (..., n) of integers")
    if not _traced() and indices.numel() and not 0 <= indices.min() <= indices.max() < codes:
        raise ValueError(f"indices: {indices.min()} … {indices.max()}; give integers from 0 to {codes - 1}")
    return indices.long()


def take_codes(codebook: Tensor, indices: Tensor) -> Tensor:
    """Rows (..., n, d) of codebook (..., K, d) at indices (..., n), with gradient. ValueError where they do not fit.

    >>> take_codes(torch.tensor([[0.0, 0.0], [2.0, 2.0]]), torch.tensor([1, 1])).tolist()
    [[2.0, 2.0], [2.0, 2.0]]
    """
    if float_tensor("codebook", codebook).ndim < 2:
        raise ValueError(f"codebook: shape is {tuple(codebook.shape)}; give (..., K, d)")
    indices = _checked_indices(indices, codebook.shape[-2])
    if indices.shape[:-1] != codebook.shape[:-2]:
        raise ValueError(
            f"indices: shape {tuple(indices.shape)} does not fit codes {tuple(codebook.shape)}; give (..., n)"
        )
    return torch.gather(codebook, -2, indices[..., None].expand(*indices.shape, codebook.shape[-1]))


def code_counts(indices: Tensor, codes: int) -> Tensor:
    """How often each of ``codes`` codes occurs in indices (..., n): integers of shape (..., codes).

    ValueError for indices that are not integers from 0 to codes − 1.

    >>> code_counts(torch.tensor([0, 2, 2]), 4).tolist()
    [1, 0, 2, 0]
    """
    indices = _checked_indices(indices, integer("codes", codes, 1))
    counts = torch.zeros(*indices.shape[:-1], codes, dtype=torch.int64, device=indices.device)
    return counts.scatter_add_(-1, indices, torch.ones_like(indices))


def perplexity(counts: Tensor) -> Tensor:
    """exp of the entropy of the code frequencies: the effective number of codes, 1 … K, from counts (..., K).

    counts: integers or weights ≥ 0. ValueError for others, for nan or inf, and where nothing was counted.

    >>> round(float(perplexity(torch.tensor([3, 3, 0, 0]))), 4)
    2.0
    """
    if not isinstance(counts, Tensor) or counts.dtype not in _INTEGERS:
        float_tensor("counts", counts, finite=True)
    if counts.ndim < 1 or (counts < 0).any() or not (counts > 0).any(-1).all():
        raise ValueError("counts: hold a negative number or a row without a single sample; give counts (..., K)")
    frequency = counts.double() / counts.amax(-1, keepdim=True)  # before the sum, which could overflow
    frequency = frequency / frequency.sum(-1, keepdim=True)
    effective = torch.exp(-torch.xlogy(frequency, frequency).sum(-1))
    return effective.to(counts.dtype if counts.is_floating_point() else torch.get_default_dtype())
