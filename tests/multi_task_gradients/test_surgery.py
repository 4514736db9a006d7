"""PCGrad by hand, by order, and beside torchjd."""

import numpy as np
import pytest
import torch
import torchjd.aggregation as peers
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import gradients, gram_of, jacobian, many


def test_pcgrad_by_hand_and_by_order():
    rows = np.array([[1.0, 0.0], [-1.0, 1.0]])
    # g_1 loses its part along g_2: (1, 0) + ½(−1, 1); g_2 its part along g_1: (0, 1).
    assert_allclose(mtg.pcgrad(torch.tensor(rows)), [0.5, 1.5])
    gram = gram_of(jacobian(np.random.default_rng(11), 4, 4))
    orders = np.array([[0, 1, 2, 3], [3, 2, 1, 0]])
    assert not np.allclose(mtg.pcgrad_weights(gram, orders[0]), mtg.pcgrad_weights(gram, orders[1]))
    one_each = np.broadcast_to(orders[1], (4, 4))
    assert_allclose(mtg.pcgrad_weights(gram, one_each), mtg.pcgrad_weights(gram, orders[1]))


def test_two_tasks_values_of_torchjd_where_no_order_matters():
    for seed in range(20):
        rows = torch.tensor(jacobian(np.random.default_rng(seed), 2, 3))
        assert_allclose(mtg.pcgrad(rows), peers.PCGrad()(rows), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: mtg.pcgrad_weights(np.eye(2), [0, 0]), "order"),
        (lambda: mtg.pcgrad_weights(np.eye(2), [0, 1, 2]), "order"),
        (lambda: mtg.pcgrad_weights(np.eye(2), [0.5, 1]), "order"),
        (lambda: mtg.pcgrad_weights(np.eye(2), "ab"), "order"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@many
@given(case=gradients(tasks=6), seed=st.integers(0, 999), each=st.booleans())
def test_the_algorithm_on_vectors(case, seed, each):
    rows, n = case[1], len(case[1])
    order = np.random.default_rng(seed).permuted(np.tile(np.arange(n), (n, 1)), axis=1)
    total = np.zeros(rows.shape[1])
    for i in range(n):
        current = rows[i].copy()
        for j in order[i] if each else order[0]:
            if j != i and rows[j].any():
                current -= min(current @ rows[j], 0) / (rows[j] @ rows[j]) * rows[j]
        total += current
    found = mtg.pcgrad_weights(gram_of(rows), order if each else order[0]) @ rows
    assert_allclose(found, total, atol=1e-6 * np.linalg.norm(rows, axis=1).max())
