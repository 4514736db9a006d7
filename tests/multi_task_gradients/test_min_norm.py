"""The exact weights against all supports and quadprog, at any rank and scale."""

import numpy as np
import pytest
import quadprog
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from helpers import multi_task_gradients as mtg
from tests.examples import examples
from tests.multi_task_gradients.strategies import EXACT, KINDS, gradients, gram_of, jacobian, many, strict_gap


@pytest.mark.parametrize(
    "rows, weights",
    [
        ([[1, 0], [0, 1]], [0.5, 0.5]),
        ([[2, 0], [0, 1]], [0.2, 0.8]),  # the foot of the altitude
        ([[1, 0], [3, 1]], [1, 0]),  # the first is the shorter one and inside the second's half-plane
        ([[3, 1], [1, 0]], [0, 1]),
        ([[1, 1], [1, 1]], [0.5, 0.5]),
        ([[1, 0], [-1, 0]], [0.5, 0.5]),
        ([[0, 0], [5, 1]], [1, 0]),
        ([[0, 0], [0, 0]], [0.5, 0.5]),
    ],
)
def test_two_tasks(rows, weights):
    gram = gram_of(np.array(rows, float))
    for found in (mtg.two_task_weights(gram), mtg.min_norm_weights(gram), mtg.min_norm_weights(gram[None])[0]):
        assert_allclose(found, weights, atol=1e-15)


