"""UPGrad against projections by other solvers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import gram_of, jacobian


@pytest.mark.parametrize("tasks", [2, 3, 6, 12])
def test_upgrad_of_a_stack_is_that_of_each(tasks):
    rng = np.random.default_rng(tasks)
    grams = gram_of(rng.standard_normal((6, tasks, tasks + 2)) * 10.0 ** rng.uniform(-3, 3, (6, tasks, 1)))
    for gram, weights in zip(grams, mtg.upgrad_weights(grams), strict=True):
        assert_allclose(weights, mtg.upgrad_weights(gram), rtol=1e-8)


@pytest.mark.parametrize("tasks, rank", [(3, 2), (5, 3), (24, 6)])
def test_upgrad_projects_onto_the_dual_cone_at_low_rank(tasks, rank):
    rows = jacobian(np.random.default_rng(rank), tasks, rank, 2.0)
    projections = []
    for g in rows:  # by Moreau: g minus its projection onto the cone of −g_j, found by another solver
        dual = optimize.lsq_linear(-rows.T, g, (0, np.inf), tol=1e-14).x
        projections.append(g + rows.T @ dual)
    found = mtg.upgrad_weights(gram_of(rows)) @ rows
    assert_allclose(found, np.mean(projections, 0), atol=1e-5)
    assert (rows @ found >= -1e-9).all()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), tasks=st.integers(1, 20), shift=st.sampled_from([0.0, 0.3]))
def test_equals_the_plain_projections(seed, tasks, shift):
    rows = jacobian(np.random.default_rng(seed), tasks, tasks + 3, shift)
    assert_allclose(mtg.upgrad_weights(gram_of(rows)), mtg.upgrad_weights_by_projection(rows), rtol=1e-7, atol=1e-9)
