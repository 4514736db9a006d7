"""Columns carried by a linear differential equation: the sides of a cell whose volume Liouville's formula tells."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp

from helpers.determinant_derivatives._exponents import Array
from helpers.inputs import real_array


def linear_flow(matrix_of_time: Callable[[float], Array], start: object, times: object) -> Array:
    """Columns of ``start`` carried along x′ = A(t) x from time 0 to each of the ascending ``times`` ≥ 0.

    matrix_of_time: t ↦ A(t), (n, n). start: (n, k); the identity gives the fundamental matrix Φ. Returns (times, n, k),
    by a Runge–Kutta method of order 8 with relative tolerance 1e-11. ValueError for bad shapes or times.

    >>> turned = linear_flow(lambda t: np.array([[0, -1], [1, 0]]), [[1], [0]], [np.pi / 2, np.pi])
    >>> (turned[..., 0].round(9) + 0.0).tolist()
    [[0.0, 1.0], [-1.0, 0.0]]
    """
    start, times = real_array("start", start), real_array("times", times, at_least=0)
    if start.ndim != 2:
        raise ValueError(f"start: has shape {start.shape}; give (n, k), columns to carry")
    if times.ndim != 1 or times[-1] <= 0 or (np.diff(times) <= 0).any():
        raise ValueError("times: does not ascend, or ends at 0; give a row of ascending numbers ≥ 0 that ends after 0")
    n, first = len(start), np.shape(matrix_of_time(0.0))
    if first != (n, n):
        raise ValueError(f"matrix_of_time: returned shape {first} at time 0; give (n, n) with n = {n}, as start has")

    def rhs(t: float, flat: Array) -> Array:
        return (matrix_of_time(t) @ flat.reshape(start.shape)).ravel()

    path = solve_ivp(rhs, (0.0, times[-1]), start.ravel(), t_eval=times, method="DOP853", rtol=1e-11, atol=1e-12)
    return path.y.T.reshape(len(times), *start.shape)
