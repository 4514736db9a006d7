"""Matrices to draw, and determinants and adjugates in exact arithmetic to compare with."""

from fractions import Fraction

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

few = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def exact_det(rows):
    """Determinant in exact arithmetic (int or Fraction), by Laplace expansion over subsets of columns."""
    n = len(rows)
    partial = {0: Fraction(1)}
    for row in rows:
        following = {}
        for used, value in partial.items():
            sign = 1
            for j in reversed(range(n)):
                if used >> j & 1:
                    sign = -sign
                elif row[j]:
                    following[used | 1 << j] = following.get(used | 1 << j, 0) + sign * value * row[j]
        partial = following
    return partial.get((1 << n) - 1, Fraction(0))


def minors_adjugate(rows):
    """The adjugate by its definition in exact arithmetic, as lists of Fractions; fit for n ≤ 6."""
    n = len(rows)

    def minor(i, j):
        return [[x for k, x in enumerate(row) if k != j] for m, row in enumerate(rows) if m != i]

    return [[(-1) ** (i + j) * exact_det(minor(j, i)) for j in range(n)] for i in range(n)]


def fractions(A):
    return [[Fraction(float(x)) for x in row] for row in A]


def relative_error(value, exact):
    """max |value − exact| / max |exact| with an object array of exact integers of any size."""
    scale = max(abs(x) for x in np.ravel(exact))
    ratios = [Fraction(x) / scale for x in np.ravel(exact)]
    values = [Fraction(float(x)) / scale for x in np.ravel(value)]
    return float(max(abs(a - b) for a, b in zip(values, ratios, strict=True)))


integer_matrices = st.integers(1, 6).flatmap(
    lambda n: st.lists(st.lists(st.integers(-9, 9), min_size=n, max_size=n), min_size=n, max_size=n)
)
