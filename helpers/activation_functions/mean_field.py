"""What a wide random layer does to variances: of a signal on the way up, of a gradient on the way down."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from helpers.activation_functions.functions import Activation, Array, value_and_slope
from helpers.activation_functions.moments import _expectation, second_moment, slope_moment
from helpers.inputs import real_array, real_number


def gain(f: Activation, kinks: ArrayLike = (0.0,)) -> float:
    """σ_w = 1/√E[f(Z)²]: a wide layer then maps pre-activations of variance 1 to variance 1 (ReLU: √2, He et al.).

    ValueError where f vanishes almost everywhere, is nan or inf somewhere, or bends elsewhere than at the kinks.

    >>> import torch
    >>> round(gain(torch.relu) ** 2, 9)
    2.0
    """
    moment = float(second_moment(f, 1.0, kinks))
    if not moment > 0:
        raise ValueError("f: vanishes on almost every standard-normal input; give one whose scale a gain can preserve")
    return 1 / math.sqrt(moment)


def variance_map(
    f: Activation,
    variance: ArrayLike,
    weight_variance: float | None = None,
    bias_variance: float = 0.0,
    kinks: ArrayLike = (0.0,),
) -> Array:
    """V(q) = σ_w² E[f(√q Z)²] + σ_b²: the variance of the next layer's pre-activations (infinite width).

    variance: q > 0, any shape. weight_variance: σ_w² > 0, by default gain(f)², which makes V(1) = 1 + σ_b².

    >>> import torch
    >>> variance_map(torch.relu, [1.0, 3.0], bias_variance=0.5).round(9).tolist()
    [1.5, 3.5]
    """
    bias_variance = real_number("bias_variance", bias_variance, at_least=0)
    moment = second_moment(f, variance, kinks)
    return _finite(lambda: _weight_variance(f, weight_variance, kinks) * moment + bias_variance)


def variance_map_slope(
    f: Activation, variance: ArrayLike = 1.0, weight_variance: float | None = None, kinks: ArrayLike = (0.0,)
) -> Array:
    """V′(q) = σ_w² E[X f(X) f′(X)]/q for X ~ N(0, q): a fixed point of V is stable where it is below 1.

    >>> import torch
    >>> variance_map_slope(torch.relu, [0.5, 3.0]).round(9).tolist()  # V is a straight line
    [1.0, 1.0]
    """
    scale = np.sqrt(real_array("variance", variance, above=0))

    # One of the two factors √q is divided out inside, so that no product leaves the range of float64.
    def z_f_slope(x: Array) -> Array:
        return x / scale[..., None, None] * np.prod(value_and_slope(f, x), axis=0)

    moment = _expectation("f", z_f_slope, variance, kinks)
    return _finite(lambda: _weight_variance(f, weight_variance, kinks) * (moment / scale))


def chi1(
    f: Activation, variance: ArrayLike = 1.0, weight_variance: float | None = None, kinks: ArrayLike = (0.0,)
) -> Array:
    """χ₁(q) = σ_w² E[f′(√q Z)²]: the factor by which one layer multiplies a squared gradient (Schoenholz et al.).

    >>> import torch
    >>> float(chi1(torch.relu).round(9)), bool(chi1(torch.sigmoid) < 0.2)
    (1.0, True)
    """
    moment = slope_moment(f, variance, kinks)
    return _finite(lambda: _weight_variance(f, weight_variance, kinks) * moment)


def edge_of_chaos(f: Activation, variance: ArrayLike, kinks: ArrayLike = (0.0,)) -> tuple[Array, Array]:
    """The pair (σ_w², σ_b²) for which q = variance is a fixed point of V with χ₁(q) = 1.

    σ_b² comes out negative where no initialisation can have that fixed point on the edge. ValueError where the slope
    of f vanishes almost everywhere, so that χ₁ is 0 for every σ_w².

    >>> import torch
    >>> [float(v.round(9)) + 0.0 for v in edge_of_chaos(torch.relu, 1.0)]  # He et al. initialise on the edge
    [2.0, 0.0]
    """
    slopes, squares = slope_moment(f, variance, kinks), second_moment(f, variance, kinks)
    if not (slopes > 0).all():
        raise ValueError("f: has slope 0 at almost every input; give a function that no flat place covers")
    weight = _finite(lambda: 1 / slopes)
    return weight, _finite(lambda: real_array("variance", variance) - weight * squares)


def _weight_variance(f: Activation, weight_variance: float | None, kinks: ArrayLike) -> float:
    if weight_variance is None:
        root = gain(f, kinks)
        return root * root
    return real_number("weight_variance", weight_variance, above=0)


def _finite(result: Callable[[], Array]) -> Array:
    """result() if it is finite; ValueError otherwise, and no warning."""
    with np.errstate(over="ignore", invalid="ignore"):
        value = np.asarray(result())
    if not np.isfinite(value).all():
        raise ValueError("f, variance, weight_variance: the result is beyond float64; give values nearer to 1")
    return value[()]
