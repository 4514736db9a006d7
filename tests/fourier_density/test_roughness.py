import numpy as np
import pytest
import torch
from hypothesis import given

from helpers.fourier_density import FourierDensity, roughness, roughness_gradient, trigonometric_sum
from tests.fourier_density.strategies import answer, hard_vectors, many, midpoints, plain, random_amplitude


def test_roughness_is_the_integral():
    density, x = FourierDensity(random_amplitude(9)), midpoints(4096)
    slope = trigonometric_sum(density.coefficients, x, 1)
    assert density.roughness() == pytest.approx(2 * np.mean(slope**2))


def test_roughness_gradient_by_autograd():
    a = random_amplitude(5)
    t = torch.tensor(a, requires_grad=True)
    c = torch.stack([(t[: 6 - n] * t[n:].conj()).sum() for n in range(6)])
    value = torch.pi**2 * (torch.arange(6) ** 2 * c.abs() ** 2).sum() / c[0].real ** 2
    value.backward()
    np.testing.assert_allclose(roughness_gradient(a)[0], value.item(), rtol=1e-12)
    np.testing.assert_allclose(roughness_gradient(a)[1], t.grad.numpy(), atol=1e-10)


@many
@given(hard_vectors())
def test_roughness_of_any_input(a):
    answer(roughness, a)
    found = answer(roughness_gradient, a)
    if found is not None:
        values = plain(a).astype(complex)
        scale = np.abs(values.view(float)).max()
        t = torch.tensor(values.real / scale + 1j * (values.imag / scale), requires_grad=True)
        c = torch.stack([(t[: len(t) - n] * t[n:].conj()).sum() for n in range(len(t))])
        value = torch.pi**2 * (torch.arange(len(t)) ** 2 * c.abs() ** 2).sum() / c[0].real ** 2
        value.backward()
        assert found[0] == pytest.approx(value.item(), rel=1e-10, abs=1e-11)
        np.testing.assert_allclose(found[1] * scale, t.grad.numpy(), atol=1e-9 * (1 + len(t) ** 3))
