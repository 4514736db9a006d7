"""Flushed denormals, and networks that live on them."""

import numpy as np
import pytest
import torch

from helpers import activation_functions as af
from tests.activation_functions.strategies import double


@pytest.fixture
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
