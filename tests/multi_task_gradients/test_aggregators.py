"""One interface for nine methods, and the values of torchjd."""

import numpy as np
import pytest
import quadprog
import torch
import torchjd.aggregation as peers
from numpy.testing import assert_allclose
from torchjd._linalg import DualConeProjector

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import gram_of, jacobian


class Quadprog(DualConeProjector):
    """torchjd's own projector needs qpsolvers, a wrapper of quadprog; this one calls quadprog, with a tiny ridge."""

    def __call__(self, U, G):
        matrix = G.numpy() / np.trace(G.numpy())
        matrix = matrix + 1e-13 * np.eye(len(matrix))
        found = [quadprog.solve_qp(matrix, np.zeros(len(u)), np.eye(len(u)), u)[0] for u in np.atleast_2d(U.numpy())]
        return torch.tensor(np.array(found)).reshape(U.shape)


PEERS = {
    "mean": peers.Mean,
    "upgrad": lambda: peers.UPGrad(projector=Quadprog()),
    "imtl_g": peers.IMTLG,
    "aligned_mtl": peers.AlignedMTL,
}


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("tasks, parameters", [(2, 2), (3, 10), (8, 20), (40, 60)])
def test_values_of_torchjd(name, tasks, parameters):
    rows = torch.tensor(jacobian(np.random.default_rng(tasks), tasks, parameters, 0.2))
    assert_allclose(mtg.AGGREGATORS[name](rows), PEERS[name]()(rows), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", mtg.AGGREGATORS)
def test_one_interface(name):
    aggregate = mtg.AGGREGATORS[name]
    rows = torch.tensor(jacobian(np.random.default_rng(12), 3, 5, 0.5))
    direction = aggregate(rows)
    assert direction.shape == (5,) and direction.dtype == torch.float64
    weights = mtg.WEIGHTS[name](gram_of(rows.numpy()))
    assert_allclose(direction, weights @ rows.numpy(), rtol=1e-7, atol=1e-9)
    assert_allclose(aggregate(rows.float()), direction, rtol=1e-4, atol=1e-5)
    assert aggregate(rows.float()).dtype == torch.float32
    assert not aggregate(rows.clone().requires_grad_()).requires_grad
    power = {"normalized_sum": 0, "nash_mtl": 0}.get(name, 1)
    assert_allclose(aggregate(rows * 1e150), direction * 1e150**power, rtol=1e-7)
    assert_allclose(aggregate(rows * 1e-150), direction * 1e-150**power, rtol=1e-7, atol=0 if power else 1e-9)
    assert torch.isfinite(aggregate(torch.zeros(3, 5))).all()
    assert torch.isfinite(aggregate(torch.tensor([[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]]))).all()
    batch = gram_of(jacobian(np.random.default_rng(13), 6, 5).reshape(2, 3, 5))
    stacked = mtg.WEIGHTS[name](batch)
    assert_allclose(stacked, np.stack([mtg.WEIGHTS[name](g) for g in batch]), atol=1e-8)
    for bad, message in [
        (torch.zeros(3), "shape"),
        (torch.zeros(0, 3), "shape"),
        (torch.tensor([[1.0, float("nan")]]), "nan or inf"),
        (torch.tensor([[1.0, float("inf")]]), "nan or inf"),
        (torch.zeros(2, 2, dtype=torch.int64), "int64"),
        (np.zeros((2, 2)), "is ndarray"),
    ]:
        with pytest.raises(ValueError, match=f"jacobian: .*{message}"):
            aggregate(bad)
