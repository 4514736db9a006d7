"""Particles with noise: against plain loops, exact variances and the flow without noise."""

import math
import warnings
from functools import partial

import mpmath
import numpy as np
import pytest

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import a_seed, laid_out, many, quartic, quiet_and_unchanged


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


@many(a_seed)
def test_langevin_at_any_scale(seed):
    """Against a loop over particles with the same random numbers, in any unit of length, shape and layout."""
    rng = np.random.default_rng(seed)
    shape, size = [(), (3,), (2, 3), (4, 1)][rng.integers(4)], 10.0 ** rng.integers(-100, 100)
    step, steps, sigma = rng.uniform(0.01, 0.5), int(rng.integers(1, 6)), rng.choice([0.0, 0.7])
    every = int(rng.integers(1, steps + 1))
    start = rng.normal(size=shape)
    given_start = laid_out(rng, start * size)
    setting = {"step": step, "steps": np.int32(steps), "sigma": sigma * size, "record_every": every}
    with quiet_and_unchanged(given_start):
        found = sd.simulate_langevin(lambda x: 2 * x, given_start, generator=np.random.default_rng(7), **setting)
    noise, plain, kept = np.random.default_rng(7), start.copy(), []
    for n in range(1, steps + 1):
        plain = plain - step * 2 * plain + sigma * math.sqrt(step) * noise.standard_normal(shape)
        if n % every == 0:
            kept.append(plain)
    assert found.shape == (steps // every, *shape)
    np.testing.assert_allclose(found / size, kept, rtol=1e-12, atol=1e-14)


@many(a_seed)
def test_kramers_at_any_scale(seed):
    """Against the five moves written out with the same random numbers; frictions down to 1e−300 and 0."""
    rng = np.random.default_rng(seed)
    shape, size = [(), (3,), (2, 3)][rng.integers(3)], 10.0 ** rng.integers(-100, 100)
    step, steps, sigma = rng.uniform(0.01, 0.5), int(rng.integers(1, 6)), rng.choice([0.0, 0.7])
    friction = rng.choice([0.0, 1.0, 10.0 ** rng.integers(-300, 20)])
    start, velocity = rng.normal(size=shape), rng.normal(size=shape[1:])
    given_start, given_velocity = laid_out(rng, start * size), laid_out(rng, np.asarray(velocity * size))
    setting = {"friction": friction, "step": step, "steps": steps, "sigma": sigma * size}
    with quiet_and_unchanged(given_start, given_velocity):
        found = sd.simulate_kramers(
            lambda x: 2 * x, given_start, given_velocity, generator=np.random.default_rng(7), **setting
        )
    noise, x, v = np.random.default_rng(7), start, np.broadcast_to(velocity, shape)
    decay = math.exp(-friction * step)
    with mpmath.workdps(700):
        f = mpmath.mpf(friction)
        spread = sigma * float(mpmath.sqrt((1 - mpmath.exp(-2 * f * step)) / (2 * f) if friction else step))
    for _ in range(steps):
        v = v - step / 2 * 2 * x
        x = x + step / 2 * v
        v = decay * v + spread * noise.standard_normal(shape)
        x = x + step / 2 * v
        v = v - step / 2 * 2 * x
    np.testing.assert_allclose(found[0] / size, x, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found[1] / size, v, rtol=1e-11, atol=1e-13)


def test_the_noise_of_small_frictions_is_that_of_none():
    """(1 − e^{−2λγ})/2λ where λγ is below the smallest float64."""
    setting = {"step": 1e-200, "steps": 1, "sigma": 1.0, "start": np.zeros(3)}
    small, none = (
        sd.simulate_kramers(lambda x: 0 * x, friction=f, generator=np.random.default_rng(0), **setting)
        for f in (1e-200, 0.0)
    )
    np.testing.assert_array_equal(small[1], none[1])
    assert none[1].all()


def test_diverging_particles_are_named():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for run in (langevin, kramers):
            with pytest.raises(ValueError, match="step: particles left"):
                run(step=100.0, steps=200)
            with pytest.raises(ValueError, match="step: particles left"):  # at the first kick
                run(gradient=lambda x: x * 1e300, start=[1e9])


rng = np.random.default_rng(0)
langevin = partial(sd.simulate_langevin, gradient=quartic, start=[0.0], step=0.1, steps=2, sigma=1.0, generator=rng)
kramers = partial(
    sd.simulate_kramers, gradient=quartic, start=[0.0], friction=1.0, step=0.1, steps=2, sigma=1.0, generator=rng
)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("step", lambda: langevin(step=0.0)),
        ("sigma", lambda: langevin(sigma=-1.0)),
        ("generator", lambda: langevin(generator=0)),
        ("record_every", lambda: langevin(record_every=0)),
        ("record_every", lambda: langevin(record_every=3)),
        ("generator", lambda: langevin(generator=None)),
        ("steps", lambda: langevin(steps=2.5)),
        ("steps", lambda: langevin(steps=True)),
        ("gradient", lambda: sd.simulate_langevin(lambda x: x[0], [0.0], step=1, steps=1, sigma=1, generator=rng)),
        ("velocity", lambda: kramers(velocity=[1.0, 2.0])),
        ("friction, step", lambda: kramers(friction=1e200, step=1e200)),
        ("friction", lambda: kramers(friction=-1.0)),
        ("generator", lambda: kramers(generator=None)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=rf"(^|, ){name}[,:]"):
        call()
