"""Expectations under normal input: by quadrature for any function, in closed form for min-exp."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from helpers.activation_functions.functions import Activation, Array, _differentiated, _values
from helpers.inputs import real_array

_EDGES = np.linspace(-12.0, 12.0, 97)  # P(|Z| > 12) < 1e-32
_FAR_EDGES = np.linspace(-36.0, 36.0, 289)  # for functions that grow so fast, or start so far out, that this counts
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
# Values at the nodes times this: the integral over [−1, 1], and the last two coefficients of their Legendre series
# together, which are 0 where 24 nodes are enough; over √(2π), for the normal density.
_LAST = np.polynomial.legendre.legvander(_NODES, 23)[:, 22:] @ (np.arange(22, 24) + 0.5)
_RULES = np.stack([_WEIGHTS, _WEIGHTS * _LAST], axis=1) / math.sqrt(2 * math.pi)


def _panel_edges(even: Array, scale: Array, kinks: ArrayLike) -> Array:
    """Ends of the panels of quadrature in z = x/scale, for scale (..., 1): ``even`` ones and others, sorted.

    The density wants panels of width 1/4 in z. The function bends on the scale of 1 in x about 0 and about its kinks,
    and more slowly the farther away: there panels end at distances 1/4, 1/2, 1, 2, … until they are 1/4 wide in z.
    """
    centres = np.array(sorted({0.0, *real_array("kinks", kinks, empty=True).ravel().tolist()}))
    doublings = max(0, math.ceil(math.log2(scale.max())))
    distances = 2.0 ** np.arange(-2, doublings - 2)
    cuts = (centres[:, None] + np.concatenate([-distances, [0.0], distances])).reshape(-1) / scale
    edges = np.empty((*scale.shape[:-1], even.size + cuts.shape[-1]))
    edges[..., : even.size] = even
    edges[..., even.size :] = cuts.clip(even[0], even[-1])
    edges.sort(axis=-1)
    return edges


def normal_expectation(g: Callable[[Array], Array], variance: ArrayLike = 1.0, kinks: ArrayLike = (0.0,)) -> Array:
    """E[g(X)] for X ~ N(0, variance), by Gauss–Legendre quadrature on panels that end at the kinks.

    g: elementwise function of a float64 array, growing at most exponentially; smooth between the kinks, on the scale
    of 1 or of the distance from them or from 0. variance: > 0, any shape; the result has the same shape. kinks: where
    g or a derivative of it jumps. Absolute error about 1e-13 of E|g(X)|. ValueError for bad arguments, where g is nan
    or inf within twelve standard deviations (36 if g is so large beyond twelve that it counts) or grows too fast, and
    where it is so much less smooth that the error could exceed about 1e-7 of E|g(X)|: then name more kinks.

    >>> normal_expectation(np.abs, [0.5 * np.pi, 2 * np.pi]).round(12).tolist()  # E|X| = √(2q/π)
    [1.0, 2.0]
    """
    return _expectation("g", g, variance, kinks)


def _expectation(name: str, g: Callable[[Array], Array], variance: ArrayLike, kinks: ArrayLike) -> Array:
    scale = np.sqrt(real_array("variance", variance, above=0))[..., None]
    for even in (_EDGES, _FAR_EDGES):
        integral, size, ends = _integral(name, g, even, scale, kinks)
        if (size[..., 1] > 1e-6 * size[..., 0] + 1e-300).any():  # denormal numbers have few digits
            raise ValueError("kinks: the function bends sharply or jumps elsewhere too; give all places where it does")
        if (ends <= 1e-14 * size[..., 0] + 1e-300).all():
            return integral
    raise ValueError(
        f"{name}: counts beyond 36 standard deviations; give a function that grows less, or a smaller variance"
    )


def _integral(
    name: str, g: Callable[[Array], Array], even: Array, scale: Array, kinks: ArrayLike
) -> tuple[Array, Array, Array]:
    """Integral of g times the density; size and unresolved part of that, (..., 2); and the integrand at both ends.

    ValueError where they are not finite.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is refused below
        edges = _panel_edges(even, scale, kinks)
        half = (edges[..., 1:] - edges[..., :-1])[..., None] / 2
        z = half * _NODES
        z += edges[..., :-1, None] + half
        x = scale[..., None] * z
        values = np.asarray(g(x))
        if values.shape != x.shape or values.dtype.kind not in "biuf":
            raise ValueError(f"{name}: gives no real numbers of shape {x.shape}; give an elementwise function")
        z *= z  # from here on in place: fresh arrays of a few megabytes cost as much as the arithmetic
        z *= -0.5
        weighted = np.exp(z, out=z)
        weighted *= values
        panels = half * (weighted @ _RULES)
        size, ends = np.abs(panels).sum(-2), np.abs(weighted[..., 0, 0]) + np.abs(weighted[..., -1, -1])
    if not np.isfinite(size).all():  # as it is wherever one value is not
        bad = x[~np.isfinite(values)] if not np.isfinite(values).all() else x[np.abs(values) == np.abs(values).max()]
        raise ValueError(f"{name}: is nan or beyond float64 at {bad[0]:g}; give a function that is finite there")
    return panels[..., 0].sum(-1), size, ends


