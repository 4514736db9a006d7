"""Escape over a barrier: simulation, quadrature and closed forms agree."""

import math
from functools import partial

import numpy as np
import pytest
from scipy.integrate import quad

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import inf, quartic


def test_mean_passage_time_against_closed_forms():
    flat = sd.mean_passage_time(lambda x: 0 * x, 0.5, 2.0, sigma=0.7, lower=0.0)
    assert flat == pytest.approx((4 - 0.25) / 0.49, rel=1e-9)
    assert sd.mean_passage_time(lambda x: 0 * x, 0.0, 2.0, sigma=0.7, lower=0.0) == pytest.approx(4 / 0.49, rel=1e-9)
    temperature = 0.08
    potential = lambda x: (x**2 - 1) ** 2 / 4  # noqa: E731
    inner = lambda y: quad(lambda z: math.exp(-potential(z) / temperature), -3, y, epsabs=0, epsrel=1e-11)[0]  # noqa: E731
    exact, _ = quad(lambda y: math.exp(potential(y) / temperature) * inner(y) / temperature, -1, 1, epsrel=1e-11)
    ours = sd.mean_passage_time(potential, -1.0, 1.0, sigma=math.sqrt(2 * temperature), lower=-3.0)
    assert ours == pytest.approx(exact, rel=1e-8)
    # a cold system comes close to Kramers' formula
    cold = math.sqrt(2 * 0.01)
    ours = sd.mean_passage_time(potential, -1.0, 1.0, sigma=cold, lower=-3.0)
    assert sd.kramers_time(2.0, 1.0, 0.25, cold) == pytest.approx(ours, rel=0.05)


def test_exit_times_agree_with_the_exact_mean():
    sigma, rng = 0.6, np.random.default_rng(9)
    potential = lambda x: (x**2 - 1) ** 2 / 4  # noqa: E731
    times = sd.exit_times(lambda x: x**3 - x, np.full(1000, -1.0), 1.0, step=0.02, sigma=sigma, generator=rng)
    exact = sd.mean_passage_time(potential, -1.0, 1.0, sigma=sigma, lower=-4.0)
    assert times.mean() == pytest.approx(exact, abs=4 * times.std() / math.sqrt(1000) + 0.05 * exact)
    short = sd.exit_times(lambda x: x**3 - x, [-1.0, 0.9999], 1.0, step=0.02, sigma=sigma, generator=rng, max_steps=10)
    assert short[0] == inf


rng = np.random.default_rng(0)
leave = partial(sd.exit_times, quartic, [0.0], 1.0, step=0.1, sigma=1.0, generator=rng)
passage = partial(sd.mean_passage_time, quartic, 0.0, 1.0, sigma=1.0, lower=-1.0)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("start", lambda: sd.exit_times(quartic, [2.0], 1.0, step=0.1, sigma=1.0, generator=rng)),
        ("max_steps", lambda: leave(max_steps=0)),
        ("sigma", lambda: leave(sigma=0.0)),
        ("lower", lambda: passage(lower=0.5)),
        ("sigma", lambda: passage(sigma=0.0)),
        ("start", lambda: sd.mean_passage_time(quartic, 2.0, 1.0, sigma=1.0, lower=0.0)),
        ("barrier", lambda: sd.kramers_time(1.0, 1.0, 0.0, 1.0)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=name):
        call()
