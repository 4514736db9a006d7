import warnings

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats
from sklearn.mixture import GaussianMixture

from helpers import density_peers as peers
from helpers.fourier_density import (
    FourierDensity,
    _Likelihood,
    autocorrelation,
    fejer_riesz,
    fourier_log_prob,
    kl_divergence,
    minimum_phase_start,
    power_series_exp,
    power_series_log,
    roughness_gradient,
    trigonometric_sum,
)


def random_amplitude(degree: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=degree + 1) + 1j * rng.normal(size=degree + 1)


def direct_pdf(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    amplitude = np.exp(-1j * np.pi * np.outer(x, np.arange(len(a)))) @ a
    return np.abs(amplitude) ** 2 / (2 * np.sum(np.abs(a) ** 2))


def exact_autocorrelation(a: np.ndarray) -> np.ndarray:
    return np.array([np.sum(a[: len(a) - n] * a[n:].conj()) for n in range(len(a))])


def midpoints(count: int) -> np.ndarray:
    return -1 + (np.arange(count) + 0.5) * 2 / count


@st.composite
def amplitudes(draw, max_degree: int = 128):
    degree = draw(st.integers(0, max_degree))
    exponent = draw(st.floats(-100, 100))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    decay = draw(st.floats(0, 3))
    a = rng.normal(size=degree + 1) + 1j * rng.normal(size=degree + 1)
    if draw(st.booleans()):  # every coefficient at its own scale
        return a * 10.0 ** rng.uniform(-100, 100, degree + 1)
    return a * (1 + np.arange(degree + 1.0)) ** -decay * 10**exponent


# The spectral factor


def test_autocorrelation_is_the_sum():
    a = random_amplitude(20)
    np.testing.assert_allclose(autocorrelation(a), exact_autocorrelation(a), atol=1e-13)
    np.testing.assert_allclose(autocorrelation(np.stack([a, 2 * a]))[1], 4 * exact_autocorrelation(a), atol=1e-12)


@pytest.mark.parametrize("degree", [0, 1, 2, 7, 64, 256])
def test_fejer_riesz_round_trip(degree):
    c = exact_autocorrelation(random_amplitude(degree, degree))
    a = fejer_riesz(c)
    assert np.abs(exact_autocorrelation(a) - c).max() <= 1e-13 * c[0].real
    assert a[0].real > 0 and abs(a[0].imag) < 1e-12 * abs(a[0])


@pytest.mark.parametrize(
    "zeros",
    [[1], [1, 1], [1] * 3, [1] * 6, [1, 1, -1, -1, 1j], list(np.exp(1j * np.linspace(0, 6, 40)))],
    ids=["simple", "double", "triple", "sixfold", "mixed", "forty"],
)
def test_fejer_riesz_with_zeros_on_the_circle(zeros):
    c = exact_autocorrelation(np.poly(zeros).astype(complex))
    a = fejer_riesz(c)
    assert np.abs(exact_autocorrelation(a) - c).max() <= 1e-8 * c[0].real


def test_fejer_riesz_is_minimum_phase_and_known():
    # f = |(1 − 2z)(3 − z)|²: the zero 1/2 is reflected to 2, giving ±(z − 2)(3 − z) = 6 − 5z + z².
    c = exact_autocorrelation(np.convolve([1, -2], [3, -1]).astype(complex))
    np.testing.assert_allclose(fejer_riesz(c), [6, -5, 1], atol=1e-13)
    zeros = np.roots(fejer_riesz(exact_autocorrelation(random_amplitude(30)))[::-1])
    assert np.abs(zeros).min() > 1 - 1e-9


@pytest.mark.parametrize("c", [[1, 0.51], [1, 0.7j], [1, 0, 0, -0.5001]])
def test_fejer_riesz_reports_the_minimum(c):
    low = trigonometric_sum(np.concatenate([[c[0]], 2 * np.array(c[1:])]), midpoints(100001)).min()
    with pytest.raises(ValueError, match="negative; the minimum found is") as caught:
        fejer_riesz(c)
    assert float(str(caught.value).split()[-1]) == pytest.approx(low, rel=1e-3)


@pytest.mark.parametrize(
    "c, message",
    [
        ([], "shape"),
        ([0, 1], "real and positive"),
        ([-1, 0], "real and positive"),
        ([1j, 0], "real and positive"),
        ([1, np.nan], "nan"),
        ([[1, 0]], "shape"),
        (["a"], "numbers"),
    ],
)
def test_fejer_riesz_rejects(c, message):
    with pytest.raises(ValueError, match=message):
        fejer_riesz(c)


def test_power_series_against_sympy():
    z = sp.symbols("z")
    series = sp.series(sp.log(2 + z / 2 + z**2 / 5), z, 0, 7).removeO()
    expected = [complex(series.coeff(z, m)) for m in range(7)]
    np.testing.assert_allclose(power_series_log(np.array([2, 0.5, 0.2], complex), 6), expected, atol=1e-15)
    a = random_amplitude(12)
    np.testing.assert_allclose(power_series_exp(power_series_log(a)), a, atol=1e-12 * np.abs(a).max())


def test_minimum_phase_start_is_close():
    c = exact_autocorrelation(np.array([3, 1, 0.5j]))
    np.testing.assert_allclose(autocorrelation(minimum_phase_start(c / c[0])), c / c[0], atol=3e-4)


# The density


@settings(deadline=None, max_examples=40)
@given(amplitudes())
def test_properties_of_any_density(a):
    density = FourierDensity(a)
    x = midpoints(8 * len(a) + 64)  # exact for trigonometric polynomials of this degree
    p = density.pdf(x)
    assert (p >= 0).all()
    assert p.mean() * 2 == pytest.approx(1, abs=1e-12)
    cdf = density.cdf(np.concatenate([[-1], x, [1]]))
    assert cdf[0] == 0 and cdf[-1] == 1
    assert np.diff(cdf).min() >= -1e-14
    u = np.concatenate([[0, 1], np.random.default_rng(0).random(50)])
    assert np.abs(density.cdf(density.icdf(u)) - u).max() <= 1e-12
    factor = density.minimum_phase
    assert np.abs(autocorrelation(factor) - density.coefficients).max() <= 1e-12


@settings(deadline=None, max_examples=25)
@given(amplitudes())
def test_entropy_against_quadrature(a):
    density = FourierDensity(a)
    p = density.pdf(midpoints(1 << 16))
    assert density.entropy() == pytest.approx(-2 * np.mean(p * np.log(np.maximum(p, 1e-300))), abs=2e-5)


@pytest.mark.parametrize("degree", [0, 1, 5, 64, 256])
def test_log_prob_against_the_direct_sum(degree):
    a = random_amplitude(degree, 3)
    x = np.random.default_rng(1).uniform(-1, 1, 3000)
    p = direct_pdf(a, x)
    np.testing.assert_allclose(FourierDensity(a).log_prob(x), np.log(p), atol=1e-9 if degree > 100 else 2e-10)
    np.testing.assert_allclose(FourierDensity(a).pdf(x), p, atol=1e-11)


def test_convention_is_not_the_mirrored_one():
    density = FourierDensity([1, 0.5j])  # |1 + ½ i e^{−iπx}|² = 5/4 + sin πx
    np.testing.assert_allclose(density.pdf(np.array([0.5, -0.5])), [2.25 / 2.5, 0.25 / 2.5], rtol=1e-14)
    assert density.mean() == pytest.approx(2 / np.pi / 2.5)


def test_uniform_density():
    density = FourierDensity([2j])
    assert density.pdf(0.3) == pytest.approx(0.5, rel=1e-15) and density.log_prob(1.1) == -np.inf
    assert density.cdf(0.5) == 0.75 and density.icdf(0.25) == pytest.approx(-0.5, abs=1e-15)
    assert (density.mean(), density.roughness(), density.modes().size) == (0, 0, 0)
    assert density.variance() == pytest.approx(1 / 3) and density.entropy() == pytest.approx(np.log(2))


@pytest.mark.parametrize("a", [[0, 0, 2, 0], [0, 0, 1j], [1e-100, 1e100, 1.0], [5e-324, 0]])
def test_one_coefficient_is_the_uniform_density_whatever_its_size(a):
    density = FourierDensity(a)
    np.testing.assert_allclose(density.pdf(np.linspace(-1, 1, 9)), 0.5, rtol=1e-14)
    assert density.modes().size == 0 and density.entropy() == pytest.approx(np.log(2), abs=1e-14)


def test_modes_may_be_flat_and_low():
    # p ∝ 2 − (1 − cos πx)²/4 rises like x⁴; p ∝ 1 + 1e-9 cos πx rises hardly at all.
    for c in ([2 - 3 / 8, 1 / 4, -1 / 16], [1, 5e-10]):
        np.testing.assert_allclose(FourierDensity(fejer_riesz(c)).modes(), [0], atol=1e-3)


@pytest.mark.parametrize("line", [False, True])
def test_moments_entropy_and_cdf_by_quadrature(line):
    a = random_amplitude(4, 5)
    density = FourierDensity(a, 0.7, 2.0) if line else FourierDensity(a)
    low, high = (0.7 - 60, 0.7 + 60) if line else (-1, 1)

    def expect(function):
        return integrate.quad(lambda t: float(function(t) * density.pdf(t)), low, high, limit=1000, epsabs=1e-12)[0]

    mean = expect(lambda t: t)
    assert expect(lambda t: 1.0) == pytest.approx(1, abs=1e-10)
    assert density.mean() == pytest.approx(mean, abs=1e-8)
    assert density.variance() == pytest.approx(expect(lambda t: (t - mean) ** 2), abs=1e-8)
    assert density.entropy() == pytest.approx(-expect(lambda t: density.log_prob(t)), abs=1e-8)
    below = integrate.quad(lambda t: float(density.pdf(t)), low, 0.3, limit=1000, epsabs=1e-12)[0]
    assert density.cdf(0.3) == pytest.approx(below, abs=1e-10)


def test_entropy_of_a_density_that_touches_zero():
    # p = (1 + cos πx)/2: h = −∫ p log p = log 2 − ½∫(1 + cos) log(1 + cos) = 2 log 2 − 1.
    assert FourierDensity([1, 1]).entropy() == pytest.approx(2 * np.log(2) - 1, abs=1e-14)
    assert np.isfinite(FourierDensity(np.poly([1] * 4)).entropy())


def test_closed_forms_of_the_shortest_density():
    # p = ½ + β cos πx with 2a_0a_1/(2(a_0² + a_1²)) = β.
    a0, a1 = 2.0, 1.0
    beta = a0 * a1 / (a0**2 + a1**2)
    density = FourierDensity([a0, a1])
    assert density.variance() == pytest.approx(1 / 3 - 4 * beta / np.pi**2)
    assert density.roughness() == pytest.approx(np.pi**2 * beta**2)
    np.testing.assert_allclose(density.modes(), [0], atol=1e-12)


def test_roughness_is_the_integral():
    density, x = FourierDensity(random_amplitude(9)), midpoints(4096)
    slope = trigonometric_sum(density.coefficients, x, 1)
    assert density.roughness() == pytest.approx(2 * np.mean(slope**2))


def test_modes_are_local_maxima():
    for density in (FourierDensity(random_amplitude(12, 2)), FourierDensity(random_amplitude(12, 2), 3.0, 0.5)):
        grid = 3.0 + 0.5 * np.arctanh(midpoints(40000)) if density.on_line else midpoints(40000)
        p = density.pdf(grid)
        peaks = grid[1:-1][(p[1:-1] > p[:-2]) & (p[1:-1] > p[2:])]
        np.testing.assert_allclose(density.modes(), peaks, atol=1e-3)


@pytest.mark.parametrize("line", [False, True])
def test_samples_follow_the_density(line):
    density = FourierDensity(random_amplitude(20, 4), *((1.0, 3.0) if line else ()))
    x = density.sample(20000, np.random.default_rng(0))
    assert stats.kstest(x, density.cdf).pvalue > 1e-3
    assert x.mean() == pytest.approx(density.mean(), abs=5 * np.sqrt(density.variance() / x.size))


def test_icdf_ends_and_flat_places():
    density = FourierDensity(np.poly([1, 1, -1, -1]))  # p has zeros of order 4
    u = np.concatenate([[0, 5e-324, 1e-300, 1e-17, 1 - 1e-16, 1], np.linspace(0, 1, 999)])
    x = density.icdf(u)
    assert np.abs(density.cdf(x) - u).max() <= 1e-13
    assert x[0] == -1 and x[5] == 1
    line = FourierDensity([1, 0.3], 0.0, 1.0)
    assert line.icdf(0.0) == -np.inf and line.icdf(1.0) == np.inf
    assert line.pdf(np.inf) == 0 and line.log_prob(-np.inf) == -np.inf and line.cdf(np.inf) == 1


def test_tails_on_the_line_are_exponential():
    density = FourierDensity([1, 0.2], 0.0, 2.0)
    slope = density.log_prob(np.array([40.0, -40.0])) - density.log_prob(np.array([30.0, -30.0]))
    np.testing.assert_allclose(slope / 10, -2 / 2.0, atol=1e-9)


def test_kl_divergence_against_quadrature():
    p, q, x = FourierDensity(random_amplitude(9, 1)), FourierDensity(random_amplitude(5, 2)), midpoints(1 << 18)
    expected = 2 * np.mean(p.pdf(x) * (p.log_prob(x) - q.log_prob(x)))
    assert kl_divergence(p, q) == pytest.approx(expected, abs=1e-7)
    assert kl_divergence(p, p) == 0
    on_line = [FourierDensity(d.a, 1.0, 2.0) for d in (p, q)]
    assert kl_divergence(*on_line) == pytest.approx(kl_divergence(p, q), abs=1e-13)
    with pytest.raises(ValueError, match="share loc and scale"):
        kl_divergence(p, on_line[1])


def test_torch_in_torch_out():
    a = torch.tensor(random_amplitude(6))
    density, reference = FourierDensity(a), FourierDensity(a.numpy())
    x = torch.linspace(-0.9, 0.9, 7, dtype=torch.float64)
    for name in ("pdf", "log_prob", "cdf"):
        value = getattr(density, name)(x)
        assert isinstance(value, torch.Tensor) and value.dtype == torch.float64
        np.testing.assert_allclose(value.numpy(), getattr(reference, name)(x.numpy()), rtol=1e-12)
    for value in (density.entropy(), density.modes(), density.coefficients, density.minimum_phase, autocorrelation(a)):
        assert isinstance(value, torch.Tensor)
    np.testing.assert_array_equal(density.coefficients.numpy(), reference.coefficients)
    factor = fejer_riesz(torch.tensor([2.5, 1.0]))
    np.testing.assert_allclose(factor.numpy(), fejer_riesz([2.5, 1.0]))
    drawn = density.sample(5, torch.Generator().manual_seed(0))
    assert isinstance(drawn, torch.Tensor) and drawn.shape == (5,)
    assert isinstance(reference.pdf(x.numpy().reshape(7, 1)), np.ndarray)
    assert reference.pdf(x.numpy().reshape(7, 1)).shape == (7, 1)


@pytest.mark.parametrize("line", [False, True])
def test_torch_gradients(line):
    x = torch.tensor([0.1, -0.4, 0.8], dtype=torch.float64, requires_grad=True)
    a = torch.tensor(random_amplitude(3), requires_grad=True)
    extra = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.2, 1.5)] if line else []
    assert torch.autograd.gradcheck(lambda x, a, *m: FourierDensity(a, *m).log_prob(x), (x, a, *extra))
    fast = FourierDensity(a.detach(), *[m.detach() for m in extra]).log_prob(x.detach())
    np.testing.assert_allclose(
        FourierDensity(a, *extra).log_prob(x).detach().numpy(), fast.numpy(), rtol=1e-11, atol=1e-12
    )
    batch = fourier_log_prob(torch.stack([a, 2 * a, 3 * a]), x)
    np.testing.assert_allclose(batch.detach().numpy(), FourierDensity(a.detach()).log_prob(x.detach()).numpy())


