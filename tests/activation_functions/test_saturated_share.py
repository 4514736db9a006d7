"""Saturated shares against closed forms."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch.nn import functional as F

from helpers import activation_functions as af


def test_saturation_against_closed_forms():
    edge = 2 * math.acosh(1 / (2 * math.sqrt(0.1)))  # σ′ = 1/(4 cosh²(x/2)) is 0.1 there
    assert af.saturation(torch.sigmoid, 0.1) == pytest.approx(2 * stats.norm.cdf(-edge), abs=1e-12)
    assert af.saturation(torch.tanh, 0.1) == pytest.approx(2 * stats.norm.cdf(-math.acosh(10**0.5)), abs=1e-12)
    assert af.saturation(F.relu, 1e-9) == pytest.approx(0.5, abs=1e-12)
    assert af.saturation(F.leaky_relu, 0.005) == 0
    assert af.saturation(F.hardtanh, 0.5, kinks=(-1, 1)) == pytest.approx(2 * stats.norm.cdf(-1), abs=1e-12)
    assert af.saturation(lambda x: 0 * x, 0.5) == pytest.approx(1)


@given(st.sampled_from(sorted(af.ACTIVATIONS)), st.floats(0.01, 0.5), st.floats(1.05, 2))
@settings(max_examples=15, deadline=None)
def test_saturation_grows_with_the_threshold(name, threshold, factor):
    f = af.ACTIVATIONS[name]
    assert 0 <= af.saturation(f, threshold) <= af.saturation(f, threshold * factor) <= 1


@pytest.mark.parametrize(("call", "argument"), [(lambda: af.saturation(F.relu, 0.0), "threshold")])
def test_bad_arguments_are_named(call, argument):
    with pytest.raises(ValueError, match=f"^{argument}: "):
        call()
