"""What a wide random layer does to variances: of a signal on the way up, of a gradient on the way down."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from helpers.activation_functions.functions import Activation, Array, value_and_slope
from helpers.activation_functions.moments import normal_expectation, second_moment, slope_moment
from helpers.inputs import real_array, real_number


def gain(f: Activation, kinks: ArrayLike = (0.0,)) -> float:
    """σ_w = 1/√E[f(Z)²]: a wide layer then maps pre-activations of variance 1 to variance 1 (ReLU: √2, He et al.).

    ValueError where f vanishes almost everywhere.

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
    return _weight_variance(f, weight_variance, kinks) * second_moment(f, variance, kinks) + bias_variance


def variance_map_slope(
    f: Activation, variance: ArrayLike = 1.0, weight_variance: float | None = None, kinks: ArrayLike = (0.0,)
) -> Array:
    """V′(q) = σ_w² E[X f(X) f′(X)]/q for X ~ N(0, q): a fixed point of V is stable where it is below 1.

    >>> import torch
    >>> variance_map_slope(torch.relu, [0.5, 3.0]).round(9).tolist()  # V is a straight line
    [1.0, 1.0]
    """
    moment = normal_expectation(lambda x: x * np.prod(value_and_slope(f, x), axis=0), variance, kinks)
    return _weight_variance(f, weight_variance, kinks) * moment / real_array("variance", variance)


def chi1(
    f: Activation, variance: ArrayLike = 1.0, weight_variance: float | None = None, kinks: ArrayLike = (0.0,)
) -> Array:
    """χ₁(q) = σ_w² E[f′(√q Z)²]: the factor by which one layer multiplies a squared gradient (Schoenholz et al.).

    >>> import torch
    >>> float(chi1(torch.relu).round(9)), bool(chi1(torch.sigmoid) < 0.2)
    (1.0, True)
    """
    return _weight_variance(f, weight_variance, kinks) * slope_moment(f, variance, kinks)


def edge_of_chaos(f: Activation, variance: ArrayLike, kinks: ArrayLike = (0.0,)) -> tuple[Array, Array]:
    """The pair (σ_w², σ_b²) for which q = variance is a fixed point of V with χ₁(q) = 1.

    σ_b² comes out negative where no initialisation can have that fixed point on the edge.

    >>> import torch
    >>> [float(v.round(9)) + 0.0 for v in edge_of_chaos(torch.relu, 1.0)]  # He et al. initialise on the edge
    [2.0, 0.0]
    """
    weight = 1 / slope_moment(f, variance, kinks)
    return weight, real_array("variance", variance) - weight * second_moment(f, variance, kinks)


def _weight_variance(f: Activation, weight_variance: float | None, kinks: ArrayLike) -> float:
    return gain(f, kinks) ** 2 if weight_variance is None else real_number("weight_variance", weight_variance, above=0)
