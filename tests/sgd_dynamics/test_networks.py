"""Stacked networks: each is trained as torch trains it alone, and goes on as the article's iteration does."""

import pytest
import torch

from helpers import sgd_dynamics as sd
from helpers.optimizers import StackedSGD

SIZES = (5, 4, 3)


def a_stack(models=2, copies=1):
    return sd.new_networks(torch.Generator().manual_seed(1), models, SIZES, copies)


def data(samples=12):
    generator = torch.Generator().manual_seed(2)
    return torch.randn(samples, 5, generator=generator), torch.randint(3, (samples,), generator=generator)


def test_copies_start_alike_and_models_do_not():
    first, *others = (p.reshape(2, 3, -1) for p in a_stack(2, 3))
    assert torch.equal(first[0, 0], first[0, 2]) and not torch.equal(first[0, 0], first[1, 0])
    assert all(torch.equal(p[:, 0], p[:, 1]) for p in others)
    assert all(p.requires_grad and p.is_leaf for p in a_stack())


def test_a_network_is_linear_tanh_linear():
    parameters, (inputs, labels) = a_stack(2), data()
    losses = sd.network_losses(parameters, inputs.expand(2, -1, -1), labels.expand(2, -1))
    for k in range(2):
        w1, b1, w2, b2 = (p[k] for p in parameters)
        logits = torch.tanh(inputs @ w1 + b1) @ w2 + b2
        torch.testing.assert_close(losses[k], torch.nn.functional.cross_entropy(logits, labels))


def test_an_epoch_trains_each_model_as_torch_does():
    inputs, labels = data()
    order = torch.stack([torch.randperm(12, generator=torch.Generator().manual_seed(s)) for s in (3, 4)])
    stack = StackedSGD(a_stack(2, 2), torch.tensor([0.1, 0.3, 0.1, 0.3]), momentum=0.9)
    assert sd.train_epoch(stack, inputs, labels, order, batch=5) == 2  # the last two samples are left out
    for k in range(4):
        alone = [p[k].detach().clone().requires_grad_() for p in a_stack(2, 2)]
        optimiser = torch.optim.SGD(alone, lr=[0.1, 0.3][k % 2], momentum=0.9)
        for chosen in order[k // 2][:10].split(5):
            w1, b1, w2, b2 = alone
            optimiser.zero_grad()
            logits = torch.tanh(inputs[chosen] @ w1 + b1) @ w2 + b2
            torch.nn.functional.cross_entropy(logits, labels[chosen]).backward()
            optimiser.step()
        for ours, theirs in zip(stack.parameters, alone, strict=True):
            torch.testing.assert_close(ours[k], theirs)


@pytest.mark.parametrize("nesterov", [False, True])
def test_a_continued_run_keeps_the_step_and_leaves_the_first_alone(nesterov):
    x = torch.zeros(1, 1)
    old = StackedSGD([x], 0.5, momentum=0.9, nesterov=nesterov)
    old.step([torch.ones(1, 1)])
    position, velocity = x.clone(), old.velocity[0].clone()
    new = sd.continued_sgd(old, 0.25, 0.8)
    assert new.lr == 0.125 and new.momentum == 0.8 and new.nesterov is nesterov
    torch.testing.assert_close(new.lr * new.velocity[0], old.lr * old.velocity[0])
    new.step([torch.zeros(1, 1)])
    moved = (0.8 if not nesterov else 0.64) * -0.5 * velocity  # βv, and Nesterov's form β(βv)
    torch.testing.assert_close(new.parameters[0] - position, moved)
    assert torch.equal(x, position) and torch.equal(old.velocity[0], velocity)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("models", lambda: a_stack(0)),
        ("copies", lambda: a_stack(1, 0)),
        ("batch", lambda: sd.train_epoch(StackedSGD(a_stack(), 0.1), *data(), torch.arange(12)[None], 13)),
        ("order", lambda: sd.train_epoch(StackedSGD(a_stack(2), 0.1), *data(), torch.zeros(3, 6, dtype=int), 2)),
        ("factor", lambda: sd.continued_sgd(StackedSGD(a_stack(), 0.1), 0.0, 0.9)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=name):
        call()
