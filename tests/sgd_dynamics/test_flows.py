"""The equations behind the schemes: against closed forms."""

import math
import warnings

import numpy as np
import pytest

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import a_seed, inf, laid_out, many, nan, quartic, quiet_and_unchanged


def test_inertial_flow_equals_the_damped_oscillator():
    times = np.linspace(0, 10, 21)
    theta, eta = sd.inertial_flow(lambda x: 4 * x, [1.5], times, friction=0.6)
    omega = math.sqrt(4 - 0.09)
    expected = 1.5 * np.exp(-0.3 * times) * (np.cos(omega * times) + 0.3 / omega * np.sin(omega * times))
    np.testing.assert_allclose(theta[:, 0], expected, atol=1e-10)
    velocity = -1.5 * 4 / omega * np.exp(-0.3 * times) * np.sin(omega * times)
    np.testing.assert_allclose(eta[:, 0], velocity, atol=1e-10)
    heavier, _ = sd.inertial_flow(
        lambda x: 4 * x,
        [1.5],
        times,
        friction=0.4,
        mass=2.0,
        curvature_friction=0.2,
        hessian=lambda x: np.array([[4.0]]),
    )
    plain, _ = sd.inertial_flow(lambda x: 2 * x, [1.5], times, friction=0.6)
    np.testing.assert_allclose(heavier, plain, atol=1e-10)  # 2θ̈ + (0.4 + 0.2·4)θ̇ + 4θ = 0, halved


def test_gradient_flow_equals_the_exponential():
    times = [0.0, 0.5, 2.0]
    k = np.array([1.0, 3.0])
    flow = sd.gradient_flow(lambda x: k * x, [2.0, -1.0], times)
    np.testing.assert_allclose(flow, np.exp(-np.outer(times, k)) * [2.0, -1.0], atol=1e-11)


def test_critical_friction_separates():
    def gradient(theta):  # top at 0
        return theta**3 - theta

    critical = sd.critical_friction(gradient, -1.6, 0.0)
    times = np.linspace(0, 60, 600)
    for friction, crosses in ((critical * 0.999, True), (critical * 1.001, False)):
        theta, _ = sd.inertial_flow(gradient, [-1.6], times, friction=friction)
        assert (theta.max() > 0) == crosses
    with pytest.raises(ValueError, match="no friction"):
        sd.critical_friction(gradient, -1.1, 0.0)  # starts below the top


@many(a_seed, inputs=130)  # of four coordinates each
def test_gradient_flow_at_any_scale(seed):
    """Exponential decay, whatever the units of length and time, at times that may repeat."""
    rng = np.random.default_rng(seed)
    d, size, speed = 4, *10.0 ** rng.integers(-100, 100, 2)
    start, k = rng.normal(size=d), rng.uniform(0.1, 3, d)
    times = np.sort(rng.choice([0.0, 0.3, 0.3, 0.8], rng.integers(1, 6)))
    given_start, given_times = laid_out(rng, start * size), laid_out(rng, times / speed)
    with quiet_and_unchanged(given_start, given_times):
        found = sd.gradient_flow(lambda x: k * speed * x, given_start, given_times)
    assert found.shape == (times.size, d)
    np.testing.assert_allclose(found / size, start * np.exp(-np.outer(times, k)), rtol=0, atol=1e-10)


@many(a_seed, inputs=130)  # of four coordinates each
def test_inertial_flow_at_any_scale(seed):
    """The damped oscillator, in any units of length and of time from 1e−30 to 1e30."""
    rng = np.random.default_rng(seed)
    size, speed = 10.0 ** rng.integers(-100, 100), 10.0 ** rng.integers(-30, 30)
    start, damping, extra = rng.normal(size=4), rng.uniform(0.1, 0.9), rng.choice([0.0, 0.1])
    times = np.sort(rng.choice([0.0, 0.2, 0.5, 1.0], rng.integers(1, 5)))
    given_start, given_times = laid_out(rng, start * size), laid_out(rng, times / speed)
    with quiet_and_unchanged(given_start, given_times):
        theta, eta = sd.inertial_flow(
            lambda x: speed**2 * x,
            given_start,
            given_times,
            friction=(2 * damping - extra) * speed,
            curvature_friction=extra / speed,
            hessian=lambda x: speed**2 * np.eye(4),
        )
    omega = math.sqrt(1 - damping**2)
    decay, swing = np.exp(-damping * times), np.sin(omega * times) / omega
    right = np.outer(decay * (np.cos(omega * times) + damping * swing), start)
    np.testing.assert_allclose(theta / size, right, rtol=0, atol=1e-10)
    np.testing.assert_allclose(eta / size / speed, np.outer(-decay * swing, start), rtol=0, atol=1e-10)


