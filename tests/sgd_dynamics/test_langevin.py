"""Particles with noise: against plain loops, exact variances and the flow without noise."""

import math
from functools import partial

import numpy as np
import pytest

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import quartic


def test_langevin_equals_a_plain_loop():
    start = np.array([0.3, -1.0, 2.0])
    theta = sd.simulate_langevin(quartic, start, step=0.01, steps=20, sigma=0.7, generator=np.random.default_rng(5))
    rng, plain = np.random.default_rng(5), start.copy()
    for _ in range(20):
        for particle, noise in enumerate(rng.standard_normal(3)):
            plain[particle] += -0.01 * quartic(plain[particle]) + 0.7 * math.sqrt(0.01) * noise
    np.testing.assert_allclose(theta, plain, rtol=1e-12)
    assert start[0] == 0.3


def test_langevin_reaches_the_exact_variance():
    rng = np.random.default_rng(6)
    theta = sd.simulate_langevin(lambda x: 2 * x, np.zeros(40000), step=0.1, steps=100, sigma=0.5, generator=rng)
    expected = sd.stationary_variance(2.0, 0.1, 0.5 / math.sqrt(0.1))
    assert theta.var() == pytest.approx(expected, rel=5 * math.sqrt(2 / 40000))


def test_kramers_without_noise_is_the_flow_and_with_noise_thermalises():
    rng = np.random.default_rng(7)
    times = np.arange(1, 101) * 0.02
    theta, eta = sd.simulate_kramers(
        quartic, [1.5], friction=0.3, step=0.02, steps=100, sigma=0.0, generator=rng, record_every=1
    )
    flow = sd.inertial_flow(quartic, [1.5], times, friction=0.3)
    np.testing.assert_allclose(theta, flow[0], atol=3e-4)
    np.testing.assert_allclose(eta, flow[1], atol=3e-4)
    theta, eta = sd.simulate_kramers(
        lambda x: 4 * x, np.zeros(40000), friction=1.0, step=0.1, steps=150, sigma=0.8, generator=rng
    )
    temperature = 0.8**2 / 2
    assert eta.var() == pytest.approx(temperature, rel=0.05)
    assert 4 * theta.var() == pytest.approx(temperature, rel=0.05)


def test_kramers_heats_without_friction():
    rng = np.random.default_rng(8)
    theta, eta = sd.simulate_kramers(
        lambda x: x, np.zeros(40000), friction=0.0, step=0.05, steps=200, sigma=0.6, generator=rng, record_every=100
    )
    energy = ((eta**2 + theta**2) / 2).mean(-1)
    np.testing.assert_allclose(energy, 0.36 / 2 * np.array([5.0, 10.0]), rtol=0.05)


rng = np.random.default_rng(0)
langevin = partial(sd.simulate_langevin, quartic, [0.0], step=0.1, steps=2, sigma=1.0, generator=rng)
kramers = partial(sd.simulate_kramers, quartic, [0.0], friction=1.0, step=0.1, steps=2, sigma=1.0, generator=rng)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("step", lambda: langevin(step=0.0)),
        ("sigma", lambda: langevin(sigma=-1.0)),
        ("generator", lambda: langevin(generator=0)),
        ("record_every", lambda: langevin(record_every=0)),
        ("friction", lambda: kramers(friction=-1.0)),
        ("generator", lambda: kramers(generator=None)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=name):
        call()
