"""Stacked training equals training each model alone."""

import pytest
import torch

from helpers.optimizers import StackedAdam, StackedSGD, stacked_linear

RATES = [0.01, 0.1, 0.3]


def losses(weight, bias, x, y):
    return ((torch.baddbmm(bias, x, weight) - y) ** 2).mean((1, 2))


@pytest.mark.parametrize(
    ("stacked", "single", "options"),
    [
        (StackedSGD, torch.optim.SGD, {}),
        (StackedSGD, torch.optim.SGD, {"momentum": 0.9}),
        (StackedSGD, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
        (StackedAdam, torch.optim.Adam, {"betas": (0.8, 0.95)}),
    ],
)
def test_stacked_optimiser_trains_each_model_as_torch_does(stacked, single, options):
    generator = torch.Generator().manual_seed(1)
    x, y = (torch.randn(3, 7, size, generator=generator, dtype=torch.float64) for size in (4, 2))
    parameters = stacked_linear(generator, 3, 4, 2, gain=2.0, dtype=torch.float64)
    alone = [[p[k : k + 1].detach().clone().requires_grad_() for p in parameters] for k in range(3)]
    optimiser = stacked(parameters, torch.tensor(RATES), **options)
    for _ in range(20):
        optimiser.step(torch.autograd.grad(losses(*parameters, x, y).sum(), parameters))
    for k, rate in enumerate(RATES):
        reference = single(alone[k], lr=rate, **options)
        for _ in range(20):
            reference.zero_grad()
            losses(*alone[k], x[k : k + 1], y[k : k + 1]).sum().backward()
            reference.step()
        for ours, theirs in zip(parameters, alone[k], strict=True):
            # a float32 rate differs from Python's in the eighth digit
            torch.testing.assert_close(ours[k : k + 1], theirs, rtol=1e-6, atol=1e-7)


def test_stacked_linear_has_the_promised_scale():
    weight, bias = stacked_linear(torch.Generator().manual_seed(0), 5, 200, 300, gain=3.0)
    assert weight.shape == (5, 200, 300) and bias.shape == (5, 1, 300) and not bias.any()
    assert weight.std().item() * 200**0.5 == pytest.approx(3.0, rel=0.01)


def test_a_rate_that_fits_no_model_is_refused():
    parameters = stacked_linear(torch.Generator().manual_seed(0), 3, 2, 2)
    optimiser = StackedSGD(parameters, torch.tensor([0.1, 0.2]))
    with pytest.raises(ValueError, match="lr: shape"):
        optimiser.step([torch.ones_like(p) for p in parameters])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_adam_in_16_bits_steps_as_in_float32_and_not_at_all_without_a_gradient(dtype):
    gradients = torch.tensor([[0.0, 1e-4], [3e-5, -1.0]]).to(dtype)
    short, full = torch.ones(2, 2, dtype=dtype), torch.ones(2, 2)
    for parameters in (short, full):
        optimiser = StackedAdam([parameters], torch.tensor([0.1, 0.2]))
        for _ in range(3):
            optimiser.step([gradients.to(parameters.dtype)])
    assert short[0, 0] == 1 and short.dtype == dtype
    torch.testing.assert_close(short.float(), full, rtol=0, atol=2 * torch.finfo(dtype).eps)
