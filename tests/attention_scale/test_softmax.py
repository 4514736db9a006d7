"""Means and entropies of a row against scipy."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats

from helpers import attention_scale as m
from tests.attention_scale.strategies import exact_entropy, exact_weights, hard_rows, is_valid, outcome, rows, scales
from tests.examples import examples


@examples(60)
@given(rows, scales)
def test_mean_and_entropy_against_scipy(scores, alpha):
    p = special.softmax(alpha * scores)
    values = np.cos(scores)
    assert m.softmax_mean(scores, alpha) == pytest.approx(p @ scores, rel=1e-9, abs=1e-11)
    assert m.softmax_mean(scores, alpha, values) == pytest.approx(p @ values, rel=1e-9, abs=1e-11)
    assert m.softmax_entropy(scores, alpha) == pytest.approx(stats.entropy(p), rel=1e-9, abs=1e-12)
    assert m.softmax_entropy(scores, alpha, 2) == pytest.approx(-np.log(p @ p), rel=1e-9, abs=1e-12)
    assert m.softmax_entropy(scores, alpha, np.inf) == pytest.approx(-np.log(p.max()), rel=1e-9, abs=1e-12)
    assert m.softmax_entropy(scores, alpha, 0) == pytest.approx(np.log(len(scores)))


@examples(60)
@given(rows, st.floats(0, 5))
def test_renyi_entropy_falls_with_its_order_and_is_continuous_at_one(scores, alpha):
    entropies = [float(m.softmax_entropy(scores, alpha, order)) for order in (0, 0.5, 1, 2, 5, np.inf)]
    assert all(high >= low - 1e-9 for high, low in zip(entropies, entropies[1:], strict=False))
    assert m.softmax_entropy(scores, alpha, 1 + 1e-7) == pytest.approx(entropies[2], abs=1e-4)


def test_mean_is_the_derivative_of_the_log_partition_function():
    scores = np.random.default_rng(5).normal(size=30)
    slope = optimize.approx_fprime([2.0], lambda a: special.logsumexp(a[0] * scores), 1e-7)
    assert m.softmax_mean(scores, 2.0) == pytest.approx(slope[0], abs=1e-5)


ORDERS = [
    0,
    5e-324,
    1e-3,
    0.3,
    0.499,
    0.5,
    0.7,
    0.999,
    1 - 1e-12,
    1,
    1 + 1e-14,
    1 + 1e-8,
    1.2,
    1.5,
    2,
    7,
    1e3,
    1e300,
    np.inf,
]


@examples(500)
@given(hard_rows, st.sampled_from(ORDERS))
def test_entropy_of_hard_rows(case, order):
    """In 60 digits, or refused: any order, dtype, scale, batch, view, mask."""
    scores, alpha = case
    result = outcome(m.softmax_entropy, scores, alpha, order)
    if not is_valid(scores, alpha):
        assert isinstance(result, ValueError)
        return
    scores, alpha = np.asarray(scores), np.asarray(alpha)
    assert np.shape(result) == scores.shape[:-1]
    for index in np.ndindex(result.shape):
        exact = exact_entropy(scores[index], alpha[index] if alpha.ndim else alpha, order)
        assert result[index] == pytest.approx(exact, rel=2e-12, abs=1e-305)


@examples(500)
@given(hard_rows, st.floats(-307, 307), st.booleans())
def test_mean_of_hard_rows(case, magnitude, own):
    scores, alpha = case
    values = None if own else np.cos(np.arange(np.size(scores))).reshape(np.shape(scores)) * 10.0**magnitude
    result = outcome(m.softmax_mean, scores, alpha, *([] if own else [values]))
    if not is_valid(scores, alpha):
        assert isinstance(result, ValueError)
        return
    scores, alpha = np.asarray(scores), np.asarray(alpha)
    values = scores if own else values
    assert np.shape(result) == scores.shape[:-1]
    for index in np.ndindex(result.shape):
        order = np.argsort(-scores[index].astype(float), kind="stable")
        weights = exact_weights(scores[index], alpha[index] if alpha.ndim else alpha)
        present = [mp.mpf(float(v)) for v in values[index][order][: len(weights)]]
        exact = float(mp.fdot(weights, present) / mp.fsum(weights))
        assert result[index] == pytest.approx(exact, abs=2e-12 * float(max(map(abs, present))) + 1e-320)


def test_entropy_is_continuous_at_order_one_and_at_order_zero():
    p = [0.1, 0.2, 0.7]
    shannon = -np.dot(p, np.log(p))
    for step in (1e-15, 1e-14, 1e-12, 1e-9):
        for order in (1 - step, 1 + step):
            assert m.softmax_entropy(np.log(p), 1.0, order) == pytest.approx(shannon, abs=step)
    assert m.softmax_entropy([0.0, -1e4], 1.0, 0.001) == pytest.approx(np.log1p(np.exp(-10)) / 0.999, rel=1e-12)
    assert m.softmax_entropy([0.0, -1e4], 1.0, 0) == pytest.approx(np.log(2))
    assert m.softmax_entropy([0.0, -1e4, -np.inf], 1.0, 0) == pytest.approx(np.log(2))
    assert isinstance(m.softmax_entropy([0.0, 1.0], 1.0, 0), np.floating)


def test_mean_of_the_largest_numbers():
    assert m.softmax_mean([0, 0], 1, [1.7e308, -1.7e308]) == 0
    assert m.softmax_mean([1.7e308] * 9, 1) == 1.7e308
    assert m.softmax_mean([0] * 9, 1, [1.7e308] + [-1.7e308] * 8) == pytest.approx(-1.7e308 * (7 / 9), rel=1e-14)


def test_bad_orders_and_values():
    for order in (-1, np.nan, None, [1, 2], "two"):
        with pytest.raises(ValueError, match="^order: "):
            m.softmax_entropy([1, 2], 1, order)
    for values in ([1, 2, 3], [1, np.nan]):
        with pytest.raises(ValueError, match="^values: "):
            m.softmax_mean([1, 2], 1, values)
