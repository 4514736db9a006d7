"""Learned codebooks against their definitions."""

import pytest
import torch

from helpers.vq_rotation_trick import nearest_code
from tests.vq_rotation_trick.strategies import normal, quantizer


def test_models_are_independent():
    both = quantizer(models=2, init=0.1)
    assert torch.allclose(both.codebook.points.std(), torch.tensor(0.1), rtol=0.3)
    z = normal(2, 25, 4, dtype=torch.float32)
    assert torch.equal(both(z).values[1], quantizer(init=both.codebook.points[1])(z[1]).values)


def test_ema_follows_the_running_mean():
    module = quantizer(codebook="ema", decay=0.5)
    z = normal(40, 4, dtype=torch.float32)
    before = module.codebook.points.clone()
    codes = module(z).codes
    for k in range(8):
        served = z[codes == k]
        share, total = 0.5 / 8 + 0.5 * len(served) / 40, 0.5 * before[k] / 8 + 0.5 * served.sum(0) / 40
        assert torch.allclose(module.codebook.points[k], total / share, atol=1e-6)
    still = module.eval().codebook.points.clone()
    module(z)
    assert torch.equal(module.codebook.points, still)


def test_ema_code_without_samples_stays():
    module = quantizer(codebook="ema")
    with torch.no_grad():
        module.codebook.points[0], module.codebook.total[0] = 100.0, 100.0 / 8
    for _ in range(1000):
        module(normal(10, 4, dtype=torch.float32))
    assert torch.allclose(module.codebook.points[0], torch.full((4,), 100.0), rtol=1e-3)


def test_restart_revives_dead_codes():
    module = quantizer(restart=0.5)
    with torch.no_grad():
        module.codebook.points += 100
        module.codebook.points[0] = 0
    z = normal(64, 4, dtype=torch.float32)
    assert module.report(z).usage == 1 / 8
    for _ in range(40):
        module(z).codebook_loss.backward()
    assert module.report(z).usage > 0.7


@pytest.mark.parametrize("codebook", ["gradient", "cosine"])
def test_gradients_can_be_accumulated_across_a_restart(codebook):
    module = quantizer(codebook=codebook, restart=0.5, decay=0.0)
    with torch.no_grad():
        module.codebook.points[1:] += 100
    z = normal(2, 64, 4, dtype=torch.float32)
    before = module.code_vectors().detach()
    losses = [module(batch).codebook_loss for batch in z]
    assert not torch.equal(module.code_vectors(), before)
    (alone,) = torch.autograd.grad(losses[0], module.codebook.points)
    assert torch.isfinite(alone).all() and alone.abs().sum() > 0


def test_restart_and_ema_act_in_training_only_and_together():
    module = quantizer(codebook="ema", restart=0.5)
    with torch.no_grad():
        module.codebook.points[1:] += 100
        module.codebook.total.copy_(module.codebook.points / 8)
    z = normal(64, 4, dtype=torch.float32)
    still = module.eval().codebook.points.clone()
    for _ in range(60):
        module(z)
    assert torch.equal(module.codebook.points, still)
    module.train()
    for _ in range(60):
        module(z)
    assert module.report(z).usage > 0.7


def test_codes_must_be_placed_before_they_are_judged():
    module, z = quantizer(init="kmeans").eval(), normal(60, 4, dtype=torch.float32)
    for call in (module, module.report):
        with pytest.raises(ValueError, match="kmeans"):
            call(z)
    module.place_codes(z)
    assert module.report(z).usage == 1
    simvq = quantizer(codebook="simvq")
    with torch.no_grad():
        simvq.codebook.matrix *= 3
    simvq.place_codes(z)
    torch.testing.assert_close(simvq.code_vectors(), simvq.codebook.points)
    with pytest.raises(ValueError, match="place_codes"):
        quantizer(codebook="fsq").place_codes(z)


def test_kmeans_init_places_the_codes_once():
    module = quantizer(models=2, init="kmeans")
    z = normal(2, 60, 4, dtype=torch.float32)
    module(z)
    centres = module.codebook.points.clone()
    for k in range(8):
        served = z[1][nearest_code(z[1], centres[1]) == k]
        assert torch.allclose(served.mean(0), centres[1, k], atol=0.3)
    module(5 * z)
    assert torch.equal(module.codebook.points, centres)


