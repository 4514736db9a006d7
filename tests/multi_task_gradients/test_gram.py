"""What is refused because it is no Gram matrix, and why; every function of one gives finite numbers or says so."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from helpers import multi_task_gradients as mtg
from helpers.multi_task_gradients._active_set import min_norm_stack
from tests.multi_task_gradients.strategies import arrays, gradients, gram_of, jacobian, many, sound

FUNCTIONS = mtg.WEIGHTS | {
    "gram": mtg.gram_matrix,
    "unit": lambda g: mtg.unit_gram(g)[0],
    "two": mtg.two_task_weights,
    "gap": lambda g: mtg.duality_gap(g, mtg.mean_weights(g)),
    "frank_wolfe": lambda g: mtg.frank_wolfe_weights(g, 3),
    "averaged": lambda g: mtg.averaged_weights(g, 3),
    "naive": lambda g: mtg.naive_weights(g, 3, 2.0),
    "smooth": lambda g: mtg.smooth_weights(g, 2.0),
    "multiplier": lambda g: mtg.naive_multiplier(g, 2.0),
    "descent": lambda g: mtg.softmax_descent_weights(g, 3, 1.0),
}


@many
@given(array=arrays())
def test_every_function_gives_finite_numbers_or_a_value_error(array):
    accepted = sound(mtg.gram_matrix, array) is not None
    for name, function in FUNCTIONS.items():
        result = sound(function, array)
        if not accepted:
            assert result is None, f"{name} takes what is no Gram matrix"
        elif result is None:
            assert name in ("two", "smooth", "multiplier"), f"{name} refuses a Gram matrix"  # these take some sizes
        elif getattr(array, "dtype", None) == np.float64:  # another layout is another input with the same numbers
            assert_allclose(result, function(np.array(array, order="C")), atol=1e-9 * np.abs(result).max())


@many
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([-150, -30, 0, 30, 150]), batch=st.integers(1, 4))
def test_stacks_are_solved_one_by_one_at_any_scale(seed, scale, batch):
    rows = np.random.default_rng(seed).standard_normal((batch, 3, 4)) * 10.0**scale
    stacked = mtg.solved_weights(gram_of(rows), min_norm_stack)
    assert_allclose(stacked, [mtg.solved_weights(g, min_norm_stack) for g in gram_of(rows)], rtol=1e-13)


@many
@given(case=gradients(), scale=st.sampled_from([-140, 0, 140]))
def test_cosines_and_lengths(case, scale):
    rows = case[1] * 10.0**scale
    cosines, lengths, lost = mtg.unit_gram(gram_of(rows))
    true = np.sqrt(((rows / 10.0**scale) ** 2).sum(-1))
    assert_allclose(lengths / 10.0**scale, true, rtol=1e-13)
    units = rows / 10.0**scale / np.where(true > 0, true, 1)[:, None]
    assert_allclose(cosines, np.where(np.eye(len(rows)) > 0, 1, units @ units.T), atol=1e-14)
    assert 0 < lost < 1e-13


def put(*entries):
    def change(gram):
        for i, j, value in entries:
            gram[i, j] = value

    return change


BLOCK = put(*[(i, j, -0.9) for i in range(3) for j in range(3) if i != j])


@pytest.mark.parametrize("function", [mtg.min_norm_weights, mtg.upgrad_weights, mtg.nash_mtl_weights, mtg.gram_matrix])
@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("tasks", [2, 3, 20])
@pytest.mark.parametrize(
    "change, message",
    [
        (put((0, 1, np.nan)), "holds nan"),
        (put((1, 0, np.nan)), "holds nan"),
        (put((1, 1, np.inf)), "holds inf"),
        (put((0, 0, -1.0)), "has a negative diagonal"),
        (put((0, 1, 0.5)), "is asymmetric"),
        (put((0, 1, 2.0), (1, 0, 2.0)), "exceeds the product"),
        (put((0, 0, 1e-310)), "lost digits"),
        (put((0, 0, 0.0), (0, 1, 1e-170), (1, 0, 1e-170)), "lost digits"),
        (put((0, 0, 0.0), (0, 1, 0.1), (1, 0, 0.1)), "exceeds the product"),
        (BLOCK, "is indefinite beyond rounding"),
    ],
)
def test_refuses_what_is_no_gram_matrix(function, batch, tasks, change, message):
    gram = np.eye(tasks)
    if change is BLOCK and tasks == 2:
        return
    change(gram)
    with pytest.raises(ValueError, match=f"gram: .*{message}"):
        function(np.stack([np.eye(tasks), gram]) if batch else gram)


def test_refuses_indefinite_matrices_whose_diagonal_eliminates_to_zero():
    """Rows 2 and 3 are equal to row 1 in its eyes, but not to each other: elimination leaves [[0, −1], [−1, 0]]."""
    with pytest.raises(ValueError, match="indefinite"):
        mtg.gram_matrix([[1, 1, 1], [1, 1, 0], [1, 0, 1]])


@pytest.mark.parametrize("scale", [1e-8, 3e-10])
def test_rounding_of_single_precision_is_no_indefiniteness(scale):
    """A float32 Gram matrix of parallel gradients may have eigenvalues of −1e−7; in float64 that is a fault."""
    single = np.ones((3, 3), np.float32)
    single[0, 1] = single[1, 0] = np.float32(1 - 1e-6)
    assert mtg.gram_matrix(single * np.float32(scale)) is not None
    with pytest.raises(ValueError, match="indefinite"):
        mtg.gram_matrix(single.astype(float))


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 0), (0, 2, 2)])
def test_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match="gram: shape"):
        mtg.min_norm_weights(np.ones(shape))


@pytest.mark.parametrize("gram", [np.eye(2) * 1j, np.eye(2, dtype=bool), np.array([["1"]])])
def test_refuses_other_dtypes(gram):
    with pytest.raises(ValueError, match="gram: "):
        mtg.min_norm_weights(gram)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_takes_tensors(dtype):
    gram = torch.tensor([[4.0, 0.0], [0.0, 1.0]], dtype=dtype, requires_grad=True)
    assert_allclose(mtg.min_norm_weights(gram), [0.2, 0.8])


def test_scaling_free_of_rounding():
    rows = jacobian(np.random.default_rng(0), 6, 9, 0.5)
    for power in (-980, -3, 5, 980):
        same = mtg.min_norm_weights(np.ldexp(gram_of(rows), power))
        assert_allclose(same, mtg.min_norm_weights(gram_of(rows)), rtol=1e-13)
