"""The plain method: G as a d×d matrix, and z_q = sg[G]z + sg[q − Gz], which autograd differentiates. For small d."""

from __future__ import annotations

import torch
from torch import Tensor

from helpers.tensors import float_tensor
from helpers.vq_rotation_trick._vectors import defined_axis, inverse_length, promoted_pair


def _unit_vectors(z: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """z̃ and q̃, each as a column (..., d, 1). ValueError for a zero vector."""
    z, q = promoted_pair(z, q)
    inverse_z, inverse_q = inverse_length(z), inverse_length(q)
    if not (inverse_z.all() and inverse_q.all()):
        raise ValueError("z, q: the matrix is undefined for a zero vector; give vectors with a length")
    return (z * inverse_z)[..., None], (q * inverse_q)[..., None]


def rotation_matrix(z: Tensor, q: Tensor) -> Tensor:
    """R of shape (..., d, d), the rotation in the plane of z and q with Rz̃ = q̃.

    z, q: one shape (..., d), one floating dtype. ValueError for anything else, and for z = 0, q = 0 or q = −cz, where
    there is no such matrix or no unique one.

    >>> R = rotation_matrix(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 1.0]))  # a quarter turn
    >>> R.tolist()
    [[0.0, -1.0], [1.0, 0.0]]
    """
    unit_z, unit_q = _unit_vectors(z, q)
    axis = unit_q + unit_z
    square = (axis * axis).sum(-2, keepdim=True)
    if not defined_axis(square).all():
        raise ValueError("z, q: the rotation is undefined for opposite directions; give others")
    identity = torch.eye(z.shape[-1], dtype=axis.dtype, device=z.device)
    return identity + 2 * unit_q * unit_z.mT - 2 * axis * axis.mT / square


def reflection_matrix(z: Tensor, q: Tensor) -> Tensor:
    """H of shape (..., d, d), the reflection along q̃ − z̃ with Hz̃ = q̃ (Householder).

    z, q: one shape (..., d), one floating dtype. ValueError for anything else, and for z = 0, q = 0 or q = cz, where
    there is no such matrix or no unique one.

    >>> reflection_matrix(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 1.0])).round(decimals=6).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    unit_z, unit_q = _unit_vectors(z, q)
    axis = unit_q - unit_z
    square = (axis * axis).sum(-2, keepdim=True)
    if not defined_axis(square).all():
        raise ValueError("z, q: the reflection is undefined for equal directions; give others")
    return torch.eye(z.shape[-1], dtype=axis.dtype, device=z.device) - 2 * axis * axis.mT / square


def estimate_by_matrix(z: Tensor, q: Tensor, matrix: Tensor) -> Tensor:
    """z_q = sg[G]z + sg[q − Gz], the article's estimator for any G: the value q up to rounding, the Jacobian G to z.

    z, q: one shape (..., d), one floating dtype. matrix: G of shape (d, d) or (..., d, d), a constant whatever it was
    made of. ValueError for anything else.

    >>> z = torch.tensor([1.0, 0.0], requires_grad=True)
    >>> G = torch.tensor([[0.0, 5.0], [2.0, 0.0]])
    >>> estimate_by_matrix(z, torch.tensor([3.0, 4.0]), G).backward(torch.tensor([1.0, 10.0]))
    >>> z.grad.tolist()  # Gᵀ (1, 10)
    [20.0, 5.0]
    """
    z, q = promoted_pair(z, q)
    if float_tensor("matrix", matrix).shape[-2:] != (z.shape[-1], z.shape[-1]):
        raise ValueError(f"matrix: shape {tuple(matrix.shape)} does not fit vectors {tuple(z.shape)}; give (..., d, d)")
    moved = (matrix.detach() @ z[..., None])[..., 0]
    return moved + (q - moved).detach()
