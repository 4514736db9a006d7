"""The matrices against their definitions."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.vq_rotation_trick import estimate_by_matrix, reflect_to, reflection_matrix, rotate_to, rotation_matrix
from tests.examples import examples
from tests.vq_rotation_trick.strategies import gradient, hard, kept, normal, vectors


def test_rotation_matrix_refuses_what_is_undefined():
    z = normal(3)
    for pair in ((z, -2 * z), (z, 0 * z), (0 * z, z)):
        with pytest.raises(ValueError, match="undefined"):
            rotation_matrix(*pair)


@given(st.integers(1, 12), st.integers(0, 10**6), st.booleans())
@examples(100)
def test_the_plain_method_and_the_fast_one_agree(d, seed, scale):
    z, q, g = normal(3, 5, d, seed=seed)
    ratio = (q.norm(dim=-1) / z.norm(dim=-1))[:, None, None] if scale else 1.0
    for matrix, fast in ((rotation_matrix, rotate_to), (reflection_matrix, reflect_to)):
        try:
            constant = ratio * matrix(z, q)
        except ValueError:
            assert d == 1  # on the line two vectors are parallel or opposite
            continue

        def plain(z, q, constant=constant):
            return estimate_by_matrix(z, q, constant)

        torch.testing.assert_close(plain(z, q), q, rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(gradient(fast, z, q, g, scale=scale), gradient(plain, z, q, g), rtol=1e-7, atol=1e-7)


def test_reflection_matrix_maps_z_to_q_and_is_its_own_inverse():
    z, q = normal(2, 20, 6)
    H = reflection_matrix(z, q)
    moved = (H @ (z / z.norm(dim=-1, keepdim=True))[..., None])[..., 0]
    torch.testing.assert_close(moved, q / q.norm(dim=-1, keepdim=True))
    torch.testing.assert_close(H @ H, torch.eye(6, dtype=z.dtype).expand_as(H))
    for pair in ((z, 2 * z), (z, 0 * z), (0 * z, z)):
        with pytest.raises(ValueError, match="undefined"):
            reflection_matrix(*pair)


def test_a_matrix_that_does_not_fit_is_refused():
    z, q = normal(2, 5, 3)
    for bad in (torch.ones(2, 2, dtype=z.dtype), torch.ones(3, dtype=z.dtype), [[1.0]]):
        with pytest.raises(ValueError, match="matrix"):
            estimate_by_matrix(z, q, bad)


@given(vectors(3, ordinary=1, shapes=((3,), (0,), ())), st.sampled_from((rotation_matrix, reflection_matrix)))
@hard
def test_any_matrix_maps_the_direction_of_z_to_that_of_q_or_is_refused(zqg, matrix):
    z, q, g = zqg
    unchanged = kept(z, q, g)
    unit_z, unit_q = (x.double() / x.double().abs().amax(-1, keepdim=True).clamp_min(1e-300) for x in (z, q))
    unit_z, unit_q = (torch.nn.functional.normalize(x, dim=-1) for x in (unit_z, unit_q))
    sign = 1 if matrix is rotation_matrix else -1
    info = torch.finfo(z.dtype)
    length = (unit_q + sign * unit_z).norm(dim=-1)
    try:
        M = matrix(z, q).double()
    except ValueError:
        tiny = torch.minimum(z.double().abs().amax(-1), q.double().abs().amax(-1)) < info.smallest_normal
        assert (tiny | (length < 32 * info.eps)).any()
        return
    unchanged()
    assert M.shape == (*z.shape, z.shape[-1]) and torch.isfinite(M).all()
    bound = 100 * info.eps / length.clamp_max(1)
    assert ((M @ unit_z[..., None])[..., 0] - unit_q).abs().amax(-1).le(bound).all()
    eye = torch.eye(z.shape[-1], dtype=torch.float64)
    assert (M @ M.mT - eye).abs().amax((-1, -2)).le(bound).all()
    assert (torch.linalg.det(M) - sign).abs().le(10 * bound).all()


@given(vectors(3, shapes=((3,), (0,), (), (2, 1))))
@hard
def test_any_constant_matrix_is_the_jacobian(zqg):
    z, q, g = zqg
    g = torch.ones_like(g)
    matrix = torch.outer(g.reshape(-1, z.shape[-1]).sum(0), torch.arange(1, z.shape[-1] + 1).to(z.dtype))
    unchanged = kept(z, q, matrix)
    out = estimate_by_matrix(z, q, matrix)
    unchanged()
    if not torch.isfinite(matrix @ z[..., None]).all():
        return  # G z itself overflows a 16-bit type; only `rotate_to` promises q for it
    size = (matrix @ z[..., None])[..., 0].double().abs() + q.double().abs()
    assert ((out.double() - q.double()).abs() <= 2 * torch.finfo(z.dtype).eps * size).all()

    def estimator(z, q):
        return estimate_by_matrix(z, q, matrix)

    torch.testing.assert_close(gradient(estimator, z, q, g), (matrix.mT @ g[..., None])[..., 0])
