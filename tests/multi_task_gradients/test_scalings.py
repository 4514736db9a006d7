"""Equal weights, lengths, projections and singular values."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import gradients, gram_of, jacobian, many


def test_imtl_projects_equally_and_aligned_has_condition_one():
    rows = jacobian(np.random.default_rng(10), 4, 7, 0.5)
    u = mtg.imtl_g(torch.tensor(rows)).numpy()
    projections = rows @ u / np.linalg.norm(rows, axis=1)
    assert_allclose(projections, projections[0], rtol=1e-9)
    assert_allclose(mtg.imtl_g_weights(gram_of(rows)).sum(), 1)
    values, vectors = np.linalg.eigh(gram_of(rows))
    balanced = np.sqrt(values[0]) * vectors @ np.diag(values**-0.5) @ vectors.T @ rows
    assert_allclose(gram_of(balanced), values[0] * np.eye(4), atol=1e-10)
    assert_allclose(mtg.aligned_mtl(torch.tensor(rows)), balanced.mean(0))


@many
@given(case=gradients(), scale=st.sampled_from([-140, 0, 140]))
def test_mean_and_normalised_sum(case, scale):
    rows = case[1] * 10.0**scale
    gram = gram_of(rows)
    assert (mtg.mean_weights(gram) == 1 / len(rows)).all()
    lengths = np.linalg.norm(case[1], axis=1)
    inverse = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    assert_allclose(mtg.normalized_weights(gram) * 10.0**scale, inverse, rtol=1e-12)


@many
@given(seed=st.integers(0, 2**32 - 1), tasks=st.integers(1, 8), spread=st.sampled_from([0, 3, 8, 60, 140]))
def test_imtl_projects_equally_whatever_the_lengths(seed, tasks, spread):
    rng = np.random.default_rng(seed)
    units = rng.standard_normal((tasks, tasks + 2))
    units /= np.linalg.norm(units, axis=1)[:, None]
    factors = 10.0 ** rng.uniform(-spread, 0, (tasks, 1))
    weights = mtg.imtl_g_weights(gram_of(units * factors))
    if not weights.any():
        return  # they cannot be made to sum to 1
    projections = units @ ((weights * factors[:, 0]) @ units)
    condition = np.linalg.cond(gram_of(units))
    assert_allclose(projections, projections[0], rtol=1e-12 * condition)
    assert_allclose(weights.sum(), 1, atol=1e-9 * np.abs(weights).max())


@many
@given(seed=st.integers(0, 2**32 - 1), tasks=st.integers(1, 8), scale=st.sampled_from([-140, 0, 140]))
def test_aligned_is_the_polar_factor(seed, tasks, scale):
    rows = np.random.default_rng(seed).standard_normal((tasks, tasks + 2)) * 10.0**scale
    left, singular, right = np.linalg.svd(rows, full_matrices=False)
    direction = singular[-1] * (left @ right).mean(0)
    found = mtg.aligned_mtl_weights(gram_of(rows)) @ rows
    assert_allclose(found, direction, rtol=1e-8, atol=1e-9 * np.linalg.norm(direction))


@pytest.mark.parametrize("ratio", [1e-3, 1e-7, 1e-8, 1e-12, 1e-60])
def test_short_gradients_are_not_forgotten(ratio):
    rows = np.array([[ratio, 0], [0.6, 0.8]])
    u = mtg.imtl_g_weights(gram_of(rows)) @ rows
    assert_allclose(rows @ u / np.linalg.norm(rows, axis=1), [u[0], u[0]], rtol=1e-7)
    assert_allclose(u, 1.6 * ratio / (1 + ratio) * np.array([1, 0.5]), rtol=1e-7)
    assert_allclose(mtg.aligned_mtl_weights(np.diag([ratio**2, 1.0])) * [ratio, 1], [ratio / 2, ratio / 2], rtol=1e-7)


@pytest.mark.parametrize("weights", [mtg.imtl_g_weights, mtg.aligned_mtl_weights])
def test_they_shrink_in_proportion_near_stationary_points(weights):
    """Where gradients nearly balance, both methods stop as MGDA does, down to where G no longer knows the distance."""
    for tasks in (2, 3, 5, 8):
        rng = np.random.default_rng(tasks)
        rows = rng.standard_normal((50, tasks, tasks + 1))
        off = rng.standard_normal((50, tasks + 1))
        rows[:, -1] = -rows[:, :-1].sum(1)
        for distance in (1e-2, 1e-3, 1e-4):
            near = rows.copy()
            near[:, -1] += distance * off
            u, shortest = (np.einsum("bi,bij->bj", w(gram_of(near)), near) for w in (weights, mtg.min_norm_weights))
            assert_allclose(np.linalg.norm(u, axis=1), np.linalg.norm(shortest, axis=1), rtol=0.1)
