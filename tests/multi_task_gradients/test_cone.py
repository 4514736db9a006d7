"""UPGrad against projections by other solvers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import KINDS, gradients, gram_of, jacobian, many


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


@many
@given(case=gradients(tasks=12, kinds=KINDS[:7]))
def test_equals_the_plain_projections(case):
    rows = case[1]
    found, plain = mtg.upgrad_weights(gram_of(rows)) @ rows, mtg.upgrad_weights_by_projection(rows) @ rows
    longest = np.linalg.norm(rows, axis=1).max()
    assert_allclose(found, plain, atol=1e-7 * longest)
    assert (rows @ found >= -1e-7 * longest * np.linalg.norm(rows, axis=1)).all()


@many
@given(case=gradients(tasks=6), scale=st.sampled_from([-140, 140]))
def test_the_scale_of_all_gradients_does_not_matter(case, scale):
    rows = case[1]
    same = mtg.upgrad_weights(gram_of(rows * 10.0**scale)) @ rows
    assert_allclose(same, mtg.upgrad_weights(gram_of(rows)) @ rows, atol=1e-6 * np.linalg.norm(rows, axis=1).max())


@pytest.mark.parametrize("rows", [np.ones(3), np.ones((2, 0)), [[1.0, np.nan]]])
def test_bad_gradients_are_named(rows):
    with pytest.raises(ValueError, match="rows: "):
        mtg.upgrad_weights_by_projection(rows)
