import numpy as np
import torch
from scipy import stats

from helpers.fourier_density import peers
from tests.fourier_density.strategies import random_mixture


def test_mixture_gradient_and_density():
    x = torch.linspace(-2, 2, 40, dtype=torch.float64)
    weights = torch.softmax(torch.randn(2, 40, generator=torch.Generator().manual_seed(1)).double(), -1)
    parts = [part.requires_grad_() for part in random_mixture()]
    value = -(weights * peers.mixture_log_prob(x, parts)).sum(-1)
    expected = torch.autograd.grad(value.sum(), parts)
    measured, gradient = peers.mixture_gradient(x, weights, [part.detach() for part in parts])
    torch.testing.assert_close(measured, value.detach())
    for one, other in zip(gradient, expected, strict=True):
        torch.testing.assert_close(one, other)
    means, log_scales, logits = (part[0].detach().numpy() for part in parts)
    w = np.exp(logits) / np.exp(logits).sum()
    reference = (w * stats.norm.pdf(x.numpy()[:, None], means, np.exp(log_scales))).sum(-1)
    np.testing.assert_allclose(peers.mixture_log_prob(x, parts)[0].exp().detach().numpy(), reference, rtol=1e-12)
