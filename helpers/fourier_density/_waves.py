"""Sums of waves, unchecked, for loops that ask for them again and again."""

import numpy as np

from helpers.fourier_density._types import Array, Complex


def wave_sum(coefficients: Complex, x: Array, derivative: int = 0) -> Array:
    """Re Σ_n (iπn)^derivative coefficients_n e^{iπnx}, for x in [−1, 1] of any shape."""
    n = np.arange(coefficients.size)
    total: Array = (np.exp(1j * np.pi * x[..., None] * n) @ (coefficients * (1j * np.pi * n) ** derivative)).real
    return total
