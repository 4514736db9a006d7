"""Fitting by maximum likelihood: check the data, start from their smoothed coefficients, minimise by L-BFGS."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import optimize

from helpers.fourier_density._arrays import complex_vector
from helpers.fourier_density._data import checked_data, mean_and_deviation, starting_map
from helpers.fourier_density._exponents import with_exponent
from helpers.fourier_density._likelihood import Likelihood
from helpers.fourier_density._line import from_line, standardized
from helpers.fourier_density._table import Table
from helpers.fourier_density._types import Array, Complex, Given
from helpers.fourier_density.roughness import roughness_gradient
from helpers.inputs import integer, real_number

_WIDEST = 20


@dataclass(frozen=True)
class FitReport:
    """What the optimiser reports. Likelihoods are means over the data, in nats: of q on the line, of p on [−1, 1]."""

    negative_log_likelihood: float
    objective: float  # with the penalty
    iterations: int
    evaluations: int
    converged: bool
    message: str
    degree: int
    history: Array  # objective after each iteration, the start first
    held_out: dict[int, float] | None = None  # degree="auto": mean held-out −log-likelihood of each degree tried


class Fit(NamedTuple):
    """A fitted density: a (N+1,) of unit norm, loc and scale (None on [−1, 1]), and how it was found."""

    a: Complex
    loc: float | None
    scale: float | None
    report: FitReport


def fit_coefficients(
    x: Given,
    degree: int,
    gamma: float = 0.0,
    *,
    loc: float | None = None,
    scale: float | None = None,
    line: bool = False,
    train_map: bool = True,
    weights: Given | None = None,
    start: Given | None = None,
    max_iterations: int = 2000,
    tolerance: float = 1e-9,
    callback: Callable[[float], None] | None = None,
) -> Fit:
    """What `FourierDensity.fit` does for one degree; the same arguments.

    >>> fit = fit_coefficients([-0.5, 0.5], 1)  # the highest p at ±½ that degree 1 allows is flat
    >>> round(fit.report.negative_log_likelihood, 6), fit.report.converged
    (0.693147, True)
    """
    points, shares = checked_data(x, weights)
    degree = integer("degree", degree, 0)
    gamma = real_number("gamma", gamma, at_least=0)
    max_iterations = integer("max_iterations", max_iterations, 0)
    tolerance = real_number("tolerance", tolerance, at_least=0)
    to_line = starting_map(points, shares, loc, scale, line)
    _warn_of_few_values(points, degree)
    # On the line the data are fitted in units of their own spread, so that the fit does not depend on the units given.
    center, unit = mean_and_deviation(points, shares) if to_line else (0.0, 1.0)
    points, shift = (points - center) / unit, 0.0
    if to_line is not None:
        to_line, shift = ((to_line[0] - center) / unit, to_line[1] / unit), float(np.log(unit))
    likelihood = Likelihood(points, shares, degree, gamma, to_line)
    a = _start(likelihood, start)
    theta = np.concatenate([a.real, a.imag])
    moving = to_line is not None and train_map
    if to_line is not None and moving:
        theta = np.concatenate([theta, [to_line[0], np.log(to_line[1])]])
    elif to_line is not None:  # the Jacobian of a fixed map is a constant of the objective
        shift += float(np.log(to_line[1]) - (shares * from_line(standardized(points, *to_line))[1]).sum())
    result, history = _minimise(likelihood, theta, moving, shift, max_iterations, tolerance, callback)
    a = result.x[: degree + 1] + 1j * result.x[degree + 1 : 2 * degree + 2]
    a /= np.linalg.norm(a)
    penalty = gamma * roughness_gradient(a)[0] if gamma else 0
    report = FitReport(
        negative_log_likelihood=float(result.fun + shift - penalty),
        objective=float(result.fun + shift),
        iterations=int(result.nit),
        evaluations=int(result.nfev),
        converged=bool(result.success),
        message=str(result.message),
        degree=degree,
        history=np.array(history),
    )
    if to_line is None:
        return Fit(a, None, None, report)
    if moving:
        to_line = float(result.x[-2]), float(np.exp(result.x[-1]))
    return Fit(a, center + unit * to_line[0], unit * to_line[1], report)


def _warn_of_few_values(x: Array, degree: int) -> None:
    distinct = np.unique(x).size
    if 2 * degree > distinct:
        text = f"degree {degree} has {2 * degree} parameters, more than the {distinct} different values of x support"
        warnings.warn(text, stacklevel=4)


def _start(likelihood: Likelihood, start: Given | None) -> Complex:
    """The given start, or the likelihood's own, at unit norm."""
    if start is None:
        return likelihood.start()
    a = complex_vector("start", start)
    if a.size != likelihood.degree + 1 or not a.any():
        raise ValueError(f"start: has {a.size} coefficients; give {likelihood.degree + 1}, not all zero")
    a, _ = with_exponent(a)
    unit: Complex = a / np.linalg.norm(a)
    amplitude, _ = Table(unit, likelihood.degree / 2).sums(likelihood.cell, likelihood.offset)
    if np.abs(amplitude).min() < 1e-14:
        raise ValueError("start: has density 0 at a value of x, from where no gradient leads away; give another")
    return unit


def _minimise(
    likelihood: Likelihood,
    theta: Array,
    moving: bool,
    shift: float,
    max_iterations: int,
    tolerance: float,
    callback: Callable[[float], None] | None,
) -> tuple[optimize.OptimizeResult, list[float]]:
    """L-BFGS from theta, and likelihood + shift after each iteration, the start first."""
    history = [likelihood(theta)[0] + shift]

    def record(intermediate_result: optimize.OptimizeResult) -> None:
        history.append(float(intermediate_result.fun) + shift)
        if callback is not None:
            callback(history[-1])

    bounds = None
    if moving:  # far away, and only so that no step of the line search overflows
        low, high = min(theta[-1], 0) - _WIDEST, max(theta[-1], 0) + _WIDEST
        bounds = [(None, None)] * (theta.size - 1) + [(low, high)]
    options = dict(maxiter=max_iterations, maxfun=2 * max_iterations + 1, maxcor=30, ftol=1e-15, gtol=tolerance)
    result = optimize.minimize(
        likelihood, theta, jac=True, method="L-BFGS-B", bounds=bounds, callback=record, options=options
    )
    if moving and not low < result.x[-1] < high:
        result.success, result.message = False, f"scale ended e^{_WIDEST} times beyond the data's spread or the start's"
    return result, history
