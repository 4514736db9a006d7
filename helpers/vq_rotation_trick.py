"""Gradients through vector quantisation: the straight-through estimator, the rotation trick, and codebooks.

Notation of Su Jianlin's article 10489: encoder output z, its code q (the nearest of K), z_q what the decoder reads.
An estimator gives z_q = q in the forward pass and declares ∂z_q/∂z := G, a constant matrix, so that by the chain rule
the backward pass is ∂L/∂z = Gᵀ ∂L/∂z_q. With unit vectors z̃, q̃ and λ = ‖q‖/‖z‖:

    straight-through  G = I                        (Bengio et al. 2013; van den Oord et al. 2017)
    rotation          G = λR,  R = I + 2q̃z̃ᵀ − 2ûûᵀ,  û = (q̃+z̃)/‖q̃+z̃‖   (Fifty et al., arXiv 2410.06424)
    reflection        G = λH,  H = I − 2v̂v̂ᵀ,         v̂ = (q̃−z̃)/‖q̃−z̃‖

All functions take any leading axes; vectors lie on the last one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

BLOCK = 2**17  # numbers per tensor in one eager block: large enough to hide Python, small enough for a cache
Estimator = Callable[[Tensor, Tensor], Tensor]
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def _check_pair(z: Tensor, q: Tensor) -> None:
    for name, x in (("z", z), ("q", q)):
        if not isinstance(x, Tensor) or x.dtype not in FLOATS:
            raise ValueError(f"{name}: must be a floating-point tensor, got {getattr(x, 'dtype', type(x).__name__)}")
    if z.shape != q.shape or z.ndim == 0 or z.shape[-1] == 0:
        raise ValueError(f"z, q: need one shape (..., d) with d ≥ 1, got {tuple(z.shape)} and {tuple(q.shape)}")
    if z.dtype != q.dtype:
        raise ValueError(f"z, q: need one dtype, got {z.dtype} and {q.dtype}")


def _lengths(z: Tensor, q: Tensor, square_z: Tensor, square_q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """1/‖z‖, 1/‖q‖ and ‖q‖/‖z‖ from ‖z‖² and ‖q‖², where those neither overflow nor vanish."""
    inverse_z, inverse_q = square_z.rsqrt(), square_q.rsqrt()
    return inverse_z, inverse_q, inverse_z / inverse_q


def _careful_lengths(z: Tensor, q: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same for any length, by scaling the largest entry to 1 first.

    A vector without a normal number counts as 0, and its inverse length is given as 0. The ratio is 1 for z = 0, 0 for
    q = 0, and bounded, so that its product with an ordinary gradient stays finite.
    """
    info = torch.finfo(z.dtype)
    inverses = []
    for x in (z, q):
        largest = x.abs().amax(-1, keepdim=True)
        factor = torch.where(largest < info.smallest_normal, 0, 1 / largest)
        inverses.append(factor * ((x * factor) ** 2).sum(-1, keepdim=True).clamp_min(1).rsqrt())
    inverse_z, inverse_q = inverses
    ratio = torch.where(inverse_q > 0, inverse_z / inverse_q, 0).clamp_max(info.max * 2.0**-24)
    return inverse_z, inverse_q, torch.where(inverse_z > 0, ratio, 1)


