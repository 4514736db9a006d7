"""How straight a curve looks under the microscope: differentiable means straight in the end."""

from __future__ import annotations

import math

import numpy as np

from helpers.derivatives._arguments import check_function, function_values
from helpers.derivatives._types import Array, Function
from helpers.inputs import integer, real_array, real_number


def line_defect(f: Function, x: float, scale: float, points: int = 201) -> tuple[float, float]:
    """How far f is from straight in the window x ± scale: (defect, slope of the best line through (x, f(x))).

    defect: min over slopes c of max over |h| ≤ scale of |f(x + h) − f(x) − c h| / scale, on an even grid of ``points``.
    f is differentiable at x exactly when the defect tends to 0 with the scale for slopes that settle.
    h is what rounding leaves of it, (x + h) − x. ValueError for a bad argument and where f is not finite.

    >>> [round(line_defect(abs, 0.0, scale)[0], 6) for scale in (1.0, 1e-3)]  # a corner stays a corner
    [1.0, 1.0]
    """
    check_function(f)
    x, scale = real_number("x", x), real_number("scale", scale, above=0)
    with np.errstate(all="ignore"):  # reported by the check of the values, and of their differences
        at = x + scale * np.linspace(-1, 1, 2 * (integer("points", points, 3, 100001) // 2) + 1)
        t = (at - x) / scale
        if t[0] == 0 or t[-1] == 0:
            raise ValueError(f"scale: {scale:g} is lost beside x = {x:g}; give a window that has an inside")
        g = real_array("f", (function_values(f, at) - function_values(f, np.full(1, x))) / scale)
    if g.shape != t.shape:
        raise ValueError(f"f: gives shape {g.shape} for {len(t)} points; give a function with one number as value")
    return _best_line(t, g)


def _best_line(t: Array, g: Array) -> tuple[float, float]:
    """(least of max_i |g_i − c t_i| over c, and its c): the lowest point of the highest of finitely many lines in c.

    It lies where a falling line meets a rising one. Start with two at the ends of the window; while a third line passes
    above the crossing, it takes the place of the one that leans the same way, and the next crossing is higher (Remez's
    exchange, with two lines). No tolerance decides: the lines run out, or rounding brings a pair back.
    """
    size = int(np.frexp(np.abs(g).max())[1])
    g = np.ldexp(g, -size)  # near 1, so that nothing over- or underflows; exact
    height, lean = np.concatenate([g, -g]), np.concatenate([-t, t])
    falling, rising = int(np.argmin(lean)), int(np.argmax(lean))
    best, seen = (math.inf, 0.0), set()
    while (falling, rising) not in seen:
        seen.add((falling, rising))
        c = float((height[falling] - height[rising]) / (lean[rising] - lean[falling]))
        lines = height + lean * c
        top = int(np.argmax(lines))
        best = min(best, (float(lines[top]), c))
        if lean[top] < 0:
            falling = top
        elif lean[top] > 0:
            rising = top
    return float(np.ldexp(best[0], size)), real_number("slope of f", np.ldexp(best[1], size))
