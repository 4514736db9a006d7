"""Densities on an interval, or on the line, whose Fourier coefficients are an autocorrelation.

Notation (Su Jianlin, https://spaces.ac.cn/archives/10007; De la Fuente, Singh, Ballé, arXiv 2402.15345):
A(x) = Σ_{k≤N} a_k e^{−iπkx}, f = |A|² = Σ_{|n|≤N} c_n e^{iπnx} with c_n = Σ_k a_k a*_{k+n}. The density on [−1, 1] is
p = f/(2c_0) = ½ + Re Σ_{n=1}^N b_n e^{iπnx}, b_n = c_n/c_0. On ℝ, p is the density of x = tanh((y − loc)/scale).
Code that writes A with e^{+iπkx} gets the mirrored density p(−x) from the same a.

- `density`: `FourierDensity`, the front door
- `divergence`: Kullback–Leibler divergence in closed form
- `fit`: maximum likelihood for one degree, and its report
- `degree`: the density as a scikit-learn estimator, and its degree by cross-validation
- `peers`: the competitors under one name, from
  `mixtures` (Gaussian mixtures), `mixture_fits` (fitted by EM and by gradients) and `monotone` (networks)
- `monotone_fits`, `kernel_estimates`: networks fitted by Adam, and kernel estimates
- `targets`, `scores`: the densities of the comparison, and how far a fit is from them
- `minimise`: L-BFGS on what torch differentiates
- `trigonometric_series`: sums of waves, their autocorrelation, where they turn
- `spectral_factorization`: from f ≥ 0 back to A (Fejér, Riesz)
- `power_series`: exp and log of a power series, the two halves of a cepstrum
- `direct_sum`: log p by the formula, in torch and differentiable: the plain method beside `_table`
- `roughness`: the penalty ∫p'²
- `distribution`: Φ and, by bisection, its inverse
- `moments`: mean and variance in closed form
- `entropy`: entropies in closed form and, the plain method, by quadrature
- private: `_types`, `_arrays` (vectors in, results out), `_exponents` (exact scaling), `_data` (what a fit is given),
  `_line` (the map to ℝ), `_kernels` (compiled loops over points), `_table` (sums at many points by local polynomials),
  `_unit_density` (p, Φ and its inverse from tables), `_likelihood` (what a fit minimises, and its gradient),
  `_mixture` and `_waves` (mixtures and sums of waves, unchecked)
"""

from helpers.fourier_density import peers
from helpers.fourier_density._mixture import Mixture
from helpers.fourier_density.degree import DEGREES, FourierEstimator, held_out_losses
from helpers.fourier_density.density import FourierDensity
from helpers.fourier_density.direct_sum import fourier_log_prob, line_log_prob
from helpers.fourier_density.distribution import distribution_coefficients, quantiles_by_bisection
from helpers.fourier_density.divergence import kl_divergence
from helpers.fourier_density.entropy import cross_entropy, entropy_by_quadrature, mean_log_jacobian
from helpers.fourier_density.fit import Fit, FitReport, fit_coefficients
from helpers.fourier_density.kernel_estimates import periodic_kernel_estimate, validated_kernel_estimate
from helpers.fourier_density.minimise import minimise_by_lbfgs
from helpers.fourier_density.mixture_fits import (
    em_step,
    fit_mixture_adam,
    fit_mixture_em,
    fit_mixture_lbfgs,
    quantile_start,
)
from helpers.fourier_density.mixtures import mixture_gradient, mixture_log_prob, mixture_statistics
from helpers.fourier_density.moments import interval_mean, interval_variance, line_mean, line_variance
from helpers.fourier_density.monotone import monotone_log_prob, monotone_network
from helpers.fourier_density.monotone_fits import fit_monotone_networks
from helpers.fourier_density.power_series import power_series_exp, power_series_log
from helpers.fourier_density.roughness import roughness, roughness_gradient
from helpers.fourier_density.scores import divergence_on_grid, local_maxima, share_of_maxima_found
from helpers.fourier_density.spectral_factorization import (
    HIGHEST_DEGREE,
    fejer_riesz,
    fejer_riesz_by_roots,
    minimum_phase_start,
)
from helpers.fourier_density.targets import (
    CELLS,
    FINE,
    comparison_targets,
    drawn_shares,
    separate_target,
    tutorial_target,
)
from helpers.fourier_density.trigonometric_series import (
    autocorrelation,
    autocorrelation_by_sum,
    descending_zeros,
    touching_series,
    trigonometric_sum,
)

__all__ = [
    "FourierDensity",
    "kl_divergence",
    "Fit",
    "FitReport",
    "fit_coefficients",
    "DEGREES",
    "FourierEstimator",
    "held_out_losses",
    "peers",
    "Mixture",
    "mixture_gradient",
    "mixture_log_prob",
    "mixture_statistics",
    "em_step",
    "quantile_start",
    "fit_mixture_em",
    "fit_mixture_adam",
    "fit_mixture_lbfgs",
    "monotone_network",
    "monotone_log_prob",
    "fit_monotone_networks",
    "periodic_kernel_estimate",
    "validated_kernel_estimate",
    "FINE",
    "CELLS",
    "comparison_targets",
    "separate_target",
    "tutorial_target",
    "drawn_shares",
    "divergence_on_grid",
    "local_maxima",
    "share_of_maxima_found",
    "minimise_by_lbfgs",
    "trigonometric_sum",
    "autocorrelation",
    "autocorrelation_by_sum",
    "descending_zeros",
    "touching_series",
    "fejer_riesz",
    "fejer_riesz_by_roots",
    "minimum_phase_start",
    "HIGHEST_DEGREE",
    "power_series_exp",
    "power_series_log",
    "fourier_log_prob",
    "line_log_prob",
    "roughness",
    "roughness_gradient",
    "distribution_coefficients",
    "quantiles_by_bisection",
    "cross_entropy",
    "entropy_by_quadrature",
    "interval_mean",
    "interval_variance",
    "line_mean",
    "line_variance",
    "mean_log_jacobian",
]
