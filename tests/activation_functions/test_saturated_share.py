"""Saturated shares against closed forms."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch.nn import functional as F

from helpers import activation_functions as af
from tests.activation_functions.strategies import seeds, spread
from tests.examples import examples

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def test_saturation_against_closed_forms():
    edge = 2 * math.acosh(1 / (2 * math.sqrt(0.1)))  # σ′ = 1/(4 cosh²(x/2)) is 0.1 there
    assert af.saturation(torch.sigmoid, 0.1) == pytest.approx(2 * stats.norm.cdf(-edge), abs=1e-12)
    assert af.saturation(torch.tanh, 0.1) == pytest.approx(2 * stats.norm.cdf(-math.acosh(10**0.5)), abs=1e-12)
    assert af.saturation(F.relu, 1e-9) == pytest.approx(0.5, abs=1e-12)
    assert af.saturation(F.leaky_relu, 0.005) == 0
    assert af.saturation(F.hardtanh, 0.5, kinks=(-1, 1)) == pytest.approx(2 * stats.norm.cdf(-1), abs=1e-12)
    assert af.saturation(lambda x: 0 * x, 0.5) == pytest.approx(1)


@given(st.sampled_from(sorted(af.ACTIVATIONS)), st.floats(0.01, 0.5), st.floats(1.05, 2))
@examples(15)
def test_saturation_grows_with_the_threshold(name, threshold, factor):
    f = af.ACTIVATIONS[name]
    assert 0 <= af.saturation(f, threshold) <= af.saturation(f, threshold * factor) <= 1


@pytest.mark.parametrize(("call", "argument"), [(lambda: af.saturation(F.relu, 0.0), "threshold")])
def test_bad_arguments_are_named(call, argument):
    with pytest.raises(ValueError, match=f"^{argument}: "):
        call()


@given(seed=seeds)
@examples(500)
def test_saturation_of_scaled_functions_and_thresholds_of_every_size(seed):
    rng = np.random.default_rng(seed)
    steep, size, share = rng.uniform(0.3, 20), float(spread(rng, 1, 140)[0]), rng.uniform(1e-3, 1.2)
    threshold = share * size * steep  # the slope of size·tanh(steep·x) is at most size·steep
    expected = 1.0 if share > 1 else 2 * stats.norm.sf(math.acosh(share**-0.5) / steep)
    found = af.saturation(lambda x: size * torch.tanh(steep * x), threshold)
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: af.saturation(lambda x: x * math.nan), "f"),
        (lambda: af.saturation(torch.sqrt), "f"),
        (lambda: af.saturation(lambda x: x.mean()), "f"),
        (lambda: af.saturation(F.relu, math.nan), "threshold"),
        (lambda: af.saturation(F.relu, math.inf), "threshold"),
        (lambda: af.saturation(F.relu, [0.1]), "threshold"),
        (lambda: af.saturation(F.relu, True), "threshold"),
        (lambda: af.saturation(F.relu, kinks=[math.nan]), "kinks"),
    ],
)
def test_what_has_no_saturated_share_is_named(call, argument):
    with pytest.raises(ValueError, match=f"^{argument}: .*; give "):
        call()


def test_saturation_with_other_kinks():
    assert af.saturation(F.hardtanh, 0.5, kinks=()) == pytest.approx(2 * stats.norm.cdf(-1), abs=1e-12)
    assert af.saturation(lambda x: F.relu(x - 20), 0.5, kinks=20) == pytest.approx(1)
    assert af.saturation(F.relu, torch.tensor(0.5, requires_grad=True)) == pytest.approx(0.5)
