"""Linear flows against the matrix exponential and closed solutions."""

import numpy as np
import pytest
import scipy

from helpers.determinant_derivatives import linear_flow


def test_linear_flow_solves_known_flows():
    generator = np.array([[0.1, -2.0], [2.0, 0.1]])
    times = np.array([0.0, 0.5, 2.0])
    Phi = linear_flow(lambda t: generator, np.eye(2), times)
    assert np.allclose(Phi, [scipy.linalg.expm(generator * t) for t in times], rtol=1e-9, atol=1e-10)
    grown = linear_flow(lambda t: np.array([[np.cos(t)]]), [[1.0, 2.0]], [3.0])
    assert np.allclose(grown, [[[np.exp(np.sin(3)), 2 * np.exp(np.sin(3))]]], rtol=1e-9)
    for times in ([], [0.0], [1.0, 1.0], [-1.0, 1.0], 1.0):
        with pytest.raises(ValueError, match="times: "):
            linear_flow(lambda t: generator, np.eye(2), times)
    with pytest.raises(ValueError, match=r"start: has shape \(2,\)"):
        linear_flow(lambda t: generator, [1.0, 0.0], [1.0])
    with pytest.raises(ValueError, match=r"matrix_of_time: returned shape \(2, 2\) at time 0; give .* n = 3"):
        linear_flow(lambda t: generator, np.eye(3), [1.0])
