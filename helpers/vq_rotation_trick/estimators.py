"""Estimators: functions of z and its code q that return q, bit for bit, and hand a gradient to z through a matrix G."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from helpers.vq_rotation_trick._fast import straight, transport
from helpers.vq_rotation_trick._vectors import inverse_length, promoted_pair

Estimator = Callable[[Tensor, Tensor], Tensor]


def straight_through(z: Tensor, q: Tensor) -> Tensor:
    """q, bit for bit, with the gradient handed to z unchanged (G = I) and none to q.

    z, q: one shape (..., d), one floating dtype. ValueError otherwise.
    z + sg[q − z], the usual way to write it, returns q only up to rounding.

    >>> import torch
    >>> z = torch.tensor([3.0, 4.0], requires_grad=True)
    >>> (straight_through(z, torch.tensor([0.0, 10.0])) * torch.tensor([1.0, 2.0])).sum().backward()
    >>> z.grad.tolist()
    [1.0, 2.0]
    """
    z, q = promoted_pair(z, q)
    return straight(z, q)


def rotate_to(z: Tensor, q: Tensor, scale: bool = True) -> Tensor:
    """q, bit for bit, with the gradient λRᵀ∂L/∂q to z (Rᵀ∂L/∂q if not ``scale``) and none to q.

    z, q: one shape (..., d), one floating dtype; ValueError otherwise. O(d) time and memory per vector.
    Where the formula is undefined: G = I for z = 0; G = 0 for q = 0 (G = I without ``scale``); the reflection
    λ(I − 2z̃z̃ᵀ) for q = −cz, c > 0. A vector with no entry as large as the smallest normal number of float32 (of float64
    in float64) counts as 0.
    λ is at most 2⁻²⁴ of the largest number (2·10³¹ in float32), so that for any z and q the result is finite if the
    incoming gradient is below 10⁷. At an angle π − δ the relative error is of the order ε/δ, as small as it can be for
    inputs rounded to ε. float16 and bfloat16 are computed in float32 and saturate.
    Source: arXiv 2410.06424, section 4.2. `estimate_by_matrix` with λ·`rotation_matrix` is the plain method.

    >>> import torch
    >>> z = torch.tensor([5.0, 0.0], requires_grad=True)
    >>> (rotate_to(z, torch.tensor([0.0, 10.0])) * torch.tensor([1.0, 3.0])).sum().backward()
    >>> [round(x, 4) for x in z.grad.tolist()]  # λ = 2, and (1, 3) is turned back by a quarter
    [6.0, -2.0]
    """
    z, q = promoted_pair(z, q)
    return transport(z, q, 1.0, bool(scale))


def reflect_to(z: Tensor, q: Tensor, scale: bool = True) -> Tensor:
    """As `rotate_to` with the Householder reflection H in place of R: Hz̃ = q̃ too, but H does not tend to I as z → q.

    For z parallel to q, where H is undefined, G = λI.

    >>> import torch
    >>> z = torch.tensor([5.0, 0.0], requires_grad=True)
    >>> (reflect_to(z, torch.tensor([0.0, 10.0])) * torch.tensor([1.0, 3.0])).sum().backward()
    >>> [round(x, 4) for x in z.grad.tolist()]  # λ = 2, and the coordinates change places
    [6.0, 2.0]
    """
    z, q = promoted_pair(z, q)
    return transport(z, q, -1.0, bool(scale))


def split_estimator(z: Tensor, q: Tensor, tangential: Estimator, radial: Estimator) -> Tensor:
    """q; the gradient's part along z as ``radial`` hands it on, the rest as ``tangential`` does.

    The Jacobian to z is G = G_t(I − z̃z̃ᵀ) + G_r z̃z̃ᵀ: for telling which part of an estimator has which effect.
    z, q: as for `straight_through`. Where z = 0 there is no radial part.

    >>> import torch
    >>> z, q = torch.tensor([5.0, 0.0], requires_grad=True), torch.tensor([0.0, 10.0])
    >>> (split_estimator(z, q, straight_through, rotate_to) * torch.tensor([1.0, 3.0])).sum().backward()
    >>> [round(x, 4) for x in z.grad.tolist()]  # the first coordinate lies along z: the rotation gives it 6
    [6.0, 3.0]
    """
    z, q = promoted_pair(z, q)
    constant = z.detach()
    direction = constant * inverse_length(constant)
    along = direction * (direction * (z - constant)).sum(-1, keepdim=True)  # 0, with Jacobian z̃z̃ᵀ
    value = radial(constant + along, q)
    return tangential(constant + (z - constant - along), q) + (value - value.detach())


ESTIMATORS: dict[str, Estimator] = {
    "straight-through": straight_through,
    "rotation": rotate_to,
    "rotation unscaled": lambda z, q: rotate_to(z, q, scale=False),
    "reflection": reflect_to,
    "straight-through, radial part rotated": lambda z, q: split_estimator(z, q, straight_through, rotate_to),
    "rotation, radial part copied": lambda z, q: split_estimator(z, q, rotate_to, straight_through),
}
