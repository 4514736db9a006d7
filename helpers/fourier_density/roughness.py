"""Roughness ∫p'² on [−1, 1], the penalty of a fit: of p, since one on f is cheated by shrinking a."""

from __future__ import annotations

import numpy as np

from helpers.fourier_density._arrays import complex_vector, density_coefficients
from helpers.fourier_density._exponents import times_power_of_two, with_exponent
from helpers.fourier_density._types import Complex, Given
from helpers.fourier_density.trigonometric_series import autocorrelation


def roughness(b: Given) -> float:
    """∫ p'(x)² dx = π² Σ_n n²|b_n|² of the density with coefficients b_n = c_n/c_0, (N+1,).

    >>> round(roughness([1, 0.5]) / np.pi**2, 12)  # p = ½ + ½ cos πx
    0.25
    """
    b = density_coefficients("b", b)
    n = np.arange(b.size)
    return float(np.pi**2 * (n**2 * np.abs(b) ** 2).sum())


def roughness_gradient(a: Given) -> tuple[float, Complex]:
    """∫p'² = π² Σ n²|c_n|²/c_0² of the density with factor a (N+1,), and its gradient ∂/∂Re a + i ∂/∂Im a, by FFT.

    >>> value, gradient = roughness_gradient([1, 1])
    >>> round(value / np.pi**2, 12), np.abs(gradient.round(12)).tolist()  # the largest that degree 1 allows
    (0.25, [0.0, 0.0])
    """
    a = complex_vector("a", a)
    unit, exponent = with_exponent(a)  # the value does not change with the scale, and the squares below can be held
    if not unit.any():
        raise ValueError("a: holds zeros alone, which is no density; give one coefficient that is not 0")
    c, n = autocorrelation(unit), np.arange(unit.size)
    value = np.pi**2 * (n**2 * np.abs(c) ** 2).sum() / c[0].real ** 2
    rho = 2 * np.pi**2 * n**2 * c / c[0].real ** 2
    # Σ_n ρ_n a_{k+n} + ρ*_n a_{k−n}: a Toeplitz product, on a circle long enough not to wrap.
    length = 3 * unit.size
    kernel = np.zeros(length, dtype=complex)
    kernel[: unit.size] = rho.conj()
    kernel[2 * unit.size + 1 :] += rho[:0:-1]
    product = np.fft.ifft(np.fft.fft(kernel) * np.fft.fft(unit, length))[: unit.size]
    gradient = times_power_of_two(product - 4 * value / c[0].real * unit, -exponent)
    if not np.isfinite(gradient).all():
        raise ValueError(f"a: reaches 2^{exponent[0]}; give coefficients whose inverse float64 can hold")
    return float(value), gradient
