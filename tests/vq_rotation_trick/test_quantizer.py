"""The layer: every combination, its losses, and what it refuses."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.vq_rotation_trick import (
    CODEBOOKS,
    ESTIMATORS,
    code_counts,
    nearest_code_by_differences,
    perplexity,
    take_codes,
)
from tests.vq_rotation_trick.strategies import as_view, gradient, kept, normal, quantizer, slow


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("codebook", CODEBOOKS)
@pytest.mark.parametrize("models", [None, 3])
def test_every_combination_runs(estimator, codebook, models):
    module = quantizer(estimator=estimator, codebook=codebook, models=models)
    z = normal(*([] if models is None else [models]), 20, 4, dtype=torch.float32).requires_grad_()
    out = module(z)
    leading = () if models is None else (models,)
    assert out.values.shape == z.shape and out.codes.shape == z.shape[:-1]
    assert out.codebook_loss.shape == out.commitment_loss.shape == out.entropy_loss.shape == leading
    (out.values.square().mean() + (out.commitment_loss + out.codebook_loss + out.entropy_loss).sum()).backward()
    assert torch.isfinite(z.grad).all() and z.grad.abs().sum() > 0
    report = module.eval().report(z)
    assert report.usage.shape == leading
    assert ((report.usage > 0) & (report.usage <= 1)).all()
    assert ((report.perplexity >= 1 - 1e-6) & (report.perplexity <= 8)).all()


def test_losses_and_their_gradients_are_the_articles():
    module = quantizer()
    z = normal(30, 4, dtype=torch.float32).requires_grad_()
    out = module(z)
    distance = torch.cdist(z, module.codebook.points)
    assert torch.equal(out.codes, distance.argmin(-1)) and torch.equal(out.values, module.codebook.points[out.codes])
    squared = distance.min(-1).values.square().mean()
    assert torch.allclose(out.codebook_loss, squared) and torch.allclose(out.commitment_loss, squared)
    assert torch.allclose(module.report(z).error, squared)
    assert torch.autograd.grad(out.codebook_loss, z, allow_unused=True, retain_graph=True) == (None,)
    (code_gradient,) = torch.autograd.grad(out.codebook_loss, module.codebook.points, retain_graph=True)
    for k in range(8):
        expected = 2 * (module.codebook.points[k] - z[out.codes == k]).sum(0) / 30
        assert torch.allclose(code_gradient[k], expected, atol=1e-6)
    assert torch.autograd.grad(out.commitment_loss, module.codebook.points, allow_unused=True, retain_graph=True) == (
        None,
    )
    assert torch.autograd.grad(out.values.sum(), module.codebook.points, allow_unused=True) == (None,)


@pytest.mark.parametrize("codebook", CODEBOOKS)
def test_state_dict_and_generator_determine_the_module(codebook):
    one, other = (quantizer(codebook=codebook) for _ in range(2))
    z = normal(30, 4, dtype=torch.float32)
    assert torch.equal(one(z).values, other(z).values)
    third = quantizer(codebook=codebook, generator=torch.Generator().manual_seed(1))
    third.load_state_dict(one.state_dict())
    assert torch.equal(third.eval()(z).codes, one.eval()(z).codes)


@pytest.mark.parametrize("options, message", [
    ({"estimator": "magic"}, "estimator: is 'magic'"), ({"codebook": "magic"}, "codebook: is 'magic'"),
    ({"dim": 0}, "dim"),
    ({"codes": 1}, "codes"), ({"models": 0}, "models"), ({"init": 0.0}, "init"), ({"init": "random"}, "init"),
    ({"init": math.inf}, "init"), ({"init": torch.ones(8, 4), "models": 3}, "init"),
    ({"init": torch.full((8, 4), math.nan)}, "init"), ({"restart": 1.0}, "restart"),
    ({"restart": 0.1, "codebook": "fsq"}, "restart"), ({"decay": 1.0}, "decay"),
    ({"codebook": "lfq", "codes": 6}, "levels"),
    ({"codebook": "fsq", "levels": (2, 2)}, "levels"), ({"codebook": "fsq", "levels": None}, "levels"),
    ({"codebook": "fsq", "levels": (1, 8)}, "levels"), ({"codebook": "lfq", "init": "kmeans"}, "init"),
    ({"codebook": "fsq", "levels": (2.5, 3.2)}, "levels"), ({"codebook": "fsq", "levels": 8}, "levels"),
    ({"codebook": "lfq", "levels": (2, 2, 2)}, "levels"), ({"codebook": "fsq", "init": 0.1}, "init"),
    ({"init": None}, "init"), ({"init": [1.0]}, "init"), ({"dim": 4.0}, "dim"), ({"codes": "8"}, "codes"),
    ({"estimator": ["rotation"]}, "estimator"), ({"codebook": None}, "codebook"),
])  # fmt: skip
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        quantizer(**options)


@pytest.mark.parametrize("bad, message", [
    (torch.ones(3, 5), "shape"), (torch.ones(0, 4), "shape"), (torch.full((3, 4), math.nan), "nan"),
    (torch.full((3, 4), math.inf), "inf"), (torch.ones(3, 4).double(), "float64"), (torch.tensor(1.0), "shape"),
    ([[1.0] * 4], "z: is list"),
])  # fmt: skip
def test_bad_vectors_are_named(bad, message):
    for call in (quantizer(), quantizer().report):
        with pytest.raises(ValueError, match=message):
            call(bad)


def test_vectors_must_come_with_the_models_axis():
    with pytest.raises(ValueError, match="shape"):
        quantizer(models=2)(torch.ones(3, 5, 4))


@pytest.mark.parametrize("options, message", [
    ({"dim": True}, "dim"), ({"codes": True}, "codes"), ({"models": True}, "models"),
    ({"generator": None}, "generator"),
    ({"generator": 0}, "generator"), ({"init": True}, "init"), ({"init": np.ones((8, 4))}, "init"),
    ({"init": [[1.0] * 4] * 8}, "init"), ({"init": 1e39}, "init"), ({"init": torch.ones(8, 4).bool()}, "init"),
    ({"init": 1e200 * torch.ones(8, 4).double()}, "init"), ({"restart": None}, "restart"),
    ({"restart": math.nan}, "restart"),
    ({"decay": "0.9"}, "decay"), ({"codebook": "fsq", "levels": (True, 8)}, "levels"),
    ({"codebook": "fsq", "levels": np.array([2.0, 4.0])}, "levels"), ({"codebook": "fsq", "levels": "24"}, "levels"),
])  # fmt: skip
def test_more_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        quantizer(**options)


def test_numpys_integers_are_integers():
    module = quantizer(dim=np.int64(4), codes=np.int32(8), models=np.uint8(2))
    assert module(torch.zeros(2, 5, 4)).codes.shape == (2, 5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("codebook", CODEBOOKS)
def test_16_bit_vectors_are_quantised_in_float32(codebook, dtype):
    one, other = (quantizer(codebook=codebook, estimator="rotation") for _ in range(2))
    z = normal(30, 4).to(dtype).requires_grad_()
    out, wide = one(z), other(z.detach().float())
    assert torch.equal(out.codes, wide.codes) and torch.equal(out.values, wide.values.to(dtype))
    assert out.commitment_loss.dtype == torch.float32 and torch.equal(out.commitment_loss, wide.commitment_loss)
    (out.values.float().sum() + out.commitment_loss).backward()
    assert z.grad.dtype == dtype and torch.isfinite(z.grad).all()
    one.to(dtype)  # and a module whose codes are 16-bit too works, trains and reports
    assert torch.isfinite(one(z).values).all() and torch.isfinite(one.report(z).error)


@pytest.mark.parametrize("codebook", CODEBOOKS)
def test_autocast_changes_nothing(codebook):
    one, other = (quantizer(codebook=codebook, init="kmeans" if codebook == "ema" else 1.0) for _ in range(2))
    z = normal(300, 4, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        out, report = one(z), one.report(z)
    for found, expected in zip((*out, *report), (*other(z), *other.report(z)), strict=True):
        assert found.dtype == expected.dtype and torch.equal(found, expected)


def test_a_distance_beyond_float32_is_named():
    for call in (quantizer(), quantizer().report):
        with pytest.raises(ValueError, match="z: lies so far"):
            call(1e30 * normal(5, 4, dtype=torch.float32))


@given(st.sampled_from(sorted(CODEBOOKS)), st.sampled_from(sorted(ESTIMATORS)), st.integers(0, 2**32), st.data())
@slow
def test_any_layer_is_the_nearest_code_with_its_estimators_gradient(codebook, estimator, seed, data):
    draw = data.draw
    models = draw(st.sampled_from((None, 1, 3)))
    leading = () if models is None else (models,)
    dtype = draw(st.sampled_from((torch.float16, torch.bfloat16, torch.float32)))
    scale = 10.0 ** draw(st.integers(-3, 3) if dtype == torch.float16 else st.integers(-30, 17))
    options = {"init": min(scale, 1e17) * draw(st.sampled_from((0.01, 1.0)))} if codebook not in ("fsq", "lfq") else {}
    if codebook in ("gradient", "ema", "cosine"):
        options["restart"] = draw(st.sampled_from((0.0, 0.5)))
    module = quantizer(models=models, codebook=codebook, estimator=estimator, **options)
    shape = (*leading, *draw(st.sampled_from(((5,), (2, 3), ()) if models is None else ((5,), (2, 3)))), 4)
    z = as_view(
        (normal(*shape, seed=seed) * scale).to(dtype), draw(st.sampled_from(("plain", "strided", "transposed")))
    )
    unchanged = kept(z)
    module.eval()  # training moves codes, which other tests look at
    out, report = module(z.requires_grad_()), module.report(z)
    unchanged()
    assert out.values.shape == z.shape and out.values.dtype == dtype and out.codes.shape == shape[:-1]
    rule, flat = module.codebook, z.detach().float().reshape(*leading, -1, 4)
    x = rule.compared(flat)
    q = rule.look_up(x)[0].detach()
    if codebook not in ("fsq", "lfq"):
        indices = nearest_code_by_differences(x, module.code_vectors())
        assert torch.equal(out.codes, indices.reshape(shape[:-1]))
        assert torch.equal(out.values.reshape(flat.shape), take_codes(module.code_vectors(), indices).to(dtype))
    error = (x - q).double().square().sum(-1).mean(-1)
    for found in (out.commitment_loss, report.error):
        torch.testing.assert_close(found.double(), error, rtol=1e-5, atol=1e-37)
    counts = code_counts(out.codes.reshape(*leading, -1), 8)
    assert torch.equal(report.usage, (counts > 0).float().mean(-1)) and torch.equal(
        report.perplexity, perplexity(counts)
    )
    (moved,) = torch.autograd.grad(out.values.float().sum(), z)
    assert moved.dtype == dtype and torch.isfinite(moved).all()
    if codebook in ("gradient", "ema", "simvq"):
        ones = torch.ones_like(flat)
        expected = gradient(ESTIMATORS[estimator], flat, q, ones).reshape(shape)
        torch.testing.assert_close(moved, expected.to(dtype), rtol=1e-6, atol=0)
    module.train()
    trained = module(z)
    assert all(torch.isfinite(part).all() for part in trained)
    assert all(torch.isfinite(part).all() for part in module.state_dict().values())
