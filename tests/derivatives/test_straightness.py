"""helpers.derivatives.straightness on curves whose best line is known."""

import numpy as np
import pytest

from helpers.derivatives import line_defect


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
