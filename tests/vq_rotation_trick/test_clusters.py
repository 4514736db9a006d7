"""k-means against scikit-learn's."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from helpers.vq_rotation_trick import cell_sums, kmeans
from tests.vq_rotation_trick.strategies import EXPONENTS, as_view, hard, kept, normal, vectors


def test_kmeans_ends_at_a_fixed_point_of_sklearns_iteration():
    points = torch.cat([normal(100, 3, seed=k) * 0.1 + 5 * normal(3, seed=100 + k) for k in range(4)])
    centres = kmeans(points, 8, torch.Generator().manual_seed(0), 50)
    inertia = (torch.cdist(points, centres).min(-1).values ** 2).sum()
    reference = KMeans(8, init=centres.numpy(), n_init=1).fit(points.numpy())
    assert math.isclose(float(inertia), reference.inertia_, rel_tol=1e-6)
    for bad, codes in ((points[:3], 8), (points * math.nan, 8), (points, 0)):
        with pytest.raises(ValueError, match="points|codes"):
            kmeans(bad, codes, torch.Generator())


def test_kmeans_finds_separate_clusters_and_survives_duplicates():
    clusters = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    points = clusters.repeat(50, 1)
    found = {
        tuple(kmeans(points, 3, torch.Generator().manual_seed(k), 30).unique(dim=0).flatten().tolist())
        for k in range(20)
    }
    assert tuple(clusters.unique(dim=0).flatten().tolist()) in found
    assert torch.isfinite(kmeans(torch.ones(10, 2), 3, torch.Generator())).all()


def lloyd(points, centres, steps):
    """Lloyd's iteration in numpy, from given centres."""
    for _ in range(steps):
        nearest = ((points[:, None] - centres[None]) ** 2).sum(-1).argmin(-1)
        groups = [points[nearest == k] for k in range(len(centres))]
        centres = np.array([g.mean(0) if len(g) else c for g, c in zip(groups, centres, strict=True)])
    return centres


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_each_iteration_is_lloyds(steps):
    points = normal(60, 2)
    start = kmeans(points, 5, torch.Generator().manual_seed(3), 0)
    assert all((point == points).all(-1).any() for point in start)
    found = kmeans(points, 5, torch.Generator().manual_seed(3), steps)
    np.testing.assert_allclose(found.numpy(), lloyd(points.numpy(), start.numpy(), steps), rtol=1e-12)


@given(st.data())
@hard
def test_kmeans_of_any_points_is_lloyds_at_its_scale(data):
    draw = data.draw
    dtype = draw(st.sampled_from(sorted(EXPONENTS, key=str)))
    codes = draw(st.integers(1, 4))
    n, dim, seed = draw(st.integers(codes, 9)), draw(st.integers(1, 3)), draw(st.integers(0, 2**32))
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(2, n, dim, generator=generator, dtype=torch.float64)
    points = as_view((points * 10.0 ** draw(st.integers(-EXPONENTS[dtype], EXPONENTS[dtype]))).to(dtype), "strided")
    unchanged = kept(points)
    start, found = (kmeans(points, codes, torch.Generator().manual_seed(seed), steps) for steps in (0, 1))
    unchanged()
    assert found.shape == (2, codes, dim) and found.dtype == dtype
    scale = float(points.double().abs().max())
    for model in range(2):
        wide = points[model].double().numpy() / scale, start[model].double().numpy() / scale
        expected = lloyd(*wide, 1)
        np.testing.assert_allclose(found[model].double().numpy() / scale, expected, atol=2 * torch.finfo(dtype).eps)


@given(vectors(1, shapes=((5,), (2, 3), (0,), (2, 0))), st.integers(1, 4))
@hard
def test_sums_over_cells_are_those_of_a_one_hot_product(points, codes):
    (points,) = points
    indices = torch.arange(math.prod(points.shape[:-1])).reshape(points.shape[:-1]) * 7 % 5 % codes
    unchanged = kept(points, indices)
    counts, sums = cell_sums(points, indices, codes)
    unchanged()
    hot = torch.nn.functional.one_hot(indices, codes).double()
    assert torch.equal(counts, hot.sum(-2).long())
    torch.testing.assert_close(sums, hot.mT @ points.double(), rtol=1e-12, atol=0)


def test_points_far_from_the_origin_keep_their_digits():
    points = normal(4000, 2, dtype=torch.float32) * 0.01 + 1000
    (centre,) = kmeans(points, 1, torch.Generator().manual_seed(0), 1)
    torch.testing.assert_close(centre.double(), points.double().mean(0), rtol=1e-7, atol=0)


@pytest.mark.parametrize("options, message", [
    ({"points": [[1.0]]}, "points: is list"), ({"points": torch.ones(3, 2).long()}, "points"),
    ({"points": torch.ones(3)}, "points"), ({"points": torch.ones(3, 0)}, "points"), ({"codes": True}, "codes"),
    ({"codes": 2.0}, "codes"), ({"generator": None}, "generator"), ({"generator": 0}, "generator"),
    ({"iterations": -1}, "iterations"), ({"iterations": 2.5}, "iterations"),
    ({"points": torch.full((3, 2), 1.7e308, dtype=torch.float64)}, "points"),
])  # fmt: skip
def test_bad_arguments_of_kmeans_are_named(options, message):
    arguments = {"points": torch.ones(3, 2), "codes": 1, "generator": torch.Generator()} | options
    with pytest.raises(ValueError, match=message):
        kmeans(**arguments)


def test_sums_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="points"):
        cell_sums(torch.ones(3, 2), torch.tensor([0, 1]), 2)
    with pytest.raises(ValueError, match="indices"):
        cell_sums(torch.ones(2, 2), torch.tensor([0, 2]), 2)
