"""Gradient descent, SGD and momentum as discretised dynamics.

Source: Su Jianlin, *Optimisation algorithms from a dynamical point of view (1): from SGD to momentum* (2018),
https://spaces.ac.cn/archives/5655. Notation of the article in brackets: learning rate [α], momentum [β], time step [γ],
friction [λ], noise amplitude [σ], velocity increment [v] = γ·η. The schemes are

    v ← βv − α∇L(point),  θ ← θ + v,

with ∇L taken at θ ("heavy_ball"), θ + βv/2 ("nesterov_half"), θ + βv ("nesterov") or (θ + θ_new)/2 ("implicit").
Gradient descent is "heavy_ball" with β = 0. Positions have their coordinates on the last axis; other axes are batch.

- `schemes`: the four schemes, run from many starts at once
- `momentum`: from friction and time step to learning rate and momentum, and back
- `flows`: the equations that the schemes discretise, and the friction that keeps a ball from crossing a barrier
- `stability`: one step on a quadratic as a matrix, its spectral radius, where it stays below 1, the best tuning
- `stationary`: where noisy schemes settle on a quadratic, in closed form
- `langevin`: particles with noise, without and with inertia
- `escape`: how long a noisy particle takes over a barrier: simulated, exact, and by Kramers' formula
- `least_squares`: SGD on a regression, from real data, and its exact stationary covariance
- `laws`: laws of one coordinate on a grid, without sampling
- `orders`: errors of a scheme against its equation, and the power of the time step in them
- `networks`: many small networks trained at once
- `frameworks`: the path of PyTorch's SGD on a quadratic
- private: `_types` (what arrays and gradients are), `_range` (products that cannot overflow on the way),
  `_passage` (the mesh and the logarithms behind mean passage times)
"""

from helpers.sgd_dynamics.escape import exit_times, kramers_time, mean_passage_time, mean_passage_time_by_simpson
from helpers.sgd_dynamics.flows import critical_friction, gradient_flow, inertial_flow
from helpers.sgd_dynamics.frameworks import torch_sgd_path
from helpers.sgd_dynamics.langevin import simulate_kramers, simulate_langevin
from helpers.sgd_dynamics.laws import gibbs_shares, stationary_shares
from helpers.sgd_dynamics.least_squares import least_squares_covariance, least_squares_sgd
from helpers.sgd_dynamics.momentum import (
    corrected_momentum,
    corrected_momentum_exact,
    friction_from_momentum,
    momentum_from_friction,
    momentum_from_friction_nesterov,
)
from helpers.sgd_dynamics.networks import continued_sgd, network_losses, new_networks, train_epoch
from helpers.sgd_dynamics.orders import fitted_power, scheme_errors
from helpers.sgd_dynamics.schemes import LOOKAHEAD, SCHEMES, integrate, resting_velocity
from helpers.sgd_dynamics.stability import (
    amplification,
    optimal_tuning,
    spectral_radius,
    spectral_radius_by_eigenvalues,
    stability_limit,
)
from helpers.sgd_dynamics.stationary import (
    minibatch_factor,
    relative_temperature,
    stationary_covariance,
    stationary_variance,
    stationary_variance_momentum,
)

__all__ = [  # in the order in which the notebook meets them
    "simulate_langevin",
    "inertial_flow",
    "integrate",
    "gradient_flow",
    "fitted_power",
    "stationary_variance",
    "gibbs_shares",
    "stationary_shares",
    "momentum_from_friction",
    "momentum_from_friction_nesterov",
    "scheme_errors",
    "critical_friction",
    "spectral_radius_by_eigenvalues",
    "spectral_radius",
    "friction_from_momentum",
    "corrected_momentum",
    "corrected_momentum_exact",
    "resting_velocity",
    "SCHEMES",
    "LOOKAHEAD",
    "amplification",
    "stability_limit",
    "simulate_kramers",
    "relative_temperature",
    "torch_sgd_path",
    "minibatch_factor",
    "least_squares_sgd",
    "least_squares_covariance",
    "stationary_covariance",
    "stationary_variance_momentum",
    "mean_passage_time",
    "mean_passage_time_by_simpson",
    "exit_times",
    "kramers_time",
    "optimal_tuning",
    "new_networks",
    "network_losses",
    "train_epoch",
    "continued_sgd",
]
