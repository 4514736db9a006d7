"""Codebooks that are not learned: a grid of levels per coordinate, or the corners of a cube."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from helpers.inputs import integer
from helpers.vq_rotation_trick.rules import CodebookRule


class FiniteScalars(CodebookRule):
    """FSQ: tanh, then rounding of the first len(levels) coordinates (Mentzer et al., arXiv 2309.15505).

    shape: (K, d), or (models, K, d). levels: numbers of levels per coordinate, ≥ 2 each, with product K.
    """

    levels: Tensor  # integers, which no change of the module's dtype rounds
    radix: Tensor  # what one level of each coordinate adds to the index

    def __init__(self, shape: tuple[int, ...], levels: Sequence[int] | None):
        super().__init__()
        codes, dim = shape[-2:]
        listed = levels.tolist() if isinstance(levels, (np.ndarray, Tensor)) else levels
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            raise ValueError(f"levels: is {levels!r}; give a sequence of integers ≥ 2 with product {codes}")
        whole = [integer("levels", level, 2) for level in listed]
        if math.prod(whole) != codes or len(whole) > dim:
            raise ValueError(f"levels: is {levels!r}; give at most dim = {dim} integers with product {codes}")
        self.register_buffer("levels", torch.tensor(whole))
        self.register_buffer("radix", torch.tensor([math.prod(whole[:k]) for k in range(len(whole))]))

    def compared(self, z: Tensor) -> Tensor:
        return torch.tanh(z[..., : len(self.levels)])

    def _digits(self, x: Tensor) -> Tensor:
        """The nearest level of each coordinate, 0 … levels − 1."""
        return torch.round((x + 1) / 2 * (self.levels - 1))

    def look_up(self, x: Tensor) -> tuple[Tensor, Tensor]:
        digits = self._digits(x)
        return 2 * digits / (self.levels - 1) - 1, (digits.long() * self.radix).sum(-1)


class LookupFree(FiniteScalars):
    """LFQ: signs of the first log₂ K coordinates, with an entropy penalty (Yu et al., arXiv 2310.05737).

    shape: (K, d), or (models, K, d), K a power of two.
    """

    signs: Tensor  # the codes, (K, log₂ K)

    def __init__(self, shape: tuple[int, ...]):
        super().__init__(shape, [2] * round(math.log2(shape[-2])))
        self.register_buffer("signs", 2.0 * ((torch.arange(shape[-2])[:, None] // self.radix) % 2) - 1)

    def compared(self, z: Tensor) -> Tensor:
        return z[..., : len(self.levels)]

    def _digits(self, x: Tensor) -> Tensor:
        return (x > 0).float()

    def penalty(self, x: Tensor) -> Tensor:
        """Mean entropy of each vector's soft assignment minus the entropy of the mean assignment, in nats.

        The assignment is softmax(−‖x − sign‖²), in which only the inner products differ.
        """
        bounded = x.clamp(-1e30, 1e30)  # beyond, sums overflow; the assignment has been sure for long
        log_share = torch.log_softmax(2 * (bounded @ self.signs.float().T), -1)
        share = log_share.exp()
        mean = share.mean(-2)
        return -(share * log_share).sum(-1).mean(-1) + torch.xlogy(mean, mean).sum(-1)
