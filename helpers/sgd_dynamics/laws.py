"""Laws of one coordinate on a grid: where a noisy iteration lives, without sampling, and the law e^{−L/T}."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import real_array, real_number
from helpers.sgd_dynamics._types import Array, Field, field_values, locked


def stationary_shares(gradient: Field, places: ArrayLike, *, step: float, sigma: float) -> Array:
    """Shares (n,) of the even grid ``places`` (n,) in the stationary law of θ ← θ − γ(∇L + σξ), ξ standard normal.

    It is the law that one noisy step maps to itself, a linear system of n equations: n of a thousand take 0.1 s.
    The grid has to hold the law, and be finer than the noise γσ of one step. step, sigma > 0; ValueError otherwise.

    >>> shares = stationary_shares(lambda x: x, np.linspace(-6, 6, 241), step=1, sigma=1)  # θ = −ξ at every step
    >>> round(float(shares @ np.linspace(-6, 6, 241) ** 2), 6)
    1.0
    """
    places = _increasing("places", places)
    step, sigma = real_number("step", step, above=0), real_number("sigma", sigma, above=0)
    width = places[1:] - places[:-1]
    if np.ptp(width) > 1e-9 * np.abs(places).max() or width[0] > step * sigma:
        raise ValueError(f"places: must be even and closer than the noise {step * sigma:g}; give a finer grid")
    landing = places - step * field_values("gradient", gradient, locked(places))
    logs = -(((places - landing[:, None]) / (step * sigma)) ** 2) / 2
    move = np.exp(logs - logs.max(1, keepdims=True))
    balance = (move / move.sum(1, keepdims=True)).T - np.eye(places.size)
    balance[-1] = 1.0  # one balance follows from the others; in its place, the shares add up to 1
    shares: Array = np.linalg.solve(balance, np.eye(places.size)[-1])
    return np.maximum(shares, 0.0)  # rounding leaves a −1e−17 where there is nothing


def gibbs_shares(potential: Field, edges: ArrayLike, temperature: float) -> Array:
    """Shares (n,) of the bins between ``edges`` (n + 1,) in the law e^{−L/T} on them, each bin by its middle.

    temperature T > 0, edges that increase; ValueError otherwise.

    >>> gibbs_shares(lambda x: 0 * x, [0, 1, 2, 4], temperature=1).tolist()
    [0.25, 0.25, 0.5]
    """
    edges, temperature = _increasing("edges", edges), real_number("temperature", temperature, above=0)
    middles = (edges[1:] + edges[:-1]) / 2
    logs = -field_values("potential", potential, locked(middles)) / temperature
    weights = np.diff(edges) * np.exp(logs - logs.max())
    return weights / weights.sum()


def _increasing(name: str, values: ArrayLike) -> Array:
    values = real_array(name, values)
    if values.ndim != 1 or values.size < 2 or (np.diff(values) <= 0).any():
        raise ValueError(f"{name}: has shape {values.shape}; give one axis of at least two numbers that increase")
    return values
