"""Losses with a concave Pareto front, and where the bound for a shared encoder is safe or fails."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import real_array
from helpers.multi_task_gradients._compiled import Array
from helpers.multi_task_gradients.min_norm import min_norm_weights
from helpers.multi_task_gradients.rows import combine, gram_of


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


def raised_by_bound(rows: ArrayLike, kappas: ArrayLike) -> Array:
    """Whether the step of MGDA-UB raises a task (κ, sets), for gradients on the code (sets, n, d) and each κ ≥ 1.

    The step is the shortest convex combination of the rows; M = JJᵀ of the encoder is diagonal, with eigenvalues spread
    evenly on a logarithmic scale from 1 to κ.

    >>> raised_by_bound([[[4.0, -2.0], [0.0, 2.0]]], [1.0, 3.0])[:, 0]  # the example of the notebook
    array([False,  True])
    """
    array, kappa = real_array("rows", rows), real_array("kappas", kappas, at_least=1)
    if array.ndim != 3 or kappa.ndim != 1:
        raise ValueError(f"rows, kappas: shapes {array.shape}, {kappa.shape}; give (sets, n, d) and (κ,)")
    step = combine(min_norm_weights(gram_of(array)), array)
    eigenvalues = np.geomspace(np.ones_like(kappa), kappa, array.shape[-1], axis=1)
    felt = np.einsum("bij,kj,bj->kbi", array, eigenvalues, step, optimize=True)
    raised: Array = (felt < -1e-9 * np.linalg.norm(array, axis=-1) * np.linalg.norm(step, axis=-1)[:, None]).any(-1)
    return raised
