"""Nash-MTL against its equation."""

import numpy as np
import torch
from hypothesis import given
from numpy.testing import assert_allclose

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import gradients, gram_of, jacobian, many


def test_nash_is_the_bargaining_solution():
    rows = jacobian(np.random.default_rng(9), 5, 8, 0.3) * np.array([[1e-3], [1], [10], [1e4], [1]])
    gram = gram_of(rows)
    weights = mtg.nash_mtl_weights(gram)
    assert_allclose(gram @ weights * weights, 1, rtol=1e-8)
    assert_allclose(((weights @ rows) ** 2).sum(), 5, rtol=1e-8)


@many
@given(case=gradients(tasks=8, parameters=12))
def test_no_task_is_raised_and_all_gain_the_same_share(case):
    kind, rows = case
    weights = mtg.nash_mtl_weights(gram_of(rows))
    u, lengths = weights @ rows, np.linalg.norm(rows, axis=1)
    assert (weights >= 0).all()
    assert (rows @ u >= 0).all()
    if weights.any():
        served, gram = lengths > 0, gram_of(rows)
        rounding = np.finfo(float).eps * (weights @ np.abs(gram) @ weights)  # weights are huge where u is nearly 0
        assert_allclose(weights @ gram @ weights, served.sum(), rtol=1e-3, atol=rounding)
        if kind in ("normal", "lengths") and len(rows) < rows.shape[1]:  # far from dependent
            assert_allclose((weights * (rows @ u))[served], 1, rtol=1e-5)


def test_opposite_gradients():
    """Near a stationary point of two tasks: √2 times the bisector's direction, up to the rounding of G."""
    rows = np.array([[1.0, 2, 3], [-1 + 1e-6, -2, -3]])
    units = rows / np.linalg.norm(rows, axis=1)[:, None]
    bisector = units.sum(0) / np.linalg.norm(units.sum(0))
    u = mtg.nash_mtl(torch.tensor(rows)).numpy()
    assert_allclose(u, np.sqrt(2) * bisector, rtol=3e-3)
    assert_allclose(u / np.linalg.norm(u), bisector, atol=1e-8)
    assert (units @ u > 0).all()


def test_no_conflict_however_close_to_stationary():
    for tasks in (2, 3, 5, 8):
        rng = np.random.default_rng(tasks)
        for distance in 10.0 ** np.arange(-9, -1):
            rows = rng.standard_normal((100, tasks, tasks + 1))
            rows[:, -1] = -(rng.uniform(0.5, 2, (100, tasks - 1, 1)) * rows[:, :-1]).sum(1)
            rows[:, -1] += distance * rng.standard_normal((100, tasks + 1))
            weights = mtg.nash_mtl_weights(gram_of(rows))
            assert (np.einsum("bij,bkj,bk->bi", rows, rows, weights) >= 0).all()
            agreed = weights.any(-1)
            assert agreed.all() or distance < 1e-4  # G still knows the distance's square
            assert not agreed.any() or distance > 1e-9
