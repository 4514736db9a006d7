"""helpers.derivatives.quotients against the error formulas of the schemes."""

import math

import numpy as np
import pytest

from helpers.derivatives import SCHEMES, difference_quotient, optimal_step, richardson


def test_quotients_of_a_cubic_are_exact_formulas():
    cube, at, h = lambda t: t**3, 2.0, 0.5
    assert difference_quotient(cube, at, h, "forward") == pytest.approx(12 + 6 * h + h**2)
    assert difference_quotient(cube, at, h, "backward") == pytest.approx(12 - 6 * h + h**2)
    assert difference_quotient(cube, at, h, "central") == pytest.approx(12 + h**2)
    assert difference_quotient(cube, at, h, "complex") == pytest.approx(12 - h**2)
    assert richardson(cube, at, h, 4) == pytest.approx(12, rel=1e-14)
    assert difference_quotient(cube, at, -h, "forward") == difference_quotient(cube, at, h, "backward")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_quotient_keeps_the_precision_and_broadcasts(scheme, dtype):
    points, steps = np.array([[0.5], [1.0]], dtype), np.array([1e-2, 1e-3, 1e-4], dtype)
    result = difference_quotient(np.exp, points, steps, scheme)
    assert result.dtype == dtype and result.shape == (2, 3)
    np.testing.assert_allclose(result, np.broadcast_to(np.exp(points), (2, 3)), rtol=2e-2)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_optimal_step_is_near_the_measured_optimum(scheme, dtype):
    points, h = np.linspace(0.5, 1.5, 400).astype(dtype), optimal_step(scheme, dtype)
    truth = np.exp(points.astype(np.longdouble))

    def error(step):
        return np.sqrt(np.mean((difference_quotient(np.exp, points, dtype(step), scheme) / truth - 1) ** 2))

    eps = float(np.finfo(dtype).eps)
    assert error(h) < {"central": 2 * eps ** (2 / 3), "complex": eps}.get(scheme, 2 * eps**0.5)
    if scheme != "complex":
        assert error(h) < error(h * 20) and error(h) < error(h / 20)


def test_optimal_step_values():
    assert optimal_step("forward") == optimal_step("backward") == 2.0**-26
    assert optimal_step("central", np.float32) == pytest.approx(2 ** (-23 / 3))
    assert optimal_step("complex") ** 2 >= np.finfo(float).tiny * (1 - 1e-12)


@pytest.mark.parametrize("order", [2, 4, 6, 8])
def test_richardson_has_its_order(order):
    steps = np.array([0.8, 0.4])
    errors = np.abs(richardson(np.sin, 1.0, steps, order) - np.cos(1.0))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.exp, 1.0, 0.0), "h: is 0"),
        ((np.exp, np.float32(1), np.float32(0)), "h: is 0"),
        ((np.exp, 1.0, math.nan), "h: holds nan"),
        ((np.exp, math.inf, 0.1), "x: holds inf"),
        ((np.exp, [], 0.1), "x: shape .* is empty"),
        ((np.exp, [[1.0], [1.0, 2.0]], 0.1), "x: cannot be read as real numbers"),
        ((np.exp, "1", 0.1), "x: has type str"),
        ((np.exp, 1 + 2j, 0.1), "x: has type complex"),
        ((np.exp, np.ones(2), np.ones(3)), "h: shape"),
        ((3.0, 1.0, 0.1), "f: has type float"),
        ((np.log, 0.05, 0.1, "central"), "f: is not finite"),
        ((np.exp, 1.0, 0.1, "sideways"), "scheme: is 'sideways'"),
        ((np.abs, 1.0, 0.1, "complex"), "f: returned real numbers"),
    ],
)
def test_quotient_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        difference_quotient(*arguments)


def test_step_and_richardson_errors():
    with pytest.raises(ValueError, match="scheme"):
        optimal_step("richardson")
    with pytest.raises(ValueError, match="dtype"):
        optimal_step("forward", np.int32)
    for order in (0, 3, 22, 4.0, True):
        with pytest.raises(ValueError, match="order"):
            richardson(np.exp, 1.0, 0.1, order)
