"""Closed-form gradients against torch, and the bound for a shared encoder."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import many, sound

both_problems = pytest.mark.parametrize("losses", [mtg.toy_losses, mtg.concave_front_losses])


def torch_concave(p):
    centre = torch.full_like(p, len(p) ** -0.5)
    return torch.stack([1 - torch.exp(-((p - centre) ** 2).sum()), 1 - torch.exp(-((p + centre) ** 2).sum())])


@pytest.mark.parametrize("points", [[[0.1, 0.7], [-1.0, 0.4]], [[0.1, 0.7, -0.5]]])
def test_closed_form_gradients(points):
    values, jacobians = mtg.concave_front_losses(np.array(points))
    for point, value, rows in zip(points, values, jacobians, strict=True):
        point = torch.tensor(point, dtype=torch.float64)
        assert_allclose(value, torch_concave(point), rtol=1e-12)
        assert_allclose(rows, torch.autograd.functional.jacobian(torch_concave, point), rtol=1e-10, atol=1e-13)


def test_safe_condition_number_is_sharp():
    assert_allclose(mtg.safe_condition_number([0.0, 0.5, 1.0]), [1, 3, np.inf])
    rng = np.random.default_rng(14)
    h, u = rng.standard_normal((2, 3))
    cosine = abs(h @ u) / np.linalg.norm(h) / np.linalg.norm(u)
    h = h * np.sign(h @ u)
    kappa = mtg.safe_condition_number(cosine)
    axis = h / np.linalg.norm(h) + u / np.linalg.norm(u)
    reflection = np.eye(3) - 2 * np.outer(axis, axis) / (axis @ axis)  # takes u/‖u‖ to −h/‖h‖

    def product(condition):
        return h @ (np.eye(3) + (condition - 1) / (condition + 1) * reflection) @ u

    assert product(0.99 * kappa) > 0 > product(1.01 * kappa)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: mtg.concave_front_losses(np.zeros((2, 0))), "points"),
        (lambda: mtg.safe_condition_number(-0.1), "cosine"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@many
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-150, 1e-3, 1, 10, 1e4]), width=st.integers(1, 4))
def test_losses_and_gradients_are_torchs_at_any_point(seed, scale, width):
    rng = np.random.default_rng(seed)
    point = rng.standard_normal(width) * scale
    value, rows = mtg.concave_front_losses(point)
    tensor = torch.tensor(point)
    assert_allclose(value, torch_concave(tensor), rtol=1e-9, atol=1e-12)
    expected = torch.autograd.functional.jacobian(torch_concave, tensor)
    assert_allclose(rows, expected, rtol=1e-7, atol=1e-9 * max(1, float(expected.abs().max())))


@many
@given(cosine=st.floats(0, 1))
def test_safe_condition_number_is_its_formula(cosine):
    found = float(mtg.safe_condition_number(cosine))
    exact = (1 + Fraction(cosine)) / (1 - Fraction(cosine)) if cosine < 1 else np.inf
    assert_allclose(found, float(exact), rtol=1e-15)


@pytest.mark.parametrize("points", [np.zeros((0, 2)), [[np.nan, 0]], [[np.inf, 0]], "ab", np.zeros((2, 2), complex)])
@both_problems
def test_points_that_are_none(losses, points):
    assert sound(lambda p: losses(p)[0], points) is None


@both_problems
def test_far_points(losses):
    """Where a loss or its gradient exceeds float64 that is said; before that they are finite."""

    def everything(p):
        return np.concatenate([part.ravel() for part in losses(p)])

    assert sound(everything, np.full(2, 1e100)) is not None
    sound(everything, np.full(2, 1e200))


def test_the_bound_raises_task_1_in_the_example_above_kappa_2():
    rows = np.array([[[4.0, -2.0], [0.0, 2.0]]])
    assert mtg.raised_by_bound(rows, [1.0, 1.9, 2.1, 30.0])[:, 0].tolist() == [False, False, True, True]


def test_the_bound_is_safe_below_the_safe_condition_number():
    rows = mtg.random_rows(200, 3, 4, 0)
    least = mtg.least_cosine(mtg.min_norm_weights, rows)
    kappas = mtg.safe_condition_number(np.clip(least, 0, 0.99))
    for k in range(200):
        assert not mtg.raised_by_bound(rows[k : k + 1], kappas[k : k + 1])[0, 0]
    assert mtg.raised_by_bound(rows, [1000.0]).mean() > 0.3


def test_the_bound_refuses_other_shapes_and_condition_numbers():
    with pytest.raises(ValueError, match="shapes"):
        mtg.raised_by_bound(np.eye(2), [2.0])
    with pytest.raises(ValueError, match="kappas"):
        mtg.raised_by_bound(np.eye(2)[None], [0.5])
