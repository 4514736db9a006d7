"""Vector quantisation as a layer: an estimator and a codebook rule chosen by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from helpers.inputs import choice, integer
from helpers.inputs import generator as checked_generator
from helpers.tensors import float_tensor
from helpers.vq_rotation_trick.codebooks import Codebook, CosineCodebook, EMACodebook, SimVQCodebook
from helpers.vq_rotation_trick.estimators import ESTIMATORS
from helpers.vq_rotation_trick.lattices import FiniteScalars, LookupFree
from helpers.vq_rotation_trick.lookup import code_counts, perplexity
from helpers.vq_rotation_trick.rules import CodebookRule

CODEBOOKS: dict[str, type[CodebookRule]] = {
    "gradient": Codebook,
    "ema": EMACodebook,
    "simvq": SimVQCodebook,
    "cosine": CosineCodebook,
    "fsq": FiniteScalars,
    "lfq": LookupFree,
}


class Quantized(NamedTuple):
    """What `VectorQuantizer` returns; losses are means over the samples, one value per model."""

    values: Tensor  # z_q, shape and dtype of z; a code bit for bit where z is float32
    codes: Tensor  # indices 0 … K−1, shape z.shape[:-1]
    codebook_loss: Tensor  # ‖q − sg z‖², to be weighted by β
    commitment_loss: Tensor  # ‖z − sg q‖², to be weighted by γ
    entropy_loss: Tensor  # LFQ's penalty; 0 for the others


class Report(NamedTuple):
    """How a codebook is used, one value per model."""

    usage: Tensor  # fraction of the codes that occur
    perplexity: Tensor  # effective number of codes
    error: Tensor  # mean ‖z − q‖²


class VectorQuantizer(torch.nn.Module):
    """Vector quantisation with an estimator and a codebook rule chosen by name.

    dim, codes: length d of the vectors and number K of codes.
    estimator: a key of ESTIMATORS. codebook: a key of CODEBOOKS; the rule is then the attribute ``codebook``:
      "gradient": codes are parameters, moved by the codebook loss;
      "ema": codes are running means of the vectors they serve (decay ``decay``);
      "simvq": frozen codes times one learned d×d matrix;
      "cosine": vectors and codes are normalised to length 1 first;
      "fsq": tanh, then rounding of the first len(levels) coordinates;
      "lfq": signs of the first log2 K coordinates, with an entropy penalty.
      The last two have no codes to learn; coordinates that they do not use become 0.
    init: standard deviation of the codes' entries at the start; or "kmeans": the first batch's k-means centres;
      or the codes themselves, of shape (K, d) or (models, K, d).
    restart: a code whose running share of the samples falls below ``restart``/K is replaced by a random vector of
      the batch (0: never; checked in training mode only).
    models: None for vectors (..., d), or a number M of independent codebooks for vectors (M, ..., d).
    levels: FSQ's levels per coordinate, ≥ 2 each, with product K.
    generator: source of all randomness.

    Vectors are float32, or float16 and bfloat16, for which everything is computed in float32, under autocast too.
    ValueError, naming the argument, for an unknown name, a wrong size or type, vectors of wrong shape or dtype, with
    nan or inf, or further from their codes than float32 can square, and for a module in evaluation mode whose "kmeans"
    codes have not been placed.

    >>> codes = torch.tensor([[0.0, 0.0], [4.0, 4.0]])
    >>> module = VectorQuantizer(2, 2, generator=torch.Generator(), estimator="rotation", init=codes)
    >>> out = module(torch.tensor([[1.0, 0.0], [4.0, 3.0]]))
    >>> out.values.tolist(), out.codes.tolist(), out.commitment_loss.item()
    ([[0.0, 0.0], [4.0, 4.0]], [0, 1], 1.0)
    """

    def __init__(
        self,
        dim: int,
        codes: int,
        *,
        generator: torch.Generator,
        estimator: str = "straight-through",
        codebook: str = "gradient",
        init: float | str | Tensor = 1.0,
        restart: float = 0.0,
        models: int | None = None,
        levels: Sequence[int] | None = None,
        decay: float = 0.95,
    ):
        super().__init__()
        self.dim, self.codes = integer("dim", dim, 1), integer("codes", codes, 2)
        self.models = None if models is None else integer("models", models, 1)
        self.estimator = choice("estimator", estimator, ESTIMATORS)
        self.leading = () if self.models is None else (self.models,)
        rule = CODEBOOKS[choice("codebook", codebook, CODEBOOKS)]
        checked_generator("generator", generator, torch.Generator)
        shape = (*self.leading, self.codes, self.dim)
        if levels is not None and rule is not FiniteScalars:
            raise ValueError(f"levels: is {levels}, but {codebook!r} takes none; give None")
        self.codebook: CodebookRule
        if issubclass(rule, Codebook):
            self.codebook = rule(shape, generator=generator, init=init, restart=restart, decay=decay)
        else:
            for name, value, plain in (("init", init, 1.0), ("restart", restart, 0.0)):
                if isinstance(value, Tensor) or value != plain:
                    raise ValueError(f"{name}: is {value}, but {codebook!r} has no codes to place; give {plain}")
            self.codebook = FiniteScalars(shape, levels) if rule is FiniteScalars else LookupFree(shape)

    def code_vectors(self) -> Tensor:
        """The codes as they are compared, (K, d) or (models, K, d), with gradient. ValueError for FSQ and LFQ."""
        return self.codebook.code_vectors()

    def place_codes(self, z: Tensor) -> None:
        """Put the codes on the k-means centres of z, as ``init="kmeans"`` does with its first batch.

        z: as for the module itself. ValueError for FSQ and LFQ, which have no codes to place.
        """
        self.codebook.place_codes(self._flat(z))

    def forward(self, z: Tensor) -> Quantized:
        """Quantise z of shape (..., d), or (models, ..., d); in training mode also update EMA codes and dead ones."""
        flat = self._flat(z)
        with torch.autocast(z.device.type, enabled=False):
            return self._quantized(flat, z)

    def _quantized(self, flat: Tensor, z: Tensor) -> Quantized:
        if self.training and not self.codebook.is_placed():
            self.codebook.place_codes(flat)
        x = self._compared(flat)
        constant = x.detach()
        if self.training:
            self.codebook.before_look_up(constant)
        q, indices = self.codebook.look_up(x)
        if self.training:
            self.codebook.after_look_up(constant, indices)
        values = ESTIMATORS[self.estimator](x, q.detach())
        commitment = self._mean_square(x - q.detach())
        codebook_loss = torch.zeros_like(commitment)
        if self.codebook.moved_by_loss:
            codebook_loss = self._mean_square(q - constant)
        if values.shape[-1] < self.dim:
            values = torch.nn.functional.pad(values, (0, self.dim - values.shape[-1]))
        entropy = self.codebook.penalty(x)
        return Quantized(
            values.reshape(z.shape).to(z.dtype), indices.reshape(z.shape[:-1]), codebook_loss, commitment, entropy
        )

    @torch.no_grad()
    def report(self, z: Tensor) -> Report:
        """Usage, perplexity and quantisation error on z; nothing is updated."""
        flat = self._flat(z)
        with torch.autocast(z.device.type, enabled=False):
            x = self._compared(flat)
            q, indices = self.codebook.look_up(x)
        counts = code_counts(indices, self.codes)
        return Report((counts > 0).float().mean(-1), perplexity(counts), self._mean_square(x - q))

    def _mean_square(self, difference: Tensor) -> Tensor:
        """Mean squared length of (..., n, d) over the samples."""
        mean = difference.square().sum(-1).mean(-1)
        if not torch.isfinite(mean).all():
            raise ValueError("z: lies so far from the codes that the squared distance overflows; give smaller vectors")
        return mean

    def _flat(self, z: Tensor) -> Tensor:
        """z as (..., n, d) in float32, one row of vectors for each model."""
        float_tensor("z", z, (torch.float16, torch.bfloat16, torch.float32), finite=True)
        fits = z.ndim > len(self.leading) and z.shape[-1] == self.dim and z.shape[: len(self.leading)] == self.leading
        if not fits or not z.numel():
            expected = ", ".join([*map(str, self.leading), "...", str(self.dim)])
            raise ValueError(f"z: shape {tuple(z.shape)} is empty or does not fit; give ({expected})")
        return z.reshape(*self.leading, -1, self.dim).float()

    def _compared(self, flat: Tensor) -> Tensor:
        """The vectors as they are compared with the codes, which must be there."""
        if not self.codebook.is_placed():
            raise ValueError("init: 'kmeans' has no codes yet; call the module in training mode, or place_codes")
        return self.codebook.compared(flat)
