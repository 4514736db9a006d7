"""Gradients of the digit tasks, against the chain rule and finite differences."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from helpers import multi_task_gradients as mtg

RNG = np.random.default_rng(0)
IMAGES, LABELS = RNG.random((60, 3, 2)), RNG.integers(0, 4, 60)


def gradients(asked=(0, 1, 2), **options):
    return mtg.digit_gradients(IMAGES, LABELS, asked, **{"seed": 5, "batch": 30, "hidden": 4, **options})


def test_the_chain_rule_joins_the_two_gradients():
    on_code, on_weights, jacobian = gradients()
    assert on_code.shape == (3, 120) and on_weights.shape == (3, 24) and jacobian.shape == (120, 24)
    assert_allclose(on_code @ jacobian, on_weights, rtol=1e-9, atol=1e-12)


def test_losses_are_means_of_logistic_losses():
    """The gradient on the code is (σ(logit) − wanted) · readout / batch, written out here."""
    rng = np.random.default_rng(5)
    chosen = rng.choice(60, 30, replace=False)
    weight, readout = rng.standard_normal((6, 4)) / 4, rng.standard_normal((4, 3))
    code = np.tanh(IMAGES[chosen].reshape(30, 6) @ weight)
    error = torch.sigmoid(torch.tensor(code @ readout)).numpy() - (LABELS[chosen, None] == [0, 1, 2])
    expected = [np.outer(error[:, i], readout[:, i]).ravel() / 30 for i in range(3)]
    assert_allclose(gradients()[0], expected, rtol=1e-9)


def test_disjoint_tasks_own_every_third_image():
    on_code, on_weights, jacobian = gradients(disjoint=True)
    for i, rows in enumerate(on_code.reshape(3, 30, 4)):
        assert np.array_equal(np.abs(rows).sum(1) > 0, np.arange(30) % 3 == i)
    assert_allclose(on_code @ jacobian, on_weights, rtol=1e-9, atol=1e-12)
    assert_allclose(on_code[0, :4], 3 * gradients()[0][0, :4])  # a mean over a third of the images


def test_the_seed_decides_and_the_labels_matter():
    assert np.array_equal(gradients()[1], gradients()[1])
    assert not np.array_equal(gradients()[1], gradients(seed=6)[1])
    alike = gradients(asked=[0, 0, 0])[1]
    assert np.array_equal(alike[0], gradients()[1][0]) and not np.array_equal(alike[1], gradients()[1][1])


@pytest.mark.parametrize("batch", [61, 2])
def test_refuses_batches_that_do_not_fit(batch):
    with pytest.raises(ValueError, match="batch"):
        gradients(batch=batch)


def test_share_of_bound_is_attained_along_the_first_singular_vector():
    jacobian = RNG.standard_normal((5, 3))
    left, sizes, _ = np.linalg.svd(jacobian, full_matrices=False)
    z = left.T[:2]
    shares = mtg.share_of_bound(np.eye(2), z, z @ jacobian, jacobian)
    assert_allclose(shares, [1, sizes[1] / sizes[0]], rtol=1e-12)


def test_share_of_bound_refuses_shapes_that_do_not_fit():
    on_code, on_weights, jacobian = gradients()
    for bad in (
        (np.ones((4, 2)), on_code, on_weights, jacobian),
        (np.ones(3), on_code, on_weights, jacobian),
        (np.ones((4, 3)), on_code, on_weights, jacobian.T),
    ):
        with pytest.raises(ValueError, match="give"):
            mtg.share_of_bound(*bad)


def test_largest_cosine_knows_no_sign_and_no_length():
    rows = RNG.standard_normal((4, 6))
    rows[2] = -7 * rows[0]
    assert_allclose(mtg.largest_cosine(rows), 1)
    assert mtg.largest_cosine(np.eye(3)) == 0
    for bad in (rows[:1], rows[0], np.zeros((2, 3))):
        with pytest.raises(ValueError, match="rows"):
            mtg.largest_cosine(bad)
