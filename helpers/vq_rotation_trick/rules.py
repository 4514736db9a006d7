"""What `VectorQuantizer` asks of a codebook: `codebooks` learn their codes, `lattices` have fixed ones."""

from __future__ import annotations

import torch
from torch import Tensor


class CodebookRule(torch.nn.Module):
    """A way to compare, look up and move codes. Vectors z and x have the shape (..., n, d).

    Every rule defines `compared` and `look_up`; the rest does nothing, or refuses, where a rule does not define it.
    """

    moved_by_loss = False  # whether the codebook loss has codes to move

    def is_placed(self) -> bool:
        """Whether the codes are where they may be used."""
        return True

    def compared(self, z: Tensor) -> Tensor:
        """x: the vectors z as they are compared with the codes."""
        raise NotImplementedError

    def look_up(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The codes nearest to x (..., n, d), with gradient to what they are made of, and their indices (..., n)."""
        raise NotImplementedError

    def code_vectors(self) -> Tensor:
        """All codes as they are compared, (..., K, d), with gradient. ValueError where none are stored."""
        raise ValueError(f"code_vectors: {type(self).__name__} stores no codes; give a codebook that learns them")

    def place_codes(self, z: Tensor) -> None:
        """Put the codes on the k-means centres of z. ValueError where there are none to place."""
        raise ValueError(f"place_codes: {type(self).__name__} has no codes to place; give a codebook that learns them")

    def before_look_up(self, x: Tensor) -> None:
        """In training: what happens to the codes before the batch x is looked up."""

    def after_look_up(self, x: Tensor, indices: Tensor) -> None:
        """In training: what happens to them afterwards."""

    def penalty(self, x: Tensor) -> Tensor:
        """A loss of the rule's own, one value per model."""
        return x.new_zeros(x.shape[:-2])
