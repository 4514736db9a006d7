"""Expectations under normal input: by quadrature for any function, in closed form for min-exp."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from helpers.activation_functions.functions import Activation, Array, value_and_slope
from helpers.inputs import real_array

_EDGES = np.linspace(-12.0, 12.0, 97)  # P(|Z| > 12) < 1e-32
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


def normal_expectation(g: Callable[[Array], Array], variance: ArrayLike = 1.0, kinks: ArrayLike = (0.0,)) -> Array:
    """E[g(X)] for X ~ N(0, variance), by Gauss–Legendre quadrature on panels that end at the kinks.

    g: elementwise function of a float64 array, smooth between the kinks and growing at most exponentially.
    variance: > 0, any shape; the result has the same shape. kinks: where g or a derivative of it jumps.
    Absolute error about 1e-13 for variances between 1e-3 and 1e2 and g of size 1. ValueError for bad arguments.

    >>> normal_expectation(np.abs, [0.5 * np.pi, 2 * np.pi]).round(12).tolist()  # E|X| = √(2q/π)
    [1.0, 2.0]
    """
    scale = np.sqrt(real_array("variance", variance, above=0))[..., None]
    places = real_array("kinks", kinks).reshape(-1) if np.size(kinks) else np.empty(0)
    cuts = np.clip(places / scale, _EDGES[0], _EDGES[-1])
    edges = np.broadcast_to(_EDGES, (*scale.shape[:-1], _EDGES.size))
    edges = np.sort(np.concatenate([edges, cuts], axis=-1), axis=-1)
    half = np.diff(edges)[..., None] / 2
    z = (edges[..., :-1, None] + half) + half * _NODES
    values = np.asarray(g(scale[..., None] * z)) * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return (half * _WEIGHTS * values).sum((-2, -1))


def second_moment(f: Activation, variance: ArrayLike = 1.0, kinks: ArrayLike = (0.0,)) -> Array:
    """E[f(√q Z)²] at q = variance; shape of ``variance``.

    >>> float(second_moment(lambda x: 3 * x, 2.0).round(9))
    18.0
    """
    return normal_expectation(lambda x: value_and_slope(f, x)[0] ** 2, variance, kinks)


def slope_moment(f: Activation, variance: ArrayLike = 1.0, kinks: ArrayLike = (0.0,)) -> Array:
    """E[f′(√q Z)²] at q = variance; shape of ``variance``. f must be continuous.

    >>> float(slope_moment(lambda x: 3 * x, 2.0).round(9))
    9.0
    """
    return normal_expectation(lambda x: value_and_slope(f, x)[1] ** 2, variance, kinks)


def min_exp_moments(variance: ArrayLike = 1.0) -> tuple[Array, Array]:
    """E[f(X)²] and E[f′(X)²] for f = min_exp and X ~ N(0, q) in closed form, s = √q:

    q/2 + q((1 + 4q)T − 2s/√(2π)) and 1/2 + ((1 + 2q)² + q)T − (2s + 2s³)/√(2π), with T = e^{2q} Φ(−2s).
    ValueError unless every q is finite and above 0.

    >>> [round(float(moment), 3) for moment in min_exp_moments(1e-10)]  # near 0 the function is x
    [0.0, 1.0]
    """
    q = real_array("variance", variance, above=0)
    s = np.sqrt(q)
    tail = special.erfcx(math.sqrt(2) * s) / 2  # e^{2q} Φ(−2s) without overflow
    value = q / 2 + q * ((1 + 4 * q) * tail - 2 * s / math.sqrt(2 * math.pi))
    slope = 0.5 + ((1 + 2 * q) ** 2 + q) * tail - (2 * s + 2 * s**3) / math.sqrt(2 * math.pi)
    return value, slope
