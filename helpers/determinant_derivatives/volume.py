"""Areas and volumes: polygons by their corners, and the volume elements of curved coordinates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy

from helpers.determinant_derivatives._exponents import Array, to_common_exponent, within_float64
from helpers.inputs import real_array


def metric_tensor(position: Sequence[sympy.Expr], coordinates: Sequence[sympy.Symbol]) -> sympy.Matrix:
    """g = JᵀJ of a coordinate system, J the Jacobian of the Cartesian ``position`` in the ``coordinates``.

    Returns a simplified n × n sympy matrix. ValueError unless there are as many coordinates as position components.

    >>> r, phi = sympy.symbols("r phi", positive=True)
    >>> metric_tensor([r * sympy.cos(phi), r * sympy.sin(phi)], [r, phi])
    Matrix([
    [1,    0],
    [0, r**2]])
    """
    position, coordinates = list(position), list(coordinates)
    if not coordinates or len(position) != len(coordinates):
        raise ValueError(f"coordinates: {len(coordinates)} for {len(position)} position components; give equally many")
    J = sympy.Matrix(position).jacobian(coordinates)
    return sympy.simplify(J.T * J)


def volume_element(position: Sequence[sympy.Expr], coordinates: Sequence[sympy.Symbol]) -> sympy.Expr:
    """√g = √(det JᵀJ), the volume of a cell per unit steps in the coordinates; arguments as `metric_tensor`.

    >>> r, phi = sympy.symbols("r phi", positive=True)
    >>> volume_element([r * sympy.cos(phi), r * sympy.sin(phi)], [r, phi])
    r
    """
    return sympy.simplify(sympy.sqrt(sympy.factor(sympy.trigsimp(metric_tensor(position, coordinates).det()))))


def shoelace_area(corners: object) -> Array:
    """Signed area of a polygon from its corners (…, 2, k), counter-clockwise positive: ½ Σ (x_i y_{i+1} − x_{i+1} y_i).

    Corners are taken relative to the first, so that a polygon far from the origin loses no digits. Returns (…).
    ValueError unless there are at least three corners in the plane, and for an area beyond float64.

    >>> float(shoelace_area([[0, 2, 2, 0], [0, 0, 1, 1]]))
    2.0
    """
    corners = real_array("corners", corners)
    if corners.ndim < 2 or corners.shape[-2] != 2 or corners.shape[-1] < 3:
        raise ValueError(f"corners: has shape {corners.shape}; give (..., 2, k) with k ≥ 3 corners in the plane")
    mantissa, exponent = to_common_exponent(corners[..., None, :])  # x and y each have their own
    x, y = np.moveaxis(mantissa - mantissa[..., :1], -3, 0)[..., 0, :]
    twice = (x * np.roll(y, -1, -1) - np.roll(x, -1, -1) * y).sum(-1)
    return within_float64("corners", twice / 2, exponent.sum(-1), "scale them down")[()]
