"""Hutchinson's estimate of a trace from products with random vectors, and the variance of one such probe."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from helpers.determinant_derivatives._exponents import Array, to_common_exponent, within_float64
from helpers.determinant_derivatives._scaling import transpose
from helpers.inputs import choice, integer, real_array
from helpers.inputs import generator as checked_generator

_DISTRIBUTIONS = ("rademacher", "gaussian")


def trace_estimate(
    matvec: Callable[[Array], Array],
    n: int,
    samples: int,
    generator: np.random.Generator,
    distribution: str = "rademacher",
) -> tuple[float, float]:
    """Hutchinson's estimate of a trace, E[zᵀAz] for random z with E[zzᵀ] = I, and its standard error.

    matvec: maps probes (n, samples), one per column, to A @ probes; called once. n ≥ 1, samples ≥ 2.
    generator: numpy.random.Generator. distribution: "rademacher" (±1) or "gaussian".
    Returns (estimate, standard error of the mean). ValueError for bad arguments, or a matvec that returns another
    shape or a non-finite number, and for a result beyond float64.
    Source: Hutchinson, Commun. Stat. Simul. Comput. 18 (1989).

    >>> trace_estimate(lambda z: 2 * z, 3, 10, np.random.default_rng(0))  # z · z = 3 for every vector of signs
    (6.0, 0.0)
    """
    n, samples = integer("n", n, 1), integer("samples", samples, 2)
    checked_generator("generator", generator)
    if choice("distribution", distribution, _DISTRIBUTIONS) == "gaussian":
        probes = generator.standard_normal((n, samples))
    else:
        probes = np.where(generator.integers(0, 2, (n, samples)), 1.0, -1.0)
    if not callable(matvec):
        raise ValueError(f"matvec: is {type(matvec).__name__}; give a function of an array (n, samples)")
    image = real_array("matvec", matvec(probes.copy()))  # a copy, which matvec may overwrite
    if image.shape != probes.shape:
        raise ValueError(f"matvec: returned shape {image.shape} for probes {probes.shape}; give one that keeps it")
    mantissa, exponent = to_common_exponent(image)
    values = (probes * mantissa).sum(0)
    moments = np.array([values.mean(), values.std(ddof=1) / math.sqrt(samples)])
    estimate, error = within_float64("matvec", moments, exponent, "scale it down").tolist()
    return estimate, error


def trace_estimate_variance(A: object, distribution: str = "rademacher") -> Array:
    """Variance of zᵀAz for one probe: 2‖S‖²_F for Gaussian z, 2(‖S‖²_F − Σ s_ii²) for Rademacher, S = (A + Aᵀ)/2.

    A: (…, n, n). Returns (…). ValueError as in `adjugate`, for another distribution, and for a result beyond float64.

    >>> float(trace_estimate_variance([[5.0, 1.0], [1.0, 7.0]]))  # the diagonal meets z_i² = 1: only 2 z₁z₂ varies
    4.0
    """
    A = real_array("A", A, square=True)
    choice("distribution", distribution, _DISTRIBUTIONS)
    mantissa, exponent = to_common_exponent(A)  # squares leave the range of floats early
    S = (mantissa + transpose(mantissa)) / 2
    if distribution == "rademacher":
        S = np.where(np.eye(A.shape[-1], dtype=bool), 0.0, S)  # left out, not taken away: no difference of large sums
    return within_float64("A", 2 * (S**2).sum((-2, -1)), 2 * exponent, "scale A down")[()]
