"""λRᵀg and λHᵀg by inner products, in O(d) per vector: what `rotate_to` and `reflect_to` do in their backward pass.

The formula is λ[g + 2z̃(q̃·g) − 2û(û·g)], three lines of `transported`; all else keeps digits where vectors are very
long, very short or nearly opposite, and keeps the passes over memory few. `matrices` is the plain method.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from helpers._compat import functorch_active
from helpers.vq_rotation_trick._vectors import careful_lengths, defined_axis, lengths

BLOCK = 2**17  # numbers per tensor in one eager block: large enough to hide Python, small enough for a cache


def _measured(z: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`lengths`, or `careful_lengths` if some length asks for them, or where asking costs more than care."""
    if not z.is_cpu or (functorch_active() and not torch.compiler.is_compiling()):
        return careful_lengths(z, q)  # a graphics processor would have to stop for the answer; vmap cannot branch
    square_z, square_q = ((x * x).sum(-1, keepdim=True) for x in (z, q))
    low, high = torch.finfo(z.dtype).max ** -0.75, torch.finfo(z.dtype).max ** 0.75
    ordinary = ((square_z > low) & (square_z < high) & (square_q > low) & (square_q < high)).all()
    if torch.compiler.is_compiling():
        return torch.cond(ordinary, lengths, careful_lengths, (z, q, square_z, square_q))
    return (lengths if ordinary else careful_lengths)(z, q, square_z, square_q)


def _transported(z: Tensor, q: Tensor, gradient: Tensor, sign: float, scale: bool) -> Tensor:
    """Gᵀ·gradient for the rotation (sign +1) or the reflection (sign −1)."""
    inverse_z, inverse_q, ratio = _measured(z, q)
    unit_z, unit_q = z * inverse_z, q * inverse_q
    # ‖q̃ ± z̃‖² from the sum itself: as 2(1 ± cosθ) it would lose all digits where the two nearly cancel.
    axis = unit_q + unit_z if sign > 0 else unit_q - unit_z
    square = (axis * axis).sum(-1, keepdim=True)
    # Without an axis the term is dropped, and the rotation of an exact antipode becomes the reflection I − 2z̃z̃ᵀ,
    # the reflection of parallel vectors the identity.
    defined = defined_axis(square) & (inverse_z > 0)
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
        size = max(1, BLOCK // shape[-1])
        blocks = zip(z.split(size), q.split(size), gradient.split(size), strict=True)
        moved = torch.cat([_transported(*block, sign, scale) for block in blocks])
    if half:
        bound = torch.finfo(dtype).max
        return moved.clamp(-bound, bound).reshape(shape).to(dtype)  # a long float32 number saturates, it is not inf
    return moved.reshape(shape)


class Straight(torch.autograd.Function):
    """q, with G = I."""

    generate_vmap_rule = True

    @staticmethod
    def forward(z: Tensor, q: Tensor) -> Tensor:
        return q.clone()

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


class Transport(torch.autograd.Function):
    """q, with G = λR (sign +1) or λH (sign −1), or R and H themselves if not ``scale``."""

    generate_vmap_rule = True

    @staticmethod
    def forward(z: Tensor, q: Tensor, sign: float, scale: bool) -> Tensor:
        return q.clone()

    @staticmethod
    def setup_context(ctx, inputs, output):  # type: ignore[no-untyped-def]  # torch's ctx takes any attribute
        z, q, ctx.sign, ctx.scale = inputs
        ctx.save_for_backward(z, q)

    @staticmethod
    def backward(ctx, gradient):  # type: ignore[no-untyped-def]
        z, q = (x.detach() for x in ctx.saved_tensors)  # G is a constant, also for higher derivatives
        return _pull_back(z, q, gradient, ctx.sign, ctx.scale), None, None, None
