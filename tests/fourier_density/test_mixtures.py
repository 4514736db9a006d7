import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers.fourier_density import mixture_gradient, mixture_log_prob, mixture_statistics, peers
from tests.fourier_density.strategies import answer, hard_vectors, many, plain, random_mixture


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


@many
@given(st.integers(0, 2**32 - 1), st.sampled_from([torch.float32, torch.float64]), st.floats(-9, 9), st.floats(-4, 4))
def test_mixtures_move_and_scale_with_their_data(seed, dtype, exponent, shift):
    """x ↦ s(x + shift) takes log s off the likelihood, and divides the gradient in the means by s."""
    generator, scale = torch.Generator().manual_seed(seed), 10.0**exponent
    x, (means, log_scales, logits) = torch.randn(6, generator=generator).to(dtype), random_mixture(seed)
    weights = torch.softmax(torch.randn(2, 6, generator=generator).double(), -1).to(dtype)
    there = (scale * (means + shift)).to(dtype), (log_scales + math.log(scale)).to(dtype), logits.to(dtype)
    here = means.to(dtype), log_scales.to(dtype), logits.to(dtype)
    moved = scale * (x + shift)
    close = dict(atol=2e-3 if dtype is torch.float32 else 1e-11, rtol=2e-3 if dtype is torch.float32 else 1e-10)
    torch.testing.assert_close(
        answer(mixture_log_prob, moved, there) + math.log(scale), mixture_log_prob(x, here), **close
    )
    value, gradient = mixture_gradient(x, weights, here)
    other, moved_gradient = answer_of_gradient(moved, weights, there)
    torch.testing.assert_close(other - math.log(scale), value, **close)
    for one, two, factor in zip(moved_gradient, gradient, (scale, 1, 1), strict=True):
        torch.testing.assert_close(one * factor, two, **close)


def answer_of_gradient(x, weights, mixture):
    value, gradient = mixture_gradient(x, weights, mixture)
    assert all(torch.isfinite(part).all() for part in (value, *gradient))
    return value, gradient


@many
@given(hard_vectors(real=True), hard_vectors(real=True))
def test_mixtures_of_any_input(x, parts):
    x, parts = (torch.tensor(plain(v).copy()) for v in (x, parts))
    n = x.shape[0]
    uniform = torch.full((n,), 1 / max(n, 1), dtype=torch.float64)
    for function, arguments in (
        (mixture_log_prob, (x, (parts, parts, parts))),
        (mixture_statistics, (x, uniform, (parts, parts, parts))),
        (mixture_statistics, (x, parts, (parts, parts, parts))),
    ):
        try:
            result = function(*arguments)
        except ValueError:
            continue
        assert not any(torch.isnan(part).any() for part in (result if isinstance(result, tuple) else [result]))
