"""The retrieval task and its layers against one layer at a time."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers import attention_scale as m
from tests.examples import examples


@pytest.mark.parametrize("labels", [False, True])
def test_retrieval_loss_against_one_layer_at_a_time(labels):
    generator = torch.Generator().manual_seed(0)
    task = m.retrieval_task(generator, 2, 6, 5, width=4, depth=3, labels=labels)
    matrices = m.initial_attention(generator, 2, 3, width=4, depth=3)
    alpha = torch.tensor([0.5, 1.0, 2.0] * 2)
    losses = m.retrieval_loss(matrices, alpha, task, labels)
    assert losses.shape == (6,)
    for model in range(6):
        contents, values, queries, answers = (part[model // 3] for part in task)
        w_q, w_k, w_v = (matrix[model] for matrix in matrices)
        output = torch.nn.functional.scaled_dot_product_attention(
            queries @ w_q, contents @ w_k, values @ w_v, scale=alpha[model].item() / 2
        )
        if labels:
            expected = torch.nn.functional.cross_entropy(output, answers.argmax(-1))
        else:
            expected = torch.nn.functional.mse_loss(output, answers)
        assert losses[model].item() == pytest.approx(expected.item(), rel=1e-5)


def test_retrieval_task_asks_for_items_of_the_memory():
    contents, values, queries, answers = m.retrieval_task(torch.Generator().manual_seed(0), 2, 50, 20, noise=0.0)
    nearest = torch.cdist(queries, contents).argmin(-1)
    torch.testing.assert_close(values.gather(1, nearest[..., None].expand_as(answers)), answers)
    torch.testing.assert_close(queries.square().mean(-1), torch.ones(2, 20))


def test_values_and_contents_have_the_stated_laws():
    contents, values, _, answers = m.retrieval_task(torch.Generator().manual_seed(0), 4, 5000, 9)
    assert stats.kstest(values.flatten().numpy(), "norm").pvalue > 1e-3  # standard normal, entry by entry
    cosines = (1 + contents[..., 0].flatten().numpy() / math.sqrt(8)) / 2  # a coordinate of a point on the sphere
    assert stats.kstest(cosines, stats.beta(3.5, 3.5).cdf).pvalue > 1e-3
    _, labels, _, answers = m.retrieval_task(torch.Generator().manual_seed(0), 4, 5000, 9, depth=5, labels=True)
    assert (labels.sum(-1) == 1).all() and (answers.amax(-1) == 1).all()
    assert stats.chisquare(labels.sum((0, 1)).numpy()).pvalue > 1e-3


def test_copies_of_a_seed_start_equal_and_seeds_differ():
    for matrix in m.initial_attention(torch.Generator().manual_seed(0), 2, 3):
        assert matrix.requires_grad and matrix.is_leaf
        assert torch.equal(matrix[0], matrix[2]) and not torch.equal(matrix[0], matrix[3])


@pytest.mark.parametrize("noise", [0.1, 1.0])
def test_the_question_shows_the_content_under_noise(noise):
    """Content c and c + noise·e, e ~ N(0, 1), have the cosine 1/√(1 + noise²) in high dimension."""
    contents, values, queries, answers = m.retrieval_task(
        torch.Generator().manual_seed(0), 1, 20, 50, width=2000, depth=3, noise=noise
    )
    cosines = (queries @ contents.mT / 2000).amax(-1)
    assert cosines.mean().item() == pytest.approx(1 / math.hypot(1, noise), abs=0.01)


def test_matrices_start_with_the_variance_of_their_fan_in():
    matrices = m.initial_attention(torch.Generator().manual_seed(0), 50, 1, width=30, depth=12)
    for matrix, fan_in in zip(matrices, (30, 30, 12), strict=True):
        assert matrix.shape == (50, fan_in, fan_in)
        assert matrix.var().item() == pytest.approx(1 / fan_in, rel=0.05)


@examples(500)
@given(st.integers(0, 2**32))
def test_the_loss_of_any_layers_is_that_of_each_layer(seed):
    """Task, start and loss of any size, scale and noise: each layer by itself, in float64, one question at a time."""
    rng = np.random.default_rng(seed)
    seeds, n, asked, copies, width, depth = (int(k) for k in rng.integers(1, 5, 6))
    labels, noise, generator = bool(rng.integers(2)), 10.0 ** rng.uniform(-20, 15), torch.Generator().manual_seed(seed)
    task = m.retrieval_task(generator, seeds, n, asked, width=width, depth=depth, noise=noise, labels=labels)
    contents, values, queries, answers = (part.double() for part in task)
    assert [tuple(part.shape) for part in task] == [
        (seeds, n, width), (seeds, n, depth), (seeds, asked, width), (seeds, asked, depth)
    ]  # fmt: skip
    torch.testing.assert_close(queries.square().mean(-1), torch.ones(seeds, asked).double(), rtol=1e-5, atol=0)
    assert (answers[:, :, None] == values[:, None]).all(-1).any(-1).all()
    matrices = m.initial_attention(generator, seeds, copies, width, depth)
    alpha = torch.from_numpy(10.0 ** rng.uniform(-3, 3, seeds * copies)).float()
    losses = m.retrieval_loss(matrices, alpha, task, labels)
    assert losses.shape == (seeds * copies,)
    for model, (w_q, w_k, w_v) in enumerate(zip(*(x.detach().double() for x in matrices), strict=True)):
        of = model // copies
        expected = 0.0
        for query, answer in zip(queries[of], answers[of], strict=True):
            weights = torch.softmax(alpha[model].double() / width**0.5 * (contents[of] @ w_k) @ (query @ w_q), 0)
            output = weights @ values[of] @ w_v
            if labels:
                expected -= output.log_softmax(0)[answer.argmax()].item() / asked
            else:
                expected += (output - answer).square().mean().item() / asked
        assert losses[model].item() == pytest.approx(expected, rel=1e-5 * (100 + alpha[model].item()), abs=1e-5)


def test_bad_arguments():
    generator = torch.Generator()
    good = {"seeds": 1, "n": 2, "queries": 1}
    for name, value in (
        ("n", 0),
        ("queries", 1.5),
        ("depth", True),
        ("noise", -1.0),
        ("noise", 1e20),
        ("noise", float("nan")),
    ):
        with pytest.raises(ValueError, match=f"^{name}: "):
            m.retrieval_task(generator, **{**good, name: value})
    with pytest.raises(ValueError, match="^copies: "):
        m.initial_attention(generator, 1, 0)
    for call in (lambda: m.retrieval_task(None, 1, 2, 1), lambda: m.initial_attention(None, 1, 1)):
        with pytest.raises(ValueError, match="^generator: "):
            call()
    task, matrices = m.retrieval_task(generator, 2, 3, 1), m.initial_attention(generator, 2, 2)
    for alpha in (torch.ones(3), torch.ones(8)):
        with pytest.raises(ValueError, match="^matrices: have shapes"):
            m.retrieval_loss(matrices, alpha, task)
    for alpha in (torch.tensor(1.0), torch.ones(4, 1)):
        with pytest.raises(ValueError, match="^alpha: has shape"):
            m.retrieval_loss(matrices, alpha, task)
    for k in range(4):
        with pytest.raises(ValueError, match="^task: has shapes"):
            m.retrieval_loss(matrices, torch.ones(4), (*task[:k], task[k].repeat(1, 2, 1), *task[k + 1 :]))
    with pytest.raises(ValueError, match="^alpha: "):
        m.retrieval_loss(matrices, torch.tensor([1.0, 1.0, 1.0, float("nan")]), task)
    with pytest.raises(ValueError, match="^alpha: "):
        m.retrieval_loss(matrices, [1.0] * 4, task)
