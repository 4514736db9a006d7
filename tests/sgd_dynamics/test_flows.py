"""The equations behind the schemes: against closed forms."""

import math

import numpy as np
import pytest

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import quartic


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
    with pytest.raises(ValueError, match=name):
        call()
