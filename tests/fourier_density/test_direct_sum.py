import numpy as np
import pytest
import torch
from hypothesis import given

from helpers.fourier_density import FourierDensity, fourier_log_prob, line_log_prob
from tests.examples import examples
from tests.fourier_density.strategies import amplitudes, answer, hard_vectors, many, plain, random_amplitude


@examples(100)
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


@many
@given(hard_vectors(), hard_vectors(real=True))
def test_log_prob_of_any_input(a, x):
    a, x = torch.tensor(plain(a).copy()), torch.tensor(plain(x).copy())
    value = answer(fourier_log_prob, a, x, infinite=True)
    line = answer(line_log_prob, a, x, 1.0, 2.0, infinite=True)
    if a.is_complex() and a.numel() and a.abs().max() > 0 and torch.isfinite(torch.view_as_real(a)).all():
        assert (value is None) == (not x.is_floating_point() or not bool(torch.isfinite(x).all()))
    if value is not None and x.dtype == torch.float64 and a.dtype == torch.complex128:
        density = FourierDensity(a.numpy())
        folded = x.numpy() - 2 * np.rint(x.numpy() / 2)
        p = density.pdf(folded)
        np.testing.assert_allclose(value.exp().numpy(), p, atol=1e-11)
        np.testing.assert_allclose(line.exp().numpy(), FourierDensity(a.numpy(), 1.0, 2.0).pdf(x.numpy()), atol=1e-11)


def test_gradient_at_a_zero_of_the_density():
    a = torch.tensor([1, 1], dtype=torch.complex128, requires_grad=True)  # p(1) = 0, to rounding; A(x) = 0 below
    x = torch.tensor([0.3, 1.0], dtype=torch.float64, requires_grad=True)
    fourier_log_prob(a, x)[0].backward()
    assert torch.isfinite(torch.view_as_real(a.grad)).all() and x.grad[1] == 0
    flat = torch.tensor([1, -1], dtype=torch.complex128, requires_grad=True)  # A(0) is 0 exactly
    value = fourier_log_prob(flat, torch.tensor([0.0, 0.5]).double())
    assert value[0] == -torch.inf
    value.sum().backward()
    alone = torch.autograd.grad(fourier_log_prob(flat, torch.tensor([0.5]).double()).sum(), flat)[0]
    torch.testing.assert_close(flat.grad, alone)
    x = torch.tensor([0.0, 1e-170, 1e-160, 1e-150, 0.5], dtype=torch.float64, requires_grad=True)
    gradients = torch.autograd.grad(fourier_log_prob(flat, x)[torch.tensor([3, 4])].sum(), (flat, x))
    torch.testing.assert_close(gradients[1][3], torch.tensor(2e150, dtype=torch.float64))
    value = fourier_log_prob(flat, x)
    for gradient in torch.autograd.grad(value[torch.isfinite(value)].sum() + value[0], (flat, x)):
        assert torch.isfinite(torch.view_as_real(gradient) if gradient.is_complex() else gradient).all()


def test_log_prob_under_function_transforms():
    a, x = torch.tensor(random_amplitude(4)), torch.tensor([0.1, -0.7], dtype=torch.float64)
    slope = torch.func.vmap(torch.func.grad(lambda t: fourier_log_prob(a, t)))(x)
    x.requires_grad_()
    torch.testing.assert_close(slope, torch.autograd.grad(fourier_log_prob(a, x).sum(), x)[0])
