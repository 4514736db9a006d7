"""Kernel density estimates with Gaussian kernels: on the circle by Fourier series, and from counts in cells."""

from __future__ import annotations

import numpy as np
from scipy import stats

from helpers.fourier_density._types import Array
from helpers.inputs import real_array


def periodic_kernel_estimate(x: Array, bandwidths: Array, at: Array, waves: int = 64) -> Array:
    """Estimates (bandwidths, at) on the circle [−1, 1): the first ``waves`` empirical coefficients, damped.

    The kernel of width h multiplies the n-th coefficient by e^{−π²n²h²/2}.

    >>> estimate = periodic_kernel_estimate(np.zeros(1), np.array([0.5]), np.array([0.0]))
    >>> float(estimate[0, 0].round(3)), round(float(stats.norm.pdf([0, 2, -2], 0, 0.5).sum()), 3)
    (0.798, 0.798)
    """
    x, bandwidths, at = (real_array(name, value) for name, value in (("x", x), ("bandwidths", bandwidths), ("at", at)))
    n = np.arange(waves + 1)
    damping = np.exp(-((np.pi * np.outer(bandwidths, n)) ** 2) / 2) * np.where(n, 1, 0.5)
    empirical = np.exp(-1j * np.pi * np.outer(n, x)).mean(1)
    return np.asarray(((damping * empirical) @ np.exp(1j * np.pi * np.outer(n, at))).real)


def validated_kernel_estimate(cells: Array, train: Array, validation: Array, bandwidths: Array, at: Array) -> Array:
    """Estimates (…, at) from shares ``train`` (…, cells), each with the bandwidth that is best on ``validation``.

    ValueError: shares of another shape.

    >>> cells, left, right = np.array([-0.5, 0.5]), np.array([1.0, 0.0]), np.array([0.0, 1.0])
    >>> validated_kernel_estimate(cells, left, right, np.array([0.1, 0.5]), np.zeros(1)).round(3)  # 0.5 is better
    array([0.484])
    """
    cells, train, validation = (
        real_array(name, value) for name, value in (("cells", cells), ("train", train), ("validation", validation))
    )
    if train.shape != validation.shape or train.shape[-1:] != cells.shape:
        raise ValueError(f"train, validation: have shapes {train.shape}, {validation.shape}; give (…, {cells.size})")
    fits = np.array([train @ stats.norm.pdf(cells[:, None], at, h) for h in bandwidths])
    scored = np.array([train @ stats.norm.pdf(cells[:, None], cells, h) for h in bandwidths])
    best = (validation * np.log(np.maximum(scored, 1e-300))).sum(-1).argmax(0)
    return np.asarray(np.take_along_axis(fits, best[None, ..., None], 0)[0])
