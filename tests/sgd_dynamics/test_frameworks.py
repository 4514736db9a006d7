"""PyTorch's path on a quadratic, against its update written out."""

import numpy as np
import pytest

from helpers import sgd_dynamics as sd

CURVATURES = np.array([0.1, 1.0, 3.0])


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_path_is_that_of_a_buffer(nesterov):
    rates = [0.2, 0.2, 0.05, 0.1]
    theta, buffer, expected = np.zeros(3), np.zeros(3), []
    for rate in rates:
        gradient = CURVATURES * (theta - 1)
        buffer = 0.8 * buffer + gradient
        theta = theta - rate * (gradient + 0.8 * buffer if nesterov else buffer)
        expected.append(theta)
    np.testing.assert_allclose(sd.torch_sgd_path(CURVATURES, rates, 0.8, nesterov), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "bad", [([[1.0]], [0.1]), ([1.0], []), ([1.0], [-0.1]), ([np.nan], [0.1]), ([1.0], [0.1], 1.0)]
)
def test_what_it_refuses(bad):
    with pytest.raises(ValueError, match="curvatures|rates|momentum"):
        sd.torch_sgd_path(*bad)
