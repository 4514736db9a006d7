"""helpers.derivatives.straightness on curves whose best line is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from helpers.derivatives import line_defect
from tests.examples import examples


def test_line_defect():
    # x²: the best line is flat and halves the sag of the parabola; |x|: no slope helps; a line: nothing is left.
    assert line_defect(lambda t: t**2, 0.0, 0.1) == pytest.approx((0.1, 0.0), abs=1e-9)
    assert line_defect(np.abs, 0.0, 1e-6)[0] == pytest.approx(1.0)
    defect, slope = line_defect(lambda t: 5 - 3 * t, 2.0, 1e-3)
    assert defect == pytest.approx(0, abs=1e-9) and slope == pytest.approx(-3)
    assert line_defect(np.cbrt, 0.0, 1e-9)[0] > 1e5
    for bad in ({"scale": 0.0}, {"scale": -1.0}, {"x": np.zeros(2)}, {"points": 2}, {"f": 3}):
        with pytest.raises(ValueError):
            line_defect(**({"f": np.abs, "x": 0.0, "scale": 1.0} | bad))


def by_all_pairs(t, g):
    """The best line by the plain way: the highest crossing of a falling with a rising line of |g_i − c t_i|."""
    lines = [(h, lean) for h, lean in zip([*g, *-g], [*-t, *t], strict=True)]
    crossings = [0.0]
    for h, lean in lines:
        for other, rise in lines:
            if lean < 0 < rise:
                c = (h - other) / (rise - lean)
                crossings.append(h + lean * c)
    return max(crossings)


@examples(250)
@given(
    st.lists(st.floats(-1, 1), min_size=4, max_size=4),
    st.integers(-150, 150),
    st.sampled_from([0.0, 1.0, -3.5]),
    st.sampled_from([1.0, 1e-8, 2.0**-40, 1e5]),
)
def test_line_defect_against_all_pairs(values, exponent, x, scale):
    """Any values at the five points of the window, of any size; the slope attains the defect."""
    size = 10.0**exponent
    at = x + scale * np.linspace(-1, 1, 5)
    table = dict(zip(at, size * np.insert(np.array(values), 2, 0.25), strict=True))
    f = np.vectorize(table.__getitem__, otypes=[float])
    t, g = (at - x) / scale, (f(at) - f(x)) / scale
    defect, slope = line_defect(f, x, scale, points=5)
    unit = max(np.abs(g).max(), 1e-300)
    assert defect / unit == pytest.approx(by_all_pairs(t, g / unit), abs=1e-13)
    assert np.abs(g / unit - slope / unit * t).max() == pytest.approx(defect / unit, abs=1e-13)


def test_line_defect_has_no_absolute_tolerance():
    assert line_defect(np.square, 0.0, 2.0**-26) == (2.0**-26, 0.0)
    assert line_defect(lambda t: 1e-8 * np.abs(t), 0.0, 1.0) == (1e-8, 0.0)
    assert line_defect(lambda t: 1e-200 * np.abs(t), 0.0, 1.0)[0] == pytest.approx(1e-200, rel=1e-15, abs=0)
    assert line_defect(lambda t: 1e-8 * t, 0.0, 1.0) == (0.0, 1e-8)
    assert line_defect(lambda t: 3.0, 0.0, 1.0) == (0.0, 0.0)
    assert line_defect(lambda t: (t > 0).astype(np.uint8), 0.0, 1.0, 3)[0] == pytest.approx(0.5)
    defect, slope = line_defect(np.exp, 1.0, 1e-3, 20001)
    assert defect == pytest.approx(math.e * 5e-4, rel=1e-3) and slope == pytest.approx(math.e, rel=1e-6)


def test_line_defect_beside_a_linear_programme():
    t = np.linspace(-1, 1, 101)
    for f in (np.exp, np.cbrt, lambda s: np.sin(50 * s) * s):
        rows = np.concatenate([np.stack([s * t, np.full_like(t, -1.0)], 1) for s in (1, -1)])
        best = linprog([0, 1], rows, np.concatenate([f(t) - f(0.0), f(0.0) - f(t)]), bounds=[(None, None), (0, None)])
        assert line_defect(f, 0.0, 1.0, 101)[0] == pytest.approx(best.fun, rel=1e-7)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"scale": 1e-17, "x": 1.0}, "scale: 1e-17 is lost"),
        ({"scale": 1e308, "x": 1e308}, "f: "),
        ({"f": np.log}, "f: "),
        ({"f": lambda t: 1e308 * np.sign(t)}, "f: "),
        ({"f": lambda t: t * 1j}, "f: "),
        ({"f": lambda t: np.stack([t, t])}, r"f: gives shape \(2, 201\) for 201 points"),
        ({"f": lambda t: np.ones(7)}, r"f, x: shapes do not fit \(f \(7,\), x \(201,\)\)"),
        ({"x": math.nan}, "x: "),
        ({"points": 5.0}, "points: "),
    ],
)
def test_line_defect_errors(bad, message):
    with pytest.raises(ValueError, match=message):
        line_defect(**({"f": np.abs, "x": 0.0, "scale": 1e-3 if "f" in bad else 1.0} | bad))
