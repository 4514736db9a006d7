"""The cumulant of the cosine between random directions, in any dimension and at any scale.

The plain way is `log_mean_exp_cosine_by_series`; it needs as many terms as the scale is large, which here is up to n.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import Polynomial

from helpers.attention_scale._weights import Array


def _debye_polynomials(count: int) -> list[Polynomial]:
    """U_0 … U_{count−1} of the uniform expansion of I_ν (DLMF 10.41.9)."""
    t = Polynomial([0, 1])
    polynomials = [Polynomial([1])]
    for _ in range(count - 1):
        last = polynomials[-1]
        polynomials.append(t**2 * (1 - t**2) * last.deriv() / 2 + ((1 - 5 * t**2) * last).integ() / 8)
    return polynomials


_DEBYE = _debye_polynomials(7)
_DEBYE_SLOPE = [u.deriv() for u in _DEBYE]
_LIFT = 40  # orders climbed before the expansion in 1/order is used; its error is then below 1e-11


def cosine_cumulant(x: Array, d: Array) -> tuple[Array, Array]:
    """log E[e^{−x(1−s)}] and x(1 − E_x[s]) for the cosine s of random directions in ℝ^d, tilted by e^{xs} in E_x.

    E[e^{xs}] = ₀F₁(; ν+1; x²/4) with ν = d/2 − 1. Debye's expansion gives both at order ν + _LIFT; the recurrence
    of Bessel functions, written for T_ν = x(1 − I_{ν+1}(x)/I_ν(x)) so that nothing cancels at large x, leads down:
    T_{μ−1} = (2μ − T_μ)/(1 + (2μ − T_μ)/x),   ₀F₁(; μ; ·) = ₀F₁(; μ+1; ·)·(1 + (x − T_μ)/(2μ)).
    """
    order = d / 2 - 1 + _LIFT
    root = np.hypot(order, x)
    t = order / root
    bend = order**2 / (x + root)  # √(order² + x²) − x
    series = sum(u(t) * order**-k for k, u in enumerate(_DEBYE))
    slope = sum(u(t) * order**-k for k, u in enumerate(_DEBYE_SLOPE))
    at_zero = sum(u(1) * order**-k for k, u in enumerate(_DEBYE))
    excess = (x / order) * (x / (root + order))  # 1/t − 1
    log_mean = bend - order - order * np.log1p(excess / 2) - np.log1p(excess) / 2 + np.log(series / at_zero)
    tilt = order - bend + (1 - t**2) * (0.5 + t * slope / series)
    for _ in range(_LIFT):
        log_mean = log_mean + np.log1p((x - tilt) / (2 * order))
        tilt = (2 * order - tilt) * x / (x + 2 * order - tilt)
        order = order - 1
    return log_mean, tilt
