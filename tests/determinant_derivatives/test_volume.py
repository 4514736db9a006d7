"""Areas and volume elements that are known."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from helpers.determinant_derivatives import metric_tensor, shoelace_area, volume_element


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3))
def test_shoelace_area_of_a_parallelogram_is_the_determinant(a, b, c, d):
    corners = [[0, a, a + b, b], [0, c, c + d, d]]
    assert shoelace_area(corners) == pytest.approx(a * d - b * c, abs=1e-12)


def test_shoelace_area_batch_and_errors():
    square = np.array([[0, 1, 1, 0], [0, 0, 1, 1.0]])
    assert shoelace_area(np.stack([square, 2 * square, square[:, ::-1]])).tolist() == [1.0, 4.0, -1.0]
    for bad in (np.ones((3, 4)), np.ones((2, 2)), np.ones(2)):
        with pytest.raises(ValueError, match="corners: has shape"):
            shoelace_area(bad)


def test_volume_elements_of_known_coordinates():
    r, theta, phi, z = sympy.symbols("r theta phi z", positive=True)
    polar = [r * sympy.cos(theta), r * sympy.sin(theta)]
    assert volume_element(polar, [r, theta]) == r
    assert volume_element([*polar, z], [r, theta, z]) == r
    ball = [r * sympy.sin(theta) * sympy.cos(phi), r * sympy.sin(theta) * sympy.sin(phi), r * sympy.cos(theta)]
    assert sympy.simplify(volume_element(ball, [r, theta, phi]) - r**2 * sympy.Abs(sympy.sin(theta))) == 0
    assert metric_tensor(ball, [r, theta, phi]) == sympy.diag(1, r**2, r**2 * sympy.sin(theta) ** 2)
    with pytest.raises(ValueError, match="coordinates: 1 for 2"):
        metric_tensor(polar, [r])
    with pytest.raises(ValueError, match="coordinates: 0 for 0"):
        volume_element([], [])
