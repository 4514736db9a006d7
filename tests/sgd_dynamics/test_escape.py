"""Escape over a barrier: simulation, quadrature and closed forms agree."""

import math
import warnings
from functools import partial

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import (
    a_seed,
    between,
    hard,
    inf,
    laid_out,
    many,
    nan,
    quartic,
    quiet_and_unchanged,
    right_or_refused,
)


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


@many(a_seed)
def test_exit_times_at_any_scale(seed):
    """Against a loop that moves all and notes who is there, with the same random numbers; never a step early."""
    rng = np.random.default_rng(seed)
    size, count, step = 10.0 ** rng.integers(-100, 100), rng.integers(1, 5), rng.uniform(0.01, 0.5)
    start, most = rng.uniform(-1, 1, count), int(rng.integers(1, 30))
    given_start = laid_out(rng, start * size)
    setting = {"step": step, "sigma": 0.7 * size, "max_steps": most}
    with quiet_and_unchanged(given_start):
        found = sd.exit_times(lambda x: x, given_start, size, generator=np.random.default_rng(7), **setting)
    noise, x, right = np.random.default_rng(7), start, np.full(count, inf)
    for n in range(1, most + 1):
        x = x - step * x
        x[right == inf] += 0.7 * math.sqrt(step) * noise.standard_normal((right == inf).sum())
        right[(right == inf) & (x >= 1)] = n * step
        if np.isfinite(right).all():
            break
    np.testing.assert_allclose(found, right, rtol=1e-14)


def test_exit_times_find_those_who_arrive_beside_one_who_diverges():
    with pytest.raises(ValueError, match="step: particles left"):
        sd.exit_times(lambda x: x**2, [-50.0, 0.9], 1.0, step=1.0, sigma=0.5, generator=rng, max_steps=50)


@many(a_seed)
def test_mean_passage_time_at_any_scale(seed):
    """A slope, where the integral is elementary, in any unit of length; the reflecting wall near or 1e6 away."""
    rng = np.random.default_rng(seed)
    size, start, way = 10.0 ** rng.integers(-100, 100), rng.normal(), rng.uniform(0.1, 2)
    sigma, drift = rng.uniform(0.3, 3), rng.choice([-1, 1]) * 10.0 ** rng.uniform(-3, 1)
    wall = rng.choice([0.0, rng.uniform(0, 3), 10.0 ** rng.uniform(0, 6)])
    if drift > 0 and 2 * drift * wall / sigma**2 > 500:
        wall = 1.0  # beyond, the time leaves float64
    s, t, w = start * size, (start + way) * size, (start - wall) * size
    given = [x * size for x in (start, start + way, start - wall)]
    with quiet_and_unchanged():
        found = sd.mean_passage_time(lambda x: drift * size * x, given[0], given[1], sigma=sigma * size, lower=given[2])
    with mpmath.workdps(100):
        s, t, w = (mpmath.mpf(x) / size for x in given)
        p = 2 * mpmath.mpf(drift) / mpmath.mpf(sigma) ** 2
        right = mpmath.exp(-p * w) * (mpmath.exp(p * t) - mpmath.exp(p * s)) / p**2 - (t - s) / p
        right = 2 * right / mpmath.mpf(sigma) ** 2
    assert found == pytest.approx(float(right), rel=1e-8)


def wells(x):
    return (x**2 - 1) ** 2 / 4


@many(between(-1.5, 0.9), between(0.05, 2), between(0.3, 2), between(0, 2), inputs=100)
def test_mean_passage_time_equals_simpson(start, way, sigma, wall):
    setting = {"sigma": sigma, "lower": start - wall}
    ours = sd.mean_passage_time(wells, start, start + way, **setting)
    plain = sd.mean_passage_time_by_simpson(wells, start, start + way, points=20001, **setting)
    assert ours == pytest.approx(plain, rel=1e-8)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("start", {"start": 2.0}),
        ("target", {"target": math.nan}),
        ("lower", {"lower": 0.0}),
        ("sigma", {"sigma": 0.0}),
        ("points", {"points": 2}),
        ("potential", {"potential": lambda x: 3.0}),
        ("potential", {"sigma": 0.01}),  # e^{2L/σ²} for a barrier of 1/4
        ("potential", {"sigma": 1e-200}),
    ],
)
def test_simpson_names_what_it_cannot_do(name, changes):
    arguments = {"potential": wells, "start": -1.0, "target": 1.0, "sigma": 1.0, "lower": -3.0} | changes
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=f"^{name}.*; give "):
            sd.mean_passage_time_by_simpson(**arguments)


