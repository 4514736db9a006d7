"""The layer: every combination, its losses, and what it refuses."""

import math

import pytest
import torch

from helpers.vq_rotation_trick import CODEBOOKS, ESTIMATORS
from tests.vq_rotation_trick.strategies import normal, quantizer


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
