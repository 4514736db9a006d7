import numpy as np
import pytest
from scipy import stats

from helpers.fourier_density import divergence_on_grid, local_maxima, share_of_maxima_found

X = -1 + (np.arange(20000) + 0.5) / 10000


def test_divergence_of_two_gaussians():
    p, log_q = stats.norm.pdf(X, 0, 0.1), stats.norm.logpdf(X, 0.05, 0.15)
    right = np.log(0.15 / 0.1) + (0.1**2 + 0.05**2) / (2 * 0.15**2) - 0.5
    assert divergence_on_grid(p, log_q) == pytest.approx(right, abs=1e-9)
    assert divergence_on_grid(np.array([p, p]), np.array([log_q, np.log(p)])) == pytest.approx([right, 0], abs=1e-9)


def test_divergence_where_densities_vanish():
    """Nothing is lost where p = 0, and a q that vanishes costs 700 nats, not infinity."""
    assert divergence_on_grid(np.array([1.0, 0.0]), np.array([0.0, -np.inf])) == 0
    assert divergence_on_grid(np.array([1.0, 0.0]), np.array([-np.inf, 0.0])) == pytest.approx(700)


def test_divergence_refuses():
    for p, log_q in ((np.ones(3), np.zeros(2)), (-np.ones(2), np.zeros(2))):
        with pytest.raises(ValueError):
            divergence_on_grid(p, log_q)


def test_maxima():
    p = np.array([0.0, 1, 1, 0, 2, 0, 3])  # a plateau counts once, an end never
    assert local_maxima(np.arange(7.0), p).tolist() == [1, 4]
    with pytest.raises(ValueError, match="shapes"):
        local_maxima(np.arange(3.0), np.zeros(4))


def test_share_of_maxima_found():
    def bumps(*places):
        return np.exp(-((X[:, None] - np.array(places)) ** 2) / 2 / 0.02**2).sum(1)

    truth = bumps(-0.5, 0.0, 0.4)  # the smallest distance is 0.4: closer than 0.2 counts
    assert share_of_maxima_found(X, truth, truth) == 1
    assert share_of_maxima_found(X, truth, bumps(-0.69, 0.21)) == pytest.approx(2 / 3)
    assert share_of_maxima_found(X, truth, bumps(-0.71)) == 0
    assert share_of_maxima_found(X, truth, np.ones_like(X)) == 0
    with pytest.raises(ValueError, match="maxima"):
        share_of_maxima_found(X, X, truth)
