"""Gᵀg and Gv for the rotation and the reflection by inner products, in O(d) per vector without a matrix.

The formula is G v = λ[v + 2q̃(z̃·v) − 2û(û·v)], the last lines of `_multiplied`; all else keeps digits where vectors are
very long, very short or nearly opposite, and keeps the passes over memory few. `matrices` is the plain method.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from helpers._compat import forward_mode_active, functorch_active
from helpers.vq_rotation_trick._vectors import careful_lengths, defined_axis, lengths

HALVES = (torch.float16, torch.bfloat16)


def _square_length(x: Tensor) -> Tensor:
    if torch.compiler.is_compiling():
        return (x * x).sum(-1, keepdim=True)
    return torch.linalg.vector_norm(x, dim=-1, keepdim=True).square()  # eager, in one pass over memory and not in two


def _measured(z: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`lengths`, or `careful_lengths` if some length asks for them, or where asking costs more than care.

    Care takes half as long again as the rest of an eager backward pass, and twice in compiled code.
    """
    if not z.is_cpu or functorch_active():
        return careful_lengths(z, q)  # a graphics processor would have to stop for the answer; vmap cannot branch
    square_z, square_q = _square_length(z), _square_length(q)
    low, high = torch.finfo(z.dtype).max ** -0.75, torch.finfo(z.dtype).max ** 0.75
    ordinary = ((square_z > low) & (square_z < high) & (square_q > low) & (square_q < high)).all()
    if torch.compiler.is_compiling():
        return torch.cond(ordinary, lengths, careful_lengths, (z, q, square_z, square_q))
    return (lengths if ordinary else careful_lengths)(z, q, square_z, square_q)


def _inner(x: Tensor, y: Tensor, factor: Tensor | float) -> Tensor:
    """factor · (x·y) for a factor per row."""
    if torch.compiler.is_compiling():  # which works out a factor once per row inside a sum, once per entry outside
        return (x * (y * factor)).sum(-1, keepdim=True)
    return (x * y).sum(-1, keepdim=True) * factor


def _multiplied(z: Tensor, q: Tensor, v: Tensor, sign: float, scale: bool, transposed: bool) -> Tensor:
    """G v, or Gᵀv, for the rotation (sign +1) or the reflection (sign −1); float32 or float64."""
    inverse_z, inverse_q, ratio = _measured(z, q)
    unit_z, unit_q = z * inverse_z, q * inverse_q
    # ‖q̃ ± z̃‖² from the sum itself: as 2(1 ± cosθ) it would lose all digits where the two nearly cancel.
    axis = torch.add(unit_q, unit_z, alpha=sign)
    square = _square_length(axis)
    # Without an axis the term is dropped, and the rotation of an exact antipode becomes the reflection I − 2z̃z̃ᵀ,
    # the reflection of parallel vectors the identity.
    defined = defined_axis(square) & (inverse_z > 0)
    if not scale:
        defined = defined & (inverse_q > 0)
    moved = torch.addcmul(v, axis, _inner(v, axis, torch.where(defined, -2 / square, 0)))
    if sign > 0:
        start, end = (unit_q, unit_z) if transposed else (unit_z, unit_q)
        moved = torch.addcmul(moved, end, _inner(v, start, 2.0))
    return moved.mul_(ratio) if scale else moved


def _pull_back(z: Tensor, q: Tensor, gradient: Tensor, sign: float, scale: bool) -> Tensor:
    """Gᵀ·gradient in the gradient's dtype."""
    if gradient.dtype not in HALVES:
        return _multiplied(z, q, gradient, sign, scale, transposed=True)
    moved = _multiplied(z.float(), q.float(), gradient.float(), sign, scale, transposed=True)
    bound = torch.finfo(gradient.dtype).max
    return moved.clamp(-bound, bound).to(gradient.dtype)  # a long float32 number saturates, it is not inf


class Straight(torch.autograd.Function):
    """q, with G = I."""

    @staticmethod
    def forward(ctx: FunctionCtx, z: Tensor, q: Tensor) -> Tensor:
        return q.clone()

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


class Transport(torch.autograd.Function):
    """q, with G = λR (sign +1) or λH (sign −1), or R and H themselves if not ``scale``."""

    @staticmethod
    def forward(ctx, z, q, sign, scale):  # type: ignore[no-untyped-def]  # torch's ctx takes any attribute
        ctx.sign, ctx.scale = sign, scale
        ctx.save_for_backward(z, q)
        return q.clone()

    @staticmethod
    def backward(ctx, gradient):  # type: ignore[no-untyped-def]
        z, q = (x.detach() for x in ctx.saved_tensors)  # G is a constant, also for higher derivatives
        return _pull_back(z, q, gradient, ctx.sign, ctx.scale), None, None, None


def _transformed() -> bool:
    """Whether a transform of torch.func or forward mode is at work.

    They need a formula that they can differentiate: compiled, torch 2.13 replaces the gradient of a
    `torch.autograd.Function` under `torch.func.grad` by zeros (pytorch#193279), and it has no forward mode of its own.
    """
    return functorch_active() or forward_mode_active()


def straight(z: Tensor, q: Tensor) -> Tensor:
    """q, with the Jacobian I to z."""
    return q.detach() + (z - z.detach()) if _transformed() else Straight.apply(z, q)


def transport(z: Tensor, q: Tensor, sign: float, scale: bool) -> Tensor:
    """q, with the Jacobian G to z."""
    if not _transformed():
        return Transport.apply(z, q, sign, scale)
    constant, q = z.detach(), q.detach()
    wide = (lambda x: x.float()) if z.dtype in HALVES else (lambda x: x)
    nothing = _multiplied(wide(constant), wide(q), wide(z - constant), sign, scale, transposed=False)
    return q + nothing.to(q.dtype)  # G·0, with the Jacobian G
