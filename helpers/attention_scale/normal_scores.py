"""Scores that are independent N(0, 1): the annealed objective, its maximiser, and the largest of n scores."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from helpers.attention_scale._weights import Array
from helpers.inputs import broadcast, integer, real_array, real_number
from helpers.inputs import generator as checked_generator


def annealed_norm_normal(alpha: ArrayLike, n: ArrayLike) -> Array:
    """α(1 − e^{α²}/n): the objective with both sums replaced by expectations, for s ~ N(0, 1).

    alpha ≥ 0 and n ≥ 1 broadcast. −inf where e^{α²}/n overflows. ValueError for values out of range.

    >>> annealed_norm_normal([0.0, 1.0], 2 * math.e).round(12).tolist()  # 1 − e/2e
    [0.0, 0.5]
    """
    alpha, n = broadcast(alpha=real_array("alpha", alpha, at_least=0), n=real_array("n", n, at_least=1))
    with np.errstate(over="ignore"):
        return alpha * -np.expm1(alpha**2 - np.log(n))


def optimal_scale_normal(n: ArrayLike) -> Array:
    """α* = √(W(n√e/2) − ½), the maximiser of α(1 − e^{α²}/n), with W the principal branch of Lambert's function.

    Stationarity is (1 + 2α²)e^{α²} = n; with u = α² + ½ that is ue^u = n√e/2.
    n: number of keys ≥ 1, any shape, up to the largest float; 1 gives 0. ValueError for n < 1, nan, inf.

    >>> [round(float(a), 12) for a in optimal_scale_normal([1, 3 * math.e, 9 * math.exp(4)])]
    [0.0, 1.0, 2.0]
    """
    log_n = np.log(real_array("n", n, at_least=1))
    # Wright's ω(x) = W(eˣ) cannot overflow. One Newton step in α² restores the digits that −½ costs near n = 1.
    square = np.maximum(special.wrightomega(log_n + 0.5 - math.log(2)) - 0.5, 0)
    square = square - (square + np.log1p(2 * square) - log_n) / (1 + 2 / (1 + 2 * square))
    return np.sqrt(np.maximum(square, 0))


def expected_maximum_normal(n: ArrayLike) -> Array:
    """E[max of n independent N(0, 1)], the supremum over α of the mean objective for normal scores.

    n: ≥ 1 and ≤ 1e300, any shape. The largest of n is Φ⁻¹(U^{1/n}) with U uniform, and −log U = W is exponential, so
    that the result is ∫ Φ⁻¹(e^{−w/n}) e^{−w} dw. Over log w the trapezoidal rule converges exponentially: error below
    1e-13. ValueError for n out of range.

    >>> round(float(expected_maximum_normal(2) * math.sqrt(math.pi)), 12)
    1.0
    """
    n = real_array("n", n, at_least=1, at_most=1e300)
    step = 0.25
    w = np.exp(np.arange(-40, 4.1, step))  # e^{−40} is below, e^{4 − e⁴} far below the last bit
    blocks = np.array_split(n.ravel(), 1 + n.size // 4096)  # bounds the memory
    means = [special.ndtri_exp(-w / block[:, None]) @ (step * w * np.exp(-w)) for block in blocks]
    return np.concatenate(means).reshape(n.shape)[()]


def largest_normal_scores(generator: np.random.Generator, rows: int, n: float, count: int) -> Array:
    """The ``count`` largest of n independent N(0, 1) per row, exactly distributed, descending, (rows, count).

    n: 1 … 1e300, so large that the n scores could never be drawn. The smallest of n uniforms are Γ_1/Γ_{n+1},
    Γ_2/Γ_{n+1}, … with Γ the arrival times of a Poisson process (Rényi). ValueError unless 1 ≤ count ≤ n ≤ 1e300.

    >>> top = largest_normal_scores(np.random.default_rng(0), rows=2, n=1e300, count=3)
    >>> top.shape, bool((np.diff(top) < 0).all()), bool((36 < top).all() and (top < 38).all())
    ((2, 3), True, True)
    """
    checked_generator("generator", generator)
    integer("rows", rows, 1), integer("count", count, 1)
    n = real_number("n", n, at_least=1, at_most=1e300)
    if count > n:
        raise ValueError(f"count: is {count}; give an integer from 1 to n = {n:g}")
    arrivals = generator.standard_exponential((rows, count)).cumsum(-1)
    last = arrivals[:, -1:] + generator.standard_gamma(n + 1 - count, (rows, 1))
    return -special.ndtri(arrivals / last)
