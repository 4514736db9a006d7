"""One set of argument checks: the right value, or one ValueError that names the argument and says what to give."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.inputs import broadcast, choice, generator, integer, real_array, real_number
from tests.examples import examples


@pytest.mark.parametrize(
    "value",
    [
        2,
        2.0,
        np.float32(2),
        np.uint8(2),
        np.array(2),
        Fraction(2),
        sympy.Integer(2),
        torch.tensor(2),
        torch.tensor(2.0, requires_grad=True),
        torch.tensor(2.0, dtype=torch.bfloat16),
    ],
)
def test_whatever_is_a_real_number_is_one(value):
    assert real_number("x", value) == 2.0 and type(real_number("x", value)) is float
    pair = torch.stack([value, value]) if isinstance(value, torch.Tensor) else [value, value]
    array = real_array("x", pair)
    assert array.dtype == np.float64 and array.tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2", "x: has type str"),
        (["a"], "x: has type list"),
        (None, "x: cannot be read as real numbers"),
        (True, "x: has type bool"),
        (1j, "x: has type complex"),
        (np.array([1, True], object), "x: cannot be read as real numbers"),
        ([[1], [1, 2]], "x: cannot be read as real numbers"),
        ([], r"x: shape \(0,\) is empty; give at least one number"),
        (np.nan, "x: holds nan; give finite numbers"),
        ([1, -np.inf], "x: holds -inf; give finite numbers"),
        (10**400, "x: cannot be read as real numbers within the range of float64"),
        (np.ma.masked_array([1, 2], [True, False]), "x: has masked entries; give an array without a mask"),
    ],
)
def test_whatever_is_not_is_refused_by_name(value, message):
    with pytest.raises(ValueError, match=message):
        real_array("x", value)


def test_a_long_float_beyond_float64_is_refused_without_a_warning(recwarn):
    if np.finfo(np.longdouble).max > np.finfo(float).max:
        with pytest.raises(ValueError, match="x: holds inf"):
            real_array("x", np.longdouble(10) ** 400)
    assert not recwarn.list


bounds = st.sampled_from([-np.inf, -1.0, 0.0, 1.0, np.inf])
numbers = st.sampled_from([-np.inf, -2.0, -1.0, -0.0, 0.5, 1.0, 2.0, np.inf, np.nan])


@examples(500)
@given(st.lists(numbers, min_size=1, max_size=3), bounds, bounds, bounds, bounds, st.booleans())
def test_bounds_are_what_they_say(values, above, at_least, below, at_most, finite):
    def inside(x):
        return (
            (x > above or above == -np.inf)
            and (x < below or below == np.inf)
            and at_least <= x <= at_most
            and (np.isfinite(x) or not finite)
        )

    limits = dict(above=above, at_least=at_least, below=below, at_most=at_most, finite=finite)
    if all(inside(x) for x in values):
        assert real_array("x", values, **limits).tolist() == values
    else:
        with pytest.raises(ValueError, match="^x: holds .*; give "):
            real_array("x", values, **limits)


def test_messages_name_the_interval():
    for limits, interval in (
        (dict(above=0), r"\(0, inf\)"),
        (dict(at_least=0, below=1), r"\[0, 1\)"),
        (dict(above=-1, at_most=1), r"\(-1, 1\]"),
    ):
        with pytest.raises(ValueError, match=f"give finite numbers in {interval}$"):
            real_array("x", -5 if limits.get("above") != 0 else 0, **limits)


def test_shapes_types_and_no_change_in_place():
    given = np.arange(4.0).reshape(2, 2)
    assert real_array("A", given, square=True) is given  # nothing is copied that need not be
    half = real_array("x", np.ones(2, np.float16), keep_float=True)
    assert half.dtype == np.float16 and real_array("x", [1], keep_float=True).dtype == np.float64
    for wrong in (1.0, np.ones(2), np.ones((2, 3))):
        with pytest.raises(ValueError, match=r"A: shape \(.*\) is not \(..., n, n\)"):
            real_array("A", wrong, square=True)
    with pytest.raises(ValueError, match=r"x: has shape \(1,\); give one number"):
        real_number("x", [1.0])
    tensor = torch.tensor([1.0, 2.0], requires_grad=True)
    real_array("x", tensor)[0]
    assert tensor.requires_grad and tensor.tolist() == [1.0, 2.0]


def test_integers():
    for value in (3, np.int8(3), np.uint64(3)):
        assert integer("n", value, 1, 3) == 3 and type(integer("n", value, 1)) is int
    for value in (True, np.True_, 3.0, "3", None, np.array([3]), 0, -1):
        with pytest.raises(ValueError, match="n: is .*; give an integer ≥ 1"):
            integer("n", value, 1)
    with pytest.raises(ValueError, match="n: is 4; give an integer from 1 to 3"):
        integer("n", 4, 1, 3)


def test_choices_and_generators():
    assert choice("rule", "b", {"a": 1, "b": 2}) == "b"
    for wrong in ("c", "", None, 1, ["a"]):
        with pytest.raises(ValueError, match="rule: is .*; give one of 'a', 'b'"):
            choice("rule", wrong, ("a", "b"))
    rng, source = np.random.default_rng(0), torch.Generator()
    assert generator("g", rng) is rng and generator("g", source, torch.Generator) is source
    for wrong in (None, 3, np.random, source):
        with pytest.raises(ValueError, match="g: has type .*; give a numpy.random"):
            generator("g", wrong)
    with pytest.raises(ValueError, match="g: has type Generator; give a torch.*Generator"):
        generator("g", rng, torch.Generator)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"alpha, n: shapes do not fit \(alpha \(2,\), n \(3,\)\)"):
        broadcast(alpha=np.ones(2), n=np.ones(3))
