"""The matrices against their definitions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.vq_rotation_trick import estimate_by_matrix, reflect_to, reflection_matrix, rotate_to, rotation_matrix
from tests.vq_rotation_trick.strategies import gradient, normal


def test_rotation_matrix_refuses_what_is_undefined():
    z = normal(3)
    for pair in ((z, -2 * z), (z, 0 * z), (0 * z, z)):
        with pytest.raises(ValueError, match="undefined"):
            rotation_matrix(*pair)


@given(st.integers(1, 12), st.integers(0, 10**6), st.booleans())
@settings(deadline=None, max_examples=100)
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
