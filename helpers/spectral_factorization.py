"""Spectral factorisation: from a non-negative trigonometric polynomial to its factor of minimum phase.

Notation as in `fourier_density`: f(x) = Σ_{|n|≤N} c_n e^{iπnx} = |A(x)|², A(x) = Σ_{k≤N} a_k e^{−iπkx}, so that
c_n = Σ_k a_k a*_{k+n}. Fejér (1915) and Riesz: every f ≥ 0 of degree N has such an A. Sources: G. Wilson, Factorization
of the covariance generating function of a pure moving average process (SIAM J. Numer. Anal. 6, 1969), for the Newton
iteration; A. Oppenheim and R. Schafer, Discrete-Time Signal Processing, for the cepstrum.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy import linalg


def finite_vector(name: str, values: ArrayLike | torch.Tensor, dtype: type) -> np.ndarray:
    """``values`` as a non-empty finite vector of ``dtype``; ValueError otherwise."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().numpy()
    try:
        array = np.asarray(values)
        if dtype is float and np.iscomplexobj(array):
            raise TypeError
        array = array.astype(dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: must be a vector of {dtype.__name__} numbers") from error
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name}: shape {array.shape}; a non-empty vector is needed")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: holds nan or inf; only finite numbers are accepted")
    return array


def _like(given: object, values: np.ndarray) -> np.ndarray | torch.Tensor:
    return torch.from_numpy(values) if isinstance(given, torch.Tensor) else values


def autocorrelation(a: ArrayLike | torch.Tensor) -> np.ndarray | torch.Tensor:
    """c_n = Σ_k a_k a*_{k+n} for n = 0 … N, over the last axis of a (…, N+1), by FFT; errors of a few ε·c_0.

    complex128; torch (detached) for torch, and so `fejer_riesz`.
    """
    values = np.asarray(a.detach().cpu() if isinstance(a, torch.Tensor) else a, dtype=complex)
    degree = values.shape[-1] - 1
    spectrum = np.fft.fft(values, 2 * degree + 1)
    return _like(a, np.fft.fft(np.abs(spectrum) ** 2)[..., : degree + 1] / (2 * degree + 1))


def trigonometric_sum(coefficients: ArrayLike, x: ArrayLike, derivative: int = 0) -> np.ndarray:
    """Re Σ_n (iπn)^derivative coefficients_n e^{iπnx}, summed directly: exact but O(N) a point; x of any shape."""
    coefficients, x = np.asarray(coefficients, dtype=complex), np.asarray(x, dtype=float)
    n = np.arange(coefficients.size)
    return (np.exp(1j * np.pi * x[..., None] * n) @ (coefficients * (1j * np.pi * n) ** derivative)).real


def descents(slope: Callable[[np.ndarray], np.ndarray], degree: int) -> np.ndarray:
    """Where ``slope``, a function of period 2, changes from + to −: points of [−1, 1), increasing.

    Bisection from a grid of 16 cells a degree, which may miss two sign changes within one cell.
    """
    cells = 16 * degree
    grid = -1 + (np.arange(cells + 1) + 0.5) * 2 / cells  # from cell middle to cell middle, past the seam at ±1
    values = slope((grid + 1) % 2 - 1)
    down = np.flatnonzero((values[:-1] > 0) & (values[1:] <= 0))
    low, high = grid[down], grid[down + 1]
    for _ in range(50):
        middle = (low + high) / 2
        positive = slope((middle + 1) % 2 - 1) > 0
        low, high = np.where(positive, middle, low), np.where(positive, high, middle)
    return np.sort((low + high + 2) / 2 % 2 - 1)


def fejer_riesz(c: ArrayLike | torch.Tensor) -> np.ndarray | torch.Tensor:
    """Fejér–Riesz factor: a with c_n = Σ_k a_k a*_{k+n}, of minimum phase (no zero of Σ a_k z^k in |z| < 1), a_0 > 0.

    c: (N+1,) with c_0 > 0 real, the coefficients of f(x) = c_0 + 2 Re Σ_{n≥1} c_n e^{iπnx} ≥ 0.
    Error in c: ≤ 1e-13 c_0 for N ≤ 256; zeros of f are allowed (≤ 1e-8). The cepstrum of f + 2e-4 c_0 gives a start of
    minimum phase, and Newton's iteration on c(a) = c, which keeps that property, refines it (Wilson 1969), in O(N³).
    ValueError: empty, nan, c_0 ≤ 0 or not real, or f < 0 somewhere (with the minimum found).
    """
    given = c
    c = finite_vector("c", c, complex)
    degree = c.size - 1
    if not (c[0].real > 0 and abs(c[0].imag) <= 1e-12 * c[0].real):
        raise ValueError(f"c: c_0 = {c[0]:.6g} must be real and positive")
    size = c[0].real
    c = np.concatenate([[1.0], c[1:] / size])
    if degree == 0:
        return _like(given, np.sqrt(np.array([size], dtype=complex)))
    two_sided = np.concatenate([[1.0], 2 * c[1:]])
    low = descents(lambda x: -trigonometric_sum(two_sided, x, 1), degree)
    minimum = min(trigonometric_sum(two_sided, low).min(initial=np.inf), trigonometric_sum(two_sided, 0.0))
    if minimum < -64 * np.finfo(float).eps * (degree + 1):
        raise ValueError(f"c: its trigonometric polynomial is negative; the minimum found is {minimum * size:.6g}")
    best, smallest = None, np.inf
    # A multiple zero on the circle makes the Jacobian singular and Newton stall; a floor under f keeps it regular.
    for floor in (0.0, 1e-11, 1e-10, 1e-9):
        target = np.concatenate([[1.0 + floor], c[1:]])
        a = _newton_factor(target, minimum_phase_start(c))
        error = np.abs(c - np.correlate(a, a, "full")[degree:].conj()).max()
        if error < smallest:
            best, smallest = a, error
        if smallest <= max(1e-14, 2 * floor):
            break
    return _like(given, best * np.sqrt(size))


