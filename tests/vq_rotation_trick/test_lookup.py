"""Codes looked up, against distances; counts and perplexity."""

import pytest
import torch

from helpers.vq_rotation_trick import code_counts, nearest_code, perplexity
from tests.vq_rotation_trick.strategies import normal


def test_nearest_code_against_distances():
    z, codebook = normal(2, 50, 4), normal(2, 7, 4, seed=1)
    assert torch.equal(nearest_code(z, codebook), torch.cdist(z, codebook).argmin(-1))
    far = nearest_code(z.float() + 1000, codebook.float() + 1000)  # rounded to 6e-5 there, but not worse
    distance = torch.cdist(z, codebook)
    assert (distance.gather(-1, far[..., None])[..., 0] <= distance.min(-1).values + 1e-3).all()


def test_counts_and_perplexity():
    counts = code_counts(torch.tensor([[0, 0, 1, 3], [2, 2, 2, 2]]), 4)
    assert counts.tolist() == [[2, 1, 0, 1], [0, 0, 4, 0]]
    assert torch.allclose(perplexity(counts), torch.tensor([2**1.5, 1.0]))
    with pytest.raises(ValueError, match="counts"):
        perplexity(torch.tensor([[1.0, 2.0], [0.0, 0.0]]))
