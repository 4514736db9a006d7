"""helpers.derivatives.dual against sympy at 40 digits and by hand."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from helpers.derivatives import Dual, Taylor, derivative, nested_derivative
from tests.derivatives.strategies import SAMPLES, exact_derivatives
from tests.examples import examples


@pytest.mark.parametrize("name", SAMPLES)
def test_nested_duals_against_sympy(name):
    f, expr, at = SAMPLES[name]
    truth = exact_derivatives(expr, at, 4)
    assert [nested_derivative(f, at, n) for n in range(5)] == pytest.approx(truth, rel=1e-11, abs=1e-11)


def test_nested_dual_by_hand():
    result = Dual(Dual(2.0)) ** 3
    assert (result.value.value, result.value.slope, result.slope.value, result.slope.slope) == (8, 12, 12, 12)
    assert repr(Dual(1.0)) == "Dual(1.0, 1.0)" and "Taylor" in repr(Taylor([1.0, 1.0]))
    mixed = Dual(Dual(2.0)) * Dual(3.0, 5.0)  # the shallower one belongs to the inner variable
    assert (mixed.slope.value, mixed.slope.slope, mixed.value.slope) == (3, 5, 13)


@pytest.mark.parametrize(
    ("value", "slope", "message"),
    [
        (math.inf, 1.0, "value: holds inf"),
        ([], 1.0, "value: shape .* is empty"),
        ("a", 1.0, "value: has type str"),
        (True, 1.0, "value: has type bool"),
        (1.0, math.nan, "slope: holds nan"),
        (np.ones(2), np.ones(3), "slope: shape"),
        (1.0, np.ones(3), "slope: shape"),
        (1.0, Dual(1.0), "slope: is nested deeper"),
    ],
)
def test_dual_errors(value, slope, message):
    with pytest.raises(ValueError, match=message):
        Dual(value, slope)


def test_every_derivative_has_a_variable_of_its_own():
    """Perturbation confusion (Siskind & Pearlmutter 2005): inner and outer slopes must not add up."""
    d = nested_derivative
    assert d(lambda x: x * d(lambda y: x + y, 1.0), 1.0) == 1
    assert d(lambda x: x * d(lambda y: x * y, 1.0), 4.0) == 8
    assert d(lambda x: d(lambda y: x**2 * y**3, x, 2), 2.0) == 72  # 6x³
    assert d(lambda x: x * d(lambda y: d(lambda z: x * y * z, y), x), 3.0, 2) == 2  # x · x
    assert d(lambda t: t * Dual(3.0).slope, 2.0) == 1
    outer = Dual(4.0)
    result = outer * d(lambda y: outer * y, 1.0)
    assert (result.value, result.slope) == (16, 8)


@examples(250)
@given(st.floats(-3, 3), st.floats(-3, 3), st.integers(1, 3), st.integers(0, 2), st.integers(0, 3))
def test_nested_derivatives_of_a_monomial(u, c, n, m, k):
    """d^m/dx^m of x^k · (d^n/dy^n of (x + c y)^5 at y = u), with sympy-free binomials."""

    def f(x):
        return x**k * nested_derivative(lambda y: (x + c * y) ** 5, u, n)

    falling = math.perm(5, n) * c**n
    expected = sum(
        math.comb(m, j) * math.perm(k, j) * 0.5 ** (k - j) * math.perm(5 - n, m - j) * (0.5 + c * u) ** (5 - n - m + j)
        for j in range(max(0, m - 5 + n), min(m, k) + 1)
    )
    assert nested_derivative(f, 0.5, m) == pytest.approx(falling * expected, rel=1e-9, abs=1e-9)


def test_a_dual_that_leaves_its_derivative_is_refused():
    """ForwardDiff.jl#443: an inner function that changes the outer variable hands its own ε out."""

    def outer(x):
        def inner(y):
            nonlocal x
            x = x * y
            return x

        nested_derivative(inner, 1.0)
        return nested_derivative(inner, 1.0)

    with pytest.raises(ValueError, match="another derivative"):
        nested_derivative(outer, 1.0)


