"""The schemes: against plain loops and torch."""

import warnings
from functools import partial

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import (
    a_seed,
    hard,
    laid_out,
    many,
    nan,
    quartic,
    quartic_hessian,
    quiet_and_unchanged,
    right_or_refused,
    whole,
)


@pytest.mark.parametrize("scheme", sd.SCHEMES)
def test_integrate_equals_a_plain_loop_in_two_dimensions(scheme):
    hessian = np.array([[2.0, 0.3], [0.3, 0.5]])
    theta, v = np.array([1.0, -2.0]), np.array([0.1, 0.2])
    run = partial(
        sd.integrate, lambda x: x @ hessian, learning_rate=0.2, momentum=0.8, steps=5, scheme=scheme, record=True
    )
    path, velocities = run(theta, velocity=v, hessian=lambda x: np.broadcast_to(hessian, x.shape + (2,)))
    for n in range(5):
        if scheme == "implicit":
            new = np.linalg.solve(np.eye(2) + 0.1 * hessian, theta + 0.8 * v - 0.1 * hessian @ theta)
            theta, v = new, new - theta
        else:
            c = {"heavy_ball": 0, "nesterov_half": 0.5, "nesterov": 1}[scheme]
            v = 0.8 * v - 0.2 * hessian @ (theta + c * 0.8 * v)
            theta = theta + v
        np.testing.assert_allclose(path[n + 1], theta, rtol=1e-12)
        np.testing.assert_allclose(velocities[n + 1], v, rtol=1e-12)


def test_integrate_batches_over_starts_rates_and_momenta():
    rng = np.random.default_rng(1)
    start, rate, beta = rng.normal(size=(4, 3, 1)), rng.uniform(0.01, 0.2, (4, 1)), rng.uniform(0, 0.9, 3)
    for scheme in sd.SCHEMES:
        run = partial(sd.integrate, quartic, steps=30, scheme=scheme, hessian=quartic_hessian)
        theta, v = run(start, learning_rate=rate, momentum=beta)
        assert theta.shape == v.shape == (4, 3, 1)
        one = run(start[2, 1], learning_rate=rate[2, 0], momentum=beta[1])
        np.testing.assert_allclose(theta[2, 1], one[0], rtol=1e-12)


def test_integrate_observes_every_step_and_leaves_the_start_alone():
    start, seen = np.array([1.0]), []
    theta, _ = sd.integrate(quartic, start, learning_rate=0.1, steps=4, observe=lambda x, v: seen.append(x.item()))
    assert len(seen) == 4 and seen[-1] == theta.item() and start.item() == 1.0
    assert seen[0] == pytest.approx(1 - 0.1 * quartic(1.0))


@pytest.mark.parametrize("nesterov", [False, True])
def test_integrate_equals_torch_sgd(nesterov):
    """torch keeps the shifted variable Θ = θ + βv for Nesterov."""
    parameter = torch.tensor([1.5, -0.3], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=0.07, momentum=0.9, nesterov=nesterov)
    for _ in range(50):
        optimizer.zero_grad()
        (parameter**4 / 4 - parameter**2 / 2 + 0.1 * parameter).sum().backward()
        optimizer.step()
    scheme = "nesterov" if nesterov else "heavy_ball"
    theta, v = sd.integrate(quartic, [1.5, -0.3], learning_rate=0.07, momentum=0.9, steps=50, scheme=scheme)
    shifted = theta + 0.9 * v if nesterov else theta
    np.testing.assert_allclose(shifted, parameter.detach().numpy(), rtol=0, atol=1e-13)


def test_schemes_follow_the_flow():
    flow, _ = sd.inertial_flow(quartic, [2.0], [3.0], friction=0.5)
    step = 0.01
    alpha, beta = sd.momentum_from_friction(0.5, step)
    start = sd.resting_velocity(quartic, [2.0], step)
    theta, _ = sd.integrate(quartic, [2.0], learning_rate=alpha, momentum=beta, velocity=start, steps=300)
    np.testing.assert_allclose(theta, flow[0], atol=3e-4)
    first = sd.integrate(quartic, [2.0], learning_rate=alpha, momentum=beta, velocity=start, steps=1)[1]
    np.testing.assert_allclose(first + start, 0, atol=1e-15)


def test_implicit_scheme_says_when_newton_fails():
    def flat(theta):
        return np.sign(theta) * 1e3 + 0 * theta

    with pytest.raises(ArithmeticError, match="Newton"):
        sd.integrate(
            flat,
            [0.3],
            learning_rate=1.0,
            momentum=0.5,
            steps=3,
            scheme="implicit",
            hessian=lambda x: np.zeros(x.shape + (1,)),
        )


descend = partial(sd.integrate, quartic, [0.0], learning_rate=0.1, steps=2)


