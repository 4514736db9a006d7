import itertools

import numpy as np
import pytest

from helpers.fourier_density import FourierDensity, kl_divergence
from tests.fourier_density.strategies import answer, midpoints, random_amplitude


def test_kl_divergence_against_quadrature():
    p, q, x = FourierDensity(random_amplitude(9, 1)), FourierDensity(random_amplitude(5, 2)), midpoints(1 << 18)
    expected = 2 * np.mean(p.pdf(x) * (p.log_prob(x) - q.log_prob(x)))
    assert kl_divergence(p, q) == pytest.approx(expected, abs=1e-7)
    assert kl_divergence(p, p) == 0
    on_line = [FourierDensity(d.a, 1.0, 2.0) for d in (p, q)]
    assert kl_divergence(*on_line) == pytest.approx(kl_divergence(p, q), abs=1e-13)
    with pytest.raises(ValueError, match="different domains"):
        kl_divergence(p, on_line[1])


def test_divergence_of_any_pair():
    x, densities = midpoints(1 << 11), [FourierDensity(random_amplitude(seed % 5, seed)) for seed in range(23)]
    values = [(density.pdf(x), density.log_prob(x)) for density in densities]
    for (p, (p_x, log_p)), (q, (q_x, log_q)) in itertools.product(zip(densities, values, strict=True), repeat=2):
        found = answer(kl_divergence, p, q)
        assert found >= 0 and (p is not q or found == 0)
        assert found == pytest.approx(2 * np.mean(p_x * (log_p - log_q)), abs=1e-2 if q_x.min() < 1e-4 else 1e-6)


def test_rounding_makes_no_divergence_negative():
    for seed in range(40):
        a = random_amplitude(6, seed)
        assert 0 <= kl_divergence(FourierDensity(a), FourierDensity(a * np.exp(1j * seed))) < 1e-12
