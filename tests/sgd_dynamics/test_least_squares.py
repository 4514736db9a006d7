"""SGD on a regression: against its theory, and gradient descent for the full batch."""

from functools import partial

import numpy as np
import pytest

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import a_seed, laid_out, many, quiet_and_unchanged


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


@many(a_seed)
def test_least_squares_sgd_at_any_scale(seed):
    """Against one replica after the other, written out; a fresh order every epoch; the averages as they are defined."""
    rng = np.random.default_rng(seed)
    samples, d, replicas, steps = rng.integers(2, 7), rng.integers(1, 3), rng.integers(1, 4), int(rng.integers(1, 8))
    batch, burn_in = int(rng.integers(1, samples + 1)), int(rng.integers(steps))
    sampling, size = ("iid", "reshuffled")[seed % 2], 10.0 ** rng.integers(-70, 70)
    x, y, start = rng.normal(size=(samples, d)), rng.normal(size=samples), rng.normal(size=(replicas, d))
    given = [laid_out(rng, part) for part in (x, y * size, start * size)]
    setting = {"step": 0.1, "batch": batch, "steps": steps, "burn_in": burn_in, "sampling": sampling}
    with quiet_and_unchanged(*given):
        excess, moment = sd.least_squares_sgd(*given, generator=np.random.default_rng(7), **setting)
    noise, best, loss = np.random.default_rng(7), np.linalg.lstsq(x, y)[0], lambda w: np.mean((x @ w - y) ** 2) / 2
    theta, per_epoch, visits = start.copy(), samples // batch, []
    for n in range(steps):
        if sampling == "iid":
            chosen = noise.integers(samples, size=(replicas, batch))
        elif n % per_epoch == 0:
            order = noise.permuted(np.broadcast_to(np.arange(samples), (replicas, samples)), axis=1)
        if sampling == "reshuffled":
            chosen = order[:, n % per_epoch * batch :][:, :batch]
        for r in range(replicas):
            theta[r] -= 0.1 * np.mean([x[i] * (x[i] @ theta[r] - y[i]) for i in chosen[r]], 0)
        if n >= burn_in:
            visits.append(theta.copy())
    right = [np.mean([loss(visit[r]) - loss(best) for visit in visits]) for r in range(replicas)]
    scale = np.abs(start).max() ** 2 + np.abs(best).max() ** 2 + np.abs(y).max() ** 2
    np.testing.assert_allclose(excess / size / size, right, rtol=1e-9, atol=1e-9 * scale)
    away = np.reshape(visits, (-1, d)) - best
    np.testing.assert_allclose(moment / size / size, away.T @ away / len(away), rtol=1e-9, atol=1e-9 * scale)


def test_the_second_moment_is_the_predicted_covariance():
    """Its level, not only its shape: small steps, where the theory that leaves out the growth of noise holds."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(40, 2)), rng.normal(size=40)
    best = np.linalg.lstsq(x, y)[0]
    slopes = x * (x @ best - y)[:, None]
    setting = {"step": 0.01, "batch": 4, "steps": 3000, "burn_in": 500, "generator": rng}
    _, moment = sd.least_squares_sgd(x, y, np.tile(best, (200, 1)), **setting)
    predicted = sd.stationary_covariance(x.T @ x / 40, slopes.T @ slopes / 40 / 4, 0.01)
    np.testing.assert_allclose(moment, predicted, rtol=0, atol=0.1 * predicted.max())


rng = np.random.default_rng(0)
regress = partial(
    sd.least_squares_sgd, np.ones((4, 2)), np.ones(4), np.ones((3, 2)), step=0.1, batch=2, steps=2, generator=rng
)


@pytest.mark.parametrize("batch", [1, 3, 50])
def test_the_exact_covariance_is_a_fixed_point_over_all_draws(batch):
    """For batch 1 every draw can be listed; a larger batch has the noise of one, divided."""
    rng = np.random.default_rng(11)
    x, y = rng.normal(size=(9, 2)) * [1.0, 0.4], rng.normal(size=9)
    best = np.linalg.lstsq(x, y, rcond=None)[0]
    sigma = sd.least_squares_covariance(x, y, step=0.15, batch=batch)
    hessian, residual = x.T @ x / 9, x @ best - y
    steps = [np.eye(2) - 0.15 * np.outer(row, row) for row in x]
    listed = np.mean([step @ sigma @ step for step in steps], 0)
    mean = (np.eye(2) - 0.15 * hessian) @ sigma @ (np.eye(2) - 0.15 * hessian)
    noise = (x * residual[:, None]).T @ (x * residual[:, None]) / 9
    np.testing.assert_allclose(mean + (listed - mean) / batch + 0.15**2 / batch * noise, sigma, rtol=1e-9)


def test_the_exact_covariance_agrees_with_a_long_run():
    rng = np.random.default_rng(12)
    x, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    start = np.tile(np.linalg.lstsq(x, y, rcond=None)[0], (200, 1))
    setting = {"step": 0.2, "batch": 2, "steps": 1500, "burn_in": 100, "generator": rng}
    moment = sd.least_squares_sgd(x, y, start, **setting)[1]
    np.testing.assert_allclose(sd.least_squares_covariance(x, y, step=0.2, batch=2), moment, rtol=0.05, atol=5e-3)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("inputs, targets", lambda: sd.least_squares_covariance([[1.0]], [1.0, 2.0], step=0.1, batch=1)),
        ("step", lambda: sd.least_squares_covariance([[1.0], [2.0]], [1.0, 2.0], step=3.0, batch=1)),
        ("batch", lambda: sd.least_squares_covariance([[1.0], [2.0]], [1.0, 2.0], step=0.1, batch=0)),
        ("inputs", lambda: sd.least_squares_sgd([1.0], [1.0], [[1.0]], step=0.1, batch=1, steps=1, generator=rng)),
        ("batch", lambda: regress(batch=5)),
        ("step", lambda: regress(step=1e9, steps=100)),
        ("generator", lambda: regress(generator=None)),
        ("batch", lambda: regress(batch=2.5)),
        ("burn_in", lambda: regress(burn_in=2)),
        ("sampling", lambda: regress(sampling="sorted")),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=rf"(^|, ){name}[,:]"):
        call()