def test_a_function_that_differentiates_itself():
    """ForwardDiff.jl#313: inner and outer call have the same function, and still two variables."""

    def f(v, inside=None):
        return inside + v if inside is not None else v * nested_derivative(lambda y: f(y, v), 1.0)

    assert nested_derivative(f, 1.0) == 1


@examples(250)
@given(
    arrays(
        st.sampled_from([np.float32, np.float64]),
        array_shapes(min_dims=0, max_dims=3, max_side=3),
        elements=st.floats(0.5, 2, width=32),
    ),
    st.integers(-150, 150),
    st.integers(0, 2),
    st.sampled_from([-2, -1, 0, 1, 2, 3, 0.5, 1.5]),
)
def test_powers_over_scales_shapes_and_types(points, scale, n, exponent):
    """t^b by nested Duals: the right value, or a ValueError where it leaves the floats; nothing changes in place."""
    points = points.astype(np.float64) * 10.0**scale if points.dtype == np.float64 else points
    before = points.copy()
    factor = math.prod(exponent - j for j in range(n))
    with np.errstate(all="ignore"):
        value, expected = points**exponent, factor * points.astype(np.longdouble) ** (exponent - n)
        expected = np.where(factor == 0, 0.0, expected).astype(points.dtype)
    if not np.isfinite(value).all() or not np.isfinite(expected).all():
        with pytest.raises(ValueError, match="f: "):
            nested_derivative(lambda t: t**exponent, points, n)
    else:
        result = nested_derivative(lambda t: t**exponent, points.T, n)
        tolerance = 1e-5 if points.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(result, expected.T.astype(float), rtol=tolerance, atol=1e-307)
    np.testing.assert_array_equal(points, before)


@pytest.mark.parametrize("at", [1e-300, -1e-9, 0.3, 1.0, 1.1, -5.0, 20.0, -40.0, 300.0])
def test_tanh_keeps_its_digits(at):
    with mpmath.workdps(400):
        m = mpmath.mpf(at)
        slope, bend = 1 / mpmath.cosh(m) ** 2, -2 * mpmath.tanh(m) / mpmath.cosh(m) ** 2
    for route in (derivative, nested_derivative):
        assert route(np.tanh, at) == pytest.approx(float(slope), rel=1e-14, abs=0)
        assert route(np.tanh, at, 2) == pytest.approx(float(bend), rel=1e-13, abs=0)
    mixed = nested_derivative(np.tanh, np.array([at, 0.0]))
    assert mixed == pytest.approx([float(slope), 1], rel=1e-14, abs=0)


@pytest.mark.parametrize(("f", "at"), [(lambda t: 1 / t, 0.0), (lambda t: t**t, 300.0), (lambda t: t**-3, 0.0)])
def test_the_value_itself_is_refused_where_it_is_not_finite(f, at):
    with pytest.raises(ValueError, match="^(f|division|power): "):
        nested_derivative(f, at, 0)


def test_the_deepest_nesting():
    assert nested_derivative(lambda t: 2 * t, 1.0, 12) == 0
    with pytest.raises(ValueError, match="n: is 13"):
        nested_derivative(lambda t: t, 1.0, 13)


def test_single_precision_is_taken_as_exact():
    at = np.array([0.1, 100.0], np.float32)
    np.testing.assert_allclose(nested_derivative(np.sin, at), np.cos(at.astype(float)), rtol=1e-15)
    assert nested_derivative(lambda t: t**3, np.float16(100.0), 2) == 600


def test_a_gradient_by_forward_passes_equals_one_reverse_pass():
    """A chain of springs in thirty variables: one dual number per direction, against torch walking backwards once."""

    def energy(m, places):
        return sum(m.exp((b - a) ** 2) - 1 for a, b in zip(places, places[1:], strict=False))

    at = np.random.default_rng(0).standard_normal(30) / 2
    forward = [energy(np, [Dual(v, float(j == k)) for j, v in enumerate(at)]).slope for k in range(len(at))]
    leaf = torch.tensor(at, requires_grad=True)
    (reverse,) = torch.autograd.grad(energy(torch, list(leaf)), leaf)
    np.testing.assert_allclose(forward, reverse.numpy(), rtol=1e-12)
