"""The stack of two-headed models against one model trained plainly with torch."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from helpers import multi_task_gradients as mtg
from helpers.multi_task_gradients.two_heads import _forward
from helpers.optimizers import stacked_linear

X, Y = torch.rand(50, 6, generator=torch.Generator().manual_seed(0)), torch.arange(100).reshape(50, 2) % 10


def train(methods, **options):
    return mtg.train_two_heads(X, Y, methods, [0.01, 0.03], **{"seeds": 2, "steps": 4, "hidden": 5, **options})


def plain(method, rate, scales, seed_index, steps=4):
    """Logits of one model, step by step: start and batches as the stack draws them."""
    generator = torch.Generator().manual_seed(0)
    sizes = [(6, 5), (5, 10), (5, 10)]
    layers = [
        [p[seed_index : seed_index + 1].detach() for p in stacked_linear(generator, 2, *s, gain=1.4)] for s in sizes
    ]
    parameters = [p.clone().requires_grad_() for layer in layers for p in layer]
    layers = [parameters[k : k + 2] for k in (0, 2, 4)]
    optimiser, generator = torch.optim.Adam(parameters, lr=rate), torch.Generator().manual_seed(0)
    for _ in range(steps):
        chosen = torch.randint(50, (2, 32), generator=generator)[seed_index]
        code, logits = _forward(layers, X[chosen][None])
        losses = [torch.nn.functional.cross_entropy(logits[i][0], Y[chosen, i]) for i in range(2)]
        on_encoder = [torch.autograd.grad(loss, layers[0], retain_graph=True) for loss in losses]
        rows = torch.stack([torch.cat([g.flatten() for g in row]) for row in on_encoder])
        if method == "mgda_ub":
            seen = torch.stack([torch.autograd.grad(loss, code, retain_graph=True)[0].flatten() for loss in losses])
        else:
            seen = rows
        scaled = seen.double().numpy() * np.array(scales)[:, None]
        if method in ("left", "right"):
            weights = np.array([method == "left", method == "right"], float)
        else:
            weights = mtg.WEIGHTS[method.removesuffix("_ub")](scaled @ scaled.T)
        weights = torch.tensor(weights * scales).float()
        for parameter, parts in zip(layers[0], zip(*on_encoder, strict=True), strict=True):
            parameter.grad = sum(w * g for w, g in zip(weights, parts, strict=True))
        for i in range(2):
            for parameter, g in zip(layers[1 + i], torch.autograd.grad(losses[i], layers[1 + i]), strict=True):
                parameter.grad = g
        optimiser.step()
    return _forward(layers, X[None])[1]


@pytest.mark.parametrize("scales", [(1.0, 1.0), (1.0, 30.0)])
def test_every_model_of_the_stack_is_trained_as_alone(scales):
    methods = ["mean", "normalized_sum", "mgda", "mgda_ub", "pcgrad", "left", "right"]
    trained = train(methods, scales=scales)
    together = [part.detach() for part in _forward(trained.layers, X.expand(28, -1, -1))[1]]
    for k, (m, r, s) in enumerate(np.ndindex(7, 2, 2)):
        alone = plain(methods[m], [0.01, 0.03][r], scales, s)
        for i in range(2):
            assert_allclose(together[i][k], alone[i][0].detach(), rtol=1e-3, atol=1e-4)


def test_accuracy_counts_right_answers_in_their_place():
    trained = train(["mean", "mgda"])
    found = trained.accuracy(X, Y)
    logits = _forward(trained.layers, X.expand(8, -1, -1))[1]
    for k, index in enumerate(np.ndindex(2, 2, 2)):
        for i in range(2):
            assert found[(*index, i)] == (logits[i][k].argmax(1) == Y[:, i]).double().mean().item()


def test_conflicts_are_shares_and_equal_where_the_methods_do_not_differ():
    conflicts = train(["mean", "mgda"], steps=1).conflicts
    assert conflicts.shape == (2, 2, 2) and set(conflicts.ravel()) <= {0.0, 1.0}
    assert np.array_equal(conflicts[0], conflicts[1])  # before the first step all models of a seed are one


def test_refuses_unknown_methods_and_no_steps():
    with pytest.raises(ValueError, match="alone"):
        train(["alone"])
    with pytest.raises(ValueError, match="steps"):
        train(["mean"], steps=0)
