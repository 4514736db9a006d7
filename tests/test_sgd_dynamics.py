"""Gradient descent, SGD and momentum as dynamics: against closed forms, scipy, mpmath, torch and plain loops."""

import math
from functools import partial

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from helpers import sgd_dynamics as sd

betas = st.floats(0, 0.999)
nan, inf = math.nan, math.inf


def quartic(theta):
    return theta**3 - theta + 0.1


def quartic_hessian(theta):
    return (3 * theta**2 - 1)[..., None]


# Friction and momentum


@given(st.floats(0, 50), st.floats(1e-3, 3))
def test_friction_and_momentum_are_inverse(friction, step):
    alpha, beta = sd.momentum_from_friction(friction, step)
    assert -1 < beta <= 1 and 0 < alpha <= step**2
    back = sd.friction_from_momentum(alpha, beta)
    np.testing.assert_allclose(back, (friction, step), rtol=1e-9, atol=1e-9)


def test_momentum_from_friction_values():
    np.testing.assert_allclose(sd.momentum_from_friction(2.0, 0.5), (0.25 / 1.5, 1 / 3))
    np.testing.assert_allclose(sd.momentum_from_friction_nesterov(2.0, [0.5, 0.1]), ([0.25, 0.01], [0.0, 0.8]))


@given(betas, st.floats(1e-6, 1))
def test_corrected_momentum_keeps_the_friction(beta, r):
    exact, article = sd.corrected_momentum_exact(beta, r), sd.corrected_momentum(beta, r)
    assert (1 - exact) ** 2 / (1 + exact) == pytest.approx(r * (1 - beta) ** 2 / (1 + beta), rel=1e-7)
    friction, _ = sd.friction_from_momentum(0.3, beta)
    assert sd.friction_from_momentum(0.3 * r, exact)[0] == pytest.approx(friction, rel=1e-7)
    assert beta - 1e-12 <= exact <= article + 1e-12 < 1 + 1e-11  # the linearised rule raises the momentum too much


def test_corrected_momentum_values():
    assert sd.corrected_momentum(0.9, 0.25) == pytest.approx(0.95)
    for beta, r in ((0.9, 0.1), (0.0, 0.5), (0.5, 20.0), (1 - 1e-9, 1e-300)):
        with mpmath.workdps(200):
            c = mpmath.mpf(r) * (1 - mpmath.mpf(beta)) ** 2 / (1 + mpmath.mpf(beta))
            root = (2 + c - mpmath.sqrt((2 + c) ** 2 - 4 * (1 - c))) / 2
            assert float(sd.corrected_momentum_exact(beta, r)) == pytest.approx(float(root), rel=1e-13, abs=1e-13)
    assert sd.corrected_momentum_exact(0.5, 1e300) == pytest.approx(-1)
    assert sd.corrected_momentum(0.9, 1.0) == sd.corrected_momentum_exact(0.9, 1.0) == pytest.approx(0.9)


# Stability


