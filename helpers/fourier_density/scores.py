"""How far a fitted density is from the true one, both given on a grid: divergence, and maxima found."""

from __future__ import annotations

import numpy as np

from helpers.fourier_density._types import Array
from helpers.inputs import real_array


def divergence_on_grid(p: Array, log_q: Array) -> Array:
    """KL(p‖q) in nats on [−1, 1] by the midpoint rule, from p and log q (…, points).

    Steps are equal; log q counts as −700 at least. ValueError: other shapes, p < 0.

    >>> float(divergence_on_grid(np.array([0.0, 1.0]), np.log([0.5, 0.5])).round(6))  # all on one half: log 2
    0.693147
    """
    p, log_q = real_array("p", p, at_least=0), real_array("log_q", log_q, finite=False)
    if p.shape[-1] != log_q.shape[-1]:
        raise ValueError(f"p, log_q: have {p.shape[-1]} and {log_q.shape[-1]} points; give both on one grid")
    log_ratio = np.log(np.maximum(p, 1e-300)) - np.maximum(log_q, -700)
    return np.asarray(2 * np.where(p > 0, p * log_ratio, 0).mean(-1))


def local_maxima(x: Array, p: Array) -> Array:
    """The inner points of the grid x (n,) at which p (n,) is higher than to the left and no lower than to the right.

    >>> local_maxima(np.arange(5.0), np.array([0, 2, 1, 3, 0])).tolist()
    [1.0, 3.0]
    """
    x, p = real_array("x", x), real_array("p", p, finite=False)
    if x.ndim != 1 or x.shape != p.shape:
        raise ValueError(f"x, p: have shapes {x.shape} and {p.shape}; give both (n,)")
    return np.asarray(x[1:-1][(p[1:-1] > p[:-2]) & (p[1:-1] >= p[2:])])


def share_of_maxima_found(x: Array, p: Array, q: Array) -> float:
    """The share of the maxima of p that have one of q closer than half the smallest distance between those of p.

    ValueError: as of `local_maxima`, or p with fewer than two maxima.

    >>> share_of_maxima_found(np.arange(5.0), np.array([0, 2, 1, 3, 0]), np.array([0, 0, 0, 1, 0]))
    0.5
    """
    real, found = local_maxima(x, p), local_maxima(x, q)
    if real.size < 2:
        raise ValueError(f"p: has {real.size} maxima; give a density with two or more")
    nearest = np.abs(real[:, None] - np.append(found, np.inf)).min(1)
    return float(np.mean(nearest < np.diff(real).min() / 2))
