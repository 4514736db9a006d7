"""k-means against scikit-learn's."""

import math

import pytest
import torch
from sklearn.cluster import KMeans

from helpers.vq_rotation_trick import kmeans
from tests.vq_rotation_trick.strategies import normal


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