@pytest.mark.parametrize("scheme", sd.SCHEMES)
@given(st.floats(0.01, 5), st.floats(0, 1), st.floats(-2, 2), st.floats(-2, 2))
def test_amplification_is_one_step_of_integrate(scheme, a, beta, theta, v):
    k = 0.7
    one = sd.integrate(
        lambda x: k * x,
        [theta],
        velocity=v,
        learning_rate=a / k,
        momentum=beta,
        steps=1,
        scheme=scheme,
        hessian=lambda x: np.full(x.shape + (1,), k),
    )
    expected = sd.amplification(a, beta, scheme) @ [theta, v]
    np.testing.assert_allclose([one[0][0], one[1][0]], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("scheme", sd.SCHEMES)
def test_spectral_radius_equals_eigenvalues(scheme):
    rng = np.random.default_rng(0)
    a, beta = rng.uniform(0, 5, (40, 1)), rng.uniform(0, 1, 30)
    radius = np.abs(np.linalg.eigvals(sd.amplification(a, beta, scheme))).max(-1)
    np.testing.assert_allclose(sd.spectral_radius(a, beta, scheme), radius, rtol=1e-6, atol=1e-7)
    assert sd.amplification(a, beta, scheme).shape == (40, 30, 2, 2)


@pytest.mark.parametrize("scheme", ["heavy_ball", "nesterov_half", "nesterov"])
@given(betas, st.floats(1e-4, 0.9))
def test_stability_limit_is_the_edge(scheme, beta, inside):
    limit = sd.stability_limit(beta, scheme)
    assert sd.spectral_radius(limit * inside, beta, scheme) < 1
    assert sd.spectral_radius(limit * (1 + 1e-6), beta, scheme) > 1
    assert sd.spectral_radius(limit, beta, scheme) == pytest.approx(1, abs=1e-7)


@given(betas, st.floats(1e-3, 1e9))
def test_implicit_scheme_is_stable_everywhere(beta, a):
    assert sd.spectral_radius(a, beta, "implicit") < 1
    assert sd.stability_limit(beta, "implicit") == inf


def test_stability_limit_values_and_order():
    beta = np.array([0.0, 0.5, 0.9])
    np.testing.assert_allclose(sd.stability_limit(beta, "heavy_ball"), [2, 3, 3.8])
    np.testing.assert_allclose(sd.stability_limit(beta, "nesterov_half"), 2)
    np.testing.assert_allclose(sd.stability_limit(beta, "nesterov"), [2, 1.5, 3.8 / 2.8])
    assert sd.stability_limit(0.5, "nesterov").shape == ()


@pytest.mark.parametrize("method", ["gradient_descent", "heavy_ball", "nesterov", "nesterov_best"])
@pytest.mark.parametrize("kappa", [1.0, 10.0, 1e4])
def test_optimal_tuning_contracts_as_promised(method, kappa):
    rate, momentum, contraction = sd.optimal_tuning(0.5, 0.5 * kappa, method)
    k = 0.5 * np.geomspace(1, kappa, 400)
    scheme = "nesterov" if "nesterov" in method else "heavy_ball"
    worst = sd.spectral_radius(rate * k, momentum, scheme).max()
    # at a double root the eigenvalue is only accurate to the square root of rounding
    assert worst == pytest.approx(contraction, abs=3e-7)


# Schemes


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


def test_schemes_follow_the_flow():
    flow, _ = sd.inertial_flow(quartic, [2.0], [3.0], friction=0.5)
    step = 0.01
    alpha, beta = sd.momentum_from_friction(0.5, step)
    start = sd.resting_velocity(quartic, [2.0], step)
    theta, _ = sd.integrate(quartic, [2.0], learning_rate=alpha, momentum=beta, velocity=start, steps=300)
    np.testing.assert_allclose(theta, flow[0], atol=3e-4)
    first = sd.integrate(quartic, [2.0], learning_rate=alpha, momentum=beta, velocity=start, steps=1)[1]
    np.testing.assert_allclose(first + start, 0, atol=1e-15)


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


# Noise


@given(st.floats(0.1, 3), st.floats(0.01, 0.95), st.floats(0.1, 3))
def test_stationary_variance_is_the_fixed_point(k, fraction, sigma):
    gamma = 2 * fraction / k
    variance = sd.stationary_variance(k, gamma, sigma)
    assert (1 - gamma * k) ** 2 * variance + gamma**2 * sigma**2 == pytest.approx(variance, rel=1e-9)
    assert sd.stationary_variance_momentum(k, gamma, 0.0, sigma) == pytest.approx(variance, rel=1e-9)
    covariance = sd.stationary_covariance([[k]], [[sigma**2]], gamma)
    assert covariance[0, 0] == pytest.approx(variance, rel=1e-9)


def test_stationary_variance_at_the_edge():
    np.testing.assert_array_equal(sd.stationary_variance([1.0, 2.0, 4.0], [2.0, 1.0, 0.25], 1.0), [inf, inf, 0.0625])


@given(st.floats(0.1, 2), st.floats(0, 0.95), st.floats(0.05, 0.9))
def test_momentum_variance_solves_the_lyapunov_equation(k, beta, fraction):
    alpha = fraction * 2 * (1 + beta) / k
    matrix = np.array([[1 - alpha * k, beta], [-alpha * k, beta]])
    noise = alpha**2 * 0.49 * np.ones((2, 2))
    exact = np.linalg.solve(np.eye(4) - np.kron(matrix, matrix), noise.ravel()).reshape(2, 2)
    assert sd.stationary_variance_momentum(k, alpha, beta, 0.7) == pytest.approx(exact[0, 0], rel=1e-6)


def test_stationary_covariance_solves_its_equation():
    rng = np.random.default_rng(2)
    h, c = (m @ m.T / 8 for m in rng.normal(size=(2, 4, 8)))
    sigma = sd.stationary_covariance(h, c, 0.1)
    np.testing.assert_allclose(h @ sigma + sigma @ h - 0.1 * h @ sigma @ h, 0.1 * c, atol=1e-14)


@given(st.integers(2, 40), st.data())
def test_minibatch_factor_equals_enumeration(samples, data):
    batch = data.draw(st.integers(1, samples))
    factor = sd.minibatch_factor(batch, samples)
    assert 0 <= factor <= 1 and sd.minibatch_factor(1, samples) == 1 and sd.minibatch_factor(samples, samples) == 0


def test_minibatch_factor_by_hand():
    from itertools import combinations

    values = np.array([1.0, 2.0, 4.0, 8.0, 9.0])
    means = [np.mean(c) for c in combinations(values, 2)]
    assert np.var(means) / np.var(values) == pytest.approx(float(sd.minibatch_factor(2, 5)))


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


@pytest.mark.parametrize("sampling", ["iid", "reshuffled"])
def test_least_squares_sgd_covers_every_sample(sampling):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(12, 2)), rng.normal(size=12)
    run = partial(sd.least_squares_sgd, x, y, step=0.05, batch=4, sampling=sampling)
    excess, moment = run(np.zeros((50, 2)), steps=600, burn_in=300, generator=np.random.default_rng(4))
    assert excess.shape == (50,) and (excess > 0).all() and moment.shape == (2, 2)
    best = np.linalg.lstsq(x, y, rcond=None)[0]
    residual = x @ best - y
    hessian = x.T @ x / 12
    noise = (x * residual[:, None]).T @ (x * residual[:, None]) / 12 / 4
    predicted = np.trace(hessian @ sd.stationary_covariance(hessian, noise, 0.05)) / 2
    if sampling == "iid":
        assert excess.mean() == pytest.approx(predicted, rel=0.35)  # the theory leaves out noise that grows with θ
    else:
        assert excess.mean() < 0.7 * predicted


