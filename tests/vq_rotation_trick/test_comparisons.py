"""Intervals of ratios, against SciPy's trimmed means and against their own coverage."""

import numpy as np
import pytest
from scipy.stats import mstats, ttest_1samp

from helpers.vq_rotation_trick import per_cent_interval


def logs(*shape):
    return np.random.default_rng(3).normal(0.2, 0.5, shape)


@pytest.mark.parametrize("n, trimmed", [(8, 1 / 8), (16, 1 / 8), (10, 0.2)])
def test_trimmed_means_are_those_of_scipy(n, trimmed):
    for row, ends in zip(logs(5, n), per_cent_interval(logs(5, n), trimmed).T, strict=True):
        expected = mstats.trimmed_mean_ci(row, (trimmed, trimmed))
        assert ends == pytest.approx(100 * np.expm1(np.asarray(expected)))


def test_without_trimming_it_is_students_interval():
    found = per_cent_interval(logs(2, 3, 8), 0.0, confidence=0.9)
    expected = ttest_1samp(logs(2, 3, 8), 0, axis=-1).confidence_interval(0.9)
    np.testing.assert_allclose(found, 100 * np.expm1([expected.low, expected.high]))
    assert found.shape == (2, 2, 3)


def test_one_run_in_eight_may_fall_apart():
    spoilt = logs(8)
    spoilt[np.argmax(spoilt)] = 100.0
    np.testing.assert_allclose(per_cent_interval(spoilt), per_cent_interval(logs(8)))


def test_it_covers_the_mean_as_often_as_it_says():
    low, high = per_cent_interval(np.random.default_rng(0).normal(0.1, 1.0, (4000, 8)))
    assert np.mean((low < 100 * np.expm1(0.1)) & (high > 100 * np.expm1(0.1))) == pytest.approx(0.95, abs=0.012)


def test_bad_arguments_are_named():
    for bad in (0.0, [1.0], [1.0, np.nan], [1.0, np.inf]):
        with pytest.raises(ValueError, match="logs"):
            per_cent_interval(bad)
    for options in ({"trimmed": 0.5}, {"trimmed": -0.1}, {"confidence": 1.0}, {"confidence": 0.0}):
        with pytest.raises(ValueError, match=list(options)[0]):
            per_cent_interval([1.0, 2.0, 3.0], **options)
    with pytest.raises(ValueError, match="logs"):
        per_cent_interval([1.0, 2.0, 3.0], trimmed=0.4)
