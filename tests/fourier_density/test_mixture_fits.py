import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.mixture import GaussianMixture

from helpers.fourier_density import peers
from tests.fourier_density.strategies import hard_vectors, many, plain, random_mixture


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


@many
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([torch.float32, torch.float64]),
    st.floats(-15, 15),
    st.sampled_from([0.0, 1.0, 1e3]),
)
def test_one_gaussian_is_found_in_one_step(seed, dtype, exponent, shift):
    """Its mean and standard deviation, in any units and far from 0, from any start; unsorted data too."""
    scale, generator = 10.0**exponent, torch.Generator().manual_seed(seed)
    x = ((torch.randn(20, generator=generator).double() + shift) * scale).to(dtype)
    weights = torch.full((20,), 1 / 20, dtype=dtype)
    start = peers.quantile_start(x, weights, 1)
    start = start[0] + 3 * scale, start[1] + 1, start[2]
    _, (means, log_scales, _) = peers.em_step(x, weights, start)
    data, tolerance = x.double().numpy(), 1e-5 * (1 + shift) if dtype is torch.float32 else 1e-12 * (1 + shift)
    assert float(means[0]) / scale == pytest.approx(data.mean() / scale, abs=tolerance)
    assert float(log_scales[0]) == pytest.approx(np.log(data.std()), abs=10 * tolerance)


def test_a_mixture_far_from_0_and_in_small_units():
    generator = torch.Generator().manual_seed(0)
    for dtype, shift, scale in ((torch.float32, 1000, 1), (torch.float64, 1e8, 1), (torch.float64, 0, 1e-6)):
        x = (shift + scale * torch.randn(2000, generator=generator).double()).to(dtype)
        weights = torch.full((2000,), 1 / 2000, dtype=dtype)
        expected = -0.5 * np.log(2 * np.pi) - 0.5 - np.log(x.double().std(correction=0).item())
        start = peers.quantile_start(x, weights, 1)
        for fit in (peers.fit_mixture_em(x, weights, start, 5), peers.fit_mixture_lbfgs(x, weights, start)):
            value = peers.mixture_statistics(x.to(fit[0].dtype), weights.to(fit[0].dtype), fit)[0]
            assert float(value) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("distance", [2.0, 8.0, 12.0, 30.0, 100.0])
def test_em_takes_a_component_to_the_data_from_any_distance(distance):
    x = torch.linspace(-2, 2, 201, dtype=torch.float64)
    weights = torch.softmax(-(x**2) / 2, 0)
    mixture = torch.tensor([0.0, distance]).double(), torch.zeros(2).double(), torch.zeros(2).double()
    _, (means, log_scales, _) = peers.em_step(x, weights, mixture)
    shares = torch.softmax(weights.log() + torch.nn.functional.logsigmoid(x * distance - distance**2 / 2), 0)
    mean = float(shares @ x)
    assert float(means[1]) == pytest.approx(mean, abs=1e-9)
    assert float(log_scales[1].exp()) == pytest.approx(float(shares @ (x - mean) ** 2) ** 0.5, abs=1e-9)


def test_the_order_of_the_points_does_not_matter():
    x = torch.randn(300, generator=torch.Generator().manual_seed(0))
    weights = torch.softmax(x, 0)
    order = torch.argsort(x)
    for one, other in zip(
        peers.quantile_start(x, weights, 4), peers.quantile_start(x[order], weights[order], 4), strict=True
    ):
        torch.testing.assert_close(one, other)


@many
@given(hard_vectors(real=True), st.integers(1, 3))
def test_fits_of_any_input(x, components):
    x = torch.tensor(plain(x).copy())
    weights = torch.full(x.shape, 1 / max(x.numel(), 1), dtype=x.dtype if x.is_floating_point() else torch.float64)
    try:
        start = peers.quantile_start(x, weights, components)
        fits = [peers.fit_mixture_em(x, weights, start, 3), peers.fit_mixture_lbfgs(x, weights, start, 2)]
    except ValueError:
        return
    for part in (*start, *fits[0], *fits[1]):
        assert part.shape == (components,) and torch.isfinite(part).all()


def test_constant_data_are_refused():
    x, weights = torch.full((5,), 2.0), torch.full((5,), 0.2)
    with pytest.raises(ValueError, match="all 5 values equal 2"):
        peers.quantile_start(x, weights, 1)


def test_a_component_does_not_collapse():
    x = torch.tensor([0.0] * 9 + [4.0], dtype=torch.float64)
    weights = torch.full((10,), 0.1, dtype=torch.float64)
    for smallest, expected in ((None, 2e-3), (0.1, 0.1)):
        for fit in (peers.fit_mixture_em, peers.fit_mixture_lbfgs):
            scales = fit(x, weights, peers.quantile_start(x, weights, 2), 100, smallest)[1].exp()
            assert float(scales.min()) == pytest.approx(expected, rel=1e-6)


def test_start_stands_at_the_quantiles():
    x, weights = torch.linspace(0, 1, 1001).double(), torch.full((1001,), 1 / 1001, dtype=torch.float64)
    means, log_scales, _ = peers.quantile_start(x, weights, 4)
    np.testing.assert_allclose(means, [0.125, 0.375, 0.625, 0.875], atol=2e-3)
    np.testing.assert_allclose(log_scales.exp(), 0.125, atol=2e-3)


def test_adam_takes_the_steps_of_torch():
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(50, generator=rng).double()
    weights, mixture = torch.full((50,), 1 / 50, dtype=torch.float64), random_mixture(models=1)
    mixture = tuple(part.double() for part in mixture)
    path = peers.fit_mixture_adam(x, weights, mixture, 0.05, [3, 7])
    parts = [part.clone() for part in mixture]
    adam = torch.optim.Adam(parts, lr=0.05)
    for step in range(1, 8):
        for part, slope in zip(parts, peers.mixture_gradient(x, weights, tuple(parts))[1], strict=True):
            part.grad = slope
        adam.step()
        if step in path:
            for part, found in zip(parts, path[step], strict=True):
                torch.testing.assert_close(found, part)
    assert set(path) == {3, 7}


@pytest.mark.parametrize("rate, marks", [(0.0, [1]), (0.1, []), (0.1, [0]), (0.1, [1.5])])
def test_adam_refuses(rate, marks):
    with pytest.raises(ValueError, match="rate|marks"):
        peers.fit_mixture_adam(torch.linspace(-1, 1, 5), torch.full((5,), 0.2), random_mixture(models=1), rate, marks)
