"""Exponential and logarithm of a power series, by their recurrences: the two halves of a cepstrum."""

from __future__ import annotations

import numpy as np

from helpers.fourier_density._arrays import complex_vector
from helpers.fourier_density._types import Complex, Given
from helpers.inputs import integer


def power_series_exp(h: Given) -> Complex:
    """Coefficients of exp(Σ h_m z^m) to the same order, by m a_m = Σ_k k h_k a_{m−k}; h (n,).

    >>> power_series_exp([0, 1, 0, 0]).real.round(4).tolist()  # 1, 1, 1/2!, 1/3!
    [1.0, 1.0, 0.5, 0.1667]
    """
    h = complex_vector("h", h)
    a = np.zeros(h.size, dtype=complex)
    with np.errstate(over="ignore", invalid="ignore"):
        a[0] = np.exp(h[0])
        weighted = np.arange(h.size) * h
        for m in range(1, h.size):
            a[m] = weighted[1 : m + 1] @ a[m - 1 :: -1][:m] / m
    return _representable("h", a)


def _representable(name: str, series: Complex) -> Complex:
    if not np.isfinite(series).all():
        raise ValueError(f"{name}: its series leaves the range of float64; give smaller coefficients or a lower order")
    return series


def power_series_log(a: Given, order: int | None = None) -> Complex:
    """Coefficients h_0 … h_order of log Σ a_k z^k about z = 0, the inverse of `power_series_exp`; a (n,), a_0 ≠ 0.

    order: n − 1 by default. For a of minimum phase this is the complex cepstrum: log|A(x)|² = 2 Re Σ_m h_m e^{−iπmx}.

    >>> power_series_log([1, 1], 3).real.round(4).tolist()  # log(1 + z) = z − z²/2 + z³/3 − …
    [0.0, 1.0, -0.5, 0.3333]
    """
    a = complex_vector("a", a)
    if a[0] == 0:
        raise ValueError("a: a_0 is 0, where the logarithm has no series; give a_0 ≠ 0")
    order = a.size - 1 if order is None else integer("order", order, 0)
    weighted = np.zeros(order + 1, dtype=complex)  # k h_k
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = np.concatenate([a / a[0], np.zeros(max(order + 1 - a.size, 0))])
        for m in range(1, order + 1):
            weighted[m] = m * ratio[m] - weighted[1:m] @ ratio[m - 1 : 0 : -1]
        weighted[1:] /= np.arange(1, order + 1)
    weighted[0] = np.log(a[0])
    return _representable("a", weighted)
