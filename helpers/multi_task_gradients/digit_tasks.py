"""Real gradients: several questions about handwritten digits, asked of one untrained encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike

from helpers.inputs import integer, real_array
from helpers.multi_task_gradients._compiled import Array


def digit_gradients(
    images: Array,
    labels: Array,
    asked: Sequence[int],
    *,
    seed: int,
    batch: int = 256,
    hidden: int = 8,
    disjoint: bool = False,
) -> tuple[Array, Array, Array]:
    """Rows ∇_H L_i (tasks, batch·hidden), rows ∇_W L_i (tasks, inputs·hidden), and J = ∂H/∂W between them.

    Task i asks of each image whether it is the digit asked[i]; its loss is the mean cross-entropy of a random readout
    of the code H = tanh(XW), and W is random too. disjoint: image k serves the task k mod tasks alone.
    images: (n, ...) with labels (n,); ``batch`` of them are drawn without replacement. ValueError for a batch that is
    larger than n or smaller than the number of tasks.

    >>> images, labels = np.random.default_rng(0).random((20, 2, 2)), np.arange(20) % 3
    >>> on_code, on_weights, jacobian = digit_gradients(images, labels, [0, 1], seed=0, batch=12, hidden=3)
    >>> bool(np.allclose(on_code @ jacobian, on_weights))
    True
    """
    tasks = len(asked)
    batch, hidden = integer("batch", batch, max(tasks, 1), len(images)), integer("hidden", hidden, 1)
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(images), batch, replace=False)
    x = images[chosen].reshape(batch, -1)
    weight = torch.tensor(rng.standard_normal((x.shape[1], hidden)) / 4, requires_grad=True)
    readout = torch.tensor(rng.standard_normal((hidden, tasks)))
    wanted = torch.tensor(labels[chosen, None] == np.asarray(asked)).double()
    code = torch.tanh(torch.tensor(x) @ weight)
    each = torch.nn.functional.binary_cross_entropy_with_logits(code @ readout, wanted, reduction="none")
    serves = torch.arange(batch)[:, None] % tasks == torch.arange(tasks) if disjoint else torch.ones(batch, tasks)
    losses = (each * serves).sum(0) / serves.sum(0)
    found = [torch.autograd.grad(loss, (code, weight), retain_graph=True) for loss in losses]
    on_code, on_weights = (np.stack([g.numpy().ravel() for g in part]) for part in zip(*found, strict=True))
    slope = 1 - code.detach().numpy() ** 2
    jacobian = np.einsum("np,nh,hk->nhpk", x, slope, np.eye(hidden)).reshape(batch * hidden, -1)
    return on_code, on_weights, jacobian


def share_of_bound(weights: ArrayLike, on_code: ArrayLike, on_weights: ArrayLike, jacobian: ArrayLike) -> Array:
    """‖Σ α_i g_i‖ over its bound ‖Σ α_i z_i‖ ‖J‖, with the spectral norm, for each row α of ``weights`` (m, tasks).

    on_code, on_weights, jacobian: rows z_i and g_i = z_i J, and J, as `digit_gradients` gives them. ValueError for
    shapes that do not fit.

    >>> z, J = np.array([[4.0, -2.0], [0.0, 2.0]]), np.diag([1.0, 0.5])
    >>> share_of_bound([[1, 0], [0, 1]], z, z @ J, J).round(3).tolist()
    [0.922, 0.5]
    """
    alpha, z, g, J = (
        real_array(name, value)
        for name, value in (
            ("weights", weights),
            ("on_code", on_code),
            ("on_weights", on_weights),
            ("jacobian", jacobian),
        )
    )
    if any(part.ndim != 2 for part in (alpha, z, g, J)) or not alpha.shape[1] == len(z) == len(g):
        raise ValueError(
            f"weights, on_code, on_weights: give (m, n), (n, …), (n, …); got {alpha.shape}, {z.shape}, {g.shape}"
        )
    if J.shape != (z.shape[1], g.shape[1]):
        raise ValueError(f"jacobian: has shape {J.shape}; give {(z.shape[1], g.shape[1])}, from on_code to on_weights")
    share: Array = np.linalg.norm(alpha @ g, axis=1) / np.linalg.norm(alpha @ z, axis=1) / np.linalg.norm(J, 2)
    return share


def largest_cosine(rows: ArrayLike) -> float:
    """The largest |cos∠(g_i, g_j)| of two different rows of (n, d), n ≥ 2. ValueError for fewer rows or a zero one.

    >>> largest_cosine([[1, 0], [0, 2], [-3, 4]])
    0.8
    """
    array = real_array("rows", rows)
    if array.ndim != 2 or len(array) < 2 or not array.any(1).all():
        raise ValueError(f"rows: has shape {array.shape}; give (n, d) with two rows or more, none of them zero")
    unit = array / np.linalg.norm(array, axis=1, keepdims=True)
    cosines = np.abs(unit @ unit.T)
    return float(cosines[~np.eye(len(array), dtype=bool)].max())
