"""SGD on a regression: against its theory, and gradient descent for the full batch."""

from functools import partial

import numpy as np
import pytest

from helpers import sgd_dynamics as sd


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


rng = np.random.default_rng(0)
regress = partial(
    sd.least_squares_sgd, np.ones((4, 2)), np.ones(4), np.ones((3, 2)), step=0.1, batch=2, steps=2, generator=rng
)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("inputs", lambda: sd.least_squares_sgd([1.0], [1.0], [[1.0]], step=0.1, batch=1, steps=1, generator=rng)),
        ("batch", lambda: regress(batch=5)),
        ("burn_in", lambda: regress(burn_in=2)),
        ("sampling", lambda: regress(sampling="sorted")),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=name):
        call()
