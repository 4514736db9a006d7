"""Scores at initialisation: their variance and what they are made of."""

import numpy as np
import pytest

from helpers import attention_scale as m


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


def test_bad_arguments():
    rng = np.random.default_rng()
    for arguments, name in (((2, 0, 4), "n"), ((0, 2, 4), "rows"), ((2, 2, 1.5), "d"), ((2, 2, 4, "uniform"), "kind")):
        with pytest.raises(ValueError, match=f"^{name}: "):
            m.attention_scores(rng, *arguments)
    with pytest.raises(ValueError, match="^generator: "):
        m.attention_scores(None, 2, 2, 4)
