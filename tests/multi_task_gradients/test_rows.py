"""Rows of Jacobians: their Gram matrices, combinations, and whom the normalised sum hurts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from helpers import multi_task_gradients as mtg


def test_gram_matrices_are_symmetric_to_the_last_bit_and_batched():
    rows = np.random.default_rng(0).standard_normal((2, 3, 4, 7)) * 10.0 ** np.arange(4)[:, None]
    gram = mtg.gram_of(rows)
    assert_array_equal(gram, np.swapaxes(gram, -1, -2))
    for index in np.ndindex(2, 3):
        assert_allclose(gram[index], [[a @ b for b in rows[index]] for a in rows[index]], rtol=1e-12, atol=1e-9)


def test_combinations_follow_each_set():
    rng = np.random.default_rng(1)
    weights, rows = rng.random((5, 3)), rng.standard_normal((5, 3, 4))
    assert_allclose(mtg.combine(weights, rows), [w @ r for w, r in zip(weights, rows, strict=True)], rtol=1e-12)


def test_random_rows_depend_on_the_seed_alone():
    assert_array_equal(mtg.random_rows(4, 3, 2, 7), mtg.random_rows(4, 3, 2, 7))
    assert not np.array_equal(mtg.random_rows(4, 3, 2, 7), mtg.random_rows(4, 3, 2, 8))
    many = mtg.random_rows(4000, 2, 3, 0)
    assert abs(many.mean()) < 0.03 and abs(many.std() - 1) < 0.03


def test_shortest_length_is_an_altitude_a_side_or_zero():
    sets = [[[2.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [2.0, 1.0]], [[1.0, 0.0], [-3.0, 0.0]]]
    assert_allclose(mtg.shortest_length(sets), [2**0.5, 1, 0], atol=1e-12)


def test_distance_to_shortest_by_hand():
    rows = np.array([[[2.0, 0.0], [0.0, 1.0]]] * 2)
    weights = np.array([[0.2, 0.8], [0.5, 0.5]])
    assert_allclose(mtg.distance_to_shortest(weights, rows), [0, np.hypot(0.6, 0.3) / 1.5], atol=1e-12)
    path = np.stack([weights, weights])  # iterates before sets
    assert mtg.distance_to_shortest(path, rows).shape == (2, 2)


def test_two_tasks_are_never_hurt_and_of_many_as_many_as_the_normal_law_says():
    assert not mtg.hurt_by_normalized_sum(mtg.random_rows(2000, 2, 3, 3)).any()
    share = mtg.hurt_by_normalized_sum(mtg.random_rows(20_000, 10, 50, 4)).mean()
    assert abs(share - stats.norm.cdf(-((50 / 9) ** 0.5))) < 0.001


def test_hurt_tasks_by_hand_at_any_scale():
    rows = np.array([[1.0, 0.0], [-0.8, 0.6], [-0.8, -0.6]])
    for lengths in ([1, 1, 1], [1e-6, 1, 1e6]):
        assert mtg.hurt_by_normalized_sum(rows * np.array(lengths)[:, None]).tolist() == [True, False, False]


@pytest.mark.parametrize("function", [mtg.gram_of, mtg.shortest_length, mtg.hurt_by_normalized_sum])
def test_refuses_what_is_no_jacobian(function):
    with pytest.raises(ValueError, match="rows"):
        function([1.0, 2.0])
    with pytest.raises(ValueError, match="rows"):
        function([[np.nan, 1.0]])


def test_random_rows_refuse_empty_sizes():
    with pytest.raises(ValueError, match="tasks"):
        mtg.random_rows(3, 0, 2, 0)
