"""FSQ and LFQ against their definitions."""

import math

import pytest
import torch

from tests.vq_rotation_trick.strategies import normal, quantizer


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
