"""Columns carried by a linear differential equation: the sides of a cell whose volume Liouville's formula tells."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import DOP853

from helpers.determinant_derivatives._exponents import Array, Integers, within_float64
from helpers.inputs import real_array

_MOST_EVALUATIONS = 100_000  # of A(t), a few seconds; a solution that blows up asks for ever more


def linear_flow(matrix_of_time: Callable[[float], Array], start: object, times: object) -> Array:
    """Columns of ``start`` carried along x′ = A(t) x from time 0 to each of the ascending ``times`` ≥ 0.

    matrix_of_time: t ↦ A(t), (n, n). start: (n, k); the identity gives the fundamental matrix Φ. Returns (times, n, k),
    by a Runge–Kutta method of order 8 with tolerance 1e-11 relative to each column's present size, grown or decayed.
    ValueError for bad shapes or times, an A(t) that is not finite, a solution beyond float64, and where more than
    100 000 evaluations of A(t) do not reach the last time.

    >>> turned = linear_flow(lambda t: np.array([[0, -1], [1, 0]]), [[1], [0]], [np.pi / 2, np.pi])
    >>> (turned[..., 0].round(9) + 0.0).tolist()
    [[0.0, 1.0], [-1.0, 0.0]]
    """
    start, times = real_array("start", start), real_array("times", times, at_least=0)
    if start.ndim != 2:
        raise ValueError(f"start: has shape {start.shape}; give (n, k), columns to carry")
    if times.ndim != 1 or times[-1] <= 0 or (np.diff(times) <= 0).any():
        raise ValueError("times: does not ascend, or ends at 0; give a row of ascending numbers ≥ 0 that ends after 0")
    if not callable(matrix_of_time):
        raise ValueError(f"matrix_of_time: is {type(matrix_of_time).__name__}; give a function of time")
    n, evaluations = len(start), 0

    def velocity(t: float, flat: Array) -> Array:
        nonlocal evaluations
        if evaluations == _MOST_EVALUATIONS:
            raise ValueError(f"times: {evaluations} evaluations of A(t) led to {t:g} only; give times before that")
        evaluations += 1
        A = real_array("matrix_of_time", matrix_of_time(t))
        if A.shape != (n, n):
            raise ValueError(f"matrix_of_time: returned shape {A.shape} at time {t:g}; give (n, n) with n = {n}")
        speed: Array = (A @ flat.reshape(start.shape)).ravel()
        if not np.isfinite(speed).all():
            raise ValueError(f"matrix_of_time: too large at time {t:g} for the range of float64; give smaller entries")
        return speed

    states: list[Array] = [start] if times[0] == 0 else []
    state, power = _columns_of_unit_size(start, np.zeros(start.shape[1], dtype=np.int64))
    now = 0.0
    while now < times[-1]:  # a new start wherever a column has grown or decayed: its error is relative to its size
        with np.errstate(all="ignore"):  # what is not finite `velocity` refuses, also in an attempt of too long a step
            solver = DOP853(velocity, now, state.ravel(), times[-1], rtol=1e-11, atol=1e-14)
        while solver.status == "running" and (np.abs(np.log2(_sizes(state))) < 7).all():
            with np.errstate(all="ignore"):
                message = solver.step()
            if solver.status == "failed":
                raise ValueError(f"times: no step is small enough at {solver.t:g} ({message}); give times before that")
            inside = times[(times > solver.t_old) & (times <= solver.t)]
            if inside.size:
                values = solver.dense_output()(inside).T.reshape(-1, *start.shape)
                states += list(within_float64("times", values, power, "give earlier ones"))
            now, state = solver.t, solver.y.reshape(start.shape)
        state, power = _columns_of_unit_size(state, power)
    return np.array(states)


def _sizes(columns: Array) -> Array:
    """Largest entry of each column, 1 for a column of zeros."""
    size = np.abs(columns).max(0)
    return np.where(size == 0, 1.0, size)


def _columns_of_unit_size(columns: Array, power: Integers) -> tuple[Array, Integers]:
    """The columns times powers of two, their largest entries in [½, 1), and the power taken out of each, in all."""
    exponent = np.frexp(_sizes(columns))[1]
    return np.ldexp(columns, -exponent), power + exponent