@pytest.mark.parametrize("a", [[], [0, 0], [np.nan], [np.inf, 1], [[1, 2]], "abc"])
def test_bad_coefficients(a):
    with pytest.raises(ValueError, match="^a: "):
        FourierDensity(a)


@pytest.mark.parametrize(
    "loc, scale", [(0.0, None), (None, 1.0), (0.0, 0.0), (0.0, -1.0), (np.nan, 1.0), (0.0, np.inf), ("x", 1.0)]
)
def test_bad_maps(loc, scale):
    with pytest.raises(ValueError, match="loc, scale"):
        FourierDensity([1, 2], loc, scale)


def test_bad_arguments():
    density, rng = FourierDensity([1, 0.5]), np.random.default_rng(0)
    for method in (density.pdf, density.log_prob, density.cdf, density.icdf):
        with pytest.raises(ValueError, match="nan"):
            method([0.1, np.nan])
        with pytest.raises(ValueError, match="not real"):
            method(np.array([1j]))
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        density.icdf(1.5)
    for n in (-1, 2.5, True):
        with pytest.raises(ValueError, match="n: .* must be an integer"):
            density.sample(n, rng)
    with pytest.raises(ValueError, match="generator"):
        density.sample(3, None)
    assert density.sample(0, rng).shape == (0,)


