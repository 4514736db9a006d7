import warnings

import numpy as np
import pytest
import torch

from helpers.fourier_density import FourierDensity, fit_coefficients, kl_divergence
from tests.fourier_density.strategies import random_amplitude


def test_fit_recovers_the_density():
    truth = FourierDensity(random_amplitude(4, 7))
    x = truth.sample(20000, np.random.default_rng(0))
    fitted, report = FourierDensity.fit(x, 4)
    assert kl_divergence(truth, fitted) < 5 * 8 / (2 * x.size)  # expected: parameters / 2n
    assert report.converged and report.degree == 4 and report.history[0] >= report.history[-1]
    assert report.negative_log_likelihood == pytest.approx(-fitted.log_prob(x).mean(), abs=1e-10)
    again, other = FourierDensity.fit(x, 4, start=random_amplitude(4, 9))
    assert other.objective == pytest.approx(report.objective, abs=1e-9)
    np.testing.assert_allclose(again.coefficients, fitted.coefficients, atol=1e-4)


def test_fit_on_the_line():
    y = np.random.default_rng(0).laplace(3, 0.5, 2000)
    fitted, report = FourierDensity.fit(y, 8, line=True)
    fixed, fixed_report = FourierDensity.fit(y, 8, line=True, train_map=False)
    assert fixed.loc == pytest.approx(y.mean()) and fixed.scale == pytest.approx(y.std())
    for density, told in ((fitted, report), (fixed, fixed_report)):
        assert told.negative_log_likelihood == pytest.approx(-density.log_prob(y).mean(), abs=1e-9)
    assert report.objective < fixed_report.objective


def test_fit_with_penalty_weights_tensors_and_callback():
    x = np.random.default_rng(0).uniform(-0.5, 0.5, 300)
    seen = []
    rough, _ = FourierDensity.fit(x, 12)
    smooth, report = FourierDensity.fit(torch.tensor(x), 12, gamma=0.01, callback=seen.append)
    assert isinstance(smooth.a, torch.Tensor) and float(smooth.roughness()) < rough.roughness()
    assert seen == list(report.history[1:])
    doubled, _ = FourierDensity.fit(x[:150], 3, weights=np.repeat([2.0, 1.0], 75))
    repeated, _ = FourierDensity.fit(np.concatenate([x[:150], x[:75]]), 3)
    np.testing.assert_allclose(doubled.coefficients, repeated.coefficients, atol=1e-5)


def test_fit_warns_when_the_data_do_not_support_the_degree():
    with pytest.warns(UserWarning, match="40 parameters, more than the 30"):
        FourierDensity.fit(np.linspace(-0.5, 0.5, 30), 20, max_iterations=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FourierDensity.fit(np.linspace(-0.5, 0.5, 30), 10, max_iterations=3)


@pytest.mark.parametrize(
    "x, options, message",
    [
        ([0.1], {}, "holds 1 point"),
        ([0.2, 0.2, 0.2], {}, "all 3 values equal 0.2"),
        ([0.1, np.nan], {}, "nan"),
        ([], {}, "shape"),
        ([0.1, 1j], {}, "give real numbers"),
        ([0.1, 1.5], {}, "line=True"),
        ([0.1, 0.5], {"degree": -1}, "degree"),
        ([0.1, 0.5], {"degree": 1.5}, "degree"),
        ([0.1, 0.5], {"degree": "many"}, "degree"),
        ([0.1, 0.5], {"gamma": -1}, "gamma"),
        ([0.1, 0.5], {"gamma": np.nan}, "gamma"),
        ([0.1, 0.5], {"loc": 1.0}, "give both"),
        ([0.1, 0.5], {"loc": 1.0, "scale": 0.0}, "scale: holds 0"),
        ([0.1, 0.5], {"weights": [1.0]}, "weights"),
        ([0.1, 0.5], {"weights": [1.0, -1.0]}, "weights"),
        ([0.1, 0.5], {"start": [1.0]}, "start"),
        ([0.1, 0.5], {"degree": "auto", "folds": 7}, "folds"),
    ],
)
def test_fit_rejects(x, options, message):
    with pytest.raises(ValueError, match=message):
        FourierDensity.fit(x, **{"degree": 1, **options})


def test_the_front_door_adds_nothing():
    x = np.random.default_rng(0).normal(size=200)
    density, report = FourierDensity.fit(x, 4, line=True)
    fit = fit_coefficients(x, 4, line=True)
    np.testing.assert_array_equal(density.a, fit.a)
    assert (density.loc, density.scale, report.objective) == (fit.loc, fit.scale, fit.report.objective)
