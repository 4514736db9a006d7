"""Gains, variance maps and the edge of chaos against known fixed points and differences."""

import math

import numpy as np
import pytest
from torch.nn import functional as F

from helpers import activation_functions as af


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
