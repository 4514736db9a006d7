"""Problems to try the methods on: two pairs of losses with known Pareto sets, and the bound for a shared encoder."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import real_array
from helpers.multi_task_gradients._compiled import Array

TOY_STARTS = np.array([[-8.5, 7.5], [-8.5, -5.0], [0.0, 0.0], [9.0, 9.0], [10.0, -8.0]])


def toy_losses(points: ArrayLike) -> tuple[Array, Array]:
    """The two-loss problem of Liu et al. (CAGrad, 2021): values (..., 2) and Jacobians (..., 2, 2) at (..., 2).

    Above θ_2 = 0 the logarithm of a curved valley, below it a bowl, blended by tanh; both valleys bend by +tanh θ_2,
    where the code published with that paper bends the second by −tanh θ_2. Gradients in closed form,
    at the kink θ_2 = 0 those from below. ValueError for other shapes, nan, and beyond ±1e150.

    >>> toy_losses([0.0, -8.0])[0].round(2)  # below, half way between the two bowls: equal losses
    array([-15.09, -15.09])
    """
    array = real_array("points", points, at_least=-1e150, at_most=1e150)
    if array.shape[-1:] != (2,):
        raise ValueError(f"points: shape {array.shape}; give (..., 2)")
    x, y = array[..., None, 0], array[..., None, 1]
    side = np.array([7.0, -7.0])  # minimum of the bowl of loss 1 and of loss 2
    offset = np.array([0.0, 2.0])
    valley = 0.5 * (-x - np.array([7.0, -3.0])) + np.tanh(y) + offset
    inside = np.abs(valley) < 5e-6
    log = np.log(np.maximum(np.abs(valley), 5e-6)) + 6
    slope = np.where(inside, 0.0, 1 / np.where(inside, 1.0, valley))
    bowl = ((x - side) ** 2 + 0.1 * (y + 8) ** 2) / 10 - 20
    up, down = np.tanh(0.5 * y), np.tanh(-0.5 * y)
    above, below = np.maximum(up, 0), np.maximum(down, 0)
    value = above * log + below * bowl
    d_above = np.where(y > 0, 0.5 * (1 - up**2), 0.0)
    d_below = np.where(y <= 0, -0.5 * (1 - down**2), 0.0)
    dx = above * slope * -0.5 + below * (x - side) / 5
    dy = d_above * log + above * slope * (1 - np.tanh(y) ** 2) + d_below * bowl + below * 0.02 * (y + 8)
    return value, np.stack([dx, dy], -1)


def concave_front_losses(points: ArrayLike) -> tuple[Array, Array]:
    """L_i = 1 − exp(−‖θ ∓ 1/√d‖²): values (..., 2) and Jacobians (..., 2, d) at points (..., d).

    The Pareto front, traced by θ = s·1/√d with −1 ≤ s ≤ 1, is concave in its middle. Fonseca & Fleming (1995).
    ValueError for other shapes, nan, and beyond ±1e150.

    >>> concave_front_losses([1.0])[0].round(4)  # the minimum of the first loss, at distance 2 from the second's
    array([0.    , 0.9817])
    """
    array = real_array("points", points, at_least=-1e150, at_most=1e150)
    if array.ndim < 1:
        raise ValueError(f"points: shape {array.shape}; give (..., d) with d ≥ 1")
    centre = array.shape[-1] ** -0.5 * np.array([[1.0], [-1.0]])
    offset = array[..., None, :] - centre
    decay = np.exp(-(offset**2).sum(-1))
    return 1 - decay, 2 * offset * decay[..., None]


def safe_condition_number(cosine: ArrayLike) -> Array:
    """Largest κ(M) for which hᵀMu ≥ 0 is certain when ∠(h, u) has this cosine ≥ 0: (1 + cos)/(1 − cos), inf at 1.

    M = m(I + ρE) with ‖E‖ ≤ 1 and ρ = (κ − 1)/(κ + 1), so hᵀMu ≥ m‖h‖‖u‖(cos − ρ). Sharp: the reflection E that takes
    u/‖u‖ to −h/‖h‖ attains it. Values outside [0, 1] raise ValueError.

    >>> safe_condition_number([0.0, 0.5, 1.0])
    array([ 1.,  3., inf])
    """
    array = real_array("cosine", cosine, at_least=0, at_most=1)
    with np.errstate(divide="ignore"):
        return (1 + array) / (1 - array)
