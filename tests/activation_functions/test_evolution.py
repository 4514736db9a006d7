"""The evolution strategy finds minima, sees ranks alone, and names what it cannot take."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import activation_functions as af
from tests.activation_functions.strategies import double


def options(**changes):
    default = {"generations": 300, "pairs": 16, "sigma": 0.1, "lr": 0.1, "generator": torch.Generator().manual_seed(0)}
    return default | changes


def test_evolution_finds_minima_without_a_gradient():
    target = torch.tensor([1.0, -2.0, 0.5], dtype=double)
    smooth = lambda c: ((c - target) ** 2).sum(-1)  # noqa: E731
    steps = lambda c: torch.floor(20 * (c - target).abs()).sum(-1)  # noqa: E731 (its gradient is 0 almost everywhere)
    for loss in (smooth, steps):
        found, history = af.evolve(loss, torch.zeros(3, dtype=double), **options())
        assert (found - target).abs().max() < 0.1
        assert history.shape == (300,) and history[-1] < history[0] / 5


def test_weight_decay_pulls_what_the_loss_does_not_need_to_zero():
    loss = lambda c: (c[:, 0] - 1) ** 2  # noqa: E731
    start = torch.tensor([0.0, 3.0], dtype=double)
    free, _ = af.evolve(loss, start, **options())
    held, _ = af.evolve(loss, start, **options(weight_decay=1.0))
    assert held[1].abs() < 0.5 < free[1].abs()
    assert (held[0] - 1).abs() < 0.5


@given(st.floats(1e-3, 1e3), st.floats(-100, 100))
@settings(max_examples=10, deadline=None)
def test_evolution_sees_only_the_order_of_the_losses(scale, shift):
    loss = lambda c: ((c - 1) ** 2).sum(-1)  # noqa: E731
    start = torch.zeros(2, dtype=double)
    plain, _ = af.evolve(loss, start, **options(generations=5))
    other, _ = af.evolve(lambda c: torch.exp(loss(c) / 10) * scale + shift, start, **options(generations=5))
    torch.testing.assert_close(plain, other)


def test_evolution_stands_still_where_all_losses_are_equal():
    for value in (1.0, math.nan, math.inf):
        found, _ = af.evolve(lambda c, value=value: torch.full((len(c),), value), torch.zeros(4), **options())
        assert found.abs().max() < 1e-6


def test_evolution_is_antithetic_repeatable_and_leaves_its_start_alone():
    seen = []

    def loss(c):
        seen.append(c)
        return torch.where(torch.arange(len(c)) == 0, math.nan, c.sum(-1))

    start = torch.ones(4)
    found, _ = af.evolve(loss, start, **options(generations=1))
    torch.testing.assert_close(seen[0][:16] + seen[0][16:], torch.full((16, 4), 2.0))
    assert (start == 1).all() and found.isfinite().all()
    assert torch.equal(found, af.evolve(loss, start, **options(generations=1))[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": torch.zeros(2, 2)}, "start: has shape"),
        ({"start": torch.zeros(0)}, "start: has shape"),
        ({"start": torch.zeros(2, dtype=torch.int64)}, "start: is"),
        ({"pairs": 0}, "pairs: is 0"),
        ({"generations": 0}, "generations: is 0"),
        ({"sigma": 0.0}, "sigma"),
        ({"lr": math.nan}, "lr"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"loss": lambda c: c}, "loss: gives .* shape"),
        ({"loss": lambda c: c.sum(-1).tolist()}, "loss: gives .* shape"),
        ({"start": torch.tensor([0.0, math.nan])}, "start: holds"),
    ],
)
def test_evolution_names_bad_arguments(changes, message):
    arguments = {"loss": lambda c: c.sum(-1), "start": torch.zeros(2)} | options(generations=1) | changes
    with pytest.raises(ValueError, match=message):
        af.evolve(arguments.pop("loss"), arguments.pop("start"), **arguments)
