"""Stacked networks are the networks of each row."""

import pytest
import torch

from helpers import activation_functions as af


def test_collapsed_layers_are_the_layers():
    g = torch.Generator().manual_seed(0)
    layers = [(torch.randn(2, a, b, generator=g), torch.randn(2, 1, b, generator=g)) for a, b in ((4, 3), (3, 7))]
    x = torch.randn(2, 5, 4, generator=g)
    weight, bias = af.collapse_layers(layers)
    torch.testing.assert_close(x @ weight + bias, af.network_output(layers, x, lambda h: h))


def test_unpacked_networks_are_the_networks_of_each_row():
    g = torch.Generator().manual_seed(0)
    candidates = torch.randn(3, 5 * 2 + 3 * 4, generator=g)
    x = torch.randn(3, 6, 4, generator=g)
    out = af.network_output(af.unpack_layers(candidates, (4, 2, 4)), x, torch.tanh)
    for c, xi, oi in zip(candidates, x, out, strict=True):
        w1, b1, w2, b2 = c[:8].view(4, 2), c[8:10], c[10:18].view(2, 4), c[18:]
        torch.testing.assert_close(oi, torch.tanh(xi @ w1 + b1) @ w2 + b2)
    with pytest.raises(ValueError, match="candidates: has shape"):
        af.unpack_layers(candidates[:, 1:], (4, 2, 4))
    with pytest.raises(ValueError, match="candidates: has shape"):
        af.unpack_layers(candidates[0], (4, 2, 4))
