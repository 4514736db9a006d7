"""Activation functions: their saturation, their moments under Gaussian input, and training without a gradient.

Source: Su Jianlin, Scientific Spaces 4647 (2017). Mean-field quantities follow Poole et al. (arXiv:1606.05340) and
Schoenholz et al. (arXiv:1611.01232); evolution strategies follow Salimans et al. (arXiv:1703.03864).

Notation: f is an elementwise activation, Z ~ N(0, 1), q the variance of a pre-activation, σ_w² the variance of a weight
times the fan-in, σ_b² the variance of a bias. An activation is any callable from a floating tensor to a tensor of the
same shape that autograd can differentiate.

`networks`: stacked fully connected networks, and the one layer that they are when nothing stands between.
`functions`: the activations of the course by name, their values and slopes, gated linear units.
`forms`: the article's x·min(1, eˣ): its plain formula, its three forms, and one that is safe for every input.
`_fast`: the same function with a backward pass of its own, several times faster on large tensors.
`saturated_share`: the share of normal inputs at which a function hardly responds.
`moments`: expectations under normal input.
`mean_field`: what a wide random layer does to the variance of a signal and of a gradient.
`propagation`: the same, measured in random networks.
`idle`: weights to which a batch hands no gradient.
`contest`: networks trained on data, every repeat and every rate at once.
`rounding`: floating-point rounding as the only non-linearity of a network.
`evolution`: an evolution strategy, which needs no gradient.
"""

# In the order in which the notebook meets the names.
# isort: off
from helpers.activation_functions.networks import Layer, collapse_layers, network_output, unpack_layers
from helpers.activation_functions.functions import ACTIVATIONS, Activation, Array, gated_linear, value_and_slope
from helpers.activation_functions.forms import min_exp, min_exp_by_cases, min_exp_max, min_exp_naive, min_exp_relu
from helpers.activation_functions.saturated_share import saturation
from helpers.activation_functions.moments import min_exp_moments, normal_expectation, second_moment, slope_moment
from helpers.activation_functions.idle import idle_weights
from helpers.activation_functions.mean_field import chi1, edge_of_chaos, gain, variance_map, variance_map_slope
from helpers.activation_functions.propagation import gradient_through_layers
from helpers.activation_functions.contest import Accuracies, Splits, at_chosen_rates, split_data, train_networks
from helpers.activation_functions.rounding import SMALLEST_NORMAL, flushed_denormals, round_trip, rounding_network
from helpers.activation_functions.evolution import evolve

__all__ = [
    "Layer",
    "collapse_layers",
    "network_output",
    "unpack_layers",
    "ACTIVATIONS",
    "Activation",
    "Array",
    "gated_linear",
    "value_and_slope",
    "min_exp",
    "min_exp_by_cases",
    "min_exp_max",
    "min_exp_naive",
    "min_exp_relu",
    "saturation",
    "min_exp_moments",
    "normal_expectation",
    "second_moment",
    "slope_moment",
    "idle_weights",
    "chi1",
    "edge_of_chaos",
    "gain",
    "variance_map",
    "variance_map_slope",
    "gradient_through_layers",
    "Accuracies",
    "Splits",
    "at_chosen_rates",
    "split_data",
    "train_networks",
    "SMALLEST_NORMAL",
    "flushed_denormals",
    "round_trip",
    "rounding_network",
    "evolve",
]
