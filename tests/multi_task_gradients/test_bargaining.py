"""Nash-MTL against its equation."""

import numpy as np
from numpy.testing import assert_allclose

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import gram_of, jacobian


def test_nash_is_the_bargaining_solution():
    rows = jacobian(np.random.default_rng(9), 5, 8, 0.3) * np.array([[1e-3], [1], [10], [1e4], [1]])
    gram = gram_of(rows)
    weights = mtg.nash_mtl_weights(gram)
    assert_allclose(gram @ weights * weights, 1, rtol=1e-8)
    assert_allclose(((weights @ rows) ** 2).sum(), 5, rtol=1e-8)