def _measured(z: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`_lengths`, or `_careful_lengths` if some length asks for them, or where asking costs more than care."""
    if not z.is_cpu or (torch._C._are_functorch_transforms_active() and not torch.compiler.is_compiling()):
        return _careful_lengths(z, q)  # a graphics processor would have to stop for the answer; vmap cannot branch
    square_z, square_q = ((x * x).sum(-1, keepdim=True) for x in (z, q))
    low, high = torch.finfo(z.dtype).max ** -0.75, torch.finfo(z.dtype).max ** 0.75
    ordinary = ((square_z > low) & (square_z < high) & (square_q > low) & (square_q < high)).all()
    if torch.compiler.is_compiling():
        return torch.cond(ordinary, _lengths, _careful_lengths, (z, q, square_z, square_q))
    return (_lengths if ordinary else _careful_lengths)(z, q, square_z, square_q)


def _transported(z: Tensor, q: Tensor, gradient: Tensor, sign: float, scale: bool) -> Tensor:
    """Gᵀ·gradient for the rotation (sign +1) or the reflection (sign −1), by inner products alone: O(d)."""
    inverse_z, inverse_q, ratio = _measured(z, q)
    unit_z, unit_q = z * inverse_z, q * inverse_q
    # ‖q̃ ± z̃‖² from the sum itself: as 2(1 ± cosθ) it would lose all digits where the two nearly cancel.
    axis = unit_q + unit_z if sign > 0 else unit_q - unit_z
    square = (axis * axis).sum(-1, keepdim=True)
    # Below this the sum is rounding error and has no direction: the term is dropped, and the rotation of an
    # exact antipode becomes the reflection I − 2z̃z̃ᵀ, the reflection of parallel vectors the identity.
    defined = (square > (16 * torch.finfo(z.dtype).eps) ** 2) & (inverse_z > 0)
    if not scale:
        defined = defined & (inverse_q > 0)
    # Compiled code works out a factor of a row once if it stands inside a sum, and once per entry outside.
    moved = gradient + axis * (gradient * (axis * torch.where(defined, -2 / square, 0))).sum(-1, keepdim=True)
    if sign > 0:
        moved = moved + unit_z * (gradient * (2 * unit_q)).sum(-1, keepdim=True)
    return moved * ratio if scale else moved


def _pull_back(z: Tensor, q: Tensor, gradient: Tensor, sign: float, scale: bool) -> Tensor:
    """`_transported` for any leading axes and float type, on a CPU in blocks that stay in its cache."""
    shape, dtype = gradient.shape, gradient.dtype
    z, q, gradient = (x.reshape(-1, shape[-1]) for x in (z, q, gradient))
    if half := dtype in (torch.float16, torch.bfloat16):
        z, q, gradient = z.float(), q.float(), gradient.float()
    if torch.compiler.is_compiling() or not z.is_cpu:  # the compiler fuses the passes itself
        moved = _transported(z, q, gradient, sign, scale)
    else:
        blocks = (x.split(max(1, BLOCK // shape[-1])) for x in (z, q, gradient))
        moved = torch.cat([_transported(*block, sign, scale) for block in zip(*blocks, strict=True)])
    if half:
        bound = torch.finfo(dtype).max
        return moved.clamp(-bound, bound).reshape(shape).to(dtype)  # a long float32 number saturates, it is not inf
    return moved.reshape(shape)


class _Straight(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(z: Tensor, q: Tensor) -> Tensor:
        return q.clone()

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        pass

    @staticmethod
    def backward(ctx, gradient: Tensor):
        return gradient, None


class _Transport(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(z: Tensor, q: Tensor, sign: float, scale: bool) -> Tensor:
        return q.clone()

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        z, q, ctx.sign, ctx.scale = inputs
        ctx.save_for_backward(z, q)

    @staticmethod
    def backward(ctx, gradient: Tensor):
        z, q = (x.detach() for x in ctx.saved_tensors)  # G is a constant, also for higher derivatives
        return _pull_back(z, q, gradient, ctx.sign, ctx.scale), None, None, None


def straight_through(z: Tensor, q: Tensor) -> Tensor:
    """q, bit for bit, with the gradient handed to z unchanged (G = I) and none to q.

    z, q: one shape (..., d), one floating dtype. ValueError otherwise.
    z + sg[q − z], the usual way to write it, returns q only up to rounding.
    """
    _check_pair(z, q)
    return _Straight.apply(z, q)


def rotate_to(z: Tensor, q: Tensor, scale: bool = True) -> Tensor:
    """q, bit for bit, with the gradient λRᵀ∂L/∂q to z (Rᵀ∂L/∂q if not ``scale``) and none to q.

    z, q: one shape (..., d), one floating dtype; ValueError otherwise. O(d) time and memory per vector.
    Where the formula is undefined: G = I for z = 0; G = 0 for q = 0 (G = I without ``scale``); the reflection
    λ(I − 2z̃z̃ᵀ) for q = −cz, c > 0. A vector with no entry as large as the smallest normal number counts as 0.
    λ is at most 2⁻²⁴ of the largest number (2·10³¹ in float32), so that for any z and q the result is finite if the
    incoming gradient is below 10⁷. At an angle π − δ the relative error is of the order ε/δ, as small as it can be for
    inputs rounded to ε. float16 and bfloat16 are computed in float32 and saturate.
    Source: arXiv 2410.06424, section 4.2.
    """
    _check_pair(z, q)
    return _Transport.apply(z, q, 1.0, bool(scale))


def reflect_to(z: Tensor, q: Tensor, scale: bool = True) -> Tensor:
    """As `rotate_to` with the Householder reflection H in place of R: Hz̃ = q̃ too, but H does not tend to I as z → q.

    For z parallel to q, where H is undefined, G = λI.
    """
    _check_pair(z, q)
    return _Transport.apply(z, q, -1.0, bool(scale))


def split_estimator(z: Tensor, q: Tensor, tangential: Estimator, radial: Estimator) -> Tensor:
    """q; the gradient's part along z as ``radial`` hands it on, the rest as ``tangential`` does.

    The Jacobian to z is G = G_t(I − z̃z̃ᵀ) + G_r z̃z̃ᵀ: for telling which part of an estimator has which effect.
    z, q: as for `straight_through`. Where z = 0 there is no radial part.
    """
    _check_pair(z, q)
    constant = z.detach()
    direction = constant * _careful_lengths(constant, q)[0]
    along = direction * (direction * (z - constant)).sum(-1, keepdim=True)  # 0, with Jacobian z̃z̃ᵀ
    value = radial(constant + along, q)
    return tangential(constant + (z - constant - along), q) + (value - value.detach())


def rotation_matrix(z: Tensor, q: Tensor) -> Tensor:
    """R of shape (..., d, d), the rotation in the plane of z and q with Rz̃ = q̃: for teaching and tests, O(d²).

    ValueError for z = 0, q = 0 or q = −cz, where there is no such matrix or no unique one.
    """
    _check_pair(z, q)
    inverse_z, inverse_q, _ = _careful_lengths(z, q)
    z, q = z * inverse_z, q * inverse_q
    axis = q + z
    square = (axis * axis).sum(-1, keepdim=True)
    if not (inverse_z.all() and inverse_q.all() and (square > (16 * torch.finfo(z.dtype).eps) ** 2).all()):
        raise ValueError("z, q: the rotation is undefined for a zero vector and for opposite directions")
    identity = torch.eye(z.shape[-1], dtype=z.dtype, device=z.device)
    outer = q[..., :, None] * z[..., None, :]
    return identity + 2 * outer - 2 * axis[..., :, None] * axis[..., None, :] / square[..., None]


ESTIMATORS: dict[str, Estimator] = {
    "straight-through": straight_through,
    "rotation": rotate_to,
    "rotation unscaled": lambda z, q: rotate_to(z, q, scale=False),
    "reflection": reflect_to,
    "straight-through, radial part rotated": lambda z, q: split_estimator(z, q, straight_through, rotate_to),
    "rotation, radial part copied": lambda z, q: split_estimator(z, q, rotate_to, straight_through),
}
CODEBOOKS = ("gradient", "ema", "simvq", "cosine", "fsq", "lfq")


def nearest_code(z: Tensor, codebook: Tensor) -> Tensor:
    """Indices (..., n) of the codes nearest to z (..., n, d) in codebook (..., K, d), by ‖e‖² − 2z·e."""
    centre = codebook.mean(-2, keepdim=True)  # far from the origin the two terms would cancel to rounding error
    z, codebook = z - centre, codebook - centre
    square = (codebook * codebook).sum(-1)[..., None, :]
    return torch.argmin((-2 * z @ codebook.transpose(-1, -2)).add_(square), -1)  # in place: the (n, K) part is large


def take_codes(codebook: Tensor, indices: Tensor) -> Tensor:
    """Rows (..., n, d) of codebook (..., K, d) at indices (..., n)."""
    return torch.gather(codebook, -2, indices[..., None].expand(*indices.shape, codebook.shape[-1]))


def code_counts(indices: Tensor, codes: int) -> Tensor:
    """How often each of ``codes`` codes occurs in indices (..., n): shape (..., codes)."""
    counts = torch.zeros(*indices.shape[:-1], codes, device=indices.device)
    return counts.scatter_add_(-1, indices, torch.ones_like(indices, dtype=counts.dtype))


def perplexity(counts: Tensor) -> Tensor:
    """exp of the entropy of the code frequencies: the effective number of codes, 1 … K, from counts (..., K).

    ValueError where nothing was counted.
    """
    total = counts.sum(-1, keepdim=True)
    if not (total > 0).all():
        raise ValueError("counts: hold a row without a single sample")
    frequency = counts / total
    return torch.exp(-torch.xlogy(frequency, frequency).sum(-1))


def kmeans(points: Tensor, codes: int, generator: torch.Generator, iterations: int = 20) -> Tensor:
    """Centres (..., codes, d) of points (..., n, d): Lloyd's iteration from random points; empty centres stay.

    ValueError for fewer points than centres, and for points with nan or inf.
    """
    if codes < 1 or not torch.isfinite(points).all():
        raise ValueError(f"codes, points: {codes} centres asked for, accepted: 1 or more, of finite points")
    if points.ndim < 2 or points.shape[-2] < codes:
        raise ValueError(f"points: shape {tuple(points.shape)} holds fewer than {codes} points for {codes} centres")
    choice = torch.randperm(points.shape[-2], generator=generator, device=generator.device)[:codes]
    centres = points[..., choice.to(points.device), :].clone()
    for _ in range(iterations):
        indices = nearest_code(points, centres)
        counts, sums = _cell_sums(points, indices, codes)
        centres = torch.where(counts[..., None] > 0, sums / counts.clamp_min(1)[..., None], centres)
    return centres


def _cell_sums(points: Tensor, indices: Tensor, codes: int) -> tuple[Tensor, Tensor]:
    sums = torch.zeros(*points.shape[:-2], codes, points.shape[-1], dtype=points.dtype, device=points.device)
    sums.scatter_add_(-2, indices[..., None].expand_as(points), points)
    return code_counts(indices, codes).to(points.dtype), sums


def _checked_levels(dim, codes, codebook, models, levels) -> Sequence[int] | None:
    """Levels per coordinate of FSQ and LFQ, None for the other rules; ValueError where the sizes do not fit."""
    if not isinstance(codebook, str) or codebook not in CODEBOOKS:
        raise ValueError(f"codebook: {codebook!r} is not one of {', '.join(CODEBOOKS)}")
    sizes = (dim, codes, 1 if models is None else models)
    if not all(isinstance(size, int) for size in sizes) or dim < 1 or codes < 2 or sizes[2] < 1:
        raise ValueError(f"dim, codes, models: need integers ≥ 1, ≥ 2, ≥ 1, got {dim}, {codes}, {models}")
    if levels is not None and codebook != "fsq":
        raise ValueError(f"levels: {levels} given, but {codebook!r} takes none")
    if codebook not in ("fsq", "lfq"):
        return None
    if codebook == "lfq":
        levels = [2] * round(math.log2(codes))
    valid = isinstance(levels, Sequence) and all(isinstance(level, int) and level >= 2 for level in levels)
    if not valid or math.prod(levels) != codes or len(levels) > dim:
        raise ValueError(f"levels: {levels} must be integers ≥ 2 with product {codes}, at most dim = {dim} of them")
    return levels


def _check_rules(estimator, init, restart, decay, codebook, shape) -> None:
    """ValueError for a rule or a number that the codebook of this shape cannot have."""
    if not isinstance(estimator, str) or estimator not in ESTIMATORS:
        raise ValueError(f"estimator: {estimator!r} is not one of {', '.join(ESTIMATORS)}")
    if isinstance(init, Tensor):
        if init.shape != shape or not torch.isfinite(init).all():
            raise ValueError(f"init: codes of shape {tuple(init.shape)} are not finite or not {shape}")
    elif init != "kmeans" and not (isinstance(init, float | int) and init > 0 and math.isfinite(init)):
        raise ValueError(f"init: {init!r} is neither a positive scale, nor 'kmeans', nor codes")
    if codebook in ("fsq", "lfq") and (isinstance(init, Tensor) or init != 1.0):
        raise ValueError(f"init: {codebook!r} has no codes to place")
    if not 0 <= restart < 1 or (restart and codebook not in ("gradient", "ema", "cosine")):
        raise ValueError(f"restart: {restart} is not in [0, 1), or not 0 where {codebook!r} cannot place codes")
    if not 0 <= decay < 1:
        raise ValueError(f"decay: {decay} is not in [0, 1)")


class Quantized(NamedTuple):
    """What `VectorQuantizer` returns; losses are means over the samples, one value per model."""

    values: Tensor  # z_q, as z
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
    estimator: a key of ESTIMATORS. codebook: one of CODEBOOKS:
      "gradient": codes are parameters, moved by the codebook loss;
      "ema": codes are running means of the vectors they serve (decay ``decay``);
      "simvq": frozen codes times one learned d×d matrix (Zhu et al., arXiv 2411.02038);
      "cosine": vectors and codes are normalised to length 1 first (Yu et al., arXiv 2110.04627);
      "fsq": tanh, then rounding of the first len(levels) coordinates (Mentzer et al., arXiv 2309.15505);
      "lfq": signs of the first log2 K coordinates, with an entropy penalty (Yu et al., arXiv 2310.05737).
      The last two have no codes to learn; coordinates that they do not use become 0.
    init: standard deviation of the codes' entries at the start; or "kmeans": the first batch's k-means centres;
      or the codes themselves, of shape (K, d) or (models, K, d).
    restart: a code whose running share of the samples falls below ``restart``/K is replaced by a random vector of
      the batch (0: never; checked in training mode only).
    models: None for vectors (..., d), or a number M of independent codebooks for vectors (M, ..., d).
    levels: FSQ's levels per coordinate, ≥ 2 each, with product K.
    generator: source of all randomness.

    Vectors are float32. ValueError, naming the argument, for an unknown name, a wrong size or type, vectors of wrong
    shape or dtype or with nan or inf, and for a module in evaluation mode whose "kmeans" codes have not been placed.
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
        levels = _checked_levels(dim, codes, codebook, models, levels)
        learned = levels is None
        leading = () if models is None else (models,)
        _check_rules(estimator, init, restart, decay, codebook, (*leading, codes, dim))
        self.dim, self.codes, self.estimator, self.codebook = dim, codes, estimator, codebook
        self.restart, self.models, self.decay, self.generator = restart, models, decay, generator
        if learned:
            if isinstance(init, Tensor):
                points = init.detach().to(torch.float32).clone()
            else:
                points = torch.randn(*leading, codes, dim, generator=generator)
                points *= 1.0 if init == "kmeans" else init
            self.points = torch.nn.Parameter(points, requires_grad=codebook in ("gradient", "cosine"))
            self.register_buffer("share", torch.full((*leading, codes), 1 / codes))
            self.register_buffer("total", points / codes)
        else:
            self.register_buffer("levels", torch.tensor(levels, dtype=torch.float32))
            radix = torch.tensor([math.prod(levels[:k]) for k in range(len(levels))])
            self.register_buffer("radix", radix)
        if codebook == "simvq":
            self.matrix = torch.nn.Parameter(torch.eye(dim).expand(*leading, dim, dim).clone())
        if codebook == "lfq":
            signs = 2.0 * ((torch.arange(codes)[:, None] // radix) % 2) - 1
            self.register_buffer("signs", signs)
        self.register_buffer("placed", torch.tensor(not isinstance(init, str)))

    def code_vectors(self) -> Tensor:
        """The codes as they are compared, (K, d) or (models, K, d), with gradient. ValueError for FSQ and LFQ."""
        if self.codebook in ("fsq", "lfq"):
            raise ValueError(f"code_vectors: {self.codebook!r} stores no codes")
        if self.codebook == "simvq":
            return self.points @ self.matrix
        points = self.points.clone()  # a restart may change the codes in place before the backward pass
        return torch.nn.functional.normalize(points, dim=-1) if self.codebook == "cosine" else points

    @torch.no_grad()
    def place(self, z: Tensor) -> None:
        """Put the codes on the k-means centres of z, as ``init="kmeans"`` does with its first batch.

        z: as for the module itself. ValueError for FSQ and LFQ, which have no codes to place.
        """
        if self.codebook in ("fsq", "lfq"):
            raise ValueError(f"place: {self.codebook!r} has no codes to place")
        if self.codebook == "simvq":
            self.matrix.copy_(torch.eye(self.dim).expand_as(self.matrix))
        self.points.copy_(kmeans(self._prepared(self._flat(z)), self.codes, self.generator))
        self.total.copy_(self.points * self.share[..., None])
        self.placed.fill_(True)

    def forward(self, z: Tensor) -> Quantized:
        """Quantise z of shape (..., d), or (models, ..., d); in training mode also update EMA codes and dead ones."""
        if self.training and not self.placed:
            self.place(z)
        x = self._compared(z)
        if self.training and self.restart:
            self._restart_dead(x.detach())
        values, indices = self._lookup(x)
        if self.training and (self.restart or self.codebook == "ema"):
            self._count(x.detach(), indices)
        quantized = ESTIMATORS[self.estimator](x, values.detach())
        zero = z.new_zeros(() if self.models is None else self.models)
        fixed = self.codebook in ("fsq", "lfq", "ema")
        codebook_loss = zero if fixed else self._mean((values - x.detach()).square().sum(-1))
        commitment = self._mean((x - values.detach()).square().sum(-1))
        entropy = self._entropy_loss(x) if self.codebook == "lfq" else zero
        if quantized.shape[-1] < self.dim:
            quantized = torch.nn.functional.pad(quantized, (0, self.dim - quantized.shape[-1]))
        return Quantized(quantized.reshape(z.shape), indices.reshape(z.shape[:-1]), codebook_loss, commitment, entropy)

    @torch.no_grad()
    def report(self, z: Tensor) -> Report:
        """Usage, perplexity and quantisation error on z; nothing is updated."""
        x = self._compared(z)
        values, indices = self._lookup(x)
        counts = code_counts(indices, self.codes)
        error = self._mean((x - values).square().sum(-1))
        return Report((counts > 0).float().mean(-1), perplexity(counts), error)

    def _flat(self, z: Tensor) -> Tensor:
        if not isinstance(z, Tensor):
            raise ValueError(f"z: is {type(z).__name__}, accepted: a tensor")
        leading = () if self.models is None else (self.models,)
        if z.ndim < 1 + len(leading) or z.shape[-1] != self.dim or z.shape[: len(leading)] != leading or not z.numel():
            expected = ", ".join([*map(str, leading), "...", str(self.dim)])
            raise ValueError(f"z: shape {tuple(z.shape)} is empty or not ({expected})")
        if z.dtype != torch.float32:
            raise ValueError(f"z: dtype {z.dtype} is not float32")
        if not torch.isfinite(z).all():
            raise ValueError("z: holds a nan or an inf")
        return z.reshape(*leading, -1, self.dim)

    def _mean(self, x: Tensor) -> Tensor:
        return x.mean(-1)

    def _compared(self, z: Tensor) -> Tensor:
        """The vectors as they are compared with the codes, which must be there."""
        if not self.placed:
            raise ValueError("init: 'kmeans' has not placed the codes: call the module in training mode, or place")
        return self._prepared(self._flat(z))

    def _prepared(self, z: Tensor) -> Tensor:
        """z as it is compared with the codes."""
        if self.codebook == "cosine":
            return torch.nn.functional.normalize(z, dim=-1)
        if self.codebook == "fsq":
            return torch.tanh(z[..., : len(self.levels)])
        return z[..., : len(self.levels)] if self.codebook == "lfq" else z

    def _lookup(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.codebook in ("fsq", "lfq"):
            digits = (x > 0).float() if self.codebook == "lfq" else torch.round((x + 1) / 2 * (self.levels - 1))
            return 2 * digits / (self.levels - 1) - 1, (digits.long() * self.radix).sum(-1)
        codebook = self.code_vectors()
        indices = nearest_code(x.detach(), codebook.detach())
        return take_codes(codebook, indices), indices

    @torch.no_grad()
    def _restart_dead(self, x: Tensor) -> None:
        """Before the look-up, so that this batch is already served by the new codes."""
        dead = self.share < self.restart / self.codes
        generator = self.generator
        choice = torch.randint(x.shape[-2], dead.shape, generator=generator, device=generator.device).to(x.device)
        self.points.copy_(torch.where(dead[..., None], take_codes(x, choice), self.points))
        self.share.masked_fill_(dead, 1 / self.codes)
        self.total.copy_(torch.where(dead[..., None], self.points / self.codes, self.total))

    @torch.no_grad()
    def _count(self, x: Tensor, indices: Tensor) -> None:
        """Update the running shares, and for "ema" the codes."""
        counts, sums = _cell_sums(x, indices, self.codes)
        self.share.lerp_(counts / x.shape[-2], 1 - self.decay)
        if self.codebook == "ema":
            self.total.lerp_(sums / x.shape[-2], 1 - self.decay)
            share = self.share[..., None]  # a code without samples keeps its place: 0/0 would lose it
            self.points.copy_(torch.where(share > 1e-12, self.total / share, self.points))

    def _entropy_loss(self, x: Tensor, temperature: float = 1.0) -> Tensor:
        """Mean entropy of each vector's soft assignment minus the entropy of the mean assignment, in nats."""
        log_share = torch.log_softmax(2 * (x @ self.signs.T) / temperature, -1)
        share = log_share.exp()
        mean = share.mean(-2)
        return self._mean(-(share * log_share).sum(-1)) + torch.xlogy(mean, mean).sum(-1)


def patches(image: np.ndarray, size: int) -> np.ndarray:
    """The size × size tiles of image (h, w), row by row: (h//size · w//size, size²); a rest at the edges is dropped.

    ValueError for a size that does not fit.
    """
    if not 1 <= size <= min(image.shape):
        raise ValueError(f"size: {size} is not between 1 and the image's {min(image.shape)}")
    rows, columns = image.shape[0] // size, image.shape[1] // size
    tiles = image[: rows * size, : columns * size].reshape(rows, size, columns, size)
    return tiles.swapaxes(1, 2).reshape(-1, size * size)


def assemble(tiles: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The image of ``shape`` from its tiles in the order of `patches`. ValueError where they do not cover it."""
    size = math.isqrt(tiles.shape[-1])
    if tiles.size != math.prod(shape) or shape[0] % size or shape[1] % size:
        raise ValueError(f"shape: {shape} is not covered by {len(tiles)} tiles of {size} × {size}")
    grid = tiles.reshape(shape[0] // size, shape[1] // size, size, size)
    return grid.swapaxes(1, 2).reshape(shape)
