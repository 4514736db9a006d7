"""Means and entropies of a row against scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

from helpers import attention_scale as m
from tests.attention_scale.strategies import rows, scales


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=60, deadline=None)
@given(rows, st.floats(0, 5))
def test_renyi_entropy_falls_with_its_order_and_is_continuous_at_one(scores, alpha):
    entropies = [float(m.softmax_entropy(scores, alpha, order)) for order in (0, 0.5, 1, 2, 5, np.inf)]
    assert all(high >= low - 1e-9 for high, low in zip(entropies, entropies[1:], strict=False))
    assert m.softmax_entropy(scores, alpha, 1 + 1e-7) == pytest.approx(entropies[2], abs=1e-4)


def test_mean_is_the_derivative_of_the_log_partition_function():
    scores = np.random.default_rng(5).normal(size=30)
    slope = optimize.approx_fprime([2.0], lambda a: special.logsumexp(a[0] * scores), 1e-7)
    assert m.softmax_mean(scores, 2.0) == pytest.approx(slope[0], abs=1e-5)


def test_bad_orders_and_values():
    for order in (-1, np.nan, None, [1, 2], "two"):
        with pytest.raises(ValueError, match="^order: "):
            m.softmax_entropy([1, 2], 1, order)
    for values in ([1, 2, 3], [1, np.nan]):
        with pytest.raises(ValueError, match="^values: "):
            m.softmax_mean([1, 2], 1, values)