@pytest.mark.parametrize(("overshoot", "size", "k"), [(0.5, 1.0, 1.0), (0.9, 1e-60, 1e40), (0.1, 1e70, 1e-90)])
def test_critical_friction_of_a_parabola(overshoot, size, k):
    """Released at −1, the ball first turns at e^{−πζ/√(1 − ζ²)}, λ = 2ζ√k."""
    log = math.log(overshoot)
    right = 2 * math.sqrt(k) * -log / math.hypot(math.pi, log)
    found = sd.critical_friction(lambda x: k * x, -size, overshoot * size, high=10 * math.sqrt(k))
    assert found == pytest.approx(right, rel=1e-8)
    mirrored = sd.critical_friction(lambda x: k * x, size, -overshoot * size, high=1e4 * math.sqrt(k))
    assert mirrored == pytest.approx(right, rel=1e-8)


@many(a_seed, inputs=10)  # one takes a quarter of a second
def test_critical_friction_at_any_scale(seed):
    rng = np.random.default_rng(seed)
    test_critical_friction_of_a_parabola(rng.uniform(0.02, 0.98), *10.0 ** rng.integers(-100, 100, 2))


def test_critical_friction_ends():
    """Far above the root the equation is stiff; it is not solved there."""
    slope = lambda x: x**3 - x - 0.15  # noqa: E731
    top = np.sort(np.roots([1, 0, -1, -0.15]).real)[1]
    assert sd.critical_friction(slope, -1.7, top) == pytest.approx(0.79942831, rel=1e-8)
    assert sd.critical_friction(slope, -1.7, top, high=1e8) == pytest.approx(0.79942831, rel=1e-8)
    assert sd.critical_friction(slope, -5.0, top, high=100) == pytest.approx(4.17847622, rel=1e-8)
    for bad in (
        lambda: sd.critical_friction(slope, -1.7, top, high=nan),
        lambda: sd.critical_friction(slope, -1.7, top, high=0.0),
        lambda: sd.critical_friction(slope, top, 2.0),
        lambda: sd.critical_friction(slope, -1.7, -1.7),
        lambda: sd.critical_friction(slope, -1.7, -5.0),
        lambda: sd.critical_friction(lambda x: nan * x, -1.7, top),
        lambda: sd.critical_friction(lambda x: -1 + 0 * x, 0.0, 1.0),
        lambda: sd.critical_friction(slope, -1.7, top, high=0.79),
        lambda: sd.critical_friction(slope, -1e200, 1e200),
    ):
        with warnings.catch_warnings(), pytest.raises(ValueError, match="start, barrier|high"):
            warnings.simplefilter("error")
            bad()


def test_stiff_flows():
    times = [0.0, 1e-5, 1.0]
    np.testing.assert_allclose(sd.gradient_flow(lambda x: 1e5 * x, [1.0], times)[:, 0], [1, math.exp(-1), 0], atol=1e-9)
    theta, eta = sd.inertial_flow(lambda x: x, [2.0], [10.0], friction=1e4)
    slow = 2 / (1e4 + math.sqrt(1e8 - 4))  # the slow root, without cancellation
    fast = 1 / slow
    right = 2 * (fast * math.exp(-10 * slow)) / (fast - slow)
    assert theta.item() == pytest.approx(right, rel=1e-9) and eta.item() == pytest.approx(-slow * right, rel=1e-8)


@pytest.mark.parametrize(
    "bad", [lambda x: -(x**3), lambda x: nan * x, lambda x: -1e3 * x, lambda x: inf + x, lambda x: 1e300 * x]
)
def test_flows_that_cannot_be_integrated_end(bad):
    with warnings.catch_warnings(), pytest.raises(ValueError, match="gradient, times: the equation cannot"):
        warnings.simplefilter("error")
        sd.gradient_flow(bad, [1.0], [2.0])


def test_flows_refuse_other_shapes():
    with pytest.raises(ValueError, match="gradient: returned shape"):
        sd.gradient_flow(lambda x: x[..., None], [1.0], [1.0])
    with pytest.raises(ValueError, match="hessian: returned shape"):
        hessian = lambda x: x  # noqa: E731
        sd.inertial_flow(lambda x: x, [1.0, 2.0], [1.0], friction=1.0, curvature_friction=0.1, hessian=hessian)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("start", lambda: sd.gradient_flow(quartic, [[1.0]], [1.0])),
        ("times", lambda: sd.gradient_flow(quartic, [1.0], [1.0, 0.5])),
        ("times", lambda: sd.inertial_flow(quartic, [1.0], [-1.0], friction=1.0)),
        ("hessian", lambda: sd.inertial_flow(quartic, [1.0], [1.0], friction=1.0, curvature_friction=0.1)),
        ("mass", lambda: sd.inertial_flow(quartic, [1.0], [1.0], friction=1.0, mass=0.0)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=rf"(^|, ){name}[,:]"):
        call()
