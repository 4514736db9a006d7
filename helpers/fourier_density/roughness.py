"""Roughness ∫p'² on [−1, 1], the penalty of a fit: of p, since one on f is cheated by shrinking a."""

from __future__ import annotations

import numpy as np

from helpers.fourier_density._arrays import complex_vector
from helpers.fourier_density._types import Complex, Given
from helpers.fourier_density.trigonometric_series import autocorrelation


def roughness(b: Given) -> float:
    """∫ p'(x)² dx = π² Σ_n n²|b_n|² of the density with coefficients b_n = c_n/c_0, (N+1,).

    >>> round(roughness([1, 0.5]) / np.pi**2, 12)  # p = ½ + ½ cos πx
    0.25
    """
    b = complex_vector("b", b)
    n = np.arange(b.size)
    return float(np.pi**2 * (n**2 * np.abs(b) ** 2).sum())


def roughness_gradient(a: Given) -> tuple[float, Complex]:
    """∫p'² = π² Σ n²|c_n|²/c_0² of the density with factor a (N+1,), and its gradient ∂/∂Re a + i ∂/∂Im a, by FFT.

    >>> value, gradient = roughness_gradient([1, 1])
    >>> round(value / np.pi**2, 12), np.abs(gradient.round(12)).tolist()  # the largest that degree 1 allows
    (0.25, [0.0, 0.0])
    """
    a = complex_vector("a", a)
    c, n = autocorrelation(a), np.arange(a.size)
    value = np.pi**2 * (n**2 * np.abs(c) ** 2).sum() / c[0].real ** 2
    rho = 2 * np.pi**2 * n**2 * c / c[0].real ** 2
    # Σ_n ρ_n a_{k+n} + ρ*_n a_{k−n}: a Toeplitz product, on a circle long enough not to wrap.
    length = 3 * a.size
    kernel = np.zeros(length, dtype=complex)
    kernel[: a.size] = rho.conj()
    kernel[-a.size + 1 :] += rho[:0:-1]
    product = np.fft.ifft(np.fft.fft(kernel) * np.fft.fft(a, length))[: a.size]
    return float(value), product - 4 * value / c[0].real * a
