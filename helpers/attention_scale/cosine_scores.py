"""Scores that are cosines of random directions in ℝ^d: the annealed objective and its maximiser, plain and fast."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import elementwise, minimize_scalar

from helpers.attention_scale._debye import cosine_cumulant
from helpers.attention_scale._weights import Array
from helpers.attention_scale.normal_scores import optimal_scale_normal
from helpers.inputs import broadcast, real_array, real_number

_LARGEST_SCALE = float(np.finfo(float).max / 2)  # twice as much is a float64


def log_mean_exp_cosine_by_series(alpha: float, d: float) -> float:
    """log E[e^{αs}] for the cosine s of two random directions in ℝ^d: the series of ₀F₁(; d/2; α²/4), term by term.

    The ratio of term k to the one before is α²/4/(k(d/2 + k − 1)); past k = α the terms vanish quickly. So this needs
    α + 60 terms; error about 1e-13 max(1, α). alpha: 0 … 1e7, d ≥ 3; ValueError for values out of range.

    >>> math.isclose(log_mean_exp_cosine_by_series(2.0, 3), math.log(math.sinh(2) / 2))
    True
    """
    alpha = real_number("alpha", alpha, at_least=0, at_most=1e7)
    d = real_number("d", d, at_least=3)
    if alpha == 0:
        return 0.0
    k = np.arange(1, 60 + math.ceil(alpha))
    log_terms = np.append(0.0, np.cumsum(2 * (math.log(alpha) - math.log(2)) - np.log(k) - np.log(d / 2 + k - 1)))
    top = log_terms.max()
    return float(top + np.log(np.exp(log_terms - top).sum()))


def log_mean_exp_cosine(alpha: ArrayLike, d: ArrayLike) -> Array:
    """log E[e^{αs}] = log ₀F₁(; d/2; α²/4) for the cosine s of two random directions in ℝ^d.

    alpha ≥ 0 and d ≥ 3 broadcast; relative error below 1e-11. ValueError for values out of range.

    >>> log_mean_exp_cosine([0.0, 100.0], 3).round(10).tolist()  # 100 − log 200, up to e^{−200}
    [0.0, 94.7016826335]
    """
    alpha, d = broadcast(alpha=real_array("alpha", alpha, at_least=0), d=real_array("d", d, at_least=3))
    shifted = alpha > d
    return (cosine_cumulant(alpha, d, shifted)[0] + np.where(shifted, alpha, 0))[()]


def _collision(alpha: Array, d: Array) -> tuple[Array, Array]:
    """φ = log(E[e^{2αs}]/E[e^{αs}]²) and αφ′."""
    shifted = alpha > d  # for both, so that the shifts by 2α and by twice α cancel exactly
    (two, tilt_two), (one, tilt_one) = cosine_cumulant(2 * alpha, d, shifted), cosine_cumulant(alpha, d, shifted)
    return two - 2 * one, np.where(shifted, 2 * tilt_one - tilt_two, tilt_two - 2 * tilt_one)


def annealed_norm_cosine(alpha: ArrayLike, n: ArrayLike, d: ArrayLike) -> Array:
    """α(1 − E[e^{2αs}]/(n E[e^{αs}]²)): the annealed objective for cosine scores in ℝ^d.

    alpha (0 … 8.9e307), n ≥ 1 and d ≥ 3 broadcast. −inf where the value is below the range of float64.
    ValueError for values out of range.

    >>> round(float(annealed_norm_cosine(3.0, 10, 3)), 6) == round(3 - 9 / math.tanh(3) / 10, 6)  # α − α² coth(α)/n
    True
    """
    alpha, n, d = broadcast(
        alpha=real_array("alpha", alpha, at_least=0, at_most=_LARGEST_SCALE),
        n=real_array("n", n, at_least=1),
        d=real_array("d", d, at_least=3),
    )
    log_ratio, _ = _collision(alpha, d)
    with np.errstate(over="ignore"):
        return -alpha * np.expm1(log_ratio - np.log(n))


def optimal_scale_cosine_by_search(n: float, d: float) -> float:
    """The maximiser of the annealed objective for cosine scores by a bounded search, the plain way.

    One n and d at a time, each step two series, so that the highest scale tried, n^{2/(d−1)}√(d log n), must stay below
    5e6. Relative error about 1e-5 from n = 1.01 on. ValueError for n < 1, d < 3, or a higher scale.

    >>> round(optimal_scale_cosine_by_search(1000, 128), 3)
    26.021
    """
    n, d = real_number("n", n, at_least=1), real_number("d", d, at_least=3)

    def loss(alpha: float) -> float:
        ratio = log_mean_exp_cosine_by_series(2 * alpha, d) - 2 * log_mean_exp_cosine_by_series(alpha, d)
        return alpha * math.expm1(ratio - math.log(n))

    highest = math.sqrt(d * math.log(n)) * n ** (2 / (d - 1))
    if highest > 5e6:
        raise ValueError(f"n, d: scales up to {highest:.2g} would be tried; give a smaller n, or use the fast way")
    return float(minimize_scalar(loss, bounds=(0, highest), method="bounded", options={"xatol": 1e-9}).x)


def optimal_scale_cosine(n: ArrayLike, d: ArrayLike) -> Array:
    """The maximiser α* of the annealed objective for cosine scores: relative error below 1e-10.

    With φ = log(E[e^{2αs}]/E[e^{αs}]²), stationarity is φ + log(1 + αφ′) = log n, solved for log α for all n and d
    at once. For d → ∞ it is √d times `optimal_scale_normal`, which bounds it from below; for fixed d it grows as
    n^{2/(d−1)}. n: number of keys, ≥ 1 (1 gives 0). d: dimension ≥ 3. They broadcast. ValueError out of range.

    >>> optimal_scale_cosine([1, 1000, 1e6], 128).round(3).tolist()
    [0.0, 26.021, 43.098]
    """
    n, d = broadcast(n=real_array("n", n, at_least=1), d=real_array("d", d, at_least=3))
    result = np.zeros(n.shape)
    some = n > 1  # the others have every scale above 0 too large
    log_n, d = np.log(n[some]), d[some]

    def excess(log_alpha: Array, log_n: Array, d: Array) -> Array:
        with np.errstate(over="ignore"):
            alpha = np.minimum(np.exp(log_alpha), _LARGEST_SCALE)
        log_ratio, slope = _collision(alpha, d)
        # α* ≤ n/2 (with equality in three dimensions, up to e^{−n}), so that no root is beyond the largest scale.
        return np.where(alpha < _LARGEST_SCALE, log_ratio + np.log1p(slope) - log_n, 1.0)

    if log_n.size:
        # The cosine is sub-Gaussian with variance 1/d, so the normal optimum is below; the step up doubles in log α.
        low = np.log(optimal_scale_normal(n[some])) + np.log(d) / 2
        step = np.full(low.shape, 0.25)
        while (short := excess(low + step, log_n, d) < 0).any():
            step = np.where(short, 2 * step, step)
        found = elementwise.find_root(
            excess, (low - 1e-6, low + step), args=(log_n, d), tolerances={"xatol": 1e-12, "xrtol": 1e-15}
        )
        result[some] = np.exp(found.x)
    return result[()]
