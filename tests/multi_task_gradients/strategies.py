"""Gradients easy and hard, Gram matrices sound and unsound, and measures of optimality that several tests share."""

import warnings

import numpy as np
from hypothesis import strategies as st

from tests.examples import examples

EXACT = 1e-12  # the relative duality gap that the module promises
many = examples(500)


def jacobian(rng, tasks, rank, shift=0.0):
    """(tasks, rank): for large ``shift`` the gradients agree, for 0 and rank < tasks the optimum is often zero."""
    return rng.standard_normal((tasks, rank)) + shift * rng.standard_normal(rank)


def gram_of(rows):
    product = rows @ np.swapaxes(rows, -1, -2)
    return (product + np.swapaxes(product, -1, -2)) / 2


def strict_gap(gram, weights):
    """The gap over αᵀGα itself, which must be positive: a sharper measure where the optimum is not zero."""
    image = gram @ weights
    return (weights @ image - image.min()) / (weights @ image)


def hard_rows(kind, rng, tasks, parameters):
    """Gradients (tasks, parameters) that are hard in one of eight ways; only the last has lengths far from 1."""
    rows = rng.standard_normal((tasks, parameters))
    if kind == "agreeing":
        rows += rng.choice([0.3, 3, 30]) * rng.standard_normal(parameters)
    if kind == "nearly parallel":
        rows = rows[:1] + 10.0 ** rng.uniform(-12, 0) * rows
    if kind == "integers":  # ties, zeros, duplicates
        rows = np.round(rows)
    if kind == "dependent":
        rows[rng.integers(tasks, size=tasks)] = rows[rng.integers(tasks, size=tasks)] * rng.choice([1, -1, 2])
    if kind == "nearly stationary" and tasks > 1:
        rows[-1] = -rows[:-1].sum(0) + 10.0 ** rng.uniform(-12, 0) * rows[-1]
    if kind == "graded":
        rows = np.vander(rng.uniform(0, 1, tasks), parameters)
    if kind == "lengths":
        rows = rows * 10.0 ** rng.uniform(-6, 6, (tasks, 1))
    return rows


KINDS = ["normal", "agreeing", "nearly parallel", "integers", "dependent", "nearly stationary", "graded", "lengths"]


@st.composite
def gradients(draw, tasks=12, parameters=14, kinds=tuple(KINDS)):
    """(kind, rows): one set of gradients."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(kinds))
    return kind, hard_rows(kind, rng, draw(st.integers(1, tasks)), draw(st.integers(1, parameters)))


@st.composite
def arrays(draw):
    """What somebody may hand over as Gram matrices: any dtype, scale, shape, layout, and numbers that are none."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.sampled_from([(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (2, 3, 3), (2, 1, 2, 2)]))
    rows = rng.standard_normal(shape) * 10.0 ** draw(st.sampled_from([0, 0, 0, -150, 150, -161, 3]))
    with np.errstate(all="ignore"):
        array = gram_of(rows)
        change = draw(st.sampled_from(["", "", "", "nan", "inf", "negative", "asymmetric", "indefinite", "zero row"]))
        entry = (..., shape[-1] - 1, 0)
        if change in ("nan", "inf"):
            array[entry] = float(change)
        if change == "negative":
            array[..., 0, 0] *= -1
        if change == "asymmetric":
            array[entry] *= 1.5
        if change == "indefinite":
            array -= 2 * np.abs(array).max() * (1 - np.eye(shape[-1]))
        if change == "zero row":
            array[..., 0, :] = array[..., :, 0] = 0
        kind = draw(
            st.sampled_from("float64 float64 float64 float32 float16 int64 uint8 bool complex128 object".split())
        )
        array = array.astype(kind)
    layout = draw(st.sampled_from(["", "", "fortran", "strided", "reversed", "read-only", "empty", "cut", "list"]))
    if layout == "fortran":
        array = np.asfortranarray(array)
    if layout == "strided":
        array = np.repeat(np.repeat(array, 2, -1), 2, -2)[..., ::2, ::2]
    if layout == "reversed":
        array = array[..., ::-1, ::-1]
    if layout == "read-only":
        array.setflags(write=False)
    if layout == "empty":
        array = array[..., :0, :0]
    if layout == "cut":
        array = array[..., :-1]
    return array.tolist() if layout == "list" else array


def sound(function, array, *arguments):
    """function(array, *arguments), finite, or None for a ValueError; without a warning or a change of the array."""
    before = repr(np.array(array).tolist())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = function(array, *arguments)
        except ValueError:
            result = None
    assert repr(np.array(array).tolist()) == before
    if result is not None:
        assert np.isfinite(np.asarray(result)).all()
    return result
