"""CAGrad against sequential quadratic programming."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import KINDS, gradients, gram_of, jacobian, many


def conflict_averse_value(rows, mean, ball):
    """max over ‖u − mean‖ ≤ ball of min_i ⟨g_i, u⟩, by sequential quadratic programming over (u, t)."""
    constraints = [
        {"type": "ineq", "fun": lambda x: rows @ x[:-1] - x[-1]},
        {"type": "ineq", "fun": lambda x: ball**2 - ((x[:-1] - mean) ** 2).sum()},
    ]
    start, options = np.append(mean, (rows @ mean).min()), {"ftol": 1e-14, "maxiter": 500}
    return -optimize.minimize(lambda x: -x[-1], start, method="SLSQP", constraints=constraints, options=options).fun


@pytest.mark.parametrize("radius", [0.0, 0.4, 0.9])
def test_cagrad_solves_its_problem(radius):
    for seed in range(4):
        rows = jacobian(np.random.default_rng(seed), 4, 6)
        mean = rows.mean(0)
        found = mtg.cagrad(torch.tensor(rows), radius=radius).numpy()
        ball = radius * np.linalg.norm(mean)
        assert np.linalg.norm(found - mean) <= ball * (1 + 1e-9) + 1e-12
        best = conflict_averse_value(rows, mean, ball)
        assert_allclose((rows @ found).min(), best, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("call, message", [(lambda: mtg.cagrad_weights(np.eye(2), 1.0), "radius")])
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_gradients_that_balance():
    """No direction serves the first two; the mean already serves the third and hurts none."""
    rows = np.array([[1.0, 0.0], [-2.0, 0.0], [1.0, 1.0]])
    u = mtg.cagrad_weights(gram_of(rows), 0.4) @ rows
    assert_allclose(u, [0, 1 / 3], atol=1e-12)
    rows = np.array(
        [[2.0, 0, 0], [-1, 0, 0], [0, 1, 0]]
    )  # the mean hurts the second; the ball reaches one that does not
    assert_allclose(mtg.cagrad_weights(gram_of(rows), 0.9) @ rows, [0, 1 / 3, 0], atol=1e-12)


@many
@given(case=gradients(tasks=6, parameters=8, kinds=KINDS[:7]), radius=st.sampled_from([0.0, 0.1, 0.4, 0.7, 0.99]))
def test_in_the_ball_and_no_worse_than_the_dual_bound(case, radius):
    """Every w of the simplex bounds what can be reached by ⟨g_w, g_0⟩ + c‖g_0‖‖g_w‖; one of two w shows optimality."""
    rows = case[1]
    weights = mtg.cagrad_weights(gram_of(rows), radius)
    longest = np.linalg.norm(rows, axis=1).max()
    u, mean = weights @ rows, rows.mean(0)
    ball = radius * np.linalg.norm(mean)
    assert np.linalg.norm(u - mean) <= ball * (1 + 1e-9) + (1e-7 * radius + 1e-12) * longest
    worst = (rows @ u).min()
    assert worst >= (rows @ mean).min() - 1e-12 * longest**2
    tied = rows @ u <= worst + 1e-6 * longest**2  # w may weigh these, and g_w must point along u − g_0
    extra = tied * optimize.lsq_linear((tied * rows.T), u - mean, (0, np.inf), method="bvls", tol=1e-14).x
    shares = [extra / extra.sum()] if ball > 0 and extra.sum() > 0 else [np.eye(len(rows))[(rows @ mean).argmin()]]
    combinations = np.array([*shares, mtg.min_norm_weights(gram_of(rows))]) @ rows
    bound = combinations @ mean + ball * np.linalg.norm(combinations, axis=1)
    assert worst >= bound.min() - 2e-6 * longest**2


@many
@given(case=gradients(tasks=4, kinds=KINDS[:2]), scale=st.sampled_from([-150, 150]))
def test_the_scale_of_all_gradients_does_not_matter(case, scale):
    rows = case[1]
    same = mtg.cagrad_weights(gram_of(rows * 10.0**scale))
    assert_allclose(same @ rows, mtg.cagrad_weights(gram_of(rows)) @ rows, atol=1e-6 * np.abs(rows).max())
