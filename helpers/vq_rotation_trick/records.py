"""What is watched while an ensemble trains: lengths of z and q, and the gradients that two estimators hand to z."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from helpers.vq_rotation_trick.ensembles import Ensemble
from helpers.vq_rotation_trick.estimators import Estimator, rotate_to
from helpers.vq_rotation_trick.lookup import nearest_code
from helpers.vq_rotation_trick.quantizer import Quantized


def handed_gradient(estimator: Estimator, z: Tensor, q: Tensor, g: Tensor) -> Tensor:
    """∂L/∂z, of the shape of z, where ``estimator`` passes z to its code q and ∂L/∂z_q is g.

    z, q, g: one shape (..., d), as the estimator takes them.

    >>> handed_gradient(rotate_to, *torch.tensor([[5.0, 0.0], [0.0, 10.0], [1.0, 3.0]])).round().tolist()  # λ = 2
    [6.0, -2.0]
    """
    z = z.detach().clone().requires_grad_()
    return torch.autograd.grad(estimator(z, q), z, g)[0]


def record_gradients(ensemble: Ensemble, z: Tensor, out: Quantized, loss: Tensor) -> dict[str, NDArray[Any]]:
    """Means over the batch, each (settings, repeats): for `Ensemble.fit` as ``watch``, with codes that are points.

    With g the gradient of one sample's reconstruction loss at z_q, as straight-through copies it, and λRᵀg as the
    rotation hands it on, both taken in the state in which each model is:
    "length" ‖z‖, "code length" ‖q‖, "ratio" ‖q‖/‖z‖;
    "reconstruction", "commitment": length of the two terms' gradients at z by the model's own estimator and γ;
    "copied pull", "rotated pull": outward part, −⟨·, z⟩/‖z‖, of g and of λRᵀg;
    "in plane": share of ‖g‖² in the plane of z and q;
    "core", "border": ‖λRᵀg − g‖/‖g‖ over the half of z that is nearer to its code, and nearer to the next cell;
    "copied switch", "rotated switch": share of z that a step of half the distance to the code, against g or λRᵀg,
    takes to another code.

    >>> from helpers.vq_rotation_trick.ensembles import Setting
    >>> data = torch.randn(100, 6, generator=torch.Generator().manual_seed(0))
    >>> ensemble = Ensemble([Setting(), Setting("rotation")], data, repeats=3, seed=0, codes=4, dim=2, hidden=5)
    >>> [sorted(record)[:3] for record in ensemble.fit(2, watch=record_gradients, every=2)]
    [['border', 'code length', 'commitment']]
    """
    samples = z.shape[1]
    g, at_z = (samples * x for x in torch.autograd.grad(loss.sum(), (out.values, z), retain_graph=True))
    z, q = z.detach(), out.values.detach()
    rotated, codes = (
        handed_gradient(rotate_to, z, q, g),
        torch.cat([quantizer.code_vectors().detach() for quantizer in ensemble.quantizers]),
    )
    size, code_size, size_g = (_lengths(x) for x in (z, q, g))
    across = q - z * (_dot(q, z) / _dot(z, z))[..., None]  # the part of q at right angles to z
    in_plane = (_dot(g, z) / size) ** 2 + _dot(g, across) ** 2 / _lengths(across) ** 2
    near, second = torch.cdist(z, codes).topk(2, largest=False).values.unbind(-1)
    at_border = near / second > (near / second).median(1, keepdim=True).values
    changed = _lengths(rotated - g) / size_g
    record = {
        "length": size,
        "code length": code_size,
        "ratio": code_size / size,
        "reconstruction": _lengths(at_z),
        "commitment": 2 * ensemble.gamma[:, None] * near,
        "copied pull": -_dot(g, z) / size,
        "rotated pull": -_dot(g, q) / size,
        "in plane": in_plane / size_g**2,
        "core": 2 * changed * ~at_border,
        "border": 2 * changed * at_border,
    }
    for name, gradient in (("copied switch", g), ("rotated switch", rotated)):
        step = gradient / _lengths(gradient)[..., None] * near[..., None] / 2
        record[name] = (nearest_code(z - step, codes) != out.codes).float()
    return {name: value.mean(-1).reshape(-1, ensemble.repeats).numpy() for name, value in record.items()}


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(-1)


def _lengths(x: Tensor) -> Tensor:
    """Lengths along the last axis, at least 1e-12 since they divide."""
    return x.norm(dim=-1).clamp_min(1e-12)