@pytest.mark.parametrize("tasks", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_equals_the_best_of_all_supports(tasks, shift):
    rng = np.random.default_rng(tasks)
    grams = gram_of(np.stack([jacobian(rng, tasks, tasks + 2, shift) for _ in range(20)]))
    expected = np.stack([mtg.min_norm_weights_by_supports(g) for g in grams])
    assert_allclose(mtg.min_norm_weights(grams), expected, atol=1e-11)
    assert_allclose(np.stack([mtg.min_norm_weights(g) for g in grams]), expected, atol=1e-11)


@pytest.mark.parametrize("tasks", [2, 5, 17, 64, 256])
def test_equals_quadprog_at_full_rank(tasks):
    gram = gram_of(jacobian(np.random.default_rng(tasks), tasks, tasks + 40, 0.3))
    constraints = np.concatenate([np.ones((tasks, 1)), np.eye(tasks)], 1)
    bounds = np.append(1.0, np.zeros(tasks))
    expected = quadprog.solve_qp(gram, np.zeros(tasks), constraints, bounds, 1)[0]
    assert_allclose(mtg.min_norm_weights(gram), expected, atol=1e-10)


@many
@given(
    seed=st.integers(0, 2**32 - 1),
    tasks=st.integers(1, 24),
    rank=st.integers(1, 30),
    shift=st.sampled_from([0.0, 0.3, 3.0]),
    exponent=st.integers(-128, 150),  # the shortest of the gradients has 1e-148, whose square is a normal number
    spread=st.sampled_from([0, 1, 4, 20]),
    batch=st.booleans(),
)
def test_gap_and_simplex_at_any_rank_and_scale(seed, tasks, rank, shift, exponent, spread, batch):
    rng = np.random.default_rng(seed)
    rows = jacobian(rng, tasks, rank, shift) * 10.0 ** (spread * rng.uniform(-1, 0, (tasks, 1)))
    rows[rng.integers(tasks)] = rows[rng.integers(tasks)]  # often a duplicate
    gram = gram_of(rows * 10.0**exponent)
    weights = mtg.min_norm_weights(gram[None].repeat(2, 0))[1] if batch else mtg.min_norm_weights(gram)
    assert (weights >= 0).all()
    assert_allclose(weights.sum(), 1, rtol=1e-14)
    if spread <= 1:
        assert mtg.duality_gap(gram, weights) <= EXACT
    lengths = np.sqrt(np.diagonal(gram))
    image = gram @ weights
    assert (weights @ image - image <= EXACT * lengths * (weights @ lengths)).all()


@examples(50)
@given(seed=st.integers(0, 2**32 - 1), tasks=st.integers(2, 40), power=st.integers(-490, 490))
def test_the_scale_of_all_gradients_does_not_matter(seed, tasks, power):
    gram = gram_of(jacobian(np.random.default_rng(seed), tasks, tasks + 3, 0.5))
    assert_allclose(mtg.min_norm_weights(np.ldexp(gram, 2 * power)), mtg.min_norm_weights(gram), atol=1e-11)


@pytest.mark.parametrize("tasks", [3, 8, 32, 128, 256])
@pytest.mark.parametrize("rank", ["1", "2", "tasks // 2", "tasks", "2 * tasks"])
def test_gap_up_to_256_tasks(tasks, rank):
    gram = gram_of(jacobian(np.random.default_rng(tasks), tasks, eval(rank, {"tasks": tasks}), 0.2))
    assert mtg.duality_gap(gram, mtg.min_norm_weights(gram)) <= EXACT


def test_nearly_parallel_gradients_keep_their_digits():
    rng = np.random.default_rng(1)
    base = rng.standard_normal(30)
    for distance in 10.0 ** np.arange(-9, 0):
        gram = gram_of(base + distance * rng.standard_normal((6, 30)))
        assert strict_gap(gram, mtg.min_norm_weights(gram)) <= EXACT


def test_lengths_over_300_orders_of_magnitude():
    lengths = np.array([1e-150, 1e-60, 1.0, 1e90, 1e150])
    rows = np.eye(5) * lengths[:, None]
    weights = mtg.min_norm_weights(gram_of(rows))
    assert_allclose(weights[0], 1, rtol=1e-15)  # α_i ∝ 1/‖g_i‖² for orthogonal gradients
    assert_allclose(weights[1] / weights[0], 1e-180, rtol=1e-12)
    opposite = np.array([[1e-150, 0.0], [-1e150, 0.0]])
    assert_allclose(mtg.min_norm_weights(gram_of(opposite)), [1, 1e-300], rtol=1e-12)


def test_zero_gradients_take_the_weight_and_duplicates_share_the_optimum():
    rng = np.random.default_rng(2)
    rows = jacobian(rng, 4, 9, 1.0)
    for zero in ([2], [0, 3]):
        with_zero = rows.copy()
        with_zero[zero] = 0
        assert_allclose(mtg.min_norm_weights(gram_of(with_zero)), np.isin(range(4), zero) / len(zero))
    doubled = np.concatenate([rows, rows])
    assert_allclose(
        mtg.min_norm_weights(gram_of(doubled)) @ doubled, mtg.min_norm_weights(gram_of(rows)) @ rows, rtol=1e-11
    )


def test_leading_axes_one_task_and_other_dtypes():
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((2, 3, 5, 7))
    grams = gram_of(rows)
    weights = mtg.min_norm_weights(grams)
    assert weights.shape == (2, 3, 5)
    for index in np.ndindex(2, 3):
        assert_allclose(weights[index], mtg.min_norm_weights(grams[index]), atol=1e-12)
    assert mtg.min_norm_weights([[4.0]]) == [1.0]
    assert_allclose(mtg.min_norm_weights(np.zeros((3, 1, 1))), np.ones((3, 1)))
    assert_allclose(mtg.min_norm_weights(np.array([[4, 0], [0, 1]])), [0.2, 0.8])
    single = grams[0, 0].astype(np.float32)
    assert_allclose(mtg.min_norm_weights(single), weights[0, 0], atol=1e-4)


def test_duality_gap_bounds_the_distance_to_the_optimum():
    rng = np.random.default_rng(4)
    rows = jacobian(rng, 5, 6, 0.5)
    gram = gram_of(rows)
    best = mtg.min_norm_weights(gram) @ rows
    for weights in rng.dirichlet(np.ones(5), 50):
        size = weights @ np.diagonal(gram)
        assert mtg.duality_gap(gram, weights) * size >= ((weights @ rows - best) ** 2).sum() - 1e-12
    assert mtg.duality_gap(np.zeros((2, 2)), [0.5, 0.5]) == 0


@many
@given(case=gradients(tasks=5, kinds=KINDS[:7]))
def test_no_support_gives_a_shorter_combination(case):
    """The plain search over all supports against the active set, on hard sets too, by the length that is minimised."""
    rows = case[1]
    gram = gram_of(rows)
    fast, plain = mtg.min_norm_weights(gram), mtg.min_norm_weights_by_supports(gram)
    assert (fast >= 0).all()
    assert_allclose(fast.sum(), 1, rtol=1e-14)
    assert_allclose(((fast @ rows) ** 2).sum(), ((plain @ rows) ** 2).sum(), rtol=1e-9, atol=1e-12 * gram.max())


@many
@given(case=gradients(tasks=30, parameters=40))
def test_every_hard_set_is_solved_to_rounding(case):
    gram = gram_of(case[1])
    weights, lengths = mtg.min_norm_weights(gram), np.sqrt(np.diagonal(gram))
    image = gram @ weights
    assert (weights @ image - image <= EXACT * lengths * (weights @ lengths)).all()
    if case[0] != "lengths":
        assert mtg.duality_gap(gram, weights) <= EXACT


@many
@given(seed=st.integers(0, 2**32 - 1), low=st.integers(-150, 150), high=st.integers(-150, 150))
def test_two_tasks_of_any_lengths(seed, low, high):
    rows = np.random.default_rng(seed).standard_normal((2, 3)) * 10.0 ** np.array([[low], [high]])
    rows = rows[:, :1] if seed % 3 == 0 else rows  # sometimes in line
    first, second = np.array(rows, np.longdouble)
    apart = ((first - second) ** 2).sum()
    share = np.clip(((second - first) * second).sum() / apart, 0, 1) if apart > 0 else 0.5
    for weights in (mtg.two_task_weights(gram_of(rows)), mtg.min_norm_weights(gram_of(rows))):
        assert_allclose(weights, np.array([share, 1 - share], float), rtol=1e-9, atol=1e-13)


@many
@given(case=gradients(), scale=st.sampled_from([-120, 0, 120]), seed=st.integers(0, 99))
def test_duality_gap_is_its_formula(case, scale, seed):
    rows = case[1] * 10.0**scale
    weights = np.random.default_rng(seed).dirichlet(np.ones(len(rows)))
    gram = gram_of(case[1].astype(np.longdouble))
    image, size = gram @ weights, (weights * np.diagonal(gram)).sum()
    expected = (weights @ image - image.min()) / size if size > 0 else 0
    assert_allclose(mtg.duality_gap(gram_of(rows), weights), float(expected), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize(
    "gram, weights, message",
    [
        (np.eye(2), [np.nan, np.nan], "weights: holds nan"),
        (np.eye(2), [0, 0], "weights: .*sum to 1"),
        (np.eye(2), [1.5, -0.5], "weights: holds -0.5"),
        (np.eye(2), [1.0], "weights: .*sum to 1"),
        (np.eye(2), 1.0, "weights: .*sum to 1"),
        (np.full((2, 2), np.nan), [0.5, 0.5], "gram: holds nan"),
        (np.ones((3, 2, 2)), np.full((4, 2), 0.5), "gram, weights: shapes do not fit"),
    ],
)
def test_the_certificate_accepts_no_nonsense(gram, weights, message):
    with pytest.raises(ValueError, match=message):
        mtg.duality_gap(gram, weights)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: mtg.two_task_weights(np.eye(3)), "gram: shape"),
        (lambda: mtg.two_task_weights(np.eye(2) * np.nan), "gram: holds nan"),
        (lambda: mtg.min_norm_weights_by_supports(np.eye(17)), "gram: shape"),
        (lambda: mtg.min_norm_weights_by_supports(np.ones((2, 2, 2))), "gram: shape"),
        (lambda: mtg.min_norm_weights(gram_of(1e-162 * np.arange(12.0).reshape(4, 3))), "gram: .*lost digits"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_excess_by_hand_in_a_batch_and_at_zero():
    gram = np.array([[4.0, 0.0], [0.0, 1.0]])
    assert_allclose(mtg.excess([[0.2, 0.8], [0.5, 0.5], [1.0, 0.0]], gram), [0, 0.18, 1.28], atol=1e-12)
    assert mtg.excess([0.5, 0.5], np.zeros((2, 2))) == 0
