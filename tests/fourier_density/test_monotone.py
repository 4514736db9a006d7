import torch

from helpers.fourier_density import peers


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
