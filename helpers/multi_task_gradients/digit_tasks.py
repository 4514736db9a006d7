"""Real gradients: several questions about handwritten digits, asked of one untrained encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from helpers.inputs import integer
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