# Fitting


@pytest.mark.parametrize("line", [False, True])
@pytest.mark.parametrize("gamma", [0.0, 0.03])
def test_gradient_of_the_likelihood(line, gamma):
    rng = np.random.default_rng(0)
    x, weights = np.clip(0.3 * rng.normal(size=60), -1, 1), rng.dirichlet(np.ones(60))
    loss = _Likelihood(x, weights, 6, gamma, *((0.1, 0.5) if line else (None, None)))
    theta = rng.normal(size=14 + 2 * line) * 0.5
    numeric = optimize.approx_fprime(theta, lambda t: loss(t)[0], 1e-6)
    np.testing.assert_allclose(loss(theta)[1], numeric, atol=3e-5)
    density = FourierDensity(theta[:7] + 1j * theta[7:14], *((theta[14], np.exp(theta[15])) if line else ()))
    expected = -(weights * density.log_prob(x)).sum() + gamma * density.roughness()
    assert loss(theta)[0] == pytest.approx(expected, abs=1e-10)


def test_roughness_gradient_by_autograd():
    a = random_amplitude(5)
    t = torch.tensor(a, requires_grad=True)
    c = torch.stack([(t[: 6 - n] * t[n:].conj()).sum() for n in range(6)])
    value = torch.pi**2 * (torch.arange(6) ** 2 * c.abs() ** 2).sum() / c[0].real ** 2
    value.backward()
    np.testing.assert_allclose(roughness_gradient(a)[0], value.item(), rtol=1e-12)
    np.testing.assert_allclose(roughness_gradient(a)[1], t.grad.numpy(), atol=1e-10)


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