@many(a_seed)
def test_integrate_at_any_scale(seed):
    """On ½k|θ|², against powers of the matrix of one step; positions, k and the batch of any scale and layout."""
    rng = np.random.default_rng(seed)
    shape, d, steps = [(), (3,), (2, 3)][rng.integers(3)], rng.integers(1, 3), rng.integers(1, 5)
    scheme, size, k = sd.SCHEMES[rng.integers(4)], *10.0 ** rng.integers(-150, 150, 2)
    rate, beta = rng.uniform(0.01, 2, shape[1:]), rng.random(shape)
    start, velocity = rng.normal(size=(*shape, d)), rng.normal(size=(*shape, 1))
    given_start, given_velocity, given_rate = (
        laid_out(rng, x) for x in (start * size, velocity * size, np.asarray(rate / k))
    )
    seen = []

    def watch(theta, v):
        seen.append(theta / size)
        theta[...] = v[...] = nan  # what is handed out is a copy

    with quiet_and_unchanged(given_start, given_velocity, given_rate):
        theta, v = sd.integrate(
            lambda x: k * x,
            given_start,
            velocity=given_velocity,
            learning_rate=given_rate,
            momentum=beta,
            steps=np.int64(steps),
            scheme=scheme,
            hessian=lambda x: np.broadcast_to(k * np.eye(d), (*x.shape, d)),
            record=bool(seed % 2),
            observe=watch,
        )
    if seed % 2:
        assert theta.shape == (steps + 1, *shape, d)
        theta, v = theta[-1], v[-1]
    power = np.linalg.matrix_power(sd.amplification(rate, beta, scheme), steps)
    right = power[..., None, :, :] @ np.stack([start, np.broadcast_to(velocity, start.shape)], -1)[..., None]
    found = np.stack([theta, v], -1) / size
    np.testing.assert_allclose(found, right[..., 0], rtol=0, atol=1e-11 * np.abs(right).max() + 1e-12)
    np.testing.assert_array_equal(seen[-1], theta / size)


def test_the_implicit_scheme_is_exact_on_small_scales():
    """L = θ⁴/4 in units of 1e−20: the midpoint, not the first Newton step, which an absolute tolerance would accept."""
    theta, _ = sd.integrate(
        lambda x: 1e40 * x**3,
        [1e-20],
        learning_rate=1.0,
        momentum=0.5,
        steps=1,
        scheme="implicit",
        hessian=lambda x: 3e40 * x[..., None] ** 2,
    )
    middle = brentq(lambda m: m + m**3 / 2 - 1, 0, 1, xtol=1e-15)
    assert theta.item() * 1e20 == pytest.approx(2 * middle - 1, rel=1e-13)


@many(hard, whole(-150, 151))
def test_resting_velocity_at_any_scale(step, exponent):
    slope = 3 * 10.0**exponent
    right_or_refused(
        lambda step: sd.resting_velocity(lambda x: slope + 0 * x, [1.0], step)[..., 0],
        {"step": step},
        lambda h: h > 0,
        lambda h: h**2 / 2 * slope,
        lambda h: (1e-15, 5e-324),
    )


def test_a_gradient_of_another_shape_or_that_works_in_place_is_refused():
    with pytest.raises(ValueError, match=r"gradient: returned shape \(1,\) for positions \(3,\)"):
        sd.integrate(lambda x: np.ones(1), np.zeros(3), learning_rate=0.1, steps=1)
    with pytest.raises(ValueError, match="hessian: returned shape"):
        sd.integrate(quartic, np.zeros(3), learning_rate=0.1, steps=1, scheme="implicit", hessian=lambda x: np.eye(2))
    with pytest.raises(ValueError, match="read-only"):
        sd.integrate(lambda x: np.multiply(x, 2, out=x), np.ones(3), learning_rate=0.1, steps=1)


@pytest.mark.parametrize("scheme", sd.SCHEMES[:3])
def test_a_diverging_run_is_named(scheme):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="learning_rate: 1 of 2 runs"):
            sd.integrate(quartic, [[1.0], [1.0]], learning_rate=[1e3, 0.1], steps=50, scheme=scheme)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("scheme", lambda: descend(scheme="newton")),
        ("hessian", lambda: descend(scheme="implicit")),
        ("steps", lambda: descend(steps=0)),
        ("steps", lambda: descend(steps=2.0)),
        ("momentum", lambda: descend(momentum=1.1)),
        ("learning_rate", lambda: descend(learning_rate=-0.1)),
        ("velocity", lambda: descend(velocity=np.ones((2, 3)))),
        ("start", lambda: sd.integrate(quartic, [nan], learning_rate=0.1, steps=2)),
        ("step", lambda: sd.resting_velocity(quartic, [1.0], 0.0)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=rf"(^|, ){name}[,:]"):
        call()
