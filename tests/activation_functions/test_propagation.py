"""Random networks of finite width follow the mean field."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from torch.nn import functional as F

from helpers import activation_functions as af
from tests.activation_functions.strategies import seeds, spread, value_or_error
from tests.examples import examples

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def test_gradients_of_linear_layers_keep_their_size_and_relu_follows_chi1():
    sizes = {"depth": 4, "width": 400, "draws": 6, "batch": 20}
    for f in (lambda x: 2 * x, F.relu, torch.tanh):
        gradient, output = af.gradient_through_layers(f, **sizes, generator=torch.Generator().manual_seed(1))
        assert gradient.shape == output.shape == (6,)
        assert gradient.mean() == pytest.approx(float(af.chi1(f)) ** 4, rel=0.1)
        assert output.mean() == pytest.approx(1, rel=0.1)
    with pytest.raises(ValueError, match="depth: is 0; give an integer ≥ 1"):
        af.gradient_through_layers(F.relu, **sizes | {"depth": 0}, generator=torch.Generator())


def test_gradients_on_the_edge_of_chaos_keep_their_size():
    weight, bias = af.edge_of_chaos(torch.tanh, 0.3)
    sizes = {"depth": 10, "width": 400, "draws": 6, "batch": 20, "variance": 0.3}
    variances = {"weight_variance": float(weight), "bias_variance": float(bias)}
    gradient, output = af.gradient_through_layers(
        torch.tanh, **sizes, **variances, generator=torch.Generator().manual_seed(1)
    )
    assert gradient.mean() == pytest.approx(1, rel=0.2) and output.mean() == pytest.approx(0.3, rel=0.1)
    for bad in ({"bias_variance": -1.0}, {"variance": 0.0}, {"weight_variance": math.inf}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            af.gradient_through_layers(torch.tanh, **sizes | bad, generator=torch.Generator())


def through_layers_by_hand(f, slope, scale, spread, bias, depth, width, draws, batch, seed):
    """The same draws in float64, the gradient by the chain rule."""
    g = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.randn(*shape, generator=g).double().numpy()  # noqa: E731
    h, steps = spread * draw(draws, batch, width), []
    for _ in range(depth):
        weight = scale * draw(draws, width, width)
        steps.append((slope(h), weight))
        h = f(h) @ weight + (bias**0.5 * draw(draws, 1, width) if bias else 0)
    gradient = draw(*h.shape)
    for d, weight in reversed(steps):
        gradient = d * (gradient @ weight.swapaxes(1, 2))
    return [(v**2).mean((1, 2)) for v in (gradient, h)]


@given(seed=seeds)
@examples(500)
def test_measured_moments_are_the_plain_loop_in_float64(seed):
    rng = np.random.default_rng(seed)
    sizes = dict(zip(("depth", "width", "draws", "batch"), rng.integers(1, 4, 4), strict=True))
    variance, weight_variance = spread(rng, 2, 60 if seed % 4 == 0 else 3)
    bias = float(variance * rng.integers(0, 2))
    found = value_or_error(
        lambda: af.gradient_through_layers(
            lambda x: torch.where(x > 0, x, 0.3 * x),
            **sizes,
            variance=variance,
            weight_variance=weight_variance,
            bias_variance=bias,
            generator=torch.Generator().manual_seed(seed),
        )
    )
    f, slope = lambda x: np.where(x > 0, x, 0.3 * x), lambda x: np.where(x > 0, 1, 0.3)
    scale = (weight_variance / sizes["width"]) ** 0.5
    exact = through_layers_by_hand(f, slope, scale, variance**0.5, bias, **sizes, seed=seed)
    # ValueError where float32 cannot hold it; and a number below its range is the nearest that it has.
    steps = np.sqrt(np.array([variance, weight_variance])) ** [1, sizes["depth"]]
    if found is None:
        assert max(*steps, steps.prod()) > 1e36
    else:
        small = 1e-36 * max(1, scale) ** sizes["depth"]
        if np.min(exact[1]) < small**2:  # a signal that sank to 0 on its way has lost its signs, and so the slopes
            found, exact = found[1], exact[1]
        np.testing.assert_allclose(np.sqrt(found), np.sqrt(exact), rtol=1e-4, atol=small)


def test_small_gradients_are_measured_and_switched_off_gradients_do_not_matter():
    options = {"depth": 50, "width": 20, "draws": 3, "batch": 2}
    found = []
    for context in (torch.enable_grad, torch.no_grad, torch.inference_mode):
        with context():
            found += af.gradient_through_layers(torch.sigmoid, **options, generator=torch.Generator().manual_seed(0))
    assert 1e-50 < found[0].max() < 1e-38  # in float32 the squares are 0
    for a, b in zip(found[:4], found[2:], strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_gradient_comes_through_a_step():
    options = {"depth": 2, "width": 300, "draws": 3, "batch": 2, "generator": torch.Generator().manual_seed(0)}
    gradient, signal = af.gradient_through_layers(lambda x: (x > 0).float(), **options)  # torch knows no slope of it
    assert gradient.tolist() == [0, 0, 0]
    np.testing.assert_allclose(signal, 1, rtol=0.3)  # by the gain


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 2.5}, "width: is 2.5"),
        ({"draws": True}, "draws: is True"),
        ({"generator": None}, "generator: has type"),
        ({"generator": np.random.default_rng()}, "generator: has type"),
        ({"variance": 1e100}, "variance, weight_variance, depth: a signal"),
        ({"f": lambda x: x * math.nan}, "f: is nan"),
        ({"f": lambda x: 0 * x}, "f: vanishes"),
        ({"f": torch.sum, "weight_variance": 1.0}, "f: gives no real numbers"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    arguments = {"f": F.relu, "depth": 2, "width": 3, "draws": 1, "batch": 1, "generator": torch.Generator()}
    with pytest.raises(ValueError, match=f"^{message}.*; give "):
        af.gradient_through_layers(**arguments | changes)
