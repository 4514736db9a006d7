"""Stacked networks are the networks of each row."""

import numpy as np
import pytest
import torch
from hypothesis import given

from helpers import activation_functions as af
from tests.activation_functions.strategies import double, seeds, spread
from tests.examples import examples

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def test_collapsed_layers_are_the_layers():
    g = torch.Generator().manual_seed(0)
    layers = [(torch.randn(2, a, b, generator=g), torch.randn(2, 1, b, generator=g)) for a, b in ((4, 3), (3, 7))]
    x = torch.randn(2, 5, 4, generator=g)
    weight, bias = af.collapse_layers(layers)
    torch.testing.assert_close(x @ weight + bias, af.network_output(layers, x, lambda h: h))


def test_unpacked_networks_are_the_networks_of_each_row():
    g = torch.Generator().manual_seed(0)
    candidates = torch.randn(3, 5 * 2 + 3 * 4, generator=g)
    x = torch.randn(3, 6, 4, generator=g)
    out = af.network_output(af.unpack_layers(candidates, (4, 2, 4)), x, torch.tanh)
    for c, xi, oi in zip(candidates, x, out, strict=True):
        w1, b1, w2, b2 = c[:8].view(4, 2), c[8:10], c[10:18].view(2, 4), c[18:]
        torch.testing.assert_close(oi, torch.tanh(xi @ w1 + b1) @ w2 + b2)
    with pytest.raises(ValueError, match="candidates: has shape"):
        af.unpack_layers(candidates[:, 1:], (4, 2, 4))
    with pytest.raises(ValueError, match="candidates: has shape"):
        af.unpack_layers(candidates[0], (4, 2, 4))


def random_layers(rng, sizes, dtype, models):
    """Stacked layers with weights of about unit gain, not contiguous; and the same as float64 numpy arrays."""
    parts = [
        (rng.normal(size=(models, a, b)) / max(a, 1) ** 0.5, rng.normal(size=(models, 1, b)))
        for a, b in zip(sizes, sizes[1:], strict=False)
    ]
    layers = [tuple(torch.tensor(p).to(dtype).mT.contiguous().mT for p in layer) for layer in parts]
    return layers, [[p.double().numpy() for p in layer] for layer in layers]


@given(seed=seeds)
@examples(500)
def test_networks_of_any_shape_are_the_plain_loop(seed):
    rng = np.random.default_rng(seed)
    dtype = (torch.float32, double)[seed % 2]
    sizes = rng.integers(1, 5, rng.integers(2, 5)).tolist()
    models, batch = (int(n) for n in rng.integers(0, 4, 2))
    size = float(spread(rng, 1, {torch.float32: 30, double: 150}[dtype])[0])
    layers, plain = random_layers(rng, sizes, dtype, models)
    x = torch.tensor(rng.normal(size=(batch, models, sizes[0])) * size).to(dtype).transpose(0, 1)
    kept = [x.clone(), *(p.clone() for layer in layers for p in layer)]
    h = x.double().numpy()
    for k, (weight, bias) in enumerate(plain):
        h = (np.maximum(h, 0) if k else h) @ weight + bias
    near = {"rtol": 0, "atol": 200 * torch.finfo(dtype).eps * max(size, 1)}
    torch.testing.assert_close(af.network_output(layers, x, torch.relu).double(), torch.tensor(h), **near)
    weight, bias = af.collapse_layers(layers)
    torch.testing.assert_close(x @ weight + bias, af.network_output(layers, x, lambda z: z), **near)
    rows = torch.cat([p.flatten(1) for layer in layers for p in layer], 1)
    if models:
        for ours, theirs in zip(layers, af.unpack_layers(rows, sizes), strict=True):
            assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert all(map(torch.equal, kept, [x, *(p for layer in layers for p in layer)]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w, b, x: af.network_output([], x, torch.relu), "layers: there are none"),
        (lambda w, b, x: af.network_output([(w, b)], x[0], torch.relu), "x: has shape"),
        (lambda w, b, x: af.network_output([(w, b)], x[..., 1:], torch.relu), "layers: number 0 has weight"),
        (lambda w, b, x: af.network_output([(w, b), (w, b)], x, torch.relu), "layers: number 1 has weight"),
        (lambda w, b, x: af.network_output([(w, b[:, 0])], x, torch.relu), "layers: number 0 has weight"),
        (lambda w, b, x: af.network_output([(w, b)], x[:1], torch.relu), "layers: number 0"),
        (lambda w, b, x: af.network_output([(w, b.double())], x, torch.relu), "layers: number 0"),
        (lambda w, b, x: af.network_output([(w, b)], x.tolist(), torch.relu), "x: is list"),
        (lambda w, b, x: af.collapse_layers([]), "layers: there are none"),
        (lambda w, b, x: af.collapse_layers([(w, b), (w, b)]), "layers: number 1 has weight"),
        (lambda w, b, x: af.unpack_layers(torch.zeros(2, 8), (3,)), "sizes: are"),
        (lambda w, b, x: af.unpack_layers(torch.zeros(2, 8), (3, 2.0)), "sizes: is 2.0"),
        (lambda w, b, x: af.unpack_layers(torch.zeros(2, 0), (3, 0)), "sizes: is 0"),
        (lambda w, b, x: af.unpack_layers(torch.zeros(2, 8, dtype=torch.int64), (3, 2)), "candidates: is"),
        (lambda w, b, x: af.unpack_layers(np.zeros((2, 8)), (3, 2)), "candidates: is"),
    ],
)
def test_layers_that_do_not_fit_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}.*; give "):
        call(torch.zeros(2, 4, 3), torch.zeros(2, 1, 3), torch.zeros(2, 5, 4))
