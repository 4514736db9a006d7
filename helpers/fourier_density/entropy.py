"""Entropies from the coefficients b_n = c_n/c_0 (N+1,) of a density, in closed form and by quadrature."""

from __future__ import annotations

import numpy as np
from scipy import special

from helpers.fourier_density._arrays import complex_vector, density_coefficients
from helpers.fourier_density._types import Given
from helpers.fourier_density.power_series import power_series_log
from helpers.inputs import integer


def entropy_by_quadrature(b: Given, points: int = 1024) -> float:
    """−∫ p log p on [−1, 1] by the trapezoid rule, at ``points`` a wave; O(N log N).

    Exact to rounding where p > 0; each double zero of p leaves an error of the third order in the step.

    >>> round(entropy_by_quadrature([1, 0.5]), 9)  # p = (1 + cos πx)/2: 2 log 2 − 1
    0.386294361
    """
    b = density_coefficients("b", b)
    grid = 1 << (integer("points", points, 2) * b.size).bit_length()
    p = np.maximum(np.fft.hfft(b, grid) / 2, 0)
    return float(-2 * special.xlogy(p, p).mean())


def cross_entropy(b: Given, a: Given) -> float:
    """−∫ p log q on [−1, 1], for p with coefficients b and q with the minimum-phase factor a.

    With log Σ a_m z^m = Σ h_m z^m, log |A|² = 2 Re Σ h_m e^{−iπmx} and ∫ p e^{−iπmx} dx = b_m, so that
    −∫ p log q = log(2 Σ|a|²) − 2 Re h_0 − 2 Re Σ_{m=1}^N h_m b_m: finite also where q touches zero. a = p's own factor
    gives the entropy of p.

    >>> round(cross_entropy([1], [3]), 12)  # uniform: log 2
    0.69314718056
    """
    b, a = density_coefficients("b", b), complex_vector("a", a)
    h = power_series_log(a, b.size - 1)
    return float(np.log(2 * np.linalg.norm(a) ** 2) - 2 * h[0].real - 2 * (h[1:] * b[1:]).sum().real)


def mean_log_jacobian(b: Given) -> float:
    """E log(1 − x²), which the entropy on the line subtracts: ∫ log(1 − x²) cos(πnx) dx = −2 (−1)^n Si(2πn)/(πn).

    >>> round(mean_log_jacobian([1]), 12)  # 2 log 2 − 2
    -0.61370563888
    """
    b = density_coefficients("b", b)
    n = np.arange(1, b.size)
    sine_integral = special.sici(2 * np.pi * n)[0]
    return float(2 * np.log(2) - 2 + (b[1:].real * -2 * (-1.0) ** n * sine_integral / (np.pi * n)).sum())
