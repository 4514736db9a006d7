import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.fourier_density import peers
from tests.fourier_density.strategies import answer, hard_vectors, many, plain


def test_monotone_network_is_a_distribution_function():
    network = peers.monotone_network(3, 4, torch.Generator().manual_seed(0))
    assert sum(p[0].numel() for p in network) == 4**2 + 6 * 4 + 1
    with torch.no_grad():
        for p in network:
            p += 0.5 * torch.randn(p.shape, generator=torch.Generator().manual_seed(1))
    x = torch.linspace(-1, 1, 9, requires_grad=True)
    value, log_density = peers.monotone_log_prob(x, network)
    (slope,) = torch.autograd.grad(value[1].sum(), x)
    torch.testing.assert_close(slope, log_density[1].exp(), rtol=1e-3, atol=1e-5)
    assert (value.diff(dim=-1) > 0).all()
    wide, _ = peers.monotone_log_prob(torch.tensor([-300.0, 300.0]), network)
    torch.testing.assert_close(wide, torch.tensor([[0.0, 1.0]]).expand(3, 2), atol=1e-3, rtol=0)


@many
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), hard_vectors(real=True, scales=30))
def test_networks_at_any_point(seed, width, x):
    generator = torch.Generator().manual_seed(seed)
    network = [
        p.detach() + torch.randn(p.shape, generator=generator) for p in peers.monotone_network(2, width, generator)
    ]
    x = torch.tensor(plain(x).copy())
    x = x.float() if x.is_floating_point() else x
    found = answer(peers.monotone_log_prob, x, network, infinite=True)
    if found is not None:
        value, log_density = found
        assert value.shape == log_density.shape == (2, x.numel())
        assert (value >= 0).all() and (value <= 1).all() and not (log_density == torch.inf).any()


def test_networks_refuse():
    generator = torch.Generator().manual_seed(0)
    for arguments in ((0, 3, generator), (1, 2.5, generator), (1, 3, None), (1, 3, generator, -1.0)):
        with pytest.raises(ValueError, match="give"):
            peers.monotone_network(*arguments)


def test_any_gate_leaves_the_network_monotone():
    """x + tanh(g) tanh(x) rises for every g; with g in place of tanh(g) it would fall where g < −1."""
    network = [p.detach() for p in peers.monotone_network(2, 3, torch.Generator().manual_seed(0))]
    network[2].fill_(-5.0)
    network[5].fill_(-3.0)
    value, log_density = peers.monotone_log_prob(torch.linspace(-2, 2, 400), network)
    assert (value.diff(dim=-1) >= 0).all() and not torch.isnan(log_density).any()
