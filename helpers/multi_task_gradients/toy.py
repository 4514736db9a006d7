"""The two-loss toy problem of CAGrad's authors, and walks of two-task methods over it; compiled.

Liu et al., Conflict-averse gradient descent (2021), and the code published with it, whose losses, optimiser and rate
these are: https://github.com/Cranial-XIX/CAGrad, toy.py.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from helpers.inputs import choice, integer, real_array, real_number
from helpers.multi_task_gradients._compiled import Array, compiled

TOY_STARTS = np.array([[-8.5, 7.5], [-8.5, -5.0], [0.0, 0.0], [9.0, 9.0], [10.0, -8.0]])
TOY_METHODS = ("mean", "normalized_sum", "mgda", "pcgrad", "cagrad")
_VALLEYS = (-3.5, 3.5)  # at y = 0 they lie at x = −7 and x = 7
_LOWEST = 5e-6


@compiled
def _fill_losses(x: float, y: float, values: Array, rows: Array) -> None:
    """Both losses and their gradients at one point."""
    above, below, bend = max(math.tanh(0.5 * y), 0.0), max(math.tanh(-0.5 * y), 0.0), math.tanh(y)
    d_above = 0.5 * (1 - above * above) if y > 0 else 0.0
    d_below = 0.0 if y > 0 else -0.5 * (1 - below * below)
    for i in range(2):
        side = 1.0 - 2.0 * i  # the valleys bend in opposite directions, and the bowls lie on opposite sides
        valley, aside = _VALLEYS[i] - 0.5 * x + side * bend, x - 7.0 * side
        flat = abs(valley) < _LOWEST
        log, slope = math.log(_LOWEST if flat else abs(valley)) + 6, 0.0 if flat else 1 / valley
        bowl = (aside * aside + 0.1 * (y + 8) * (y + 8)) / 10 - 20
        values[i] = above * log + below * bowl
        rows[i, 0] = -0.5 * above * slope + below * aside / 5
        rows[i, 1] = d_above * log + above * slope * side * (1 - bend * bend) + d_below * bowl + below * (y + 8) / 50


@compiled
def _fill_all(points: Array, values: Array, rows: Array) -> None:
    for k in range(len(points)):
        _fill_losses(points[k, 0], points[k, 1], values[k], rows[k])


def toy_losses(points: ArrayLike) -> tuple[Array, Array]:
    """The two losses: values (..., 2) and Jacobians (..., 2, 2) at points θ (..., 2).

    Above θ_2 = 0 the logarithm of the distance from a curved valley, below it a bowl, blended by tanh. Gradients in
    closed form, at the kink θ_2 = 0 those from below. ValueError for other shapes, nan, and beyond ±1e150.

    >>> toy_losses([0.0, -8.0])[0].round(2)  # below, half way between the two bowls: equal losses
    array([-15.09, -15.09])
    """
    array = real_array("points", points, at_least=-1e150, at_most=1e150)
    if array.shape[-1:] != (2,):
        raise ValueError(f"points: shape {array.shape}; give (..., 2)")
    values, rows = np.empty(array.shape), np.empty((*array.shape, 2))
    _fill_all(array.reshape(-1, 2), values.reshape(-1, 2), rows.reshape(-1, 2, 2))
    return values, rows


@compiled
def _pair_weights(method: int, first: float, both: float, second: float, radius: float) -> tuple[float, float]:
    """The method's weights of two tasks with the Gram matrix ((first, both), (both, second)), in closed form."""
    if method == 1:
        return 1 / math.sqrt(first), 1 / math.sqrt(second)
    apart = first + second - 2 * both  # ‖g_1 − g_2‖²
    if method == 3:
        conflict = min(both, 0.0)
        return 1 - conflict / first, 1 - conflict / second
    if method == 0:
        return 0.5, 0.5
    if not apart > 0:  # equal gradients
        share = 0.5 + 0.5 * radius if method == 4 else 0.5
        return share, share
    foot = (second - both) / apart
    if method == 2:
        share = min(max(foot, 0.0), 1.0)
        return share, 1 - share
    # CAGrad's dual is convex in the share of g_1 in g_w. Its slope vanishes where g_w turns from the altitude by an
    # angle with the sine q: at a known distance from the altitude's foot.
    reach = radius * math.sqrt(max(first + second + 2 * both, 0.0)) / 2
    if reach == 0:
        return 0.5, 0.5
    q = (first - second) / 2 / (reach * math.sqrt(apart))
    height = math.sqrt(max(first * second - both * both, 0.0) / apart)
    ahead = height * q / math.sqrt(1 - q * q) if abs(q) < 1 else math.copysign(math.inf, q)
    share = min(max(foot - ahead / math.sqrt(apart), 0.0), 1.0)
    length = math.sqrt(share * share * first + 2 * share * (1 - share) * both + (1 - share) * (1 - share) * second)
    gain = reach / length if length > 0 else 0.0
    return 0.5 + gain * share, 0.5 + gain * (1 - share)


