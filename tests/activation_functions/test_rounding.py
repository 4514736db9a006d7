"""Flushed denormals, and networks that live on them."""

import threading

import numpy as np
import pytest
import torch
from hypothesis import given

from helpers import activation_functions as af
from tests.activation_functions.strategies import any_numbers, double, seeds
from tests.examples import examples


@pytest.fixture(scope="module")
def flushing():
    try:
        with af.flushed_denormals():
            pass
    except RuntimeError as error:
        pytest.skip(str(error))


def test_flushing_makes_the_round_trip_a_dead_zone_and_ends_with_the_block(flushing):
    x = torch.randn(10_001, generator=torch.Generator().manual_seed(0)) * 2
    x[:4] = torch.tensor([1.0, -1.0, 1 - 2**-24, -1 + 2**-24])
    torch.testing.assert_close(af.round_trip(x), x, rtol=0, atol=2**-23)
    threads = torch.get_num_threads()
    with af.flushed_denormals():
        assert torch.get_num_threads() == 1
        flushed = af.round_trip(x)
        assert np.float32(1e-40) * np.float32(1) == 0
    assert torch.equal(flushed, torch.where(x.abs() < 1, 0, x))
    assert np.float32(1e-40) * np.float32(1) > 0
    assert torch.get_num_threads() == threads
    torch.testing.assert_close(af.round_trip(x), x, rtol=0, atol=2**-23)


def test_flushing_can_be_nested(flushing):
    with af.flushed_denormals():
        with af.flushed_denormals():
            pass
        assert af.round_trip(torch.tensor([0.5])) == 0
    assert af.round_trip(torch.tensor([0.5])) == 0.5


def test_flushing_ends_when_the_block_fails(flushing):
    with pytest.raises(KeyError), af.flushed_denormals():
        raise KeyError
    assert np.float32(1e-40) * np.float32(1) > 0


def test_flushing_says_when_there_is_no_such_mode(monkeypatch):
    monkeypatch.setattr(torch, "set_flush_denormal", lambda mode: False)
    with pytest.raises(RuntimeError, match="no mode"), af.flushed_denormals():
        pass


@pytest.mark.parametrize("bad", [torch.zeros(2, dtype=double), np.zeros(2, dtype=np.float32)])
def test_round_trip_takes_only_float32(bad):
    with pytest.raises(ValueError, match="x: is .* give a tensor of float32"):
        af.round_trip(bad)


@pytest.mark.parametrize("sizes", [(4, 6), (4, 2, 6), (4, 3, 2, 5)])
def test_rounding_network_is_linear_layers_with_the_round_trip_between(sizes):
    g = torch.Generator().manual_seed(0)
    count = sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False))
    candidates, x = torch.randn(3, count, generator=g), torch.randn(7, 4, generator=g)
    layers = af.unpack_layers(candidates, sizes)
    with af.flushed_denormals():
        fast = af.rounding_network(candidates, x, sizes)
        slow = af.network_output(layers, x.expand(3, -1, -1), af.round_trip)
    torch.testing.assert_close(fast, slow.transpose(1, 2))
    weight, bias = af.collapse_layers(layers)
    plain = af.rounding_network(candidates, x, sizes)  # without flushing it is one linear map
    torch.testing.assert_close(plain, (x @ weight + bias).transpose(1, 2), rtol=1e-5, atol=1e-5)
    assert torch.allclose(fast, plain, rtol=1e-5, atol=1e-5) == (len(sizes) == 2)
    with pytest.raises(ValueError, match="x: has shape"):
        af.rounding_network(candidates, x[:, 1:], sizes)
    with pytest.raises(ValueError, match="x: has shape"):
        af.rounding_network(candidates, x[0], sizes)
    with pytest.raises(ValueError, match="candidates: has shape"):
        af.rounding_network(candidates[:, 1:], x, sizes)


@given(seed=seeds)
@examples(500)
def test_round_trips_of_numbers_of_every_size(seed):
    x = any_numbers(seed, torch.float32)[:: 1 + seed % 3]
    kept = x.clone()
    y = af.round_trip(x)
    exact = {"rtol": 0, "atol": 0, "equal_nan": True}
    # Below 1 the product is a denormal number, which has the digits down to 2⁻²³ and rounds the next.
    torch.testing.assert_close(y, x, rtol=0, atol=2**-24, equal_nan=True)
    torch.testing.assert_close(y[x.abs() >= 1], x[x.abs() >= 1], **exact)
    torch.testing.assert_close(x, kept, **exact)


@given(seed=seeds)
@examples(500)
def test_flushed_round_trips_of_numbers_of_every_size(flushing, seed):
    x = any_numbers(seed, torch.float32)[:: 1 + seed % 3]
    expected = torch.where(x.abs() < 1, 0, x)
    with af.flushed_denormals():
        y = af.round_trip(x)
    torch.testing.assert_close(y, expected, rtol=0, atol=0, equal_nan=True)


@given(seed=seeds)
@examples(500)
def test_rounding_networks_of_any_shape_are_the_plain_loop(flushing, seed):
    rng = np.random.default_rng(seed)
    sizes, models, batch = rng.integers(1, 5, rng.integers(2, 5)).tolist(), *rng.integers(0, 4, 2).tolist()
    count = sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False))
    # Eighths, so that sums are exact in any order and nothing hangs on the last bit at the edge of the gap.
    candidates = torch.tensor(rng.integers(-9, 10, (count, models)) / 8, dtype=torch.float32).T
    x = torch.tensor(rng.integers(-9, 10, (sizes[0], batch)) / 8, dtype=torch.float32).T
    with af.flushed_denormals():
        fast = af.rounding_network(candidates, x, sizes)
    assert fast.shape == (models, sizes[-1], batch)
    for row, answer in zip(candidates.double().numpy(), fast, strict=True):
        h, start = x.double().numpy(), 0
        for k, (a, b) in enumerate(zip(sizes, sizes[1:], strict=False)):
            h = np.where(np.abs(h) < 1, 0, h) if k else h
            h = h @ row[start : start + a * b].reshape(a, b) + row[start + a * b : start + (a + 1) * b]
            start += (a + 1) * b
        np.testing.assert_array_equal(answer.T, h)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c, x: af.rounding_network(c.double(), x, (4, 2)), "candidates: is torch.float64"),
        (lambda c, x: af.rounding_network(c, x.int(), (4, 2)), "x: is torch.int32"),
        (lambda c, x: af.rounding_network(c, x.tolist(), (4, 2)), "x: is list"),
        (lambda c, x: af.rounding_network(c, x, (4,)), "sizes: are"),
        (lambda c, x: af.rounding_network(c, x, (4, 2.5)), "sizes: is 2.5"),
        (lambda c, x: af.rounding_network(c, x, (4, True)), "sizes: is True"),
        (lambda c, x: af.round_trip([1.0]), "x: is list"),
        (lambda c, x: af.round_trip(x.half()), "x: is torch.float16"),
    ],
)
def test_what_cannot_round_is_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}.*; give "):
        call(torch.zeros(3, 10), torch.zeros(7, 4))


def test_each_thread_has_its_own_flag(flushing):
    seen = []
    with af.flushed_denormals():
        other = threading.Thread(target=lambda: seen.append(float(np.float32(1e-40) * np.float32(1))))
        other.start()
        other.join()
        seen.append(float(np.float32(1e-40) * np.float32(1)))
    assert seen[1] == 0  # the other thread's flag is the system's to choose; ours is back at the end:
    assert np.float32(1e-40) * np.float32(1) > 0
