import numpy as np
import pytest

from helpers.fourier_density import CELLS, FINE, comparison_targets, drawn_shares, separate_target, tutorial_target
from helpers.fourier_density.scores import local_maxima


def test_targets_are_densities_on_the_interval():
    rng = np.random.default_rng(0)
    for p in (
        separate_target(rng),
        separate_target(rng, 25, narrow=True),
        tutorial_target(rng),
        *comparison_targets(rng),
    ):
        assert p.shape == FINE.shape and (p >= 0).all() and np.mean(p) * 2 == pytest.approx(1)
    assert comparison_targets(np.random.default_rng(1))[4][[1249, 1250]] == pytest.approx(0, abs=1e-5)


def test_the_grids():
    assert FINE[[0, -1]] == pytest.approx([-0.9996, 0.9996]) and CELLS[[0, -1]] == pytest.approx([-0.996, 0.996])
    assert FINE.reshape(250, 10).mean(1) == pytest.approx(CELLS)


def test_separate_targets_have_their_peaks_where_they_are_said_to_be():
    for components, narrow, jitter in ((10, False, 0.03), (25, True, 0.01)):
        p = separate_target(np.random.default_rng(3), components, narrow)
        peaks = local_maxima(FINE, p)
        distance = np.abs(peaks[:, None] - np.linspace(-0.85, 0.85, components)).min(1)
        assert peaks.size <= components and distance.max() < jitter + 0.02


def test_widths_rise_with_the_means_in_the_tutorial():
    for seed in range(5):
        share = np.random.default_rng(seed).random(10)
        means, widths = -0.5 + 0.8 * share, (0.25 + 0.1 * share) / 6
        p = tutorial_target(np.random.default_rng(seed))
        assert 2 * np.mean(p * FINE) == pytest.approx(means.mean(), abs=1e-6)
        assert 2 * np.mean(p * FINE**2) == pytest.approx((means**2 + widths**2).mean(), abs=1e-6)


def test_shares_follow_the_density():
    p = np.array([separate_target(np.random.default_rng(0)), tutorial_target(np.random.default_rng(0))])
    shares = drawn_shares(p, 10**6, np.random.default_rng(1))
    assert shares.shape == (2, 250) and shares.sum(-1) == pytest.approx(1)
    assert np.abs(shares - p.reshape(2, 250, 10).mean(-1) * 2 / 250).max() < 6e-4
    assert shares * 10**6 == pytest.approx(np.rint(shares * 10**6), abs=1e-6)


@pytest.mark.parametrize("p, points", [(np.ones(10), 5), (-np.ones(2500), 5), (np.ones(2500), 0), (np.ones(2500), 2.5)])
def test_shares_refuse(p, points):
    with pytest.raises(ValueError):
        drawn_shares(p, points, np.random.default_rng(0))


def test_a_mixture_has_a_component():
    with pytest.raises(ValueError, match="components"):
        separate_target(np.random.default_rng(0), 0)
