"""Laws on a grid: against the exact variance, the law of small steps, and a simulation."""

import numpy as np
import pytest

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import between, many


def pits(theta):
    return 0.04 * (theta - 1) ** 2 + 0.25 * np.sin(3 * theta)


def pits_slope(theta):
    return 0.08 * (theta - 1) + 0.75 * np.cos(3 * theta)


@many(between(0.2, 4), between(0.05, 0.9), between(0.1, 3), inputs=40)
def test_stationary_shares_have_the_exact_variance(k, fraction, sigma):
    step = 2 * fraction / k
    variance = sd.stationary_variance(k, step, sigma)
    places = np.linspace(-8, 8, 401) * np.sqrt(variance)
    if places[1] - places[0] > step * sigma / 2:
        return
    shares = sd.stationary_shares(lambda x: k * x, places, step=step, sigma=sigma)
    assert shares.sum() == pytest.approx(1, rel=1e-9) and (shares >= 0).all()
    assert shares @ places**2 == pytest.approx(variance, rel=1e-4)


def test_small_steps_live_by_the_law_of_small_steps_to_first_order():
    """At equal γ/B the entropy comes to that of exp(−L/T), with an excess proportional to γ."""
    places = np.linspace(-15, 17, 801)
    width = places[1] - places[0]
    edges = np.append(places - width / 2, places[-1] + width / 2)
    small = np.array([0.16, 0.08, 0.04])
    entropies = []
    for step in small:
        shares = sd.stationary_shares(pits_slope, places, step=step, sigma=3 / np.sqrt(step / 0.04))
        entropies.append(-(shares * np.log(shares + 1e-300)).sum())
    limit = sd.gibbs_shares(pits, edges, 0.04 * 9 / 2)
    excess = np.array(entropies) + (limit * np.log(limit + 1e-300)).sum()
    assert sd.fitted_power(small, excess) == pytest.approx(1, abs=0.1)


def test_stationary_shares_agree_with_a_simulation():
    places = np.linspace(-15, 17, 801)
    shares = sd.stationary_shares(pits_slope, places, step=0.16, sigma=3)
    rng, theta = np.random.default_rng(3), np.zeros(40_000)
    for _ in range(300):
        theta = theta - 0.16 * (pits_slope(theta) + 3 * rng.standard_normal(theta.shape))
    assert shares @ pits(places) == pytest.approx(pits(theta).mean(), rel=0.02)
    assert shares @ places == pytest.approx(theta.mean(), abs=0.06)


def test_gibbs_shares_of_a_normal_law():
    edges = np.linspace(-8, 8, 1601)
    shares = sd.gibbs_shares(lambda x: x**2 / 2, edges, 0.5)
    middles = (edges[1:] + edges[:-1]) / 2
    assert shares @ middles**2 == pytest.approx(0.5, rel=1e-6)
    np.testing.assert_allclose(sd.gibbs_shares(lambda x: 0 * x, [0, 3, 4], 2.0), [0.75, 0.25])
    cold = sd.gibbs_shares(lambda x: 1e6 * x, [0, 1, 2], 1e-3)  # nothing overflows
    np.testing.assert_array_equal(cold, [1, 0])


GRID = np.linspace(-3, 3, 61)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("places", lambda: sd.stationary_shares(pits_slope, GRID[::-1], step=1, sigma=1)),
        ("places", lambda: sd.stationary_shares(pits_slope, GRID**3, step=1, sigma=1)),
        ("places", lambda: sd.stationary_shares(pits_slope, GRID, step=0.1, sigma=0.9)),
        ("places", lambda: sd.stationary_shares(pits_slope, [[0.0, 1.0]], step=1, sigma=1)),
        ("step", lambda: sd.stationary_shares(pits_slope, GRID, step=0, sigma=1)),
        ("sigma", lambda: sd.stationary_shares(pits_slope, GRID, step=1, sigma=-1)),
        ("gradient", lambda: sd.stationary_shares(lambda x: x[:2], GRID, step=1, sigma=1)),
        ("edges", lambda: sd.gibbs_shares(pits, [1.0], 1)),
        ("edges", lambda: sd.gibbs_shares(pits, [1.0, 1.0], 1)),
        ("temperature", lambda: sd.gibbs_shares(pits, [0.0, 1.0], 0)),
        ("potential", lambda: sd.gibbs_shares(lambda x: 1.0, [0.0, 1.0], 1)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=name):
        call()
