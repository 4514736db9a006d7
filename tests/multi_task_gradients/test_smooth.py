"""Softmin, its iteration and fixed point, and descent on softmax weights."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize, special

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import KINDS, gradients, gram_of, jacobian, many


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
        (lambda: mtg.naive_multiplier(np.eye(2) * 1e300, 1e300), "sharpness"),
        (lambda: mtg.naive_weights(np.eye(2), True), "steps"),
        (lambda: mtg.softmin([1.0, np.nan], 1.0), "values"),
        (lambda: mtg.softmin([1.0, np.inf], 1.0), "values"),
        (lambda: mtg.softmin(1.0, 1.0), "values"),
        (lambda: mtg.smooth_weights(np.eye(2)[None], 1.0), "gram: shape"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@many
@given(seed=st.integers(0, 2**32 - 1), scale=st.integers(-150, 150), sharpness=st.integers(-150, 150))
def test_softmin_is_scipys_softmax(seed, scale, sharpness):
    values = np.random.default_rng(seed).standard_normal((2, 5)) * 10.0**scale
    with np.errstate(over="ignore"):
        expected = special.softmax(-(10.0**sharpness * (values - values.min(-1, keepdims=True))), -1)
    assert_allclose(mtg.softmin(values, 10.0**sharpness), expected, rtol=1e-12, atol=1e-300)


@many
@given(case=gradients(tasks=6, kinds=KINDS[:7]), power=st.integers(-3, 3), scale=st.sampled_from([-140, 0, 140]))
def test_smooth_weights_solve_their_equation(case, power, scale):
    gram = gram_of(case[1])
    size = max(np.diagonal(gram).max(), 1e-300)
    weights = mtg.smooth_weights(gram * 10.0**scale * 10.0**scale, 10.0 ** (power - scale) / 10.0**scale)
    assert_allclose(weights.sum(), 1, rtol=1e-13)
    fixed = mtg.softmin(gram @ weights, 10.0**power)
    assert_allclose(weights, fixed, atol=1e-13 * (1 + size * 10.0**power) ** 2)


@many
@given(case=gradients(tasks=5, kinds=KINDS[:2]), power=st.integers(-2, 2), scale=st.sampled_from([-100, 0, 100]))
def test_multiplier_depends_on_the_product_alone(case, power, scale):
    gram = gram_of(case[1])
    plain = mtg.naive_multiplier(gram, 10.0**power)
    assert plain >= 0
    assert_allclose(mtg.naive_multiplier(gram * 10.0**scale, 10.0**power / 10.0**scale), plain, rtol=1e-5, atol=1e-12)


@many
@given(case=gradients(tasks=5), power=st.integers(-3, 3), steps=st.integers(1, 8))
def test_the_iterations_on_vectors(case, power, steps):
    """Naive iteration and softmax descent by their formulas with u itself."""
    rows, sharpness = case[1], 10.0**power
    size = (rows**2).sum(1).max()
    weights, logits = np.full(len(rows), 1 / len(rows)), np.zeros(len(rows))
    for _ in range(steps):
        if size > 0:
            share = special.softmax(logits)
            image = rows @ (share @ rows) / size
            logits = logits - 0.5 * share * (image - share @ image)
    assert_allclose(mtg.softmax_descent_weights(gram_of(rows), steps, 0.5), special.softmax(logits), rtol=1e-10)
    weights = special.softmax(-sharpness * (rows @ rows.mean(0)))
    amplified = 1e-13 * (1 + sharpness * size)
    assert_allclose(mtg.naive_weights(gram_of(rows), 1, sharpness), weights, atol=amplified)


def test_the_smoothed_problem_at_any_scale():
    gram = np.array([[2.0, 1, 0], [1, 3, 0], [0, 0, 1]])
    exact = mtg.min_norm_weights(gram)
    for scale, sharpness in [(1e300, 1.0), (1.0, 1e16), (1.0, 1e300), (1e300, 1e6), (1e-300, 1e304)]:
        assert_allclose(mtg.smooth_weights(gram * scale, sharpness), exact, atol=5e-4 if scale < 1 else 1e-11)
    assert_allclose(mtg.smooth_weights(gram * 1e-300, 1e-300), np.full(3, 1 / 3))
    assert_allclose(mtg.smooth_weights(np.zeros((3, 3)), 1.0), np.full(3, 1 / 3))
