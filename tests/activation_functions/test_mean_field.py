"""Gains, variance maps and the edge of chaos against known fixed points and differences."""

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


def test_known_gains_and_fixed_points():
    assert af.gain(F.relu) == pytest.approx(math.sqrt(2), rel=1e-13)
    assert af.chi1(F.relu) == pytest.approx(1, rel=1e-13)
    assert af.gain(lambda x: 3 * x) == pytest.approx(1 / 3)
    # Klambauer et al. 2017: SELU has its fixed point at mean 0, variance 1
    assert af.second_moment(F.selu) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", af.ACTIVATIONS)
def test_variance_map_fixes_1_and_has_the_slope_it_says(name):
    f, h = af.ACTIVATIONS[name], 1e-4
    assert af.variance_map(f, 1.0) == pytest.approx(1, rel=1e-12)
    assert af.variance_map(f, 1.0, bias_variance=0.25) == pytest.approx(1.25, rel=1e-12)
    difference = np.diff(af.variance_map(f, np.array([1 - h, 1 + h])))[0] / (2 * h)
    assert af.variance_map_slope(f) == pytest.approx(difference, rel=1e-6)


@pytest.mark.parametrize("name", ["tanh", "Swish", "min-exp"])
def test_edge_of_chaos_is_a_fixed_point_with_unit_gradients(name):
    f, q = af.ACTIVATIONS[name], np.array([0.5, 1.0, 2.0])
    for variance, weight, bias in zip(q, *af.edge_of_chaos(f, q), strict=True):
        assert af.variance_map(f, variance, weight, bias) == pytest.approx(variance)
        assert af.chi1(f, variance, weight) == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: af.gain(lambda x: 0 * x), "f"),
        (lambda: af.variance_map(F.relu, 1.0, weight_variance=math.inf), "weight_variance"),
        (lambda: af.variance_map(F.relu, 1.0, bias_variance=-0.1), "bias_variance"),
        (lambda: af.chi1(F.relu, 1.0, weight_variance=0.0), "weight_variance"),
    ],
)
def test_bad_arguments_are_named(call, argument):
    with pytest.raises(ValueError, match=f"^{argument}: "):
        call()


@given(seed=seeds)
@examples(125)
def test_leaky_lines_of_every_size_have_the_closed_values(seed):
    """f = c·x right of 0 and c·a·x left of it: E f² = q·m and E f′² = m with m = c²(1 + a²)/2."""
    rng = np.random.default_rng(seed)
    a, c = rng.normal(), float(spread(rng, 1, 150 if seed % 2 else 2)[0])
    q = spread(rng, (4, 1), 150 if seed % 8 == 0 else 2)
    weight, bias = (float(v) for v in spread(rng, 2, 150 if seed % 2 else 2))
    f, m = lambda x: c * torch.where(x > 0, x, a * x), c**2 * (1 + a**2) / 2
    expected = {
        af.gain: 1 / math.sqrt(m),
        af.chi1: [[weight * m]] * 4,
        af.variance_map: weight * m * q + bias,
        af.variance_map_slope: [[weight * m]] * 4,
        af.edge_of_chaos: ([[1 / m]] * 4, 0 * q),
    }
    arguments = {af.gain: (), af.chi1: (q, weight), af.variance_map: (q, weight, bias)}
    arguments |= {af.variance_map_slope: (q, weight), af.edge_of_chaos: (q,)}
    for function, right in expected.items():
        found = value_or_error(lambda function=function: function(f, *arguments[function]))
        if found is None:  # only where a square or a result leaves the range of float64
            largest = max(np.abs(part).max() for part in (right if isinstance(right, tuple) else (right,)))
            assert c**2 * 144 * (1 + a**2) * max(1, q.max()) > 1e307 or largest > 1e307 or m < 1e-290
        elif function is af.edge_of_chaos:
            np.testing.assert_allclose(found[0], right[0], rtol=1e-12)
            np.testing.assert_array_less(np.abs(found[1]), 1e-12 * q)
        else:
            np.testing.assert_allclose(found, right, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: af.gain(lambda x: x * math.nan), "f: is nan or beyond float64 at"),
        (lambda: af.gain(lambda x: 1e-170 * x), "f: vanishes"),
        (lambda: af.gain(lambda x: F.hardtanh(x, -0.9, 0.9)), "kinks: the function bends"),
        (lambda: af.edge_of_chaos(lambda x: 0 * x + 1, 1), "f: has slope 0"),
        (lambda: af.edge_of_chaos(torch.sign, [1.0, 2.0]), "f: has slope 0"),
        (lambda: af.edge_of_chaos(lambda x: 1e-160 * x, 1.0), "f, variance, weight_variance: the result is beyond"),
        (lambda: af.chi1(lambda x: 3 * x, 1.0, 1e308), "f, variance, weight_variance: the result is beyond"),
        (lambda: af.variance_map(F.relu, [1.0, 0.0]), "variance: holds 0"),
        (lambda: af.variance_map(F.relu, 1.0, bias_variance=[0.1]), "bias_variance: has shape"),
        (lambda: af.variance_map(F.relu, 1.0, bias_variance=math.nan), "bias_variance: holds nan"),
        (lambda: af.variance_map_slope(F.relu, True), "variance: has type"),
    ],
)
def test_what_has_no_mean_field_is_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}.*; give "):
        call()
