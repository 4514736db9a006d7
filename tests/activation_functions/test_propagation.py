"""Random networks of finite width follow the mean field."""

import math

import pytest
import torch
from torch.nn import functional as F

from helpers import activation_functions as af


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
