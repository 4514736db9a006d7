"""Measured properties on methods whose answer is known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from helpers import multi_task_gradients as mtg

SETS = mtg.random_rows(50, 4, 5, 0)


def test_least_cosine_by_hand():
    rows = np.array([[3.0, 0.0], [-1.0, 1.0]])
    u = rows.mean(0)
    expected = min(g @ u / np.linalg.norm(g) / np.linalg.norm(u) for g in rows)
    assert_allclose(mtg.least_cosine(mtg.mean_weights, rows), expected)
    assert (mtg.least_cosine(mtg.min_norm_weights, SETS) > 0).all()
    assert (mtg.least_cosine(mtg.mean_weights, SETS) < 0).any()


def test_the_set_on_which_imtl_g_raises_every_loss():
    rows = np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 2.0], [-1.0, 1.0, 1.0]])
    u = mtg.combine(mtg.imtl_g_weights(mtg.gram_of(rows)), rows)
    assert (rows @ u < 0).all()
    assert mtg.least_cosine(mtg.imtl_g_weights, rows) < -0.5


def test_turns_of_methods_that_are_blind_and_of_some_that_are_not():
    factors = 10.0 ** np.random.default_rng(1).uniform(-2, 2, (50, 4))
    assert mtg.turn_by_scaling(mtg.normalized_weights, SETS, factors).max() < 1e-12
    assert mtg.turn_by_scaling(mtg.mean_weights, SETS, factors).min() > 1e-3
    assert mtg.turn_by_reordering(mtg.min_norm_weights, SETS, [2, 0, 3, 1]).max() < 1e-9
    assert mtg.turn_by_reordering(mtg.pcgrad_weights, SETS, [3, 2, 1, 0]).max() > 0.1


def test_a_turn_is_the_chord_of_an_angle():
    rows = np.array([[1.0, 0.0], [0.0, 1.0]])
    chord = np.linalg.norm(np.array([1, 1]) / 2**0.5 - np.array([3, 1]) / 10**0.5)
    assert_allclose(mtg.turn_by_scaling(mtg.mean_weights, rows, [3.0, 1.0]), chord)


@pytest.mark.parametrize(
    ("weights", "power"), [(mtg.min_norm_weights, 1), (mtg.upgrad_weights, 1), (mtg.mean_weights, 0)]
)
def test_rest_as_a_power_of_the_distance(weights, power):
    lengths = mtg.lengths_near_rest(weights, 5, [1e-2, 1e-3, 1e-4], 40, 0)
    assert_allclose(lengths[:-1] / lengths[1:], 10.0**power, rtol=0.05)


def test_refuses_factors_and_orders_that_are_none():
    with pytest.raises(ValueError, match="factors"):
        mtg.turn_by_scaling(mtg.mean_weights, SETS, [1.0, -1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="order"):
        mtg.turn_by_reordering(mtg.mean_weights, SETS, [0, 0, 1, 2])
