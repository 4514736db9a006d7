"""Idle weights are those that autograd leaves at exactly 0, and their share is known for one input."""

import pytest
import torch
from torch.nn import functional as F

from helpers import activation_functions as af


def shares(f, **options):
    return af.idle_weights(f, **options, generator=torch.Generator().manual_seed(0))


def test_one_input_leaves_half_of_the_first_weights_idle_and_three_quarters_behind():
    found = shares(F.relu, depth=4, batch=1, networks=400).mean(0)
    assert found.shape == (5,)
    assert found[0] == pytest.approx(0.5, abs=0.02)
    assert found[1:3] == pytest.approx([0.75, 0.75], abs=0.02)
    assert found[3] == pytest.approx(0.5, abs=0.02)  # the outputs are all in use
    weights = torch.tensor([64 * 24, 24 * 24, 24 * 24, 24 * 10], dtype=torch.float64).numpy()
    assert found[4] == pytest.approx((found[:4] * weights).sum() / weights.sum())


def test_functions_with_a_slope_everywhere_leave_no_weight_idle():
    for f in (torch.tanh, F.silu, af.min_exp):
        assert shares(f, depth=3, batch=4, networks=5).max() == 0


def test_a_function_without_a_slope_leaves_idle_whatever_lies_below_it():
    found = shares(lambda x: x.detach().sign() + 0 * x, depth=2, batch=50, networks=3)
    assert (found[:, 0] == 1).all() and (found[:, 1] < 1).all()
    with pytest.raises(ValueError, match="batch: is 0; give an integer ≥ 1"):
        shares(F.relu, depth=2, batch=0, networks=1)
