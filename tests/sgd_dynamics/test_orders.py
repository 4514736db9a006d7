"""Orders: fitted powers, errors against plain loops, and the equations that Nesterov's schemes follow."""

from functools import partial

import numpy as np
import pytest
import sympy as sp

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import between, many, quartic, quartic_hessian

ERRORS = partial(sd.scheme_errors, quartic, [1.7], horizon=2.0, friction=0.6)


@many(between(-3, 3), between(0.1, 10), inputs=50)
def test_fitted_power_finds_the_power(p, scale):
    x = np.array([0.1, 0.3, 1.7, 4.0])
    assert sd.fitted_power(x, scale * x**p) == pytest.approx(p, abs=1e-9)


def test_scheme_errors_equal_a_plain_loop():
    n, step = 30, 2.0 / 30
    alpha, beta = sd.momentum_from_friction(0.6, step)
    theta, v, path = 1.7, 0.5 * step**2 * quartic(1.7), [1.7]
    for _ in range(n):
        v = beta * v - alpha * quartic(theta)
        theta = theta + v
        path.append(theta)
    exact = sd.inertial_flow(quartic, [1.7], step * np.arange(n + 1), friction=0.6)[0][:, 0]
    found = ERRORS([n], rule=sd.momentum_from_friction)
    np.testing.assert_allclose(found, [np.abs(np.array(path) - exact).max()], rtol=1e-9)


@pytest.mark.parametrize(
    ("order", "setting"),
    [
        (2, {}),
        (1, {"resting": False}),
        (2, {"resting": False, "late": 0.5}),
        (1, {"rule": sd.momentum_from_friction_nesterov}),
        (1, {"scheme": "nesterov"}),
        (1, {"scheme": "nesterov_half"}),
        (1, {"scheme": "implicit", "hessian": quartic_hessian}),
    ],
)
def test_the_orders(order, setting):
    resolutions = np.array([80, 160, 320])
    errors = ERRORS(resolutions, **{"rule": sd.momentum_from_friction, **setting})
    assert sd.fitted_power(1 / resolutions, errors) == pytest.approx(order, abs=0.15)


def test_an_equation_with_more_terms_is_followed_to_second_order():
    def more(step):
        return {"mass": 1 - 0.6 * step / 2, "curvature_friction": step, "hessian": quartic_hessian}

    resolutions = np.array([160, 320, 640])
    setting = {"rule": sd.momentum_from_friction_nesterov, "scheme": "nesterov", "equation": more}
    assert sd.fitted_power(1 / resolutions, ERRORS(resolutions, **setting)) == pytest.approx(2, abs=0.15)


def test_the_high_resolution_equation_is_what_the_scheme_expands_to():
    """A smooth path inserted into v′ = βv − γ²L′(θ + cβv): nothing of order 1 and γ is left."""
    g, lam, c = sp.symbols("gamma lambda c", positive=True)
    d1, d2, d3, l1, l2, l3 = sp.symbols("d1:4 l1:4")
    forward, backward = (d1 * g + sign * d2 * g**2 / 2 + d3 * g**3 / 6 for sign in (1, -1))
    ahead = c * (1 - lam * g) * backward
    force = l1 + l2 * ahead + l3 * ahead**2 / 2
    claimed = (1 - lam * g / 2) * d2 + (lam + c * g * l2) * d1 + l1
    rest = sp.expand((forward - (1 - lam * g) * backward) / g**2 + force - claimed)
    assert [rest.coeff(g, n) for n in (-1, 0, 1)] == [0, 0, 0] and rest.coeff(g, 2) != 0


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("x", lambda: sd.fitted_power([0.0, 1.0], [1.0, 2.0])),
        ("y", lambda: sd.fitted_power([1.0, 2.0], [1.0, -2.0])),
        ("x, y", lambda: sd.fitted_power([1.0, 2.0], [1.0, 2.0, 3.0])),
        ("x, y", lambda: sd.fitted_power([1.0], [1.0])),
        ("resolutions", lambda: ERRORS([0], rule=sd.momentum_from_friction)),
        ("horizon", lambda: ERRORS([10], horizon=0, rule=sd.momentum_from_friction)),
        ("scheme", lambda: ERRORS([10], scheme="leapfrog", rule=sd.momentum_from_friction)),
        ("hessian", lambda: ERRORS([10], scheme="implicit", rule=sd.momentum_from_friction)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=name):
        call()
