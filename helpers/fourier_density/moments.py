"""Mean and variance from the coefficients b_n = c_n/c_0 (N+1,) of a density p, in closed form.

"On the line" is for z = artanh(x) with x ~ p: the density of the article's y = loc + scale · z at loc 0 and scale 1.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from helpers.fourier_density._arrays import density_coefficients
from helpers.fourier_density._line import from_line
from helpers.fourier_density._table import RealTable
from helpers.fourier_density._types import Array, Complex, Given


def _waves(b: Given) -> tuple[Complex, Array, Array]:
    """b_n, n and (−1)^n for n = 1 … N."""
    b = density_coefficients("b", b)
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
    b = density_coefficients("b", b)
    z, step = np.linspace(-25, 25, 400 * (b.size + 3) + 1, retstep=True)
    distance, log_jacobian = from_line(z)
    density = (RealTable(b)(distance) - 0.5) * np.exp(log_jacobian)
    return float(step * ((z - line_mean(b)) ** 2 * density).sum())
