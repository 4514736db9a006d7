import numpy as np
import pytest
import torch
from hypothesis import given, settings

from helpers.fourier_density import FourierDensity, fourier_log_prob, line_log_prob
from tests.fourier_density.strategies import amplitudes, random_amplitude


@settings(deadline=None, max_examples=100)
@given(amplitudes(64))
def test_the_sum_and_the_tables_agree(a):
    a = a / np.abs(a).max()
    x = np.random.default_rng(0).uniform(-1, 1, 200)
    p = fourier_log_prob(torch.tensor(a), torch.tensor(x)).exp().numpy()
    np.testing.assert_allclose(FourierDensity(a).pdf(x), p, atol=1e-11)
    y = 3 + 0.5 * np.arctanh(x)
    q = line_log_prob(torch.tensor(a), torch.tensor(y), 3.0, 0.5).exp().numpy()
    np.testing.assert_allclose(FourierDensity(a, 3.0, 0.5).pdf(y), q, atol=1e-10)


@pytest.mark.parametrize("line", [False, True])
def test_torch_gradients(line):
    x = torch.tensor([0.1, -0.4, 0.8], dtype=torch.float64, requires_grad=True)
    a = torch.tensor(random_amplitude(3), requires_grad=True)
    extra = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.2, 1.5)] if line else []
    assert torch.autograd.gradcheck(lambda x, a, *m: FourierDensity(a, *m).log_prob(x), (x, a, *extra))
    fast = FourierDensity(a.detach(), *[m.detach() for m in extra]).log_prob(x.detach())
    np.testing.assert_allclose(
        FourierDensity(a, *extra).log_prob(x).detach().numpy(), fast.numpy(), rtol=1e-11, atol=1e-12
    )
    batch = fourier_log_prob(torch.stack([a, 2 * a, 3 * a]), x)
    np.testing.assert_allclose(batch.detach().numpy(), FourierDensity(a.detach()).log_prob(x.detach()).numpy())
