"""What Dual and Taylor numbers share: operators on both sides, comparisons, refusals."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.derivatives import (
    SCHEMES,
    Dual,
    Taylor,
    derivative,
    difference_quotient,
    nested_derivative,
    primal,
    richardson,
)
from tests.examples import examples

NUMBERS = {"dual": lambda v: Dual(v, np.full_like(v, 3.0)), "taylor": lambda v: Taylor([v, np.full_like(v, 3.0)])}
OPERATORS = [lambda u, v: u + v, lambda u, v: u - v, lambda u, v: u * v, lambda u, v: u / v, lambda u, v: u**v]


def parts(number):
    return (number.value, number.slope) if isinstance(number, Dual) else tuple(number.coefficients)


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("k", range(5))
@pytest.mark.parametrize(
    "constant", [2, 2.5, np.float32(1.5), np.float64(0.5), np.array([1.0, 2.0, 0.5]), np.array([[2.0], [3.0]])]
)
def test_arrays_and_numbers_on_both_sides(kind, k, constant):
    operation, values = OPERATORS[k], np.array([0.5, 1.0, 2.0])
    number, h = NUMBERS[kind](values), 1e-6
    for left in (True, False):
        result = operation(constant, number) if left else operation(number, constant)
        assert type(result) is type(number)

        def f(v, left=left):
            return operation(constant, v) if left else operation(v, constant)

        value, slope = parts(result)
        np.testing.assert_allclose(value, f(values), rtol=1e-7)
        np.testing.assert_allclose(
            np.broadcast_to(slope, np.shape(value)), 3 * (f(values + h) - f(values - h)) / (2 * h), rtol=1e-6, atol=1e-8
        )


def test_comparisons_follow_the_values():
    two = Dual(2.0, -7.0)
    assert two > 1 and two >= 1 and two < 3.0 and two <= np.float64(3) and two != 3 and not two == 3 and bool(two)
    assert np.float64(3) > two and np.array([1.0, 3.0]).__lt__(two).tolist() == [True, False]

    def relu(t):
        return t if t > 0 else 0 * t

    assert derivative(relu, 2.0) == 1 and derivative(relu, -2.0) == 0 and nested_derivative(relu, 2.0) == 1
    with pytest.raises(TypeError):
        hash(two)


@pytest.mark.parametrize("make", [lambda v: Dual(v), lambda v: Taylor([v, 1.0])], ids=["dual", "taylor"])
@pytest.mark.parametrize(
    ("operation", "value", "message"),
    [
        (np.log, 0.0, "log"),
        (np.log, -1.0, "log"),
        (np.sqrt, 0.0, "sqrt"),
        (np.sqrt, np.array([1.0, -1.0]), "sqrt"),
        (abs, 0.0, "abs"),
        (lambda t: 1 / t, 0.0, "division"),
        (lambda t: t / 0, 1.0, "division"),
        (lambda t: t**-1, 0.0, "power"),
        (lambda t: t**0.5, 0.0, "power"),
        (lambda t: t**0.5, -1.0, "power"),
        (lambda t: t**t, -1.0, "power"),
        (lambda t: 0.0**t, 1.0, "power"),
        (lambda t: t + math.nan, 1.0, "operand: holds nan"),
        (lambda t: t * 1j, 1.0, "operand: has type complex"),
        (lambda t: t * "a", 1.0, "operand: has type str"),
        (lambda t: t**None, 1.0, "exponent"),
        (np.arctan, 1.0, "np.arctan has no rule"),
        (lambda t: np.add(t, 1, where=False), 1.0, "has no rule"),
        (lambda t: np.add.outer(t, t), 1.0, "has no rule"),
    ],
)
def test_operations_refuse_bad_arguments(make, operation, value, message):
    with pytest.raises(ValueError, match=message):
        operation(make(value))


RELATIONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
numbers = st.floats(-1e150, 1e150) | st.sampled_from([0.0, 1.0, -1e-150, 1e150])


@examples(250)
@given(numbers, numbers, st.sampled_from(RELATIONS), st.sampled_from([Dual, lambda v: Taylor([v, 1.0])]))
def test_comparisons_answer_or_refuse_a_tie(u, v, relation, make):
    for left, right in ((make(u), v), (u, make(v)), (make(u), make(v)), (make(np.array([u, u])), np.array([v, v]))):
        if u == v:
            with pytest.raises(ValueError, match="kink"):
                relation(left, right)
        else:
            assert np.all(relation(left, right) == relation(u, v))


@pytest.mark.parametrize("route", [derivative, nested_derivative])
@pytest.mark.parametrize(
    "f",
    [
        lambda t: max(t, 0),
        lambda t: max(0, t),
        lambda t: t if t > 0 else 0 * t,
        lambda t: max(t, 0) - max(-t, 0),  # = t, of slope 1
        lambda t: t if t == 0 else 2 * t,
        lambda t: t if t else 2 * t,
        lambda t: 0.0 if t == 0 else t**2 * np.sin(1 / t),
    ],
)
def test_hidden_kinks_are_refused(route, f):
    with pytest.raises(ValueError, match="kink"):
        route(f, 0.0)
    with pytest.raises(ValueError, match="kink"):
        route(f, np.array([0.0]))
    assert np.isfinite(route(f, 0.5)) and np.isfinite(route(f, -0.5))


@pytest.mark.parametrize("route", [derivative, nested_derivative])
@pytest.mark.parametrize(
    ("f", "name"),
    [
        (lambda t: np.where(t > 1, t, 0), "where"),
        (np.sum, "sum"),
        (lambda t: np.maximum(t, 0), "maximum"),
        (lambda t: np.clip(t, 0, 1), "clip"),
        (lambda t: np.concatenate([t, t]), "concatenate"),
    ],
)
def test_functions_without_a_rule_are_named(route, f, name):
    with pytest.raises(ValueError, match=rf"np\.{name} has no rule"):
        route(f, 0.5)


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("make", [Dual, lambda v: Taylor([v, 1.0])], ids=["dual", "taylor"])
def test_one_tie_among_many_is_refused(make, relation):
    with pytest.raises(ValueError, match="kink"):
        relation(make(np.array([0.0, 1.0, 2.0])), 1.0)


@pytest.mark.parametrize("route", [derivative, nested_derivative])
def test_signs_and_powers_by_name(route):
    for f, slope in ((lambda t: +t, 1), (np.positive, 1), (np.negative, -1), (np.absolute, -1), (np.square, -4)):
        assert route(f, -2.0) == slope
    for compare in (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal):
        assert route(lambda t, c=compare: t if c(t, 1.0) else 3 * t, -2.0) == (1 if compare(-2.0, 1.0) else 3)


def test_primal():
    array = np.arange(3.0)
    assert primal(array) is array and primal("text") == "text"
    for number in (Dual(array), Dual(Dual(array)), Taylor([array, 1.0])):
        np.testing.assert_array_equal(primal(number), array)


def test_a_function_that_works_in_place_changes_no_argument():
    def f(t):
        t += 1
        return t**2

    x = np.array([1.0, 2.0])
    for scheme in SCHEMES:
        np.testing.assert_allclose(difference_quotient(f, x, 2.0**-20, scheme), [4, 6], rtol=1e-5)
    np.testing.assert_allclose(richardson(f, x, 0.5), [4, 6], rtol=1e-12)
    for route in (derivative, nested_derivative):
        assert route(f, x, 0).tolist() == [4, 9] and route(f, x).tolist() == [4, 6]
    assert x.tolist() == [1, 2]
