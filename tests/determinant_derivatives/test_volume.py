"""Areas and volume elements that are known."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from helpers.determinant_derivatives import metric_tensor, shoelace_area, volume_element
from tests.determinant_derivatives.strategies import exact_or_error, fractions, many, seeds


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


def test_small_polygons_far_from_the_origin_and_large_ones():
    assert shoelace_area([[1e8, 1e8 + 1, 1e8], [1e8, 1e8, 1e8 + 1]]) == 0.5
    assert shoelace_area([[1e150, 0, 0], [0, 1e150, 0]]) == pytest.approx(5e299, rel=1e-15)
    assert shoelace_area(np.ldexp([[0, 1, 1, 0], [0, 0, 1, 1]], [[-600], [601]])) == 2.0  # thin, but not empty
    assert shoelace_area([[-1.5e308, 1.5e308, 0], [0, 0, 1e-300]]) == pytest.approx(1.5e8, rel=1e-15)
    for bad, message in (
        ([[np.nan, 1, 0], [0, 1, 0]], "holds nan"),
        ([[1e200, 0, 0], [0, 1e200, 0]], "range of float64"),
    ):
        with pytest.raises(ValueError, match=f"corners: .*{message}"):
            shoelace_area(bad)


@given(seeds)
@many
def test_every_polygon_gives_its_area_or_an_error(seed):
    rng = np.random.default_rng(seed)
    shape = (*[(), (2,), (2, 1)][rng.integers(3)], 2, int(rng.integers(3, 7)))
    corners = rng.standard_normal(shape) + 10.0 ** rng.integers(-3, 8) * (seed % 2)
    dtype = [np.float64, np.float64, np.float32, np.int64][rng.integers(4)]
    corners = (corners * 10.0 ** (rng.integers(-150, 151) if dtype is np.float64 else 3)).astype(dtype)
    corners = corners[..., ::-1]
    corners.setflags(write=False)
    area = exact_or_error(shoelace_area, corners)
    for index in np.ndindex(shape[:-2]):
        if area is None:
            continue
        x, y = fractions(corners[index])
        k = len(x)
        exact = sum(x[i] * y[(i + 1) % k] - x[(i + 1) % k] * y[i] for i in range(k)) / 2
        extent = (max(x) - min(x)) * (max(y) - min(y))
        # Differences of corners round once, where the corners are not close to each other.
        assert abs(Fraction(float(area[index])) - exact) <= k * extent / 10**15 + Fraction(1, 2**1070)
    assert area is not None or np.abs(corners).max() > 1e153


@given(seeds)
@many
def test_linear_coordinates_have_the_volume_of_their_matrix(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 3))
    M = sympy.Matrix(rng.integers(-3, 4, (n, n)).tolist())
    coordinates = sympy.symbols(f"u:{n}")
    position = list(M * sympy.Matrix(coordinates))
    assert metric_tensor(position, coordinates) == M.T * M
    assert volume_element(position, coordinates) == abs(M.det())
