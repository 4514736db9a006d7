"""Softmin, its iteration and fixed point, and descent on softmax weights."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import optimize

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import gram_of, jacobian


def test_softmax_descent_follows_torchs_gradient():
    rows = jacobian(np.random.default_rng(6), 4, 6, 0.5)
    gram = gram_of(rows)
    rate = 0.7
    logits = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    for _ in range(30):
        weights = torch.softmax(logits, 0)
        (gradient,) = torch.autograd.grad(0.5 * ((weights @ torch.tensor(rows)) ** 2).sum(), logits)
        logits = (logits - rate / np.diagonal(gram).max() * gradient).detach().requires_grad_()
    assert_allclose(mtg.softmax_descent_weights(gram, 30, rate), torch.softmax(logits, 0).detach(), rtol=1e-12)
    path = mtg.softmax_descent_weights(np.stack([gram, gram]), 5, rate, path=True)
    assert path.shape == (6, 2, 4)


def test_softmin():
    assert_allclose(mtg.softmin([0.0, np.log(2)], 1.0), [2 / 3, 1 / 3])
    assert_allclose(mtg.softmin([3.0, 1.0, 2.0], np.inf), [0, 1, 0])
    assert_allclose(mtg.softmin([1e6, 1e6 + 1], 1e3), [1, 0], atol=1e-300)
    with pytest.raises(ValueError, match="sharpness"):
        mtg.softmin([1.0], 0.0)


@pytest.mark.parametrize("sharpness", [0.1, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("rank", [3, 8])
def test_smooth_weights_are_the_fixed_point(sharpness, rank):
    for k in range(20):
        gram = gram_of(jacobian(np.random.default_rng(k), 5, rank, 0.5))
        weights = mtg.smooth_weights(gram, sharpness)
        amplified = (1 + sharpness * gram.max()) ** 2  # of rounding: once in the exponent, once by the map's slope
        assert_allclose(mtg.softmin(gram @ weights, sharpness), weights, atol=1e-15 * (100 + amplified))
        apart = weights - mtg.min_norm_weights(gram)
        assert apart @ gram @ apart <= 2 * np.log(5) / sharpness


def test_naive_iteration_converges_where_the_multiplier_is_below_one():
    gram = gram_of(jacobian(np.random.default_rng(8), 4, 6))
    critical = optimize.brentq(lambda s: mtg.naive_multiplier(gram, s) - 1, 1e-3, 1e3)
    fixed = mtg.smooth_weights(gram, 0.9 * critical)
    assert_allclose(mtg.naive_weights(gram, 400, 0.9 * critical), fixed, atol=1e-9)
    above = mtg.naive_weights(gram, 400, 1.2 * critical, path=True)
    assert np.abs(above[-1] - above[-2]).max() > 1e-2
    # The slope at the fixed point, by central differences of one step of the iteration.
    step = 1e-6
    moved = [
        mtg.softmin((gram @ (fixed + step * e)), 0.9 * critical)
        - mtg.softmin((gram @ (fixed - step * e)), 0.9 * critical)
        for e in np.eye(4)
    ]
    slope = np.linalg.eigvals(np.array(moved).T / (2 * step)).real.min()
    assert_allclose(-slope, mtg.naive_multiplier(gram, 0.9 * critical), rtol=1e-6)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: mtg.softmax_descent_weights(np.eye(2), 2, 0.0), "rate"),
        (lambda: mtg.softmax_descent_weights(np.eye(2), 2, np.inf), "rate"),
        (lambda: mtg.naive_weights(np.eye(2), 2, -1.0), "sharpness"),
        (lambda: mtg.smooth_weights(np.eye(2), np.inf), "sharpness"),
        (lambda: mtg.smooth_weights(np.eye(2)[None], 1.0), "gram: shape"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