def test_cosine_compares_directions():
    module = quantizer(codebook="cosine")
    z = normal(30, 4, dtype=torch.float32)
    out = module(z)
    assert torch.allclose(out.values.norm(dim=-1), torch.ones(30))
    assert torch.equal(out.codes, module(7 * z).codes)


def test_simvq_moves_all_codes_with_one_matrix():
    module = quantizer(codebook="simvq")
    assert [name for name, p in module.named_parameters() if p.requires_grad] == ["codebook.matrix"]
    module(normal(3, 4, dtype=torch.float32)).codebook_loss.backward()
    before = module.code_vectors().detach()
    with torch.no_grad():
        module.codebook.matrix -= module.codebook.matrix.grad
    assert ((module.code_vectors() - before).abs().sum(-1) > 0).all()


def test_dead_codes_get_different_vectors_of_the_batch():
    """64 dead codes and 64 vectors: each vector once. With fewer vectors, each before any comes twice."""
    for batch, expected in ((64, 64), (100, 64), (10, 10)):
        module = quantizer(codes=64, models=2, restart=0.5)
        rule, x = module.codebook, normal(2, batch, 4, dtype=torch.float32)
        rule.share.zero_()
        rule.before_look_up(x)
        for points, vectors in zip(rule.points, x, strict=True):
            rows = [tuple(row) for row in points.tolist()]
            assert len(set(rows)) == expected and set(rows) <= {tuple(v) for v in vectors.tolist()}
            assert max(rows.count(row) for row in rows) == -(-64 // batch)


def test_restart_replaces_what_lies_below_its_threshold_and_nothing_else():
    module = quantizer(restart=0.4)
    rule, x = module.codebook, normal(20, 4, dtype=torch.float32)
    rule.share.copy_(torch.tensor([0.39, 0.41, 0.0, 1.0, 0.39, 0.41, 0.7, 0.2]) / 8)
    before, shares = rule.points.clone(), rule.share.clone()
    rule.before_look_up(x)
    dead = torch.tensor([True, False, True, False, True, False, False, True])
    assert torch.equal((rule.points != before).any(-1), dead)
    torch.testing.assert_close(rule.share, torch.where(dead, 1 / 8, shares))  # a new code starts with an even share
    torch.testing.assert_close(rule.total[dead], rule.points[dead] / 8)


def test_cosine_codebook_bears_zero_tiny_and_long_vectors():
    module = quantizer(codebook="cosine")
    z = normal(6, 4, dtype=torch.float32)
    z[0], z[1], z[2] = 0, z[1] * 1e-30, z[2] * 1e30
    z.requires_grad_()
    out = module(z)
    (out.values.sum() + out.commitment_loss + out.codebook_loss).backward()
    assert torch.isfinite(z.grad).all() and not z.grad[0].any()
    unit = torch.nn.functional.normalize(z.detach().double(), dim=-1)
    nearest = (unit[1:] @ torch.nn.functional.normalize(module.codebook.points.detach().double(), dim=-1).T).argmax(-1)
    assert torch.equal(out.codes[1:], nearest)
    module.codebook.points.data[3] = 0  # nor does a zero code harm
    module(z).codebook_loss.backward()
    assert torch.isfinite(module.codebook.points.grad).all()


@pytest.mark.parametrize("codebook", ["gradient", "ema", "simvq", "cosine"])
def test_vectors_far_from_the_origin_keep_their_cells(codebook):
    start = normal(8, 4, dtype=torch.float32) + 1e4 * torch.tensor([1.0, -1.0]).repeat(4)[:, None]
    module = quantizer(codebook=codebook, init=start)
    z = start.repeat(5, 1) + 0.01 * normal(40, 4, dtype=torch.float32)
    if codebook != "cosine":  # on the sphere the clusters are two points
        assert torch.equal(module(z).codes, torch.arange(8).repeat(5))