def test_fit_chooses_the_degree():
    truth = FourierDensity([1.0, 0.5, 0.3j])
    _, report = FourierDensity.fit(truth.sample(3000, np.random.default_rng(1)), "auto", folds=3)
    assert report.degree in (2, 3) and report.held_out[report.degree] == min(report.held_out.values())


def test_fit_warns_when_the_data_do_not_support_the_degree():
    with pytest.warns(UserWarning, match="40 parameters, more than the 30"):
        FourierDensity.fit(np.linspace(-0.5, 0.5, 30), 20, max_iterations=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FourierDensity.fit(np.linspace(-0.5, 0.5, 30), 10, max_iterations=3)


@pytest.mark.parametrize(
    "x, options, message",
    [
        ([0.1], {}, "1 point"),
        ([0.2, 0.2, 0.2], {}, "all 3 values equal 0.2"),
        ([0.1, np.nan], {}, "nan"),
        ([], {}, "shape"),
        ([0.1, 1j], {}, "float"),
        ([0.1, 1.5], {}, "line=True"),
        ([0.1, 0.5], {"degree": -1}, "degree"),
        ([0.1, 0.5], {"degree": 1.5}, "degree"),
        ([0.1, 0.5], {"degree": "many"}, "degree"),
        ([0.1, 0.5], {"gamma": -1}, "gamma"),
        ([0.1, 0.5], {"gamma": np.nan}, "gamma"),
        ([0.1, 0.5], {"loc": 1.0}, "give both"),
        ([0.1, 0.5], {"loc": 1.0, "scale": 0.0}, "scale > 0"),
        ([0.1, 0.5], {"weights": [1.0]}, "weights"),
        ([0.1, 0.5], {"weights": [1.0, -1.0]}, "weights"),
        ([0.1, 0.5], {"start": [1.0]}, "start"),
        ([0.1, 0.5], {"degree": "auto", "folds": 7}, "folds"),
    ],
)
def test_fit_rejects(x, options, message):
    with pytest.raises(ValueError, match=message):
        FourierDensity.fit(x, **{"degree": 1, **options})


# The peers


def mixture(seed: int = 0, models: int = 2, components: int = 3) -> peers.Mixture:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(models, components, generator=generator, dtype=torch.float64) * 0.5 for _ in range(3))


