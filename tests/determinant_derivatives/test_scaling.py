"""What the adjugate is built from, against exact fractions: exponents, scaling, products that leave one factor out."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.determinant_derivatives._exponents import largest_exponent, times_power, to_common_exponent, within_float64
from helpers.determinant_derivatives._scaling import equilibrate, leave_one_out
from tests.determinant_derivatives.strategies import few, seeds


def test_powers_of_any_size():
    exponents = np.array([-(10**12), -1074, 0, 1023, 10**12])
    assert times_power(np.ones(5), exponents).tolist() == [0.0, 5e-324, 1.0, 2.0**1023, math.inf]
    # A small number and a large power: what counts is the product.
    assert times_power(np.array([2.0**-1000, 2.0**1000]), np.array([1500, -1500])).tolist() == [2.0**500, 2.0**-500]
    with pytest.raises(ValueError, match="x: the result is larger than the range of float64.*do that"):
        within_float64("x", np.array([0.5, 0.5]), np.array([3, 1025]), "do that")
    assert within_float64("x", np.array([0.5, 0.5]), np.array([1024, -2000]), "do that").tolist() == [2.0**1023, 0.0]


def test_the_largest_exponent_is_that_of_a_number_not_of_a_zero():
    mantissa, exponent = np.array([[0.0, 0.5, 0.7], [0.0, 0.0, 0.0]]), np.array([[9, -4, -3], [5, 6, 7]])
    assert largest_exponent(mantissa, exponent, -1).tolist() == [-3, 0]


def test_one_exponent_for_each_matrix():
    M = np.array([[[0.0, -3.0], [0.25, 1.0]], [[0.0, 0.0], [0.0, 0.0]], [[1e-300, 0.0], [0.0, 1e-310]]])
    mantissa, exponent = to_common_exponent(M)
    assert exponent.tolist() == [2, 0, math.frexp(1e-300)[1]]
    assert mantissa[:2].tolist() == [[[0.0, -0.75], [0.0625, 0.25]], [[0.0, 0.0], [0.0, 0.0]]]
    assert np.abs(mantissa[2]).max() == math.frexp(1e-300)[0]
    mantissa, exponent = to_common_exponent(np.array([[1.0, 1.0]]), np.array([[3000, 2998]]))
    assert (mantissa.tolist(), exponent.tolist()) == ([[0.5, 0.125]], 3001)


@given(st.integers(2, 7), seeds)
@few
def test_scaled_rows_and_columns_are_of_one_size_and_nothing_is_rounded(n, seed):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n)) * (rng.random((n, n)) < 0.6)
    A = np.ldexp(A, rng.integers(-100, 101, (n, 1)) + rng.integers(-100, 101, n))
    B, r, c = equilibrate(A)
    assert np.array_equal(np.ldexp(B, r[:, None] + c), A)
    rows, columns = np.abs(B).max(1), np.abs(B).max(0)
    if (r == r[0]).all() and not c.any():  # as it was: within a factor of 16
        assert rows.min() >= rows.max() / 16 and columns.min() >= columns.max() / 16
    else:
        assert all(x == 0 or 0.5 <= x < 1 for x in (*rows, *columns))


@pytest.mark.parametrize("turned", [False, True])
def test_only_an_uneven_matrix_is_scaled_by_more_than_one_number(turned):
    for ratio, scaled in ((2.0**-4, False), (2.0**-4.1, True)):
        A = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [ratio, ratio, ratio]])
        B, r, c = equilibrate(A.T if turned else A)
        assert len(set(r + (c.max() if turned else 0))) == (2 if scaled and not turned else 1)
        assert len(set(c)) == (2 if scaled and turned else 1)
        assert np.abs(B).max() < 1 and np.abs(B).max() >= 0.5


@given(st.integers(3, 7), seeds)
@example(40, 0)
@few
def test_a_scaling_is_undone_also_along_cycles_of_few_entries(n, seed):
    # Two entries in each row and column: the largest of a row or column does not tell its scale, all together do.
    rng = np.random.default_rng(seed)
    S = np.diag(rng.uniform(1, 2, n)) + np.diag(rng.uniform(1, 2, n)) @ np.roll(np.eye(n), 1, 1)
    B, *_ = equilibrate(np.ldexp(S, rng.integers(-150, 151, (n, 1)) + rng.integers(-150, 151, n)))
    sizes = np.log2(np.abs(B[S != 0]))
    assert sizes.max() - sizes.min() <= 4  # about one size, whatever the scales were


@given(st.integers(1, 6), seeds)
@few
def test_products_without_one_factor(k, seed):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((2, k)) * 10.0 ** rng.integers(-200, 201, (2, k)) * (rng.random((2, k)) < 0.8)
    mantissa, exponent = leave_one_out(values)
    for row, i in np.ndindex(2, k):
        exact = math.prod((Fraction(float(x)) for x in np.delete(values[row], i)), start=Fraction(1))
        found = Fraction(float(mantissa[row, i])) * Fraction(2) ** int(exponent[row, i])
        assert abs(found - exact) <= abs(exact) / 10**14


@pytest.mark.parametrize("value", [0.51, 0.7072, 1.4, 1.99, 3e-5])
def test_two_thousand_factors_stay_in_range(value):
    mantissa, exponent = leave_one_out(np.full(2000, value))
    logs = np.log2(mantissa) + exponent
    assert np.isfinite(mantissa).all() and logs == pytest.approx(1999 * math.log2(value), abs=1e-9)
