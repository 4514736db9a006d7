"""Numbers of 106 bits and the elimination with them, against exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.determinant_derivatives._double_double import (
    long_factors,
    product_with_diagonal,
    sum_of_pairs,
    two_product,
)
from tests.determinant_derivatives.strategies import exact_det, few, fractions, seeds

BITS = Fraction(1, 2**98)  # of 106, some are lost in a few operations


def exact_pairs(pair):
    """The exact sums of a pair of matrices, as rows of fractions."""
    return [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(*map(fractions, pair), strict=True)]


def product(X, Y):
    return [[sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*Y, strict=True)] for row in X]


@given(seeds)
@few
def test_products_are_exact(seed):
    a, b = np.random.default_rng(seed).standard_normal((2, 3, 3)) * 10.0 ** np.arange(-60, 30, 30)
    assert exact_pairs(two_product(a, b)) == [
        [x * y for x, y in zip(*rows, strict=True)] for rows in zip(fractions(a), fractions(b), strict=True)
    ]


@given(st.integers(1, 9), seeds)
@few
def test_sums_round_once(k, seed):
    rng = np.random.default_rng(seed)
    high = rng.standard_normal(k) * 10.0 ** rng.integers(-8, 9, k)
    high = np.concatenate([high, -high * (1 + 2.0**-40)])  # most of it cancels
    low = high * rng.uniform(-1, 1, 2 * k) * 2.0**-54
    exact = sum(Fraction(float(x)) + Fraction(float(y)) for x, y in zip(high, low, strict=True))
    size = sum(abs(Fraction(float(x))) for x in high)
    found = Fraction(float(sum_of_pairs(high[None], low[None])[0]))
    assert abs(found - exact) <= abs(exact) / 2**52 + size * BITS


def matrix(n, seed):
    """Rows of about one size that nearly coincide: elimination in 53 bits would leave little."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal(n) + rng.standard_normal((n, n)) * 2.0 ** -rng.integers(0, 25)


@given(st.integers(1, 5), seeds)
@few
def test_factors_of_elimination(n, seed):
    A = matrix(n, seed)
    factors = long_factors(A)
    assert sorted(factors.rows) == sorted(factors.columns) == list(range(n))
    order = [np.eye(n)[list(order)].tolist() for order in (factors.rows, factors.columns)]
    assert factors.sign == exact_det([[int(x) for x in row] for row in order[0]]) * exact_det(
        [[int(x) for x in row] for row in order[1]]
    )
    left, right = exact_pairs(factors.lower_inverse), exact_pairs(factors.upper_inverse)
    ordered = fractions(A[factors.rows][:, factors.columns])
    reduced = product(product(left, ordered), right)  # L⁻¹ PAQ U⁻¹ is the diagonal of pivots
    size = max(abs(x) for row in ordered for x in row)
    for i, j in np.ndindex(n, n):
        if i == j:
            pivot = Fraction(float(factors.pivots[i]))
            assert abs(reduced[i][i] - pivot) <= abs(pivot) / 2**51 + 1000 * size * BITS
        else:
            assert abs(reduced[i][j]) <= 1000 * size * BITS
    assert np.abs(factors.pivots[0]) == np.abs(A).max()  # of the whole matrix; a later one may have grown
    # The product with a diagonal in the middle, with zeros left out.
    others = np.random.default_rng(seed).standard_normal(n) * (np.arange(n) != 1)
    middle = [[Fraction(float(others[i])) * x for x in row] for i, row in enumerate(left)]
    exact, found = product(right, middle), exact_pairs(product_with_diagonal(factors, others))
    largest = max(abs(x) for row in exact for x in row) + 1
    assert all(abs(found[i][j] - exact[i][j]) <= 100 * largest * BITS for i, j in np.ndindex(n, n))


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_where_the_pivots_end_zeros_follow(rank):
    A = np.zeros((3, 3))
    A[:rank, :rank] = np.diag([1.0, 4.0, 2.0][:rank])
    assert np.sort(np.abs(long_factors(A).pivots)).tolist() == sorted([0.0] * (3 - rank) + [1.0, 4.0][:rank])