def test_least_squares_sgd_with_the_full_batch_is_gradient_descent():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(12, 2)), rng.normal(size=12)
    excess, _ = sd.least_squares_sgd(
        x, y, np.zeros((1, 2)), step=0.1, batch=12, steps=1, generator=rng, sampling="reshuffled"
    )
    theta = 0.1 * x.T @ y / 12
    loss = lambda w: np.mean((x @ w - y) ** 2) / 2  # noqa: E731
    assert excess[0] == pytest.approx(loss(theta) - loss(np.linalg.lstsq(x, y, rcond=None)[0]), rel=1e-9)


# Errors

rng = np.random.default_rng(0)
langevin = partial(sd.simulate_langevin, quartic, [0.0], step=0.1, steps=2, sigma=1.0, generator=rng)
kramers = partial(sd.simulate_kramers, quartic, [0.0], friction=1.0, step=0.1, steps=2, sigma=1.0, generator=rng)
descend = partial(sd.integrate, quartic, [0.0], learning_rate=0.1, steps=2)
leave = partial(sd.exit_times, quartic, [0.0], 1.0, step=0.1, sigma=1.0, generator=rng)
passage = partial(sd.mean_passage_time, quartic, 0.0, 1.0, sigma=1.0, lower=-1.0)
regress = partial(
    sd.least_squares_sgd, np.ones((4, 2)), np.ones(4), np.ones((3, 2)), step=0.1, batch=2, steps=2, generator=rng
)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("k", lambda: sd.stationary_variance(0.0, 1.0, 1.0)),
        ("k", lambda: sd.stationary_variance([], 1.0, 1.0)),
        ("k", lambda: sd.stationary_variance("much", 1.0, 1.0)),
        ("gamma", lambda: sd.stationary_variance(1.0, -1.0, 1.0)),
        ("gamma", lambda: sd.stationary_variance(1.0, 2.1, 1.0)),
        ("sigma", lambda: sd.stationary_variance(1.0, 1.0, nan)),
        ("sigma", lambda: sd.stationary_variance(1.0, 1.0, inf)),
        ("alpha", lambda: sd.stationary_variance_momentum(1.0, 4.0, 0.9, 1.0)),
        ("beta", lambda: sd.stationary_variance_momentum(1.0, 1.0, 1.0, 1.0)),
        ("beta", lambda: sd.corrected_momentum(1.0, 0.5)),
        ("beta", lambda: sd.corrected_momentum_exact(-0.1, 0.5)),
        ("r", lambda: sd.corrected_momentum(0.9, 0.0)),
        ("r", lambda: sd.corrected_momentum_exact(0.9, nan)),
        ("friction", lambda: sd.momentum_from_friction(-1.0, 0.1)),
        ("step", lambda: sd.momentum_from_friction(1.0, 0.0)),
        ("step", lambda: sd.momentum_from_friction_nesterov(1.0, nan)),
        ("learning_rate", lambda: sd.friction_from_momentum(0.0, 0.5)),
        ("momentum", lambda: sd.friction_from_momentum(1.0, -1.0)),
        ("a", lambda: sd.amplification(-1.0, 0.5, "nesterov")),
        ("beta", lambda: sd.amplification(1.0, 1.5, "nesterov")),
        ("scheme", lambda: sd.amplification(1.0, 0.5, "newton")),
        ("scheme", lambda: sd.stability_limit(0.5, "newton")),
        ("beta", lambda: sd.stability_limit(1.0, "nesterov")),
        ("beta", lambda: sd.stability_limit(nan, "implicit")),
        ("smallest", lambda: sd.optimal_tuning(0.0, 1.0, "nesterov")),
        ("largest", lambda: sd.optimal_tuning(2.0, 1.0, "nesterov")),
        ("method", lambda: sd.optimal_tuning(1.0, 2.0, "adam")),
        ("scheme", lambda: descend(scheme="newton")),
        ("hessian", lambda: descend(scheme="implicit")),
        ("steps", lambda: descend(steps=0)),
        ("steps", lambda: descend(steps=2.0)),
        ("momentum", lambda: descend(momentum=1.1)),
        ("learning_rate", lambda: descend(learning_rate=-0.1)),
        ("velocity", lambda: descend(velocity=np.ones((2, 3)))),
        ("start", lambda: sd.integrate(quartic, [nan], learning_rate=0.1, steps=2)),
        ("step", lambda: sd.resting_velocity(quartic, [1.0], 0.0)),
        ("start", lambda: sd.gradient_flow(quartic, [[1.0]], [1.0])),
        ("times", lambda: sd.gradient_flow(quartic, [1.0], [1.0, 0.5])),
        ("times", lambda: sd.inertial_flow(quartic, [1.0], [-1.0], friction=1.0)),
        ("hessian", lambda: sd.inertial_flow(quartic, [1.0], [1.0], friction=1.0, curvature_friction=0.1)),
        ("mass", lambda: sd.inertial_flow(quartic, [1.0], [1.0], friction=1.0, mass=0.0)),
        ("hessian", lambda: sd.stationary_covariance([[1.0, 2.0], [0.0, 1.0]], np.eye(2), 0.1)),
        ("hessian", lambda: sd.stationary_covariance(np.eye(2), np.eye(2), 2.0)),
        ("hessian", lambda: sd.stationary_covariance(np.ones(2), np.ones(2), 0.1)),
        ("batch", lambda: sd.minibatch_factor(0, 5)),
        ("batch", lambda: sd.minibatch_factor(6, 5)),
        ("samples", lambda: sd.minibatch_factor(1, 1)),
        ("step", lambda: langevin(step=0.0)),
        ("sigma", lambda: langevin(sigma=-1.0)),
        ("generator", lambda: langevin(generator=0)),
        ("record_every", lambda: langevin(record_every=0)),
        ("friction", lambda: kramers(friction=-1.0)),
        ("generator", lambda: kramers(generator=None)),
        ("start", lambda: sd.exit_times(quartic, [2.0], 1.0, step=0.1, sigma=1.0, generator=rng)),
        ("max_steps", lambda: leave(max_steps=0)),
        ("sigma", lambda: leave(sigma=0.0)),
        ("lower", lambda: passage(lower=0.5)),
        ("sigma", lambda: passage(sigma=0.0)),
        ("start", lambda: sd.mean_passage_time(quartic, 2.0, 1.0, sigma=1.0, lower=0.0)),
        ("barrier", lambda: sd.kramers_time(1.0, 1.0, 0.0, 1.0)),
        ("inputs", lambda: sd.least_squares_sgd([1.0], [1.0], [[1.0]], step=0.1, batch=1, steps=1, generator=rng)),
        ("batch", lambda: regress(batch=5)),
        ("burn_in", lambda: regress(burn_in=2)),
        ("sampling", lambda: regress(sampling="sorted")),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=name):
        call()


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
