"""The peers of the Fourier density under one name: Gaussian mixtures and monotone networks, stacked models."""

from helpers.fourier_density._mixture import Mixture
from helpers.fourier_density.mixture_fits import (
    em_step,
    fit_mixture_adam,
    fit_mixture_em,
    fit_mixture_lbfgs,
    quantile_start,
)
from helpers.fourier_density.mixtures import mixture_gradient, mixture_log_prob, mixture_statistics
from helpers.fourier_density.monotone import monotone_log_prob, monotone_network

__all__ = [
    "Mixture",
    "mixture_log_prob",
    "mixture_statistics",
    "mixture_gradient",
    "em_step",
    "quantile_start",
    "fit_mixture_em",
    "fit_mixture_adam",
    "fit_mixture_lbfgs",
    "monotone_network",
    "monotone_log_prob",
]
