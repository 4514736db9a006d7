"""Many small VQ-VAEs trained side by side: one batched matrix product serves all settings and all repeats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from helpers.inputs import integer
from helpers.optimizers import StackedAdam, stacked_linear
from helpers.tensors import float_tensor
from helpers.vq_rotation_trick.clusters import kmeans
from helpers.vq_rotation_trick.lookup import code_counts
from helpers.vq_rotation_trick.quantizer import Quantized, VectorQuantizer

_Watch = Callable[["Ensemble", Tensor, Quantized, Tensor], Any]
_KMEANS_POINTS = 2000  # of the data, on which the codes of a k-means start are placed


class Setting(NamedTuple):
    """What one VQ-VAE is trained with: its quantiser (as `VectorQuantizer`), its weight γ and Adam's learning rate."""

    estimator: str = "straight-through"
    codebook: str = "gradient"
    init: float | str = 1.0  # scale of the codes, or "kmeans": the centres of the untrained encoder's outputs
    gamma: float = 4.0
    lr: float = 1e-3
    restart: float = 0.0
    levels: tuple[int, ...] | None = None


def _kind(setting: Setting) -> tuple[Any, ...]:
    """Settings of one kind share a stacked quantiser."""
    return setting.estimator, setting.codebook, setting.restart, setting.levels or ()


def _network(parameters: Sequence[Tensor], x: Tensor) -> Tensor:
    """Two layers with a ReLU between them, for x of shape (models, n, inputs)."""
    weight, bias, weight_2, bias_2 = parameters
    return torch.baddbmm(bias_2, torch.relu(torch.baddbmm(bias, x, weight)), weight_2)


