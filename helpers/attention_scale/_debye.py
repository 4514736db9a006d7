"""The cumulant of the cosine between random directions, in any dimension and at any scale.

The plain way is `log_mean_exp_cosine_by_series`; it needs as many terms as the scale is large, which here is up to n.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from helpers.attention_scale._weights import Array

_LEAST_ORDER = 40  # below it the order is raised by as much; the error of the expansion is then below 1e-11


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
_DEBYE_QUOTIENT = [(u - u(1)) // Polynomial([-1, 1]) for u in _DEBYE]  # (U(t) − U(1))/(t − 1)


def _in_powers(polynomials: list[Polynomial], t: Array | float, order: Array) -> Array:
    return sum((u(t) * order**-k for k, u in enumerate(polynomials)), np.zeros(()))


def cosine_cumulant(x: Array, d: Array, shifted: NDArray[np.bool_]) -> tuple[Array, Array]:
    """K(x) = log E[e^{xs}] and xK′ for the cosine s of random directions in ℝ^d; where ``shifted``, K − x and x − xK′.

    x: 0 … the largest float, d: ≥ 3 to the largest float, of one shape. Each is a sum of terms that do not cancel, the
    first while x is at most of the size of d, the second (log E[e^{−x(1−s)}]) from there on.

    E[e^{xs}] = ₀F₁(; ν+1; x²/4) with ν = d/2 − 1. Debye's expansion gives both for orders ν ≥ 40; from a raised order
    the recurrence of Bessel functions leads down, with M = xK′ = x I_{ν+1}/I_ν and T = x − M:
    K_{ν−1} = K_ν + log(1 + M_ν/2ν),   M_{ν−1} = x²/(2ν + M_ν),   T_{ν−1} = x(2ν − T_ν)/(2ν + M_ν).
    """
    order = d / 2 - 1
    low = order < _LEAST_ORDER
    order = np.where(low, order + _LEAST_ORDER, order)
    ratio = x / order  # its square may overflow
    root = np.hypot(1, ratio)
    t = 1 / root
    lead = x * (ratio / (1 + root))  # √(order² + x²) − order
    excess = ratio * (ratio / (1 + root))  # root − 1
    safe = np.maximum(excess, 1e-300)  # keeps the quotient below from 0/0; its limit is ½
    log_half = np.log1p(safe / 2)  # log((1 + root)/2)
    at_zero = _in_powers(_DEBYE, 1.0, order)
    ripple = -excess * t * _in_powers(_DEBYE_QUOTIENT, t, order) / at_zero  # S(t)/S(1) − 1 with S = Σ U_k/order^k
    slope = _in_powers(_DEBYE_SLOPE, t, order) / (at_zero * (1 + ripple))
    bend = order / (ratio + root)  # √(order² + x²) − x
    value = np.where(shifted, bend - order * (1 + log_half), lead * (1 - log_half / safe))
    value = np.asarray(value - np.log1p(excess) / 2 + np.log1p(ripple))
    curl = (ratio / root) ** 2 * (0.5 + t * slope)
    tilt = np.asarray(np.where(shifted, order - bend + curl, lead - curl))
    for form in (False, True):
        if (some := low & (shifted == form)).any():
            value[some], tilt[some] = _to_lower_order(value[some], tilt[some], x[some], order[some], form)
    return value, tilt


def _to_lower_order(value: Array, tilt: Array, x: Array, order: Array, shifted: bool) -> tuple[Array, Array]:
    """The recurrence from ``order`` to order − 40."""
    for _ in range(_LEAST_ORDER):
        twice = 2 * order
        mean = x - tilt if shifted else tilt
        value = value + np.log1p(mean / twice)
        tilt = x * ((twice - tilt if shifted else x) / (twice + mean))
        order = order - 1
    return value, tilt
