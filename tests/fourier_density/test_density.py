import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.fourier_density import FourierDensity, autocorrelation, fejer_riesz
from tests.examples import examples
from tests.fourier_density.strategies import (
    amplitudes,
    answer,
    batches,
    direct_pdf,
    hard_vectors,
    many,
    midpoints,
    plain,
    random_amplitude,
)


@examples(40)
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


def test_modes_are_local_maxima():
    for density in (FourierDensity(random_amplitude(12, 2)), FourierDensity(random_amplitude(12, 2), 3.0, 0.5)):
        grid = 3.0 + 0.5 * np.arctanh(midpoints(40000)) if density.on_line else midpoints(40000)
        p = density.pdf(grid)
        peaks = grid[1:-1][(p[1:-1] > p[:-2]) & (p[1:-1] > p[2:])]
        np.testing.assert_allclose(density.modes(), peaks, atol=1e-3)


def test_tails_on_the_line_are_exponential():
    density = FourierDensity([1, 0.2], 0.0, 2.0)
    slope = density.log_prob(np.array([40.0, -40.0])) - density.log_prob(np.array([30.0, -30.0]))
    np.testing.assert_allclose(slope / 10, -2 / 2.0, atol=1e-9)


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


@pytest.mark.parametrize("a", [[], [0, 0], [np.nan], [np.inf, 1], [[1, 2]], "abc"])
def test_bad_coefficients(a):
    with pytest.raises(ValueError, match="^a: "):
        FourierDensity(a)


@pytest.mark.parametrize(
    "loc, scale", [(0.0, None), (None, 1.0), (0.0, 0.0), (0.0, -1.0), (np.nan, 1.0), (0.0, np.inf), ("x", 1.0)]
)
def test_bad_maps(loc, scale):
    with pytest.raises(ValueError, match="^(loc|scale|loc, scale): "):
        FourierDensity([1, 2], loc, scale)


def test_bad_arguments():
    density, rng = FourierDensity([1, 0.5]), np.random.default_rng(0)
    for method in (density.pdf, density.log_prob, density.cdf, density.icdf):
        with pytest.raises(ValueError, match="holds nan"):
            method([0.1, np.nan])
        with pytest.raises(ValueError, match="give real numbers"):
            method(np.array([1j]))
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        density.icdf(1.5)
    for n in (-1, 2.5, True):
        with pytest.raises(ValueError, match="n: is .*; give an integer ≥ 0"):
            density.sample(n, rng)
    with pytest.raises(ValueError, match="generator"):
        density.sample(3, None)
    assert density.sample(0, rng).shape == (0,)


@many
@given(hard_vectors(), hard_vectors(real=True))
def test_densities_of_any_input(a, x):
    density = answer(FourierDensity, a)
    values = plain(a).astype(complex)
    assert (density is None) == (values.size == 0 or not values.any() or not np.isfinite(values).all())
    if density is None:
        return
    points = plain(x).astype(float)
    log_p = answer(density.log_prob, x, infinite=True)
    p, phi = answer(density.pdf, x), answer(density.cdf, x)
    if np.isnan(points).any():
        assert log_p is None and p is None and phi is None
        return
    inside = np.abs(points) <= 1
    scale = np.abs(values.view(float)).max()
    expected = direct_pdf(values.real / scale + 1j * (values.imag / scale), points[inside])
    np.testing.assert_allclose(plain(p)[inside], expected, atol=1e-12)
    good = expected > 1e-3
    np.testing.assert_allclose(plain(log_p)[inside][good], np.log(expected[good]), atol=1e-10)
    assert (plain(log_p)[~inside] == -np.inf).all()
    assert (plain(phi)[points >= 1] == 1).all() and (plain(phi)[points <= -1] == 0).all()
    for moment in (density.mean, density.variance, density.roughness, density.entropy):
        answer(moment)
    assert -1 <= density.mean() <= 1 and 0 <= density.variance() <= 1 and density.entropy() <= np.log(2) + 1e-12
    modes = plain(density.modes())
    assert (np.abs(modes) <= 1).all()
    assert (density.pdf(modes) >= density.pdf(np.clip(modes + 1e-4, -1, 1)) - 1e-7 * (1 + density.degree)).all()


@batches
@given(st.integers(0, 2**32 - 1), st.floats(-140, 140), st.floats(-2, 2))
def test_densities_on_the_line_at_any_scale(seed, exponent, shift):
    """y ↦ 10^e (y + shift) moves the density and nothing else."""
    rng = np.random.default_rng(seed)
    a, z, scale = random_amplitude(seed % 6, seed), rng.normal(size=5) * 3, 10.0**exponent
    unit, moved = FourierDensity(a, 0.0, 1.0), FourierDensity(a, shift * scale, scale)
    y, u = shift * scale + scale * z, rng.random(5) ** 9
    log_scale = np.log(scale)
    np.testing.assert_allclose(answer(moved.log_prob, y), unit.log_prob(z) - log_scale, atol=1e-8)
    np.testing.assert_allclose(answer(moved.cdf, y), unit.cdf(z), atol=1e-12)
    np.testing.assert_allclose(answer(moved.icdf, u), shift * scale + scale * unit.icdf(u), rtol=1e-12)
    assert answer(moved.mean) == pytest.approx(shift * scale + scale * unit.mean(), rel=1e-9, abs=1e-12 * scale)
    assert answer(moved.variance) / scale**2 == pytest.approx(unit.variance(), rel=1e-9)
    assert answer(moved.entropy) == pytest.approx(unit.entropy() + log_scale, abs=1e-9)


@pytest.mark.parametrize("edge", [1.0, np.nextafter(1, 2), -1.0, np.nextafter(-1, -2), 1e300, -np.inf])
def test_the_ends_of_the_interval_belong_to_it_and_nothing_beyond(edge):
    density = FourierDensity([1, 0.5j])
    assert np.isfinite(density.log_prob(edge)) == (abs(edge) <= 1)
    assert np.isfinite(density.log_prob(torch.tensor(edge, requires_grad=True)).item()) == (abs(edge) <= 1)


def test_density_tells_what_it_is():
    assert repr(FourierDensity([1, 2, 3])) == "FourierDensity of degree 2 on [−1, 1]"
    assert repr(FourierDensity([1], 0.5, 2.0)) == "FourierDensity of degree 0 on ℝ, loc 0.5, scale 2"


def test_small_densities_keep_their_digits():
    x = 1 - 10.0 ** np.arange(-6, -1)  # p = (1 + cos πx)/2 = cos²(πx/2)
    np.testing.assert_allclose(FourierDensity([1, 1]).pdf(x), np.cos(np.pi * x / 2) ** 2, rtol=1e-9)
