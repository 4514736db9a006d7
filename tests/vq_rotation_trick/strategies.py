"""What the tests of this article share: vectors, gradients, 50-digit values, a small layer."""

import mpmath
import torch

from helpers.vq_rotation_trick import VectorQuantizer


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def gradient(function, z, q, g, **options):
    z = z.clone().requires_grad_()
    return torch.autograd.grad(function(z, q, **options), z, g)[0]


def exact(z, q, g):
    """λRᵀg in 50 digits, for vectors of any float type, which mpmath takes exactly."""
    with mpmath.workdps(50):
        z, q, g = ([mpmath.mpf(x.item()) for x in v.double()] for v in (z, q, g))
        norm = [mpmath.sqrt(sum(x * x for x in v)) for v in (z, q)]
        unit_z, unit_q = [x / norm[0] for x in z], [x / norm[1] for x in q]
        axis = [a + b for a, b in zip(unit_z, unit_q, strict=True)]
        along_q = sum(a * b for a, b in zip(unit_q, g, strict=True))
        along_axis = sum(a * b for a, b in zip(axis, g, strict=True)) / sum(a * a for a in axis)
        rows = zip(g, unit_z, axis, strict=True)
        return [float(norm[1] / norm[0] * (c + 2 * along_q * a - 2 * along_axis * b)) for c, a, b in rows]


def at_angle(delta, d, dtype, seed=0):
    """z and q at the angle π − delta, of lengths 1.7 and 0.3."""
    z, other = normal(2, d, seed=seed)
    z = z / z.norm()
    other = other - z * (z @ other)
    delta = torch.tensor(delta, dtype=torch.float64)
    q = -torch.cos(delta) * z + torch.sin(delta) * other / other.norm()
    return (1.7 * z).to(dtype), (0.3 * q).to(dtype)


def quantizer(**options):
    arguments = {"dim": 4, "codes": 8, "generator": torch.Generator().manual_seed(0)} | options
    if arguments.get("codebook") == "fsq":
        arguments = {"levels": (2, 4)} | arguments
    return VectorQuantizer(**arguments)
