"""Frank–Wolfe and the running average."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import KINDS, gradients, gram_of, jacobian, many


@pytest.mark.parametrize("rule", ["line_search", "2/(k+2)", "1/(k+1)"])
def test_frank_wolfe_approaches_the_optimum(rule):
    grams = gram_of(np.stack([jacobian(np.random.default_rng(k), 5, 8, 0.5) for k in range(4)]))
    exact = mtg.min_norm_weights(grams)
    path = mtg.frank_wolfe_weights(grams, 2000, rule, path=True)
    assert path.shape == (2001, 4, 5)
    assert_allclose(path[0], 0.2)
    assert_allclose(path.sum(-1), 1)
    assert (path >= 0).all()
    assert_allclose(path[-1], exact, atol=0.02)
    assert_allclose(path[-1], mtg.frank_wolfe_weights(grams, 2000, rule))
    if rule == "line_search":
        value = np.einsum("kbi,bij,kbj->kb", path, grams, path)
        assert (np.diff(value, axis=0) <= 1e-12).all()


def test_the_running_average_is_the_articles_formula():
    rng = np.random.default_rng(5)
    rows = jacobian(rng, 4, 6, 0.5)
    u = rows.mean(0)
    for k in range(200):
        u = (k * u + rows[(rows @ u).argmin()]) / (k + 1)
        assert_allclose(mtg.averaged_weights(gram_of(rows), k + 1) @ rows, u, atol=1e-12)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: mtg.frank_wolfe_weights(np.eye(2), 0), "steps"),
        (lambda: mtg.frank_wolfe_weights(np.eye(2), 2.0), "steps"),
        (lambda: mtg.frank_wolfe_weights(np.eye(2), 2, "1/k"), "rule"),
        (lambda: mtg.frank_wolfe_weights(np.eye(2) * np.nan, 2), "gram: holds nan"),
        (lambda: mtg.averaged_weights(np.eye(2)[0], 2), "gram: shape"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@many
@given(case=gradients(tasks=6, kinds=KINDS[:2]), rule=st.sampled_from(["line_search", "2/(k+2)", "1/(k+1)"]))
def test_the_iteration_on_vectors(case, rule):
    rows, u = case[1], case[1].mean(0)
    for k in range(4):
        chosen = rows[(rows @ u).argmin()]
        apart = (u - chosen) @ (u - chosen)
        best = np.clip((u - chosen) @ u / apart, 0, 1) if apart > 1e-20 else 0
        gamma = {"line_search": best, "2/(k+2)": 2 / (k + 2), "1/(k+1)": 1 / (k + 1)}[rule]
        u = (1 - gamma) * u + gamma * chosen
    scale = np.abs(rows).max()
    for exponent in (-140, 0, 140):
        path = mtg.frank_wolfe_weights(gram_of(rows * 10.0**exponent), 4, rule, path=True)
        assert_allclose(path.sum(-1), 1)
        assert_allclose(path[-1] @ rows, u, atol=1e-7 * scale)
    if rule == "1/(k+1)":
        assert_allclose(mtg.averaged_weights(gram_of(rows), 4) @ rows, u, atol=1e-7 * scale)
