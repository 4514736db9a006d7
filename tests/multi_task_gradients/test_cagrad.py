"""CAGrad against sequential quadratic programming."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import optimize

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import jacobian


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
