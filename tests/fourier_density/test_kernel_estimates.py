import numpy as np
import pytest
from scipy import stats

from helpers.fourier_density import periodic_kernel_estimate, validated_kernel_estimate


def test_periodic_estimate_is_a_sum_of_wrapped_gaussians():
    x, at, widths = np.array([-0.9, 0.1, 0.3]), np.linspace(-1, 1, 41), np.array([0.1, 0.4])
    images = x[:, None] + 2 * np.arange(-3, 4)
    direct = [stats.norm.pdf(at[:, None, None], images, h).sum(-1).mean(-1) for h in widths]
    assert periodic_kernel_estimate(x, widths, at) == pytest.approx(np.array(direct), abs=1e-9)


def test_the_better_width_on_validation_is_taken_for_each_row():
    cells, at = np.linspace(-1, 1, 41), np.linspace(-1, 1, 7)
    train = np.zeros((2, 41))
    train[:, 20] = 1
    validation = np.zeros((2, 41))
    validation[0, 20], validation[1, 30] = 1, 1
    found = validated_kernel_estimate(cells, train, validation, np.array([0.05, 0.5]), at)
    assert found[0] == pytest.approx(stats.norm.pdf(at, 0, 0.05)) and found[1] == pytest.approx(
        stats.norm.pdf(at, 0, 0.5)
    )


def test_shares_must_fit():
    with pytest.raises(ValueError, match="shapes"):
        validated_kernel_estimate(np.zeros(3), np.ones(3), np.ones(2), np.ones(1), np.zeros(1))
