"""The toy problem against torch, and walks over it against the general methods with torch's Adam."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from helpers import multi_task_gradients as mtg
from helpers.multi_task_gradients.toy import _pair_weights
from tests.multi_task_gradients.strategies import many

KEPT = [0, 1, 3, 4]  # from the middle start θ_1 stays 0 but for rounding, which some methods amplify


def torch_toy(p):
    """As the code published with the paper has it."""
    x, y = p
    valleys = [0.5 * (-x - 7) - torch.tanh(-y), 0.5 * (-x + 3) + torch.tanh(-y) + 2]
    f = [torch.log(v.abs().clamp_min(5e-6)) + 6 for v in valleys]
    g = [((-x + 7) ** 2 + 0.1 * (-y - 8) ** 2) / 10 - 20, ((-x - 7) ** 2 + 0.1 * (-y - 8) ** 2) / 10 - 20]
    upper, lower = torch.tanh(0.5 * y).clamp_min(0), torch.tanh(-0.5 * y).clamp_min(0)
    return torch.stack([upper * f[k] + lower * g[k] for k in range(2)])


def compare(point):
    values, rows = mtg.toy_losses(point)
    tensor = torch.tensor(point, dtype=torch.float64)
    expected = torch.autograd.functional.jacobian(torch_toy, tensor)
    assert_allclose(values, torch_toy(tensor), rtol=1e-9, atol=1e-12)
    assert_allclose(rows, expected, rtol=1e-7, atol=1e-9 * max(1, float(expected.abs().max())))


@pytest.mark.parametrize("point", [[-8.5, 7.5], [-8.5, -5.0], [9.0, 9.0], [0.3, -0.2], [10.0, -8.0], [-7.0, 1e-9]])
def test_losses_and_gradients_are_torchs(point):
    compare(point)


@many
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-150, 1e-3, 1, 10, 1e4]))
def test_losses_and_gradients_are_torchs_at_any_point(seed, scale):
    compare(np.random.default_rng(seed).standard_normal(2) * scale)


@pytest.mark.parametrize("side, valley", [(0, -7.0), (1, 7.0)])
def test_in_a_valley_the_logarithm_is_cut(side, valley):
    """Where the distance from the valley is below 5e−6, the loss is flat along θ_1."""
    y = 2.0
    x = valley + 2 * (1 - 2 * side) * np.tanh(y)
    values, rows = mtg.toy_losses([[x, y], [x + 9e-6, y], [x + 1.1e-5, y]])
    assert values[0, side] == values[1, side] < values[2, side] - 0.01
    assert_allclose(values[0, side], np.tanh(1.0) * (np.log(5e-6) + 6), rtol=1e-12)
    assert rows[0, side, 0] == rows[1, side, 0] == 0 != rows[2, side, 0]


def test_at_the_kink_the_gradient_is_that_from_below():
    assert_allclose(mtg.toy_losses([1.0, 0.0])[1], mtg.toy_losses([1.0, -1e-9])[1], atol=1e-7)


def general(method, gram):
    return mtg.cagrad_weights(gram, 0.5) if method == "cagrad" else mtg.WEIGHTS[method](gram)


@pytest.mark.parametrize("number, method", list(enumerate(mtg.TOY_METHODS)))
def test_closed_forms_for_two_tasks(number, method):
    rng = np.random.default_rng(number)
    for rows in rng.standard_normal((300, 2, 2)) * 10.0 ** rng.uniform(-1, 1, (300, 2, 1)):
        gram = rows @ rows.T
        weights = _pair_weights(number, gram[0, 0], gram[0, 1], gram[1, 1], 0.5)
        assert_allclose(weights @ rows, general(method, gram) @ rows, rtol=1e-5, atol=1e-6 * np.abs(rows).max())


@pytest.mark.parametrize("number, method", list(enumerate(mtg.TOY_METHODS)))
def test_equal_and_opposite_gradients(number, method):
    for other in (1.0, -1.0, -0.5):
        weights = np.array(_pair_weights(number, 1.0, other, other**2, 0.5))
        rows = np.array([[1.0], [other]])
        assert np.isfinite(weights).all()
        expected = general(method, rows @ rows.T) @ rows
        assert_allclose(weights @ rows, expected, atol=1e-6)


@pytest.mark.parametrize("method", mtg.TOY_METHODS)
def test_a_walk_is_torchs_adam_on_the_general_method(method):
    steps = 120
    points = torch.tensor(mtg.TOY_STARTS[KEPT], requires_grad=True)
    adam, kept = torch.optim.Adam([points], lr=0.01), [mtg.TOY_STARTS[KEPT]]
    for _ in range(steps):
        rows = mtg.toy_losses(points.detach().numpy())[1]
        weights = general(method, rows @ np.swapaxes(rows, -1, -2))
        points.grad = torch.tensor(np.einsum("bi,bij->bj", weights, rows))
        adam.step()
        kept.append(points.detach().numpy().copy())
    found = mtg.toy_walk(method, steps, 0.01, every=7)
    assert found.shape == (steps // 7 + 1, 5, 2)
    assert_allclose(found[:, KEPT], np.array(kept)[::7], rtol=1e-9, atol=1e-9)


def test_the_published_protocol():
    """At the published rate the mean sticks in the valleys from two of the five starts; no other method does."""
    for method in mtg.TOY_METHODS:
        heights = mtg.toy_walk(method, 100_000, 0.001, every=100_000)[-1, :, 1]
        assert ((heights < -8) == (method != "mean" or np.array([False, True, True, False, True]))).all()


def test_radius_decides_how_far_cagrad_leaves_the_mean():
    near, far = (mtg.toy_walk("cagrad", 50, 0.1, radius=radius)[:, KEPT] for radius in (1e-9, 0.9))
    mean = mtg.toy_walk("mean", 50, 0.1)[:, KEPT]
    assert_allclose(near, mean, atol=1e-6)
    assert np.abs(far - mean).max() > 0.1
    assert_allclose(mtg.toy_walk("cagrad", 50, 0.1), mtg.toy_walk("cagrad", 50, 0.1, radius=0.5), rtol=0)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: mtg.toy_losses(np.zeros(3)), "points"),
        (lambda: mtg.toy_walk("sgd", 1, 0.1), "method"),
        (lambda: mtg.toy_walk("mean", 0, 0.1), "steps"),
        (lambda: mtg.toy_walk("mean", 1, 0.0), "rate"),
        (lambda: mtg.toy_walk("mean", 3, 0.1, every=4), "every"),
        (lambda: mtg.toy_walk("mean", 3, 0.1, every=0), "every"),
        (lambda: mtg.toy_walk("cagrad", 1, 0.1, radius=1.0), "radius"),
        (lambda: mtg.toy_walk("cagrad", 1, 0.1, radius=0.0), "radius"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_leading_axes_and_layout_stay():
    points = np.random.default_rng(0).standard_normal((3, 4, 2))
    for given_points in (points, np.asfortranarray(points), points[:, ::-1]):
        values, rows = mtg.toy_losses(given_points)
        assert values.shape == (3, 4, 2) and rows.shape == (3, 4, 2, 2)
        assert_allclose(values[1, 2], mtg.toy_losses(given_points[1, 2])[0], rtol=0)


def test_the_pareto_set_is_stationary_and_beaten_by_none_beside_it():
    points = mtg.toy_pareto_set(29)
    assert_allclose(points[:, 0], np.linspace(-7, 7, 29), atol=1e-12)
    values, rows = mtg.toy_losses(points)
    assert mtg.shortest_length(rows).max() < 1e-9
    beside = points[:, None] + 1e-3 * np.random.default_rng(0).standard_normal((29, 200, 2))
    better = (mtg.toy_losses(beside)[0] < values[:, None] - 1e-12).all(-1)
    assert not better.any()
