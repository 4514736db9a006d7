"""Intervals equal scipy's; the data are what they say they are; timings compare."""

import numpy as np
import pytest
from scipy import stats

from helpers.course import data
from helpers.course.timing import median_seconds
from helpers.course.training import mean_interval


def test_mean_interval_is_students():
    samples = np.random.default_rng(0).normal(size=(8, 3))
    mean, half = mean_interval(samples)
    low, high = stats.t.interval(0.95, 7, loc=samples.mean(0), scale=stats.sem(samples))
    np.testing.assert_allclose([mean - half, mean + half], [low, high])
    for bad in (samples[:1], 3.0, np.full((4, 2), np.nan)):
        with pytest.raises(ValueError, match="samples"):
            mean_interval(bad)


def test_digits():
    images, labels = data.digits()
    assert images.shape == (1797, 8, 8) and images.min() == 0 and images.max() == 1
    assert np.bincount(labels).min() >= 174 and set(labels) == set(range(10))


def test_timing_interleaves_the_peers_and_counts_every_call():
    calls = []
    seconds = median_seconds({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=3)
    assert calls == ["a", "b"] * 4 and all(value > 0 for value in seconds.values())
    calls.clear()
    median_seconds({"a": lambda: calls.append("a")}, repeats=1, least=1e-3)
    assert len(calls) > 2  # one to warm up, then as many as fill the time
    for bad in ({}, {"peers": {"a": list}, "repeats": 0}):
        with pytest.raises(ValueError, match="nothing to compare"):
            median_seconds(**{"peers": {}, **bad})
