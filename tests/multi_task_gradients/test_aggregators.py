"""One interface for nine methods, and the values of torchjd."""

import numpy as np
import pytest
import quadprog
import torch
import torchjd.aggregation as peers
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from torchjd._linalg import DualConeProjector

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import gradients, gram_of, jacobian, many


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


SCALE_FREE = {"normalized_sum", "nash_mtl"}


@many
@given(
    case=gradients(tasks=5, kinds=("normal", "agreeing", "dependent")),
    exponent=st.sampled_from([-35, 0, 35, -280, 280]),
    name=st.sampled_from(list(mtg.AGGREGATORS)),
)
def test_weights_times_gradients_in_both_precisions(case, exponent, name):
    dtype = torch.float32 if abs(exponent) < 40 else torch.float64
    given = torch.tensor(case[1] * 10.0**exponent).to(dtype)
    before = given.clone()
    rows = given.double().numpy() / 10.0**exponent  # what the type has kept
    direction = mtg.AGGREGATORS[name](given)
    assert torch.isfinite(direction).all() and direction.dtype == dtype and torch.equal(given, before)
    if name not in ("imtl_g", "aligned_mtl", "nash_mtl"):  # these jump where rounding makes gradients dependent
        power = 0 if name in SCALE_FREE else exponent
        tolerance = 1e-5 * max(np.linalg.norm(rows, axis=1).max(), 1)
        expected = mtg.WEIGHTS[name](gram_of(rows)) @ rows
        assert_allclose(direction.double().numpy() / 10.0**power, expected, atol=tolerance)


def test_lengths_beyond_the_range_of_float32_squares():
    wide = torch.tensor([[1e30, 0.0], [0.0, 1e-20]])
    assert_allclose(mtg.normalized_sum(wide), [1, 1])
    assert_allclose(mtg.mgda(torch.tensor([[3e38, 0], [0, 1e-38]])), [0, 1e-38], rtol=1e-6)
    far = torch.tensor([[1e150, 0], [0, 1e-150]], dtype=torch.float64)
    assert_allclose(mtg.normalized_sum(far), [1, 1])
    assert_allclose(mtg.normalized_sum(far * 1e-150), [1, 1])
    with pytest.raises(ValueError, match="jacobian: .*lengths"):
        mtg.mgda(torch.tensor([[1e160, 0], [0, 1e-160]], dtype=torch.float64))
    with pytest.raises(ValueError, match="jacobian: the direction of pcgrad exceeds torch.float32"):
        mtg.pcgrad(torch.full((2, 1), 3e38))


@pytest.mark.parametrize("name", mtg.AGGREGATORS)
def test_other_layouts(name):
    aggregate, rows = mtg.AGGREGATORS[name], torch.tensor(jacobian(np.random.default_rng(14), 4, 6))
    assert_allclose(aggregate(rows.T[::2]), aggregate(rows.T[::2].contiguous()), rtol=1e-9)
    for bad in (rows.to_sparse(), rows.to("meta"), rows[:0], rows.bfloat16()):
        with pytest.raises(ValueError, match="jacobian: "):
            aggregate(bad)
    if name == "pcgrad":
        order = [3, 2, 1, 0]
        expected = mtg.pcgrad_weights(gram_of(rows.numpy()), order) @ rows.numpy()
        assert_allclose(aggregate(rows, order=order), expected)