class Ensemble:
    """One VQ-VAE for each setting and repeat, on the first axis of all tensors, repeats innermost.

    settings: duplicates are dropped; ``.settings`` holds them in the order of that axis.
    data: training vectors (n, inputs), float32, n ≥ 2000 where a setting starts from k-means.
    repeats, codes, dim, hidden: sizes, ≥ 1 (codes ≥ 2). Encoder and decoder have one hidden ReLU layer.
    All settings of a repeat share the initial network, the batches and the noise from which codes are drawn, so that
    their differences can be taken in pairs. ValueError for arguments out of range.

    >>> data = torch.randn(100, 6, generator=torch.Generator().manual_seed(0))
    >>> ensemble = Ensemble([Setting(), Setting("rotation")], data, repeats=3, seed=0, codes=4, dim=2, hidden=5)
    >>> _ = ensemble.fit(20)
    >>> ensemble.evaluate(data)[Setting("rotation")]["loss"].shape
    (3,)
    """

    def __init__(
        self,
        settings: Sequence[Setting],
        data: Tensor,
        *,
        repeats: int,
        seed: int,
        codes: int = 64,
        dim: int = 8,
        hidden: int = 32,
    ):
        if not settings:
            raise ValueError("settings: is empty; give at least one Setting")
        if bad := [s.init for s in settings if isinstance(s.init, str) and s.init != "kmeans"]:
            raise ValueError(f"settings: init is {bad[0]!r}; give a positive scale or 'kmeans'")
        self.settings = sorted(dict.fromkeys(settings), key=_kind)
        self.data = float_tensor("data", data, (torch.float32,), finite=True)
        self.repeats, self.codes = integer("repeats", repeats, 1), integer("codes", codes, 2)
        self.generator = torch.Generator().manual_seed(integer("seed", seed, 0))
        inputs, copies = data.shape[-1], len(self.settings)
        self.encoder = self._layers([inputs, integer("hidden", hidden, 1), integer("dim", dim, 1)])
        self.decoder = self._layers([dim, hidden, inputs])
        noise = torch.randn(repeats, codes, dim, generator=self.generator)
        centres = noise
        if any(setting.init == "kmeans" for setting in self.settings):
            points = _network([p.detach() for p in self.encoder], data[:_KMEANS_POINTS].expand(repeats, -1, -1))
            centres = kmeans(points, codes, self.generator)
        for network in (self.encoder, self.decoder):
            network[:] = [p.detach().repeat(copies, 1, 1).requires_grad_() for p in network]
        self.quantizers: list[VectorQuantizer] = []
        for (estimator, codebook, restart, levels), group in groupby(self.settings, key=_kind):
            starts = [centres if isinstance(s.init, str) else noise * s.init for s in group]
            fixed: dict[str, Any] = {"fsq": {"levels": levels}, "lfq": {}}.get(codebook, {"init": torch.cat(starts)})
            self.quantizers.append(
                VectorQuantizer(
                    dim,
                    codes,
                    generator=self.generator,
                    estimator=estimator,
                    codebook=codebook,
                    restart=restart,
                    models=repeats * len(starts),
                    **fixed,
                )  # fmt: skip
            )
        self.gamma = torch.tensor([s.gamma for s in self.settings]).repeat_interleave(repeats)
        self.lr = torch.tensor([s.lr for s in self.settings]).repeat_interleave(repeats)

    def _layers(self, sizes: Sequence[int]) -> list[Tensor]:
        pairs = zip(sizes, sizes[1:], strict=False)
        return [p for a, b in pairs for p in stacked_linear(self.generator, self.repeats, a, b)]

    def encode(self, x: Tensor) -> tuple[Tensor, Quantized]:
        """z, and the fields of `Quantized`, of all models, for x of shape (n, inputs) or (models, n, inputs)."""
        z = _network(self.encoder, x.expand(len(self.gamma), -1, -1))
        sizes = [quantizer.models or 1 for quantizer in self.quantizers]
        parts = [quantize(part) for quantize, part in zip(self.quantizers, z.split(sizes), strict=True)]
        return z, Quantized(*map(torch.cat, zip(*parts, strict=True)))

    def decode(self, values: Tensor) -> Tensor:
        """What the decoders make of values (models, n, dim)."""
        return _network(self.decoder, values)

    def fit(self, steps: int, *, batch: int = 64, watch: _Watch | None = None, every: int = 25) -> list[Any]:
        """Train by Adam on the article's loss, β = 1, and return what ``watch`` returned at every ``every``-th step.

        watch: called with the ensemble, z, its quantisation, and the reconstruction losses (models,), before the step.
        """
        steps, batch, every = integer("steps", steps, 0), integer("batch", batch, 1), integer("every", every, 1)
        shared, records = self.encoder + self.decoder, []
        optimizers = [StackedAdam(shared, self.lr)]
        rates = self.lr.split([quantizer.models or 1 for quantizer in self.quantizers])
        for quantizer, lr in zip(self.quantizers, rates, strict=True):
            quantizer.train()
            if own := [p for p in quantizer.parameters() if p.requires_grad]:
                optimizers.append(StackedAdam(own, lr))
        parameters = [p for optimizer in optimizers for p in optimizer.parameters]
        for step in range(steps):
            choice = torch.randint(len(self.data), (self.repeats, batch), generator=self.generator)
            x = self.data[choice].repeat(len(self.settings), 1, 1)
            z, out = self.encode(x)
            # All models' losses are summed: they do not touch each other's gradients.
            loss = (self.decode(out.values) - x).square().sum(-1).mean(-1)
            if watch and step % every == 0:
                records.append(watch(self, z, out, loss))
            loss = loss + out.codebook_loss + self.gamma * out.commitment_loss + out.entropy_loss
            gradients = iter(torch.autograd.grad(loss.sum(), parameters))
            for optimizer in optimizers:
                optimizer.step([next(gradients) for _ in optimizer.parameters])
        return records

    @torch.no_grad()
    def reconstruct(self, x: Tensor) -> tuple[Tensor, Tensor, Quantized]:
        """What all models make of x (n, inputs): (models, n, inputs), and z and its quantisation on the way."""
        for quantizer in self.quantizers:
            quantizer.eval()
        z, out = self.encode(x)
        return self.decode(out.values), z, out

    def evaluate(self, x: Tensor) -> dict[Setting, dict[str, NDArray[np.float32]]]:
        """For each setting, one value per repeat on x (n, inputs).

        "loss": mean squared error per entry; "error": mean ‖z − q‖²; "usage": share of codes in use;
        "length": mean ‖z‖; "code length": mean ‖z_q‖.
        """
        decoded, z, out = self.reconstruct(x)
        values = {
            "loss": (decoded - x).square().mean((-1, -2)),
            "error": out.commitment_loss,
            "usage": (code_counts(out.codes, self.codes) > 0).float().mean(-1),
            "length": z.norm(dim=-1).mean(-1),
            "code length": out.values.norm(dim=-1).mean(-1),
        }
        table = {name: value.reshape(-1, self.repeats).numpy() for name, value in values.items()}
        return {s: {name: v[k] for name, v in table.items()} for k, s in enumerate(self.settings)}
