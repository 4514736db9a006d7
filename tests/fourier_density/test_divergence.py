import numpy as np
import pytest

from helpers.fourier_density import FourierDensity, kl_divergence
from tests.fourier_density.strategies import midpoints, random_amplitude


def test_kl_divergence_against_quadrature():
    p, q, x = FourierDensity(random_amplitude(9, 1)), FourierDensity(random_amplitude(5, 2)), midpoints(1 << 18)
    expected = 2 * np.mean(p.pdf(x) * (p.log_prob(x) - q.log_prob(x)))
    assert kl_divergence(p, q) == pytest.approx(expected, abs=1e-7)
    assert kl_divergence(p, p) == 0
    on_line = [FourierDensity(d.a, 1.0, 2.0) for d in (p, q)]
    assert kl_divergence(*on_line) == pytest.approx(kl_divergence(p, q), abs=1e-13)
    with pytest.raises(ValueError, match="different domains"):
        kl_divergence(p, on_line[1])
