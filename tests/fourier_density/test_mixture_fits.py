import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from helpers.fourier_density import peers
from tests.fourier_density.strategies import random_mixture


def test_em_against_sklearn_and_lbfgs():
    rng = np.random.default_rng(0)
    data = np.sort(np.concatenate([rng.normal(-1, 0.3, 200), rng.normal(1, 0.5, 300)]))
    x, weights = torch.tensor(data), torch.full((1, 500), 1 / 500, dtype=torch.float64)
    start = peers.quantile_start(x, weights, 2)
    em = peers.fit_mixture_em(x, weights, start, 500)
    lbfgs = peers.fit_mixture_lbfgs(x, weights, start)
    reference = GaussianMixture(2, tol=1e-12, max_iter=2000, random_state=0).fit(data[:, None])
    expected = reference.score(data[:, None])
    for fitted in (em, lbfgs):
        assert float(peers.mixture_statistics(x, weights, fitted)[0][0]) == pytest.approx(expected, abs=1e-6)
    values = []
    for _ in range(5):
        value, start = peers.em_step(x, weights, start)
        values.append(float(value[0]))
    assert (np.diff(values) <= 1e-12).all()


@pytest.mark.parametrize(
    "x, weights, message",
    [
        (torch.zeros(2, 2), torch.ones(2), "has shape"),
        (torch.zeros(3), torch.ones(2) / 2, "has shape"),
        (torch.tensor([0.0, torch.nan]), torch.ones(2) / 2, "nan"),
        (torch.zeros(2), torch.ones(2), "sum to 1"),
        (torch.zeros(2), torch.tensor([2.0, -1.0]), "sum to 1"),
    ],
)
def test_mixture_fits_reject(x, weights, message):
    for fit in (peers.fit_mixture_em, peers.fit_mixture_lbfgs):
        with pytest.raises(ValueError, match=message):
            fit(x, weights, random_mixture(models=1))
