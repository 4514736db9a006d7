"""FSQ and LFQ against their definitions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from vector_quantize_pytorch import FSQ, LFQ

from tests.vq_rotation_trick.strategies import normal, quantizer, slow


def test_fsq_and_lfq_hand_the_gradient_through_their_squashing():
    z = normal(20, 4, dtype=torch.float32).requires_grad_()
    (grad,) = torch.autograd.grad(quantizer(codebook="fsq")(z).values.sum(), z)
    expected = torch.nn.functional.pad(1 - torch.tanh(z[:, :2]) ** 2, (0, 2))
    torch.testing.assert_close(grad, expected)
    (grad,) = torch.autograd.grad(quantizer(codebook="lfq")(z).values.sum(), z)
    torch.testing.assert_close(grad, torch.tensor([1.0, 1, 1, 0]).expand(20, 4))


def test_fsq_and_lfq_grids():
    fsq = quantizer(codebook="fsq", levels=(2, 4))
    z = 3 * normal(500, 4, dtype=torch.float32)
    out = fsq(z)
    assert {round(x, 4) for x in out.values[:, 1].tolist()} == {-1, -0.3333, 0.3333, 1}
    assert set(out.values[:, 0].tolist()) == {-1, 1} and not out.values[:, 2:].any()
    assert len({tuple(v) for v in out.values.tolist()}) == len(out.codes.unique()) == 8
    lfq = quantizer(codebook="lfq")
    out = lfq(z)
    assert torch.equal(out.values[:, :3], z[:, :3].sign()) and not out.values[:, 3].any()
    assert torch.equal(lfq.codebook.signs[out.codes], out.values[:, :3])


def test_lfq_entropy_loss_prefers_sure_and_balanced_codes():
    lfq = quantizer(codebook="lfq")
    sure = torch.nn.functional.pad(9 * lfq.codebook.signs, (0, 1))
    assert torch.allclose(lfq(sure).entropy_loss, torch.tensor(-math.log(8)), atol=1e-4)
    assert torch.allclose(lfq(sure[:1]).entropy_loss, torch.tensor(0.0), atol=1e-4)


def test_code_vectors_of_fsq_are_refused():
    with pytest.raises(ValueError, match="code_vectors"):
        quantizer(codebook="fsq").code_vectors()


def test_lfq_entropy_loss_is_that_of_the_distances():
    """Soft assignments by softmax(−‖x − code‖²), written out."""
    lfq = quantizer(codebook="lfq")
    z = normal(50, 4, dtype=torch.float32)
    share = torch.softmax(-(torch.cdist(z[:, :3], lfq.codebook.signs) ** 2), -1)
    mean = share.mean(0)
    expected = -(share * share.log()).sum(-1).mean() + (mean * mean.log()).sum()
    torch.testing.assert_close(lfq(z).entropy_loss, expected, rtol=1e-4, atol=1e-6)


def test_lfq_is_the_packages():
    """Its codes, and its entropies at temperature 1."""
    lfq, peer = quantizer(codebook="lfq"), LFQ(codebook_size=8, dim=3, entropy_loss_weight=1.0)
    z = normal(1, 50, 4, dtype=torch.float32)
    out, (theirs, _, penalty) = lfq(z), peer(z[..., :3], inv_temperature=1.0)
    torch.testing.assert_close(out.values[..., :3], theirs, rtol=0, atol=1e-6)
    torch.testing.assert_close(out.entropy_loss, penalty, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("codebook", ["fsq", "lfq"])
def test_lattices_bear_long_vectors(codebook):
    module, z = quantizer(codebook=codebook), normal(20, 4, dtype=torch.float32)
    far, near = module(1e18 * z), module(1e3 * z)
    assert torch.equal(far.codes, near.codes)
    assert all(torch.isfinite(part).all() for part in far)


def test_fsq_with_odd_levels_is_the_packages():
    levels = (3, 5, 7)
    module, peer = quantizer(dim=3, codes=105, codebook="fsq", levels=levels), FSQ(list(levels))
    z = normal(500, 3, dtype=torch.float32)
    ours, theirs = module(z).values, peer(z[None])[0][0]
    half = torch.tensor(levels) // 2
    scaled = torch.tanh(z) * half
    clear = ((scaled - scaled.floor() - 0.5).abs() > 0.01).all(-1)  # the package widens its outer levels by 0.1 %
    assert clear.float().mean() > 0.8
    torch.testing.assert_close(ours[clear], theirs[clear], rtol=0, atol=1e-6)


@given(st.lists(st.integers(2, 5), min_size=1, max_size=3), st.integers(0, 2), st.integers(0, 2**32), st.data())
@slow
def test_fsq_of_any_vectors_is_the_nearest_grid_point(levels, spare, seed, data):
    as_given = data.draw(st.sampled_from((list, tuple, np.array, torch.tensor)))(levels)
    module = quantizer(dim=len(levels) + spare, codes=math.prod(levels), codebook="fsq", levels=as_given)
    scale = 10.0 ** data.draw(st.integers(-30, 18))
    z = (normal(4, len(levels) + spare, seed=seed) * scale).float()
    out = module(z)
    assert not out.values[:, len(levels) :].any()
    for k, level in enumerate(levels):
        grid = torch.linspace(-1, 1, level)
        distance = (torch.tanh(z[:, k])[:, None] - grid).abs()
        found = (out.values[:, k : k + 1] - grid).abs()
        assert (found.min(-1).values < 1e-6).all()
        assert (distance.gather(-1, found.argmin(-1, keepdim=True))[:, 0] <= distance.min(-1).values + 1e-6).all()
    digits = ((out.values[:, : len(levels)] + 1) / 2 * (torch.tensor(levels) - 1)).round().long()
    radix = torch.tensor([math.prod(levels[:k]) for k in range(len(levels))])
    assert torch.equal(out.codes, (digits * radix).sum(-1))
