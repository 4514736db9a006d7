"""The evolution strategy finds minima, sees ranks alone, and names what it cannot take."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers import activation_functions as af
from tests.activation_functions.strategies import DTYPES, double, seeds, spread, value_or_error
from tests.examples import examples


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
@examples(10)
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


def evolve_in_numpy(loss, start, *, generations, pairs, sigma, lr, generator, weight_decay=0.0, betas=(0.9, 0.999)):
    """The same strategy as it stands in the paper, in float64, with Adam and the decay written out."""
    mean, m, v = start.astype(float), 0.0, 0.0
    for t in range(1, generations + 1):
        noise = torch.randn(pairs, len(start), generator=generator, dtype=torch.float64).numpy()
        losses = loss(np.concatenate([mean + sigma * noise, mean - sigma * noise]))
        ranks = (stats.rankdata(np.where(np.isnan(losses), np.inf, losses)) - 1) / (2 * pairs - 1) - 0.5
        gradient = (ranks[:pairs] - ranks[pairs:]) @ noise / (2 * pairs * sigma)
        m = betas[0] * m + (1 - betas[0]) * gradient
        v = betas[1] * v + (1 - betas[1]) * gradient**2
        rate = lr * (generations + 1 - t) / generations
        direction = (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + 1e-300)
        mean = mean * (1 - rate * weight_decay) - rate * direction
    return mean


@given(seed=seeds)
@examples(500)
def test_evolution_is_the_plain_loop_at_every_scale(seed):
    rng = np.random.default_rng(seed)
    scale = float(spread(rng, 1, 140)[0])  # of the parameters, of the changes and of the steps
    start = scale * rng.normal(size=rng.integers(1, 5))
    target = scale * rng.normal(size=start.size)
    given = {
        "generations": int(rng.integers(1, 6)),
        "pairs": int(rng.integers(1, 5)),
        "sigma": 0.3 * scale,
        "lr": 0.2 * scale,
        "weight_decay": rng.integers(0, 2) * 0.5 / scale,
        "betas": (rng.uniform(0, 0.95), rng.uniform(0, 0.99)),
    }

    def loss(c):
        losses = abs(c - target).sum(1) / scale
        if seed % 3 == 0:  # with ties
            losses = (2 * losses).round()
        return np.where(c[:, 0] > start[0] + 0.1 * scale, math.nan, losses) if seed % 2 else losses

    view = torch.tensor(np.repeat(start, 2))[::2].requires_grad_()
    generators = (torch.Generator().manual_seed(seed) for _ in range(2))
    found, history = af.evolve(lambda c: torch.tensor(loss(c.numpy())), view, **given, generator=next(generators))
    exact = evolve_in_numpy(loss, start, **given, generator=next(generators))
    np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-9 * scale)
    assert found.dtype == torch.float64 and not found.requires_grad and history.shape == (given["generations"],)
    np.testing.assert_array_equal(view.detach(), start)


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=seeds)
@examples(60)
def test_evolution_in_every_dtype_stands_still_on_ties_and_stays_finite(dtype, seed):
    rng = np.random.default_rng(seed)
    start = torch.tensor(rng.normal(size=3)).to(dtype)
    sigma, lr = (float(v) for v in spread(rng, 2, {torch.float16: 6, torch.bfloat16: 45}.get(dtype, 60)))
    given = {"generations": 4, "pairs": 2, "sigma": sigma, "lr": lr, "generator": torch.Generator().manual_seed(seed)}
    seen = []
    for loss in (lambda c: c[:, 0] * 0, lambda c: seen.append(c.dtype) or c.double().sum(1)):
        found = value_or_error(lambda loss=loss: af.evolve(loss, start, **given)[0].double())
        if found is None:  # candidates beyond the format, or beyond the float32 that a short format's mean is kept in
            assert max(sigma, 4 * lr) > torch.finfo(dtype).max / 10
        elif not seen:
            assert torch.equal(found, start.double())
        else:
            assert set(seen) == {dtype} and (found - start.double()).abs().max() <= 4.1 * lr * 1.01 + 0.1


def test_evolution_in_float16_descends():
    loss = lambda c: ((c - 1) ** 2).sum(-1)  # noqa: E731
    found, _ = af.evolve(loss, torch.zeros(3, dtype=torch.float16), **options())
    assert found.dtype == torch.float16 and (found - 1).abs().max() < 0.1
    # Steps below half of the last digit of 1 add up all the same.
    start, small = torch.ones(3, dtype=torch.float16), options(generations=100, lr=1e-4)
    assert (af.evolve(lambda c: c.double().sum(-1), start, **small)[0] < 0.998).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": lambda c: c.sum(-1) > 0}, "loss: gives torch.bool"),
        ({"loss": lambda c: c.sum(-1).int()}, "loss: gives torch.int32"),
        ({"loss": lambda c: c.sum(-1) + 1j}, "loss: gives torch.complex64"),
        ({"betas": (1, 1)}, "betas: holds 1"),
        ({"betas": (0.9,)}, "betas: are"),
        ({"betas": 0.9}, "betas: are"),
        ({"betas": (-0.1, 0.9)}, "betas: holds -0.1"),
        ({"generations": 2.5}, "generations: is 2.5"),
        ({"pairs": True}, "pairs: is True"),
        ({"generator": None}, "generator: has type NoneType"),
        ({"sigma": 1e300}, "sigma, lr: the candidates leave the range of torch.float32"),
        ({"lr": 1e300}, "sigma, lr: the candidates leave the range of torch.float32"),
        ({"lr": [0.1]}, "lr: has shape"),
        ({"start": [0.0, 1.0]}, "start: is list"),
        ({"start": torch.zeros(2).to(torch.float8_e4m3fn)}, "start: is torch.float8"),
    ],
)
def test_evolution_names_what_it_cannot_take(changes, message):
    arguments = {"loss": lambda c: c.sum(-1), "start": torch.zeros(2)} | options(generations=1) | changes
    with pytest.raises(ValueError, match=f"^{message}.*; give "):
        af.evolve(arguments.pop("loss"), arguments.pop("start"), **arguments)


def test_candidates_whose_sum_overflows_are_no_error():
    start = torch.full((8,), 1e38)
    found, _ = af.evolve(lambda c: c.double().sum(-1), start, **options(generations=1))
    assert start.sum().isinf() and torch.equal(found, start)  # a step of the rate is lost in the last digit
