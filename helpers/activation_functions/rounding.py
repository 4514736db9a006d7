"""Rounding as a non-linearity: where denormal numbers become 0, a product with 2⁻¹²⁶ and back opens a gap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from helpers.activation_functions.networks import unpack_layers
from helpers.tensors import float_tensor

SMALLEST_NORMAL = 2.0**-126  # of float32; whatever is smaller in size is denormal, and flushed to 0 on request


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Within the block, arithmetic of this thread replaces denormal numbers by 0, in torch and in numpy.

    The flag belongs to the calling thread alone: torch's other threads would go on rounding gradually, so the block
    runs torch with one thread. Flag and thread count are put back at the end, also of a block within a block.
    RuntimeError where the processor has no such mode.

    >>> with flushed_denormals():
    ...     print(round_trip(torch.tensor([0.5, -2.0])).tolist())
    [0.0, -2.0]
    """
    threads, before = torch.get_num_threads(), np.float32(SMALLEST_NORMAL) * np.float32(0.5) == 0
    torch.set_num_threads(1)
    try:
        if not torch.set_flush_denormal(True):
            raise RuntimeError("flushed_denormals: this processor has no mode that flushes denormal numbers")
        yield
    finally:
        torch.set_flush_denormal(bool(before))
        torch.set_num_threads(threads)


def round_trip(x: Tensor) -> Tensor:
    """(x·2⁻¹²⁶)·2¹²⁶ in float32: x itself in exact arithmetic.

    Under `flushed_denormals` entries with |x| < 1 become 0. ValueError unless x is float32.

    >>> round_trip(torch.tensor([0.5, -2.0])).tolist()
    [0.5, -2.0]
    """
    float_tensor("x", x, (torch.float32,))
    return (x * SMALLEST_NORMAL).mul_(1 / SMALLEST_NORMAL)  # both powers of 2 are exact


def rounding_network(candidates: Tensor, x: Tensor, sizes: Sequence[int]) -> Tensor:
    """Logits (models, classes, batch) of linear layers with `round_trip` between them: on paper one linear map.

    candidates: (models, parameters) float32, laid out as in `unpack_layers`. x: (batch, inputs), the same for all
    models. sizes: widths from inputs to classes. The batch comes last, as `cross_entropy` wants it, and the first
    layers of all models are one matrix product. ValueError where the sizes do not fit.

    >>> rounding_network(torch.zeros(5, 14), torch.ones(7, 3), (3, 2, 2)).shape
    torch.Size([5, 2, 7])
    """
    float_tensor("candidates", candidates, (torch.float32,))
    float_tensor("x", x, (torch.float32,))
    layers = [(w.transpose(1, 2), b.transpose(1, 2)) for w, b in unpack_layers(candidates, sizes)]
    if x.ndim != 2 or x.shape[1] != sizes[0]:
        raise ValueError(f"x: has shape {tuple(x.shape)}; give (batch, {sizes[0]}) for the sizes {tuple(sizes)}")
    weight, bias = layers[0]
    h = (weight.reshape(-1, sizes[0]) @ x.T).unflatten(0, (len(candidates), sizes[1])).add_(bias)
    for weight, bias in layers[1:]:
        h = torch.baddbmm(bias, weight, round_trip(h))
    return h