def minimum_phase_start(c: np.ndarray, floor: float = 2e-4) -> np.ndarray:
    """Approximate minimum-phase factor of f + floor · c_0 by one FFT cepstrum; c as in `fejer_riesz`, any f ≥ 0.

    log f is analytic in |Im x| < √(2·floor)/N or so, and the grid of 512 points a degree resolves that.
    """
    degree = c.size - 1
    grid = 1 << int(512 * max(degree, 1) - 1).bit_length()
    two_sided = np.zeros(grid, dtype=complex)
    two_sided[: degree + 1] = c
    two_sided[-degree:] = c[:0:-1].conj() if degree else two_sided[-degree:]
    f = np.maximum(np.fft.fft(two_sided).real, 0) + floor * c[0].real  # f(−x) on the grid
    cepstrum = np.fft.ifft(np.log(f))[: degree + 1]
    cepstrum[0] /= 2
    return power_series_exp(cepstrum.conj())


def _newton_factor(c: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Newton's iteration for c(a) = c (Wilson 1969) until it stalls; the best a met. O(N³) a step."""
    degree = c.size - 1
    best, smallest, stalled = a, np.inf, -1  # the first step may, and from a good start will, increase the error
    for step_number in range(80):
        residual = c - np.correlate(a, a, "full")[degree:].conj()
        error = np.abs(residual).max()
        stalled = 0 if error < 0.98 * smallest else stalled + 1
        if error < smallest and step_number:
            best, smallest = a, error
        if error < 1e-15 or stalled == 4:
            break
        # c(a + δ) − c(a) ≈ H δ + U δ*, split into real and imaginary parts; Im c_0 = 0 is spent on keeping a_0 real.
        hankel, upper = linalg.hankel(a.conj()), linalg.toeplitz(np.eye(1, degree + 1)[0] * a[0], a)
        plus, minus = hankel + upper, hankel - upper
        jacobian = np.block([[plus.real, -minus.imag], [plus.imag, minus.real]])
        jacobian[degree + 1] = np.eye(1, 2 * degree + 2, degree + 1)
        try:
            step = np.linalg.solve(jacobian, np.concatenate([residual.real, [0.0], residual.imag[1:]]))
        except np.linalg.LinAlgError:  # two zeros have met on the circle
            break
        a = a + step[: degree + 1] + 1j * step[degree + 1 :]
    return best


def power_series_exp(h: np.ndarray) -> np.ndarray:
    """Coefficients of exp(Σ h_m z^m) to the same order, by m a_m = Σ_k k h_k a_{m−k}."""
    a = np.zeros(h.size, dtype=complex)
    a[0] = np.exp(h[0])
    weighted = np.arange(h.size) * h
    for m in range(1, h.size):
        a[m] = weighted[1 : m + 1] @ a[m - 1 :: -1][:m] / m
    return a


def power_series_log(a: np.ndarray, order: int | None = None) -> np.ndarray:
    """Coefficients h_0 … h_order of log Σ a_k z^k about z = 0, the inverse of `power_series_exp`; a_0 ≠ 0.

    For a of minimum phase this is the complex cepstrum: log|A(x)|² = 2 Re Σ_m h_m e^{−iπmx}.
    """
    order = a.size - 1 if order is None else order
    a = np.concatenate([a, np.zeros(max(order + 1 - a.size, 0))])
    weighted = np.zeros(order + 1, dtype=complex)  # k h_k
    for m in range(1, order + 1):
        weighted[m] = (m * a[m] - weighted[1:m] @ a[m - 1 : 0 : -1]) / a[0]
    weighted[1:] /= np.arange(1, order + 1)
    weighted[0] = np.log(a[0])
    return weighted
