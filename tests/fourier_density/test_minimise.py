import numpy as np
import pytest
import torch
from scipy import optimize

from helpers.fourier_density import minimise_by_lbfgs


def test_a_valley_is_followed_to_its_end():
    place, value = minimise_by_lbfgs(lambda t: 100 * (t[1] - t[0] ** 2) ** 2 + (1 - t[0]) ** 2, np.array([-1.2, 1.0]))
    assert place == pytest.approx([1, 1], abs=1e-4) and value == pytest.approx(optimize.rosen(place), abs=1e-12)


def test_complex_variables_move_in_both_parts():
    goal = torch.tensor([1 + 2j, -3j], dtype=torch.complex128)
    start = np.zeros(2, dtype=complex)
    place, value = minimise_by_lbfgs(lambda a: (a - goal).abs().square().sum(), start)
    assert place == pytest.approx(goal.numpy(), abs=1e-6) and value == pytest.approx(0, abs=1e-10)
    assert not start.any()


def test_a_start_with_nan_is_refused():
    with pytest.raises(ValueError, match="start"):
        minimise_by_lbfgs(lambda t: t.sum(), np.array([np.nan]))
