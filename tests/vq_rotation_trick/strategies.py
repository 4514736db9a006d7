"""What the tests of this article share: vectors, gradients, 50-digit values, a small layer."""

import mpmath
import torch
from hypothesis import strategies as st

from helpers.vq_rotation_trick import VectorQuantizer
from tests.examples import examples


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


# The decimal exponents that a type's squares need not hold, but its numbers do.
EXPONENTS = {torch.float16: 3, torch.bfloat16: 30, torch.float32: 30, torch.float64: 150}
hard = examples(500)
slow = examples(150)  # for what takes 10 ms an example; each tries several vectors


@st.composite
def vectors(draw, count, ordinary=0, shapes=((4,), (2, 3), (0,), (1, 1), ()), most=6):
    """``count`` tensors of one dtype and shape (*leading, d), some rows 0, contiguous or not.

    They are of any scale, but for the last ``ordinary`` of them, whose numbers have size 1.
    """
    dtype = draw(st.sampled_from(sorted(EXPONENTS, key=str)))
    shape = (*draw(st.sampled_from(shapes)), draw(st.integers(1, most)))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    found = []
    for k in range(count):
        exponent = draw(st.integers(-EXPONENTS[dtype], EXPONENTS[dtype])) if k < count - ordinary else 0
        x = torch.randn(shape, generator=generator, dtype=torch.float64)
        x = (x * 10.0**exponent).to(dtype)
        found.append(as_view(x, draw(st.sampled_from(("plain", "strided", "transposed", "zero row")))))
    return found


def as_view(x, kind):
    """The same numbers in memory that is not contiguous; or, for "zero row", with the first row 0."""
    if kind == "strided":
        return torch.stack([x, x + 1], -1)[..., 0]
    if kind == "transposed":
        return x.mT.contiguous().mT if x.ndim > 1 else x.flip(0).flip(0)
    if kind == "zero row" and x.ndim > 1:
        x = x.clone()
        x[:1] = 0
    return x


def kept(*tensors):
    """A function that asserts that none of the tensors was changed in place since this call."""
    copies = [x.clone() for x in tensors]

    def check():
        for x, copy in zip(tensors, copies, strict=True):
            assert torch.equal(x, copy)

    return check
