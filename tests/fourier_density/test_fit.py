import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.fourier_density import FourierDensity, fit_coefficients, kl_divergence
from tests.fourier_density.strategies import hard_vectors, many, plain, random_amplitude


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


@many
@given(hard_vectors(real=True), st.integers(0, 3), st.booleans(), st.booleans())
def test_fits_of_any_input(x, degree, line, weighted):
    weights = np.random.default_rng(0).dirichlet(np.ones(np.size(plain(x)))) if weighted and np.size(plain(x)) else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of few values
        fit = fit_quietly(x, degree, line=line, weights=weights, max_iterations=3)
    if fit is not None:
        density, report = fit
        points = plain(x).astype(float)
        shares = np.full(points.size, 1 / points.size) if weights is None else weights
        told = report.negative_log_likelihood
        assert told == pytest.approx(-shares @ plain(density.log_prob(points)), abs=1e-7 * (1 + abs(told)))
        assert report.history[-1] <= report.history[0] + 1e-12


def fit_quietly(x, degree, **options):
    """The fit, None after a ValueError; no warning but of few values."""
    before = plain(x).copy()
    with np.errstate(all="raise", under="ignore"):
        try:
            result = FourierDensity.fit(x, degree, **options)
        except ValueError:
            result = None
    np.testing.assert_array_equal(plain(x), before)
    return result


@pytest.mark.parametrize("law", ["normal", "exponential", "lognormal", "bimodal"])
def test_a_fit_on_the_line_does_not_depend_on_the_units(law):
    rng = np.random.default_rng(0)
    x = getattr(rng, law)(size=500) if law != "bimodal" else rng.normal(rng.choice([-2, 2], 500), 0.5)
    first, report = FourierDensity.fit(x, 6, line=True)
    for scale in (1e-150, 1e-12, 1e-6, 3.0, 1e6, 1e150):
        density, other = FourierDensity.fit(scale * x, 6, line=True)
        assert other.negative_log_likelihood == pytest.approx(report.negative_log_likelihood + np.log(scale), abs=1e-9)
        assert density.scale / scale == pytest.approx(first.scale, rel=1e-3)
    _, moved = FourierDensity.fit(x + 1e6, 6, line=True)
    assert moved.negative_log_likelihood == pytest.approx(report.negative_log_likelihood, abs=1e-8)


def test_a_fit_says_why_a_scale_is_out_of_range():
    for scale in (1e-305, 1e305):
        with pytest.raises(ValueError, match="^x: has standard deviation"):
            FourierDensity.fit(scale * np.array([0.5, 1.0, 1.5]), 1, line=True)


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e-2, 1e2])
def test_no_hidden_bound_on_the_scale(scale):
    x = np.random.default_rng(0).normal(size=1000)
    best = FourierDensity.fit(x, 8, line=True)[1].negative_log_likelihood
    density, report = FourierDensity.fit(x, 8, loc=0, scale=scale)
    assert report.negative_log_likelihood < best + 0.01 and report.converged
    assert report.negative_log_likelihood == pytest.approx(-density.log_prob(x).mean(), abs=1e-10)


def test_a_bound_that_is_hit_is_reported(monkeypatch):
    x = np.random.default_rng(0).normal(size=200)  # the best logistic density has a scale of 1.1
    assert FourierDensity.fit(x, 0, line=True)[1].converged
    monkeypatch.setattr("helpers.fourier_density.fit._WIDEST", 0.05)
    report = FourierDensity.fit(x, 0, line=True)[1]
    assert not report.converged and "beyond" in report.message


def test_a_start_without_density_at_the_data_is_refused():
    with pytest.raises(ValueError, match="^start: has density 0"):
        FourierDensity.fit([0, 0, 0.5], 1, start=[1, -1])


def test_weights_count_at_any_scale_and_zero_weights_do_not():
    x = [0.1, 0.3, 0.9, -0.4]
    reference = FourierDensity.fit(x[:3], 1, weights=[1, 2, 1])[1].objective
    for scale in (1e-300, 1e308):
        report = FourierDensity.fit(x, 1, weights=np.array([0.8, 1.6, 0.8, 0]) * scale)[1]
        assert report.objective == pytest.approx(reference, abs=1e-9)
    with pytest.raises(ValueError, match="all 2 values equal 0.1"):
        FourierDensity.fit([0.1, 0.1, 0.3], 1, weights=[1, 1, 0])


def test_penalty_on_the_flat_density():
    assert FourierDensity.fit([0.1, 0.5], 0, gamma=0.1)[1].objective == pytest.approx(np.log(2))


def test_a_fit_is_a_global_maximum_where_the_map_is_fixed():
    """T_jk = Σ_i w_i e^{iπ(k−j)x_i}/p(x_i) has no eigenvalue above 2: then no density of the degree is better."""
    for seed in range(10):
        x = np.random.default_rng(seed).normal(0, 0.4, 80).clip(-1, 1)
        density, _ = FourierDensity.fit(x, 5)
        waves = np.exp(1j * np.pi * np.outer(np.arange(6), x))
        matrix = waves.conj() / density.pdf(x) @ waves.T / x.size
        assert np.linalg.eigvalsh(matrix)[-1] <= 2 + 1e-4
