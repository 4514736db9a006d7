"""Mean, variance and entropy from the coefficients b_n = c_n/c_0 (N+1,) of a density p, in closed form.

"On the line" is for z = artanh(x) with x ~ p: the density of the article's y = loc + scale · z at loc 0 and scale 1.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from helpers.fourier_density._arrays import complex_vector
from helpers.fourier_density._line import from_line
from helpers.fourier_density._table import RealTable
from helpers.fourier_density._types import Array, Complex, Given
from helpers.fourier_density.power_series import power_series_log


def _waves(b: Given) -> tuple[Complex, Array, Array]:
    """b_n, n and (−1)^n for n = 1 … N."""
    b = complex_vector("b", b)
    n = np.arange(1, b.size, dtype=float)
    return b[1:], n, (-1.0) ** n


def interval_mean(b: Given) -> float:
    """E x on [−1, 1]: Σ 2 (−1)^n Im b_n/(πn).

    >>> round(interval_mean([1, 0.5j]) * np.pi, 12)  # p = ½ − ½ sin πx
    -1.0
    """
    waves, n, sign = _waves(b)
    return float((waves.imag * 2 * sign / (np.pi * n)).sum())


def interval_variance(b: Given) -> float:
    """E (x − E x)² on [−1, 1], with E x² = 1/3 + Σ 4 (−1)^n Re b_n/(πn)².

    >>> round(interval_variance([1]), 12)
    0.333333333333
    """
    waves, n, sign = _waves(b)
    square = 1 / 3 + (waves.real * 4 * sign / (np.pi * n) ** 2).sum()
    return float(square - interval_mean(b) ** 2)


def line_mean(b: Given) -> float:
    """E z on the line, with ∫ artanh(x) sin(πnx) dx = (−1)^{n+1} Cin(2πn)/(πn).

    >>> round(line_mean([1, 0.5]), 12), line_mean([1, 0.5j]) < interval_mean([1, 0.5j])
    (0.0, True)
    """
    waves, n, sign = _waves(b)
    cin = np.euler_gamma + np.log(2 * np.pi * n) - special.sici(2 * np.pi * n)[1]
    return float((waves.imag * sign * cin / (np.pi * n)).sum())


def line_variance(b: Given) -> float:
    """E (z − E z)² on the line, by the trapezoid rule, which is exact to rounding for such a density.

    >>> round(line_variance([1]) * 12 / np.pi**2, 12)  # logistic: the variance is π²/12
    1.0
    """
    b = complex_vector("b", b)
    z, step = np.linspace(-25, 25, 400 * (b.size + 3) + 1, retstep=True)
    distance, log_jacobian = from_line(z)
    density = (RealTable(b)(distance) - 0.5) * np.exp(log_jacobian)
    return float(step * ((z - line_mean(b)) ** 2 * density).sum())


def cross_entropy(b: Given, a: Given) -> float:
    """−∫ p log q on [−1, 1], for p with coefficients b and q with the minimum-phase factor a.

    With log Σ a_m z^m = Σ h_m z^m, log |A|² = 2 Re Σ h_m e^{−iπmx} and ∫ p e^{−iπmx} dx = b_m, so that
    −∫ p log q = log(2 Σ|a|²) − 2 Re h_0 − 2 Re Σ_{m=1}^N h_m b_m: finite also where q touches zero. a = p's own factor
    gives the entropy of p.

    >>> round(cross_entropy([1], [3]), 12)  # uniform: log 2
    0.69314718056
    """
    b, a = complex_vector("b", b), complex_vector("a", a)
    h = power_series_log(a, b.size - 1)
    return float(np.log(2 * np.linalg.norm(a) ** 2) - 2 * h[0].real - 2 * (h[1:] * b[1:]).sum().real)


def mean_log_jacobian(b: Given) -> float:
    """E log(1 − x²), which the entropy on the line subtracts: ∫ log(1 − x²) cos(πnx) dx = −2 (−1)^n Si(2πn)/(πn).

    >>> round(mean_log_jacobian([1]), 12)  # 2 log 2 − 2
    -0.61370563888
    """
    waves, n, sign = _waves(b)
    sine_integral = special.sici(2 * np.pi * n)[0]
    return float(2 * np.log(2) - 2 + (waves.real * -2 * sign * sine_integral / (np.pi * n)).sum())