def test_mean_passage_time_on_hard_potentials():
    near = sd.mean_passage_time(wells, -1, 1, sigma=0.5, lower=-3)
    assert near == pytest.approx(41.0342802687, rel=1e-9)
    assert sd.mean_passage_time(wells, -1, 1, sigma=0.5, lower=-1e4) == pytest.approx(near, rel=1e-8)
    steep = sd.mean_passage_time(lambda x: -50 * x, 0, 1, sigma=0.1, lower=-1)
    assert steep == pytest.approx((1 - 1e-4) / 50 + 1e-4 / 50, rel=1e-8)  # drift, and one reflection at the top
    kink = lambda x: abs(x + 1 / 3)  # noqa: E731
    wall, e = math.exp(-8 * (3 - 1 / 3)), math.exp

    def inner(y):  # ∫ from −3 to y of e^{−8|z + 1/3|}
        return (e(8 * y + 8 / 3) - wall if y < -1 / 3 else 2 - wall - e(-8 * y - 8 / 3)) / 8

    exact = sum(8 * quad(lambda y: e(8 * kink(y)) * inner(y), *ends)[0] for ends in ((-1, -1 / 3), (-1 / 3, 1)))
    assert sd.mean_passage_time(kink, -1, 1, sigma=0.5, lower=-3) == pytest.approx(exact, rel=1e-8)
    # a jump of height 1 behind a flat stretch of length 2a, then one of length 2b
    a, b = 1.25, 0.75
    jump = lambda x: 1.0 * (x > 0)  # noqa: E731
    right = 2 * a * a + 2 * b * b + 4 * a * b * e(2)
    found = sd.mean_passage_time(jump, -2 * a, 2 * b, sigma=1.0, lower=-2 * a)
    assert found == pytest.approx(2 * right, rel=1e-8)
    cold = sd.mean_passage_time(wells, -1, 1, sigma=0.03, lower=-3)
    assert cold == pytest.approx(float(sd.kramers_time(2, 1, 0.25, 0.03)), rel=0.01)


@pytest.mark.parametrize(
    ("name", "potential", "setting"),
    [
        ("potential", lambda x: np.sin(1e7 * x), {}),
        ("potential", lambda x: np.exp(x**2), {"lower": -100.0}),
        ("potential", lambda x: nan * x, {}),
        ("potential", wells, {"sigma": 1e-3}),
        ("potential", wells, {"sigma": 1e-170}),
        ("potential", lambda x: 0.0, {}),
    ],
)
def test_passage_times_that_cannot_be_had_are_named(name, potential, setting):
    with warnings.catch_warnings(), pytest.raises(ValueError, match=name):
        warnings.simplefilter("error")
        sd.mean_passage_time(potential, -1.0, 1.0, **{"sigma": 0.5, "lower": -3.0, **setting})


@many(hard, hard, hard, hard)
def test_kramers_time_at_any_scale(well, top, barrier, sigma):
    right_or_refused(
        sd.kramers_time,
        {"well": well, "top": top, "barrier": barrier, "sigma": sigma},
        lambda w, t, b, s: w > 0 and t > 0 and b > 0 and s > 0 and b / s / s < 709,
        lambda w, t, b, s: 2 * mpmath.pi / mpmath.sqrt(w * t) * mpmath.exp(2 * b / s**2),
        lambda w, t, b, s: (1e-12, 5e-324),
    )


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
    with pytest.raises(ValueError, match=rf"(^|, ){name}[,:]"):
        call()
