"""Scores at initialisation: their variance and what they are made of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import attention_scale as m
from tests.examples import examples


@pytest.mark.parametrize(("kind", "variance"), [("gaussian", 1.0), ("layer", 1.0), ("cosine", 1 / 16)])
def test_attention_scores_have_the_stated_variance(kind, variance):
    scores = m.attention_scores(np.random.default_rng(1), 2000, 20, 16, kind)
    assert scores.shape == (2000, 20)
    assert scores.var() == pytest.approx(variance, rel=0.25 if kind == "layer" else 0.05)
    assert (np.abs(scores) <= 1).all() or kind != "cosine"


def test_attention_scores_of_gaussian_rows_are_q_dot_k_over_root_d():
    rng = np.random.default_rng(7)
    queries, keys = rng.standard_normal((3, 4)), rng.standard_normal((3, 5, 4))
    expected = [[key @ query / 2 for key in row] for query, row in zip(queries, keys, strict=True)]
    np.testing.assert_allclose(m.attention_scores(np.random.default_rng(7), 3, 5, 4), expected)


@examples(500)
@given(st.integers(0, 2**32), *[st.integers(1, 5)] * 3)
def test_scores_of_any_size_key_by_key(seed, rows, n, d):
    draw = np.random.default_rng(seed)
    queries, keys = draw.standard_normal((rows, d)), draw.standard_normal((rows, n, d))
    query_matrix, key_matrix = draw.standard_normal((2, d, d)) / np.sqrt(d)
    for kind in ("gaussian", "layer", "cosine"):
        scores = m.attention_scores(np.random.default_rng(seed), rows, n, np.int64(d), kind)
        assert scores.shape == (rows, n)
        for row in range(rows):
            for key in range(n):
                q, k = queries[row], keys[row, key]
                if kind == "layer":
                    q, k = query_matrix @ q, key_matrix @ k
                size = np.linalg.norm(q) * np.linalg.norm(k) if kind == "cosine" else np.sqrt(d)
                assert scores[row, key] == pytest.approx(q @ k / size, rel=1e-10, abs=1e-10)


def test_bad_arguments():
    rng = np.random.default_rng()
    for arguments, name in (((2, 0, 4), "n"), ((0, 2, 4), "rows"), ((2, 2, 1.5), "d"), ((2, 2, 4, "uniform"), "kind")):
        with pytest.raises(ValueError, match=f"^{name}: "):
            m.attention_scores(rng, *arguments)
    with pytest.raises(ValueError, match="^generator: "):
        m.attention_scores(None, 2, 2, 4)
