"""What many random layers do to a signal and to a gradient, measured in networks of finite width."""

from __future__ import annotations

import math

import numpy as np
import torch

from helpers.activation_functions.functions import Activation, Array, _result
from helpers.activation_functions.mean_field import gain
from helpers.inputs import generator as checked_generator
from helpers.inputs import integer, real_number


def gradient_through_layers(
    f: Activation,
    *,
    depth: int,
    width: int,
    draws: int,
    batch: int,
    generator: torch.Generator,
    variance: float = 1.0,
    weight_variance: float | None = None,
    bias_variance: float = 0.0,
) -> tuple[Array, Array]:
    """What fifty or so random layers do to a gradient and to a signal, per draw of the weights: two arrays (draws,).

    Pre-activations from N(0, variance) pass ``depth`` times through h ↦ f(h) W + b, with weights of variance
    weight_variance/width (by default gain(f)²/width) and biases of variance bias_variance ≥ 0, both normal.
    First array: mean squared entry of the gradient at the input, for a standard-normal gradient at the output
    (chi1(f, variance, weight_variance)^depth at infinite width, where variance is a fixed point of `variance_map`).
    Second: mean squared output (``variance`` at infinite width, at such a fixed point). ValueError for sizes below 1
    and for variances out of range, of the arguments or of float32 on the way.

    >>> sizes = {"depth": 3, "width": 100, "draws": 4, "batch": 9, "generator": torch.Generator().manual_seed(0)}
    >>> [round(float(moment.mean()), 1) for moment in gradient_through_layers(lambda x: 7 * x, **sizes)]
    [1.0, 1.0]
    """
    sizes = {"depth": depth, "width": width, "draws": draws, "batch": batch}
    depth, width, draws, batch = (integer(name, size, 1) for name, size in sizes.items())
    checked_generator("generator", generator, torch.Generator)
    bias_variance = real_number("bias_variance", bias_variance, at_least=0)
    spread = math.sqrt(real_number("variance", variance, above=0))
    if weight_variance is None:
        root = gain(f)
        weight_variance = root * root  # a product becomes inf where a power would raise, and is then refused
    scale = math.sqrt(real_number("weight_variance", weight_variance, above=0) / width)
    with torch.inference_mode(False):  # and with gradients, also where the caller has switched them off
        start = (spread * torch.randn(draws, batch, width, generator=generator)).requires_grad_()
        h = start
        for _ in range(depth):
            h = _result(f, h) @ (scale * torch.randn(draws, width, width, generator=generator))
            if bias_variance:
                h = h + math.sqrt(bias_variance) * torch.randn(draws, 1, width, generator=generator)
        above, gradient = torch.randn(h.shape, generator=generator), torch.zeros_like(start)
        if h.requires_grad:  # no layer is a constant, or a step
            (gradient,) = torch.autograd.grad(h, start, above)
    # Squares in float64: a gradient of 1e-25 is nothing special after fifty layers, and its square is 0 in float32.
    at_input, at_output = (g.detach().double().square().mean((1, 2)).numpy() for g in (gradient, h))
    if not (np.isfinite(at_input) & np.isfinite(at_output)).all():
        raise ValueError("variance, weight_variance, depth: a signal or gradient leaves float32; give smaller ones")
    return at_input, at_output
