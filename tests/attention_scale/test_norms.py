"""The norms of the Jacobian against 60 digits, dense linear algebra and torch autograd."""

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from helpers import attention_scale as m
from tests.attention_scale.strategies import NORMS, OF_A_ROW, exact_norms, hard_rows, is_valid, outcome, rows, scales
from tests.examples import examples


@pytest.mark.parametrize("n", [1, 2, 3, 20])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 2.5, 30.0])
def test_norms_against_a_dense_jacobian_in_60_digits(n, alpha):
    scores = np.random.default_rng(n).normal(size=n)
    expected = exact_norms(scores, alpha) if n > 1 else [0.0, 0.0, 0.0]
    for norm, value in zip(NORMS, expected, strict=True):
        assert norm(scores, alpha) == pytest.approx(value, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("gap", [1e-9, 1.0, 13.8, 27.6, 300.0, 700.0])
@pytest.mark.parametrize("alpha", [1.0, 1e-3, 1e3])
def test_norms_stay_relatively_accurate_where_they_are_tiny_or_the_scores_large(gap, alpha):
    scores = np.array([1e3, 1e3 - gap, 1e3 - gap, 1e3 - 2 * gap, -1e3]) / alpha
    expected = exact_norms(scores, alpha)
    for norm, value in zip(NORMS, expected, strict=True):
        assert norm(scores, alpha) == pytest.approx(value, rel=3e-11)  # e^{1000(1 ± ε)}: the argument's last bit


def test_norm_where_the_direct_formula_gives_zero():
    gap = -np.log(0.5e-12)
    p = special.softmax([0.0, -gap])
    assert m.softmax_gradient_norm([0.0, -gap], 1.0) == pytest.approx(1e-12, rel=1e-6)
    assert abs((1 - np.sum(p**2)) / 1e-12 - 1) > 1e-6  # what the stable form is for


def test_norm_of_a_million_keys_at_scores_of_a_thousand():
    scores = np.random.default_rng(0).normal(size=10**6)
    p = special.softmax(2.5 * scores)
    assert m.softmax_gradient_norm(scores, 2.5) == pytest.approx(2.5 * (1 - np.sum(p**2)), rel=1e-12)
    assert np.isfinite(m.softmax_gradient_norm(1e3 * scores, [0.0, 1.0, 1e3])).all()
    assert m.softmax_gradient_norm([1e308, 1e307], 1e3) == 0


def test_a_norm_needs_a_few_numbers_per_key():
    scores = np.random.default_rng(0).normal(size=10**5)
    for norm in NORMS:
        tracemalloc.start()
        norm(scores, 2.5)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 100 * len(scores)  # bytes; the Jacobian would take 8e5 for each key


@pytest.mark.parametrize("scores", [[0.0, -0.5, -1.3], [0.0, -1e-3, -1.0, -1.1], [0.0, -2.0, -2.1, -2.2, -9.0]])
def test_the_spectral_norm_is_right_to_the_last_bits(scores):
    assert m.softmax_gradient_spectral(scores, 1.0) == pytest.approx(exact_norms(scores, 1.0)[2], rel=2e-15, abs=0)


def test_norm_is_half_the_sum_of_the_autograd_jacobian():
    scores = torch.randn(9, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda s: torch.softmax(1.7 * s, -1), scores)
    assert m.softmax_gradient_norm(scores.numpy(), 1.7) == pytest.approx(jacobian.abs().sum().item() / 2, rel=1e-12)
    assert m.softmax_gradient_frobenius(scores.numpy(), 1.7) == pytest.approx(jacobian.norm().item(), rel=1e-12)
    assert m.softmax_gradient_spectral(scores.numpy(), 1.7) == pytest.approx(
        torch.linalg.matrix_norm(jacobian, 2).item(), rel=1e-12
    )


@examples(60)
@given(rows, scales)
def test_norms_are_ordered_and_bounded(scores, alpha):
    entrywise, frobenius, spectral = (norm(scores, alpha) for norm in NORMS)
    slack = 1 + 1e-12
    assert 0 <= spectral <= slack * frobenius <= slack**2 * entrywise
    assert entrywise <= slack * alpha * (1 - 1 / len(scores))
    p_max = np.exp(-m.softmax_entropy(scores, alpha, np.inf))
    assert spectral <= slack * 2 * alpha * p_max * (1 - p_max) + 1e-14


@examples(60)
@given(rows, scales, st.floats(-100, 100), st.randoms(use_true_random=False))
def test_norms_ignore_shifts_and_order(scores, alpha, shift, random):
    order = list(range(len(scores)))
    random.shuffle(order)
    for norm in NORMS:
        expected = norm(scores, alpha)
        assert norm(scores[order], alpha) == pytest.approx(expected, rel=1e-9, abs=1e-300)
        assert norm(scores + shift, alpha) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("k", [2, 3, 10])
def test_norms_of_ties(k):
    scores = np.array([1.0] * k + [-1e5] * 4)  # p = 1/k on the ties, 0 elsewhere
    for norm, value in zip(NORMS, (1 - 1 / k, np.sqrt(k - 1) / k, 1 / k), strict=True):
        assert norm(scores, 3.0) == pytest.approx(3 * value, rel=1e-13)


def test_norms_broadcast_alpha_against_rows():
    scores = np.random.default_rng(0).normal(size=(4, 5, 7))
    alpha = np.linspace(0.5, 3, 3)[:, None, None]
    for function in OF_A_ROW:
        result = function(scores, alpha)
        assert result.shape == (3, 4, 5)
        for a in range(3):
            np.testing.assert_allclose(result[a, 1, 2], function(scores[1, 2], alpha[a, 0, 0]), rtol=1e-12)


def test_scores_may_be_integers_or_float32():
    scores = np.array([3, 1, 2])
    assert m.softmax_gradient_norm(scores, 1) == m.softmax_gradient_norm(scores.astype(np.float32), 1.0)


@examples(60)
@given(rows, scales)
def test_the_fast_norms_are_those_of_the_dense_jacobian(scores, alpha):
    jacobian = m.softmax_jacobian(scores, alpha)
    dense = [abs(jacobian).sum() / 2, np.linalg.norm(jacobian), np.linalg.eigvalsh(jacobian)[-1]]
    for norm, value in zip(NORMS, dense, strict=True):
        assert norm(scores, alpha) == pytest.approx(value, rel=1e-9, abs=1e-13)


def test_the_jacobian_is_that_of_autograd_and_broadcasts():
    scores = torch.randn(4, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    alpha = np.array([[0.5], [2.0]])
    result = m.softmax_jacobian(scores, alpha)
    assert result.shape == (2, 4, 6, 6)
    expected = torch.autograd.functional.jacobian(lambda s: torch.softmax(2 * s, -1), scores[3])
    np.testing.assert_allclose(result[1, 3], expected, rtol=1e-12)


@examples(500)
@given(hard_rows)
def test_norms_of_hard_rows(case):
    """In 60 digits, or refused: any dtype, scale, batch, view, mask."""
    scores, alpha = case
    results = [outcome(norm, scores, alpha) for norm in NORMS]
    if not is_valid(scores, alpha):
        assert all(isinstance(result, ValueError) for result in results)
        return
    scores, alpha = np.asarray(scores), np.asarray(alpha)
    for index in np.ndindex(scores.shape[:-1]):
        a = alpha[index] if alpha.ndim else alpha
        for norm, value in zip(results, exact_norms(scores[index], a), strict=True):
            assert np.shape(norm) == scores.shape[:-1]
            assert norm[index] == pytest.approx(value, rel=2e-12, abs=max(a * 1e-307, 1e-320))


@examples(500)
@given(hard_rows)
def test_the_jacobian_of_hard_rows(case):
    scores, alpha = case
    jacobian = outcome(m.softmax_jacobian, scores, alpha)
    if not is_valid(scores, alpha):
        assert isinstance(jacobian, ValueError)
        return
    norm = m.softmax_gradient_norm(scores, alpha)
    assert jacobian.shape == (*np.shape(scores), np.shape(scores)[-1])
    half = (abs(jacobian) / 2).sum((-2, -1))
    np.testing.assert_allclose(half, norm, rtol=1e-9, atol=1e-15 * np.max(alpha) * np.shape(scores)[-1] ** 2)
    assert (jacobian[..., np.asarray(scores) == -np.inf] == 0).all() if np.ndim(scores) == 1 else True


def test_a_masked_key_is_an_absent_key():
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((6, 6))
    causal = np.where(np.tri(6, dtype=bool), scores, -np.inf)
    for alpha in (0.0, 0.7, 1e4):
        for function in OF_A_ROW:
            expected = [function(scores[i, : i + 1], alpha) for i in range(6)]
            np.testing.assert_allclose(function(causal, alpha), expected, rtol=1e-13, atol=1e-300)
        assert (m.softmax_jacobian(causal, alpha)[~np.tri(6, dtype=bool)] == 0).all()
    lowest = np.where(np.tri(6, dtype=bool), scores, np.finfo(float).min)  # the other way to mask
    np.testing.assert_allclose(m.softmax_gradient_norm(causal, 2.0), m.softmax_gradient_norm(lowest, 2.0), rtol=1e-13)


def test_norms_at_the_largest_scale():
    assert m.softmax_gradient_norm([3, 3], 1e308) == pytest.approx(5e307)
    for norm, factor in zip(NORMS, (2 / 3, np.sqrt(2) / 3, 1 / 3), strict=True):
        assert norm([3, 3, 3], np.finfo(float).max) == pytest.approx(factor * np.finfo(float).max)
    assert m.softmax_gradient_norm([1.7e308, -1.7e308], 1e-308) == pytest.approx(
        exact_norms([1.7e308, -1.7e308], 1e-308)[0]
    )


def test_tensors_with_gradients_and_short_floats_are_read():
    scores = torch.tensor([0.5, -1.0, 2.0])
    for given_scores in (
        scores.requires_grad_(),
        scores.detach().bfloat16(),
        scores.detach().half().numpy(),
        [0.5, -1, 2],
    ):
        for function in OF_A_ROW:
            assert function(given_scores, 1.5) == function(scores.detach().numpy(), 1.5)


@pytest.mark.parametrize("function", OF_A_ROW)
@pytest.mark.parametrize(
    ("scores", "alpha", "message"),
    [
        ([], 1, "^scores: shape .* is empty"),
        (np.zeros((3, 0)), 1, "^scores: shape .* is empty"),
        (2.0, 1, "^scores: is a single number"),
        ([0, np.nan], 1, "^scores: holds nan"),
        ([0, np.inf], 1, "^scores: holds inf; give numbers in"),
        ([-np.inf, -np.inf], 1, "^scores: a row holds only -inf"),
        ([[0, 1], [-np.inf, -np.inf]], 1, "^scores: a row holds only -inf"),
        (np.ma.masked_greater([0.0, 1.0], 0.5), 1, "^scores: has masked entries"),
        ([1, 2j], 1, "^scores: has type list .complex"),
        (["a"], 1, "^scores: has type list"),
        ([1, 2], -1, "alpha: holds -1"),
        ([1, 2], np.nan, "alpha: holds nan"),
        ([1, 2], np.inf, "alpha: holds inf"),
        (np.zeros((3, 4)), [1, 2], "^alpha, rows: shapes do not fit"),
    ],
)
def test_bad_scores_and_scales(function, scores, alpha, message):
    with pytest.raises(ValueError, match=message):
        function(scores, alpha)
