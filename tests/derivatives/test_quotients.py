"""helpers.derivatives.quotients against the error formulas of the schemes."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.derivatives import SCHEMES, difference_quotient, optimal_step, richardson
from tests.examples import examples


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


def test_defaults_are_those_of_the_docstrings():
    assert difference_quotient(np.exp, 1.0, 0.25) == difference_quotient(np.exp, 1.0, 0.25, "forward")
    assert richardson(np.sin, 1.0, 0.5) == richardson(np.sin, 1.0, 0.5, 4)
    assert richardson(np.sin, 1.0, 0.5, 20) == pytest.approx(np.cos(1.0), rel=1e-13)
    assert optimal_step("forward") == optimal_step("forward", np.float64)
    for bad in (lambda t: t > 0, lambda t: np.array(["a"])):
        with pytest.raises(ValueError, match="f: gives .* numbers as values"):
            difference_quotient(bad, 1.0, 0.25)


def test_step_and_richardson_errors():
    with pytest.raises(ValueError, match="scheme"):
        optimal_step("richardson")
    with pytest.raises(ValueError, match="dtype"):
        optimal_step("forward", np.int32)
    for order in (0, 3, 22, 4.0, True):
        with pytest.raises(ValueError, match="order"):
            richardson(np.exp, 1.0, 0.1, order)


def plain_quotient(f, x, h, scheme):
    """One quotient in Python's floats; None where there is none."""
    with np.errstate(all="ignore"):
        if scheme == "complex":
            inside = math.isfinite(f(x)) and abs(h) >= 2.3e-308
            value = complex(f(complex(x, h))).imag / h if inside else math.nan
        else:
            after, before = x + h * (scheme != "backward"), x - h * (scheme != "forward")
            value = (float(f(after)) - float(f(before))) / h / (2 if scheme == "central" else 1)
            value = math.nan if after == before else value
    return value if math.isfinite(value) else None


FUNCTIONS = [lambda t: t * t, lambda t: 3 * t + 1, lambda t: t * t * t - t, lambda t: 1e-100 * t]
sizes = st.tuples(st.floats(-10, 10), st.integers(-150, 150)).map(lambda pair: pair[0] * 10.0 ** pair[1])


@examples(250)
@given(
    st.lists(sizes | st.just(0.0), min_size=1, max_size=3),
    st.lists(sizes, min_size=1, max_size=2),
    st.sampled_from(SCHEMES),
    st.integers(0, 3),
    st.booleans(),
)
def test_quotients_equal_the_formula_or_are_refused(points, steps, scheme, k, reverse):
    """Every size and view: the formula in plain floats, or a ValueError where a quotient is lost; no warning."""
    f, x, h = FUNCTIONS[k], np.array(points)[:, None], np.array(steps)
    x = x[::-1] if reverse else x
    before = x.copy()
    expected = [[plain_quotient(f, a, b, scheme) if b else None for b in h.tolist()] for a in x[:, 0].tolist()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if any(value is None for row in expected for value in row):
            with pytest.raises(ValueError, match="^(h|f): "):
                difference_quotient(f, x, h, scheme)
        else:
            result = difference_quotient(f, x, h, scheme)
            assert result.shape == (len(points), len(steps))
            np.testing.assert_allclose(result, expected, rtol=1e-15 if scheme != "complex" else 1e-12, atol=1e-320)
    np.testing.assert_array_equal(x, before)


@examples(250)
@given(
    st.sampled_from([2, 4, 6, 8, 10]),
    st.lists(st.floats(-2, 2), min_size=5, max_size=5),
    st.floats(0.1, 2),
    st.integers(-150, 150),
    st.sampled_from([np.float32, np.float64, np.longdouble]),
)
def test_richardson_is_exact_for_polynomials_at_every_scale(order, coefficients, h, exponent, dtype):
    """Of degree ≤ order; x and h times s, and so f' over s."""
    s = dtype(10.0 ** (exponent if dtype is not np.float32 else exponent // 5))
    polynomial = np.array(coefficients[: order + 1], dtype)
    x = np.array([0.5, -1.0, 1.5], dtype)
    result = richardson(lambda t: np.polyval(polynomial, t / s), x * s, dtype(h) * s, order)
    expected = np.polyval(np.polyder(polynomial), x)
    assert result.dtype == dtype
    noise = 200 * float(np.finfo(dtype).eps) * 2 ** (order // 2) / h * (1 + h) ** 4  # ten times what it comes to
    assert np.abs(result * s - expected).max() <= noise  # in the longest of their types


def test_integer_values_are_subtracted_as_floats():
    steps = difference_quotient(lambda t: (t < 1).astype(np.uint8), np.array([0.5]), 1.0)
    assert steps.tolist() == [-1]
    assert difference_quotient(lambda t: np.round(100 * t).astype(np.int8), np.array([-1.0]), 2.0).tolist() == [100]
    assert difference_quotient(lambda t: (t > 0).astype(np.uint16), np.float32(-1), 2.0, "backward") == 0
    assert richardson(lambda t: (t < 1).astype(np.uint8), 1.0, 0.5) < 0
    assert difference_quotient(lambda t: 2**62 * np.sign(t).astype(np.int64), 0.0, 1.0, "central") == 2.0**62


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_constant_has_the_shape_of_x_and_h(scheme):
    def constant(t):
        return np.complex128(3) if np.iscomplexobj(t) else 3.0

    np.testing.assert_array_equal(difference_quotient(constant, [1.0, 2.0], 0.1, scheme), [0, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.exp, 1.0, 1e-17), "h: is lost"),
        ((np.exp, np.float32(1), np.float32(1e-9), "central"), "h: is lost"),
        ((np.log, -1.0, 1e-20, "complex"), "f: is not finite"),
        ((np.sqrt, -1.0, 1e-20, "complex"), "f: is not finite"),
        ((np.arcsin, 2.0, 1e-20, "complex"), "f: is not finite"),
        ((lambda t: t * 1j, 2.0, 1e-20, "complex"), "f: is complex"),
        ((np.exp, 1.0, 5e-324, "complex"), "h: is below"),
        ((lambda t: 1e308 * t, 1.0, -1.8), "f: is not finite"),
        ((np.sign, 0.0, 5e-324, "central"), "f: is not finite"),
    ],
)
def test_lost_quotients_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        difference_quotient(*arguments)


def test_the_longest_steps():
    assert difference_quotient(lambda t: t / 1e308, 0.0, 1.2e308, "central") == pytest.approx(1e-308, abs=0)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dtype", [np.float16, "float32", np.dtype(float), float, np.longdouble])
def test_optimal_step_of_every_type(scheme, dtype):
    step, eps = optimal_step(scheme, dtype), float(np.finfo(dtype).eps)
    assert 0 < step < 0.2 and (step**2 < eps**2 or scheme != "complex" or dtype == np.float16)
    expected = {"forward": eps**0.5, "backward": eps**0.5, "central": eps ** (1 / 3)}.get(scheme, step)
    assert step == pytest.approx(expected, abs=0)
    for bad in (None, int, "text", np.bool_, 3):
        with pytest.raises(ValueError, match="dtype"):
            optimal_step(scheme, bad)
