"""Equal weights, lengths, projections and singular values."""

import numpy as np
import torch
from numpy.testing import assert_allclose

from helpers import multi_task_gradients as mtg
from tests.multi_task_gradients.strategies import gram_of, jacobian


def test_imtl_projects_equally_and_aligned_has_condition_one():
    rows = jacobian(np.random.default_rng(10), 4, 7, 0.5)
    u = mtg.imtl_g(torch.tensor(rows)).numpy()
    projections = rows @ u / np.linalg.norm(rows, axis=1)
    assert_allclose(projections, projections[0], rtol=1e-9)
    assert_allclose(mtg.imtl_g_weights(gram_of(rows)).sum(), 1)
    values, vectors = np.linalg.eigh(gram_of(rows))
    balanced = np.sqrt(values[0]) * vectors @ np.diag(values**-0.5) @ vectors.T @ rows
    assert_allclose(gram_of(balanced), values[0] * np.eye(4), atol=1e-10)
    assert_allclose(mtg.aligned_mtl(torch.tensor(rows)), balanced.mean(0))
