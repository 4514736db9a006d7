import time

import numpy as np
import pytest
from hypothesis import given

from helpers.fourier_density import FourierDensity, cross_entropy, entropy_by_quadrature, mean_log_jacobian
from tests.fourier_density.strategies import answer, hard_vectors, many, random_amplitude


def test_closed_forms_and_quadrature_agree():
    z = np.linspace(-25, 25, 1001)
    jacobian, waves = (z[1] - z[0]) / np.cosh(z) ** 2, np.exp(1j * np.pi * np.outer(np.arange(8), np.tanh(z)))
    for seed in range(500):
        density = FourierDensity(random_amplitude(seed % 8, seed))
        b = density.coefficients
        closed = answer(cross_entropy, b, density.minimum_phase)
        assert closed == pytest.approx(answer(entropy_by_quadrature, b, 256), abs=1e-7)
        q = (0.5 + (b[1:] @ waves[1 : b.size]).real) * jacobian
        assert answer(mean_log_jacobian, b) == pytest.approx(-2 * np.log(np.cosh(z)) @ q, abs=1e-9)


@many
@given(hard_vectors(), hard_vectors())
def test_entropies_of_any_input(b, a):
    for function, arguments in ((entropy_by_quadrature, (b,)), (mean_log_jacobian, (b,)), (cross_entropy, (b, a))):
        answer(function, *arguments)


def test_entropy_of_a_high_degree_comes_at_once():
    begin = time.perf_counter()
    found = FourierDensity(np.ones(5000)).entropy()  # p = sin²(5000 πx/2)/(10⁴ sin²(πx/2)), with 4999 double zeros
    assert found == pytest.approx(-6.978677334, abs=1e-8) and time.perf_counter() - begin < 20
    low, high = FourierDensity(np.ones(200)).entropy(), entropy_by_quadrature(FourierDensity(np.ones(200)).coefficients)
    assert low == pytest.approx(high, abs=1e-9)
