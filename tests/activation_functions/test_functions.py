"""Activations by name against 40 digits, and gated linear units against torch."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from torch.nn import functional as F

from helpers import activation_functions as af
from tests.activation_functions.strategies import DTYPES, double, seeds, spread
from tests.examples import examples

ONE = mpmath.mpf(1)
EXACT = {  # on numbers of 40 digits
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "ReLU": lambda x: max(x, 0 * x),
    "leaky ReLU": lambda x: max(x, x * mpmath.mpf("0.01")),
    "ELU": lambda x: x if x > 0 else mpmath.expm1(x),
    "GELU": lambda x: x * mpmath.ncdf(x),
    "Swish": lambda x: x / (1 + mpmath.exp(-x)),
    "Mish": lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
    "min-exp": lambda x: x * min(ONE, mpmath.exp(x)),
}


def exact_slope(name, x):
    if x > 0 and name in ("ReLU", "leaky ReLU", "ELU", "min-exp"):
        return ONE
    if name in ("ReLU", "leaky ReLU"):
        return ONE * (name == "leaky ReLU") / 100
    return mpmath.diff(EXACT[name], x)


@pytest.mark.parametrize("name", af.ACTIVATIONS)
@given(seed=seeds)
@examples(56)
def test_values_and_slopes_are_right_on_both_sides(name, seed):
    rng = np.random.default_rng(seed)
    x = np.concatenate([rng.normal(0, 4, 3), rng.choice([-1, 1], 2) * spread(rng, 2, 2)]).reshape(1, 5)[:, ::-1]
    value, slope = af.value_and_slope(af.ACTIVATIONS[name], x)
    assert value.dtype == slope.dtype == np.float64 and value.shape == slope.shape == x.shape
    with mpmath.workdps(40):
        for v, d, at in zip(value[0], slope[0], map(mpmath.mpf, x[0]), strict=True):
            assert abs(v - EXACT[name](at)) <= 1e-15 * max(1, abs(at))
            assert abs(d - exact_slope(name, at)) <= 4e-15


@given(seed=seeds)
@examples(500)
def test_values_and_slopes_of_every_size_or_a_named_error(seed):
    rng = np.random.default_rng(seed)
    factor, shape = float(spread(rng, 1)[0]), [(), (3,), (2, 3)][seed % 3]
    x = np.asarray(rng.choice([-1, 1]) * 10.0 ** rng.uniform(-150, 150, shape))
    value, slope = af.value_and_slope(lambda z: factor * z, x)
    np.testing.assert_allclose(value, factor * x, rtol=1e-15)
    np.testing.assert_array_equal(slope, np.full(shape, factor))
    broken = (lambda z: z * math.nan, lambda z: z / 0, lambda z: torch.sqrt(z * 0), torch.acosh)[seed // 3 % 4]
    with pytest.raises(ValueError, match="^f: is nan or inf at .*; give "):
        af.value_and_slope(broken, -np.abs(x))


def test_slopes_are_taken_where_the_caller_has_switched_them_off_and_of_constants():
    for off in (torch.no_grad, torch.inference_mode):
        with off():
            value, slope = af.value_and_slope(torch.square, torch.tensor([3.0], requires_grad=True))
        assert (value.tolist(), slope.tolist()) == ([9.0], [6.0])
    weight = torch.tensor(2.0, requires_grad=True)
    for constant in (torch.ones_like, lambda x: weight.expand(x.shape), lambda x: torch.ones(x.shape)):
        assert af.value_and_slope(constant, [[1.0, 2.0]])[1].tolist() == [[0.0, 0.0]]
    for bad in (lambda x: x.sum(), lambda x: x > 0, lambda x: x + 1j, lambda x: 0.0, lambda x: x.numpy(force=True)):
        with pytest.raises(ValueError, match="^f: gives no real numbers of shape"):
            af.value_and_slope(bad, [1.0, 2.0])
    for x in ([], [math.nan], [True], None, "1", 1j):
        with pytest.raises(ValueError, match="^x: "):
            af.value_and_slope(torch.tanh, x)


def test_gated_linear_unit_agrees_with_torch():
    g = torch.Generator().manual_seed(0)
    x, w, b, v, c = (torch.randn(*s, generator=g) for s in ((2, 5, 3), (4, 3), (4,), (4, 3), (4,)))
    both = F.glu(F.linear(x, torch.cat([w, v]), torch.cat([b, c])))
    torch.testing.assert_close(af.gated_linear(x, w, b, v, c), both)


@given(seed=seeds)
@examples(500)
def test_gated_linear_units_of_any_shape_and_size_are_the_formula(seed):
    rng = np.random.default_rng(seed)
    dtype = DTYPES[seed % 4]
    lead, fan_in, fan_out = [(), (0,), (3,), (2, 3)][seed // 4 % 4], *rng.integers(0, 4, 2)
    size = float(spread(rng, 1, {double: 150, torch.float32: 18}.get(dtype, 1))[0])
    shapes = {"x": (*lead, fan_in), "weight": (fan_out, fan_in), "bias": (fan_out,)}
    shapes |= {"gate_" + name: shapes[name] for name in ("weight", "bias")}
    parts = {name: torch.tensor(rng.normal(size=shape)).to(dtype) for name, shape in shapes.items()}
    parts["weight"] = parts["weight"].mul(size).T.contiguous().T
    x, w, b, v, c = (part.double().numpy() for part in parts.values())
    expected = (x @ w.T + b) / (1 + np.exp(-(x @ v.T + c)))
    tolerance = 16 * torch.finfo(dtype).eps
    found = af.gated_linear(**parts)
    assert found.dtype == dtype and found.shape == expected.shape
    np.testing.assert_allclose(found.double(), expected, rtol=tolerance, atol=tolerance * max(size, 1) * 9)
    name = list(parts)[seed % 4 + 1]
    for bad in (parts[name][..., None], parts[name].to(torch.int64), parts[name].double().half().float()):
        if bad.dtype != dtype or bad.shape != parts[name].shape:
            with pytest.raises(ValueError, match=f"^{name}: .*; give |^weight: .*; give "):
                af.gated_linear(**parts | {name: bad})
