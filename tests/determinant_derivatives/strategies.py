"""Matrices to draw, and determinants and adjugates in exact arithmetic to compare with."""

import warnings
from fractions import Fraction

import numpy as np
import torch
from hypothesis import strategies as st

from helpers.determinant_derivatives._scaling import equilibrate
from tests.examples import examples

many = examples(500)
few = examples(40)
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


# Matrices of every kind, from a seed

DTYPES = (np.float64, np.float32, np.float16, np.int64, np.int8, np.uint16, list, torch.float64, torch.bfloat16)


def numbers(given):
    """A copy in float64 of numbers of any type."""
    return np.array(given.detach().double().tolist() if isinstance(given, torch.Tensor) else given, dtype=np.float64)


def any_matrix(seed, n_max=4):
    """A batch (…, n, n): regular, singular, nearly singular or sparse; of any type and scale; perhaps a view; a copy.

    Returns (what a user would give, the same numbers as float64).
    """
    rng = np.random.default_rng(seed)
    n, batch = int(rng.integers(1, n_max + 1)), [(), (), (1,), (2,), (2, 1)][rng.integers(5)]
    A = rng.standard_normal((*batch, n, n))
    kind = rng.integers(5)
    if kind == 1:  # small integers: often singular
        A = rng.integers(-2, 3, A.shape).astype(float)
    elif kind == 2:
        A = A * (rng.random(A.shape) < 0.5)
    elif kind == 3 and n > 1:  # rank n − 1 or n − 2, but for rounding
        r = max(n - int(rng.integers(1, 3)), 1)
        A = A[..., :r] @ rng.standard_normal((*batch, r, n))
    elif kind == 4:  # rows and columns of different scales
        A = A * 2.0 ** rng.integers(-30, 31, (n, 1)) * 2.0 ** rng.integers(-30, 31, n)
    dtype = DTYPES[rng.integers(len(DTYPES))]
    if dtype is np.float64:
        A = A * 10.0 ** rng.integers(-150, 151)
        given = [A, np.asfortranarray(A), A[..., ::-1, :], np.repeat(A, 2, -1)[..., ::2]][rng.integers(4)]
        given.setflags(write=False)  # an attempt to change it raises
    elif dtype is list:
        given = A.tolist()
    elif isinstance(dtype, torch.dtype):
        given = torch.from_numpy(A).to(dtype).requires_grad_(bool(rng.integers(2)))
    else:
        given = (np.clip(10 * A, 0, 100) if np.dtype(dtype).kind in "iu" else np.clip(A, -1e4, 1e4)).astype(dtype)
    return given, numbers(given)


def as_fraction(mantissa, exponent):
    return Fraction(float(mantissa)) * Fraction(2) ** int(exponent)


def tolerances(A, exact):
    """What an entry of adj A may be off, as Fractions: 10⁻⁹ of the largest entry, with A scaled as `adjugate` says.

    A remainder of 10⁻²⁵ is allowed for in any case: what 106 bits leave of a zero.
    """
    _, r, c = equilibrate(A)
    n, total = len(A), int(r.sum() + c.sum())
    weight = [[Fraction(2) ** (total - int(c[i] + r[j])) for j in range(n)] for i in range(n)]
    largest = max(abs(exact[i][j]) / weight[i][j] for i in range(n) for j in range(n))
    relative = largest / 10**9 + Fraction(1, 10**25)
    return [[relative * w for w in row] for row in weight]


def exact_or_error(function, *arguments):
    """The function's value, None for a ValueError; a warning, a nan or an infinity is a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            value = function(*arguments)
        except ValueError:
            return None
    for part in value if isinstance(value, tuple) else (value,):
        assert np.isfinite(part).all()
    return value
