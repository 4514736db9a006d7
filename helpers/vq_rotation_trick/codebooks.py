"""Codebooks that are learned: by gradient, as running means, through one matrix, or on the unit sphere."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from helpers.inputs import real_number
from helpers.vq_rotation_trick._vectors import unit_vectors
from helpers.vq_rotation_trick.clusters import cell_sums, kmeans
from helpers.vq_rotation_trick.lookup import code_counts, nearest_code, take_codes
from helpers.vq_rotation_trick.rules import CodebookRule


def _start(init: float | str | Tensor, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """The codes at the start, float32; for "kmeans" a draw that the first batch replaces."""
    if isinstance(init, Tensor):
        codes = init.detach().to(torch.float32, copy=True)
        if init.dtype == torch.bool or init.shape != shape or not torch.isfinite(codes).all():
            raise ValueError(f"init: codes of shape {tuple(init.shape)}; give finite ones of shape {shape}")
        return codes
    if (isinstance(init, str) and init != "kmeans") or init is None:
        raise ValueError(f"init: is {init!r}; give a positive scale, 'kmeans', or codes as a tensor")
    scale = 1.0 if isinstance(init, str) else real_number("init", init, above=0)
    codes = torch.randn(*shape, generator=generator, device=generator.device) * scale
    if not torch.isfinite(codes).all():
        raise ValueError(f"init: is {init}; give a scale that leaves the codes finite in float32")
    return codes


class Codebook(CodebookRule):
    """K codes as parameters, moved by the codebook loss (van den Oord et al., arXiv 1711.00937).

    shape: (K, d), or (models, K, d). init, restart, decay, generator: as for `VectorQuantizer`.
    """

    moved_by_loss = True
    can_restart = True
    points: Tensor  # the codes as stored, shape (..., K, d)
    share: Tensor  # running share of the samples that each code serves, (..., K)
    total: Tensor  # running sum of these samples over the number of all, (..., K, d)
    placed: Tensor

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        generator: torch.Generator,
        init: float | str | Tensor = 1.0,
        restart: float = 0.0,
        decay: float = 0.95,
    ):
        super().__init__()
        self.codes, self.generator = shape[-2], generator
        self.restart = real_number("restart", restart, at_least=0, below=1)
        self.decay = real_number("decay", decay, at_least=0, below=1)
        if restart and not self.can_restart:
            raise ValueError(f"restart: is {restart}, but {type(self).__name__} cannot place single codes; give 0")
        points = _start(init, shape, generator)
        self.points = torch.nn.Parameter(points, requires_grad=self.moved_by_loss)
        self.register_buffer("share", torch.full(shape[:-1], 1 / self.codes))
        self.register_buffer("total", points / self.codes)
        self.register_buffer("placed", torch.tensor(not isinstance(init, str)))

    def is_placed(self) -> bool:
        return bool(self.placed)

    def compared(self, z: Tensor) -> Tensor:
        return z

    def code_vectors(self) -> Tensor:
        return self.points.clone().float()  # a restart may change the codes in place before the backward pass

    def look_up(self, x: Tensor) -> tuple[Tensor, Tensor]:
        codebook = self.code_vectors()
        indices = nearest_code(x.detach(), codebook.detach())
        return take_codes(codebook, indices), indices

    @torch.no_grad()
    def place_codes(self, z: Tensor) -> None:
        self.points.copy_(kmeans(self.compared(z), self.codes, self.generator))
        self.total.copy_(self.points * self.share[..., None])
        self.placed.fill_(True)

    @torch.no_grad()
    def before_look_up(self, x: Tensor) -> None:
        """Replace dead codes, so that this batch is already served by the new ones."""
        if not self.restart:
            return
        dead = self.share < self.restart / self.codes
        # A shuffled batch, dealt to the dead codes in turn: no vector twice before each was taken once.
        # Drawn in any case, so that the numbers drawn later do not depend on whether a code was dead.
        keys = torch.rand(x.shape[:-1], generator=self.generator, device=self.generator.device).to(x.device)
        if not dead.any():
            return
        turn = (dead.cumsum(-1) - 1).clamp_min(0) % x.shape[-2]
        choice = keys.argsort(-1).gather(-1, turn)
        self.points.copy_(torch.where(dead[..., None], take_codes(x, choice), self.points))
        self.share.masked_fill_(dead, 1 / self.codes)
        self.total.copy_(torch.where(dead[..., None], self.points / self.codes, self.total))

    @torch.no_grad()
    def after_look_up(self, x: Tensor, indices: Tensor) -> None:
        if self.restart:
            self._update_shares(code_counts(indices, self.codes), x.shape[-2])

    def _update_shares(self, counts: Tensor, samples: int) -> None:
        self.share.lerp_((counts / samples).to(self.share), 1 - self.decay)


class EMACodebook(Codebook):
    """Codes as exponential moving averages of the vectors they serve (van den Oord et al., appendix A.1)."""

    moved_by_loss = False

    @torch.no_grad()
    def after_look_up(self, x: Tensor, indices: Tensor) -> None:
        counts, sums = cell_sums(x, indices, self.codes)
        self._update_shares(counts, x.shape[-2])
        self.total.lerp_((sums / x.shape[-2]).to(self.total), 1 - self.decay)
        share = self.share[..., None]  # a code without samples keeps its place: 0/0 would lose it
        self.points.copy_(torch.where(share > 1e-12, self.total / share, self.points))


class SimVQCodebook(Codebook):
    """Frozen codes times one learned d×d matrix (Zhu et al., arXiv 2411.02038)."""

    can_restart = False

    def __init__(self, shape: tuple[int, ...], **options: Any):
        super().__init__(shape, **options)
        self.points.requires_grad_(False)
        self.matrix = torch.nn.Parameter(torch.eye(shape[-1]).expand(*shape[:-2], -1, -1).clone())

    def code_vectors(self) -> Tensor:
        return (self.points @ self.matrix).float()

    @torch.no_grad()
    def place_codes(self, z: Tensor) -> None:
        self.matrix.copy_(torch.eye(z.shape[-1]).expand_as(self.matrix))
        super().place_codes(z)


class CosineCodebook(Codebook):
    """Vectors and codes are normalised to length 1 first, 0 stays 0 (Yu et al., arXiv 2110.04627)."""

    def compared(self, z: Tensor) -> Tensor:
        return unit_vectors(z)

    def code_vectors(self) -> Tensor:
        return unit_vectors(super().code_vectors())