@compiled
def _fill_walk(method: int, rate: float, radius: float, every: int, kept: Array) -> None:
    """Adam from kept[0], with β = 0.9, 0.999 and ε = 1e−8; ``every``-th points to kept (records + 1, starts, 2)."""
    values, rows, u = np.empty(2), np.empty((2, 2)), np.empty(2)
    for start in range(kept.shape[1]):
        point, first, second = kept[0, start].copy(), np.zeros(2), np.zeros(2)
        for k in range(every * (len(kept) - 1)):
            _fill_losses(point[0], point[1], values, rows)
            square, both, other = (rows[0] ** 2).sum(), (rows[0] * rows[1]).sum(), (rows[1] ** 2).sum()
            a, b = _pair_weights(method, square, both, other, radius)
            for i in range(2):
                u[i] = a * rows[0, i] + b * rows[1, i]
                first[i] = 0.9 * first[i] + 0.1 * u[i]
                second[i] = 0.999 * second[i] + 0.001 * u[i] * u[i]
                root = math.sqrt(second[i] / (1 - 0.999 ** (k + 1)))
                point[i] -= rate * first[i] / (1 - 0.9 ** (k + 1)) / (root + 1e-8)
            if (k + 1) % every == 0:
                kept[(k + 1) // every, start] = point


def toy_walk(method: str, steps: int, rate: float, every: int = 1, radius: float = 0.5) -> Array:
    """Points (steps // every + 1, 5, 2) of Adam on a method's directions, from the five starts TOY_STARTS.

    method: one of TOY_METHODS; `upgrad` walks as "pcgrad" does, since for two tasks its direction is half of that.
    rate: constant, > 0; published: 0.001 for 100 000 steps. radius: c of "cagrad", in (0, 1); published: 0.5.
    ValueError for other values, and where ``every`` is not between 1 and ``steps``.

    >>> toy_walk("mgda", 60_000, 0.001, every=60_000)[-1].round(0).tolist()[1]  # the second start, and where it ends
    [-7.0, -8.0]
    """
    number = TOY_METHODS.index(choice("method", method, TOY_METHODS))
    rate, radius = real_number("rate", rate, above=0), real_number("radius", radius, above=0, below=1)
    every = integer("every", every, 1, integer("steps", steps, 1))
    kept = np.empty((steps // every + 1, *TOY_STARTS.shape))
    kept[0] = TOY_STARTS
    _fill_walk(number, rate, radius, every, kept)
    return kept


def toy_pareto_set(count: int = 57) -> Array:
    """Points (count, 2) of the Pareto set, evenly spaced in −7 ≤ θ_1 ≤ 7.

    In the bowls the losses pull horizontally against each other in the ratio of the distances from θ_1 = ∓7, which
    fixes the weights; the vertical balance then gives θ_2.

    >>> toy_pareto_set(3).round(3).tolist()
    [[-7.0, -8.434], [0.0, -8.355], [7.0, -8.434]]
    """

    def balance(y: float, x: float) -> float:
        rows = toy_losses(np.array([x, y]))[1]
        return float(np.array([x + 7, 7 - x]) / 14 @ rows[:, 1])

    positions = np.linspace(-7, 7, integer("count", count, 2))
    return np.array([[x, brentq(balance, -12, -6, args=(x,))] for x in positions])
