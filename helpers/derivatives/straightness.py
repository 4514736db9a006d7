"""How straight a curve looks under the microscope: differentiable means straight in the end."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from helpers.derivatives._arguments import check_function, real_value
from helpers.derivatives._types import Function
from helpers.inputs import integer, real_number


def line_defect(f: Function, x: float, scale: float, points: int = 201) -> tuple[float, float]:
    """How far f is from straight in the window x ± scale: (defect, slope of the best line through (x, f(x))).

    defect: min over slopes c of max over |h| ≤ scale of |f(x + h) − f(x) − c h| / scale, on an even grid of ``points``.
    f is differentiable at x exactly when the defect tends to 0 with the scale for slopes that settle.
    The minimum is a linear programme in (c, defect). ValueError for a bad argument.

    >>> [round(line_defect(abs, 0.0, scale)[0], 6) for scale in (1.0, 1e-3)]  # a corner stays a corner
    [1.0, 1.0]
    """
    check_function(f)
    x, scale = real_number("x", x), real_number("scale", scale, above=0)
    t = np.linspace(-1, 1, 2 * (integer("points", points, 3, 100001) // 2) + 1)
    g = real_value("f(x + h)", (f(x + scale * t) - f(np.full(1, x))) / scale)
    size = max(1.0, float(np.abs(g).max()))  # the solver's tolerances are absolute
    rows = np.concatenate([np.stack([t, -np.ones_like(t)], 1), np.stack([-t, -np.ones_like(t)], 1)])
    best = linprog([0, 1], rows, np.concatenate([g, -g]) / size, bounds=[(None, None), (0, None)])
    return float(best.fun * size), float(best.x[0] * size)