def second_moment(f: Activation, variance: ArrayLike = 1.0, kinks: ArrayLike = (0.0,)) -> Array:
    """E[f(√q Z)²] at q = variance; shape of ``variance``. ValueErrors as in `normal_expectation`.

    >>> float(second_moment(lambda x: 3 * x, 2.0).round(9))
    18.0
    """
    return _expectation("f", lambda x: np.square(_values(f, x)), variance, kinks)


def slope_moment(f: Activation, variance: ArrayLike = 1.0, kinks: ArrayLike = (0.0,)) -> Array:
    """E[f′(√q Z)²] at q = variance; shape of ``variance``. f must be continuous. ValueErrors as in `second_moment`.

    >>> float(slope_moment(lambda x: 3 * x, 2.0).round(9))
    9.0
    """
    return _expectation("f", lambda x: np.square(_differentiated(f, x)[1]), variance, kinks)


_LAGUERRE_NODES, _LAGUERRE_WEIGHTS = np.polynomial.laguerre.laggauss(32)


def min_exp_moments(variance: ArrayLike = 1.0) -> tuple[Array, Array]:
    """E[f(X)²] and E[f′(X)²] for f = min_exp and X ~ N(0, q) in closed form, s = √q:

    q/2 + q((1 + 4q)T − 2s/√(2π)) and 1/2 + ((1 + 2q)² + q)T − (2s + 2s³)/√(2π), with T = e^{2q} Φ(−2s).
    For large q the terms cancel; there the left half is integrated with u = −2x against e^{−u}, where its density is
    all but constant. ValueError unless every q is finite and above 0.

    >>> [round(float(moment), 3) for moment in min_exp_moments(1e-10)]  # near 0 the function is x
    [0.0, 1.0]
    """
    q = real_array("variance", variance, above=0)
    small, s = np.minimum(q, 3), np.sqrt(np.minimum(q, 3))  # one digit cancels at 3, every digit at 1e10
    tail = special.erfcx(math.sqrt(2) * s) / 2  # e^{2q} Φ(−2s) without overflow
    value = small * ((1 + 4 * small) * tail - 2 * s / math.sqrt(2 * math.pi))
    slope = ((1 + 2 * small) ** 2 + small) * tail - (2 * s + 2 * s**3) / math.sqrt(2 * math.pi)
    u, large = _LAGUERRE_NODES, np.maximum(q, 3)[..., None]
    density = _LAGUERRE_WEIGHTS * np.exp(-(u**2) / 8 / large) / math.sqrt(8 * math.pi) / np.sqrt(large)
    value = np.where(q < 3, value, (density * (u / 2) ** 2).sum(-1))
    slope = np.where(q < 3, slope, (density * (1 - u / 2) ** 2).sum(-1))
    return q / 2 + value, 0.5 + slope
