import warnings

import numpy as np
import pytest
from hypothesis import given
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from helpers.fourier_density import DEGREES, FourierDensity, FourierEstimator, held_out_losses
from tests.fourier_density.strategies import answer, hard_vectors, many, plain


def test_fit_chooses_the_degree():
    truth = FourierDensity([1.0, 0.5, 0.3j])
    _, report = FourierDensity.fit(truth.sample(3000, np.random.default_rng(1)), "auto", folds=3)
    assert report.degree in (2, 3) and report.held_out[report.degree] == min(report.held_out.values())


def test_held_out_losses_by_hand():
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=40), rng.uniform(0.5, 2, 40)
    found = held_out_losses(FourierEstimator(line=True), x, weights, folds=4, generator=np.random.default_rng(5))
    assert list(found) == [d for d in DEGREES if 4 * d <= 40][: len(found)] and len(found) > 3
    part = np.random.default_rng(5).permutation(40) % 4
    losses = []
    for k in range(4):
        density, _ = FourierDensity.fit(x[part != k], 3, line=True, weights=weights[part != k])
        losses.append(-np.average(density.log_prob(x[part == k]), weights=weights[part == k]))
    assert found[3] == pytest.approx(np.mean(losses), abs=1e-6)


@pytest.mark.parametrize("line", [False, True])
def test_estimator_in_a_search(line):
    x = np.random.default_rng(0).normal(0, 0.25, 60).clip(-1, 1)
    search = GridSearchCV(FourierEstimator(line=line), {"degree": [0, 2]}, cv=3).fit(x[:, None])
    best = clone(search.best_estimator_).fit(x)
    density = FourierDensity(best.a_, best.loc_, best.scale_)
    np.testing.assert_allclose(best.score_samples(x[:, None]), density.log_prob(x), atol=1e-12)
    assert line or search.best_params_ == {"degree": 2}
    assert best.score(x) == pytest.approx(density.log_prob(x).mean(), abs=1e-13)


def test_counts_are_called_so_and_searched_shortly():
    x = np.random.default_rng(0).poisson(3, 2000)
    with pytest.warns(UserWarning, match="different values among 2000"):
        _, report = FourierDensity.fit(x, "auto", line=True)
    assert 4 * max(report.held_out) <= np.unique(x).size


@pytest.mark.parametrize("x", [[0.1] * 9 + [0.5], [0.1, 0.2, 0.3, 0.4]])
def test_too_few_values_to_hold_out(x):
    with pytest.raises(ValueError, match="^(x|folds): .*; give"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        FourierDensity.fit(x, "auto")


@many
@given(hard_vectors(real=True), hard_vectors(real=True))
def test_scores_of_any_input(x, other):
    estimator = FourierEstimator(degree=1, line=True, max_iterations=2)
    if answer(estimator.fit, x) is not None:
        scores = answer(estimator.score_samples, other)
        if scores is not None:
            density = FourierDensity(estimator.a_, estimator.loc_, estimator.scale_)
            np.testing.assert_allclose(scores, density.log_prob(plain(other)), rtol=1e-12, atol=1e-9)


def test_no_more_parameters_than_half_the_values():
    assert list(held_out_losses(FourierEstimator(), np.linspace(-0.9, 0.9, 9))) == [0, 1, 2]