def test_mixture_gradient_and_density():
    x = torch.linspace(-2, 2, 40, dtype=torch.float64)
    weights = torch.softmax(torch.randn(2, 40, generator=torch.Generator().manual_seed(1)).double(), -1)
    parts = [part.requires_grad_() for part in mixture()]
    value = -(weights * peers.mixture_log_prob(x, parts)).sum(-1)
    expected = torch.autograd.grad(value.sum(), parts)
    measured, gradient = peers.mixture_gradient(x, weights, [part.detach() for part in parts])
    torch.testing.assert_close(measured, value.detach())
    for one, other in zip(gradient, expected, strict=True):
        torch.testing.assert_close(one, other)
    means, log_scales, logits = (part[0].detach().numpy() for part in parts)
    w = np.exp(logits) / np.exp(logits).sum()
    reference = (w * stats.norm.pdf(x.numpy()[:, None], means, np.exp(log_scales))).sum(-1)
    np.testing.assert_allclose(peers.mixture_log_prob(x, parts)[0].exp().detach().numpy(), reference, rtol=1e-12)


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
        (torch.zeros(2, 2), torch.ones(2), "shapes"),
        (torch.zeros(3), torch.ones(2) / 2, "shapes"),
        (torch.tensor([0.0, torch.nan]), torch.ones(2) / 2, "nan"),
        (torch.zeros(2), torch.ones(2), "sum to 1"),
        (torch.zeros(2), torch.tensor([2.0, -1.0]), "sum to 1"),
    ],
)
def test_mixture_fits_reject(x, weights, message):
    for fit in (peers.fit_mixture_em, peers.fit_mixture_lbfgs):
        with pytest.raises(ValueError, match=message):
            fit(x, weights, mixture(models=1))


def test_monotone_network_is_a_distribution_function():
    network = peers.monotone_network(3, 4, torch.Generator().manual_seed(0))
    assert sum(p[0].numel() for p in network) == 4**2 + 6 * 4 + 1
    with torch.no_grad():
        for p in network:
            p += 0.5 * torch.randn(p.shape, generator=torch.Generator().manual_seed(1))
    x = torch.linspace(-1, 1, 9, requires_grad=True)
    value, log_density = peers.monotone_log_prob(x, network)
    (slope,) = torch.autograd.grad(value[1].sum(), x)
    torch.testing.assert_close(slope, log_density[1].exp(), rtol=1e-3, atol=1e-5)
    assert (value.diff(dim=-1) > 0).all()
    wide, _ = peers.monotone_log_prob(torch.tensor([-300.0, 300.0]), network)
    torch.testing.assert_close(wide, torch.tensor([[0.0, 1.0]]).expand(3, 2), atol=1e-3, rtol=0)
