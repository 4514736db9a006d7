"""Spectral factorisation: from a non-negative trigonometric polynomial to its factor of minimum phase.

f(x) = Σ_{|n|≤N} c_n e^{iπnx} = |A(x)|², A(x) = Σ_{k≤N} a_k e^{−iπkx}. Fejér (1915) and Riesz: every f ≥ 0 of degree N
has such an A. Sources: G. Wilson, Factorization of the covariance generating function of a pure moving average process
(SIAM J. Numer. Anal. 6, 1969), for the Newton iteration; A. Oppenheim and R. Schafer, Discrete-Time Signal Processing,
for the cepstrum.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from helpers.fourier_density._arrays import complex_vector, returned
from helpers.fourier_density._types import Complex, Given, Returned
from helpers.fourier_density._waves import wave_sum
from helpers.fourier_density.power_series import power_series_exp
from helpers.fourier_density.trigonometric_series import descending_zeros
from helpers.inputs import real_number

HIGHEST_DEGREE = 1024  # the factor of this degree takes several seconds


def _unit_series(c: Given) -> tuple[Complex, float]:
    """c/c_0, and c_0; ValueError where c_0 is not real and positive."""
    c = complex_vector("c", c)
    if not (c[0].real > 0 and abs(c[0].imag) <= 1e-12 * c[0].real):
        raise ValueError(f"c: begins with {c[0]:.6g}; give c_0 real and positive")
    if np.abs(c).max() > c[0].real * (1 + 1e-9):
        raise ValueError(f"c: |c_n| reaches {np.abs(c).max():.6g} > c_0 = {c[0].real:.6g}, so f < 0; give f ≥ 0")
    return np.concatenate([[1.0], c[1:] / c[0].real]), float(c[0].real)


def fejer_riesz_by_roots(c: Given) -> Complex:
    """The factor of `fejer_riesz` the textbook's way: of the roots of z^N f, keep those outside the circle.

    c: (N+1,), with f > 0. Multiplying N roots out loses digits: errors of 1e-13 at N = 8, of 1e-5 and more at N = 256.

    >>> fejer_riesz_by_roots([5, -2]).real.round(12).tolist()  # f = 5 − 4 cos πx = |2 − e^{−iπx}|²
    [2.0, -1.0]
    """
    unit, size = _unit_series(c)
    roots = np.roots(np.concatenate([unit[::-1], unit[1:].conj()]))  # in pairs r, 1/r*
    inside = roots[np.argsort(np.abs(roots))][: unit.size - 1]
    a = np.atleast_1d(np.poly(inside)).astype(
        complex
    )  # Π(z − r) = z^N Π(1 − r z⁻¹), a polynomial in z⁻¹ = e^{−iπx} with a_0 = 1
    return a * np.sqrt(size / np.sum(np.abs(a) ** 2))


def fejer_riesz(c: Given) -> Returned:
    """Fejér–Riesz factor: a with c_n = Σ_k a_k a*_{k+n}, of minimum phase (no zero of Σ a_k z^k in |z| < 1), a_0 > 0.

    c: (N+1,) with c_0 > 0 real, the coefficients of f(x) = c_0 + 2 Re Σ_{n≥1} c_n e^{iπnx} ≥ 0.
    Error in c: ≤ 1e-13 c_0 for N ≤ 256; zeros of f are allowed (≤ 1e-8). The cepstrum of f + 2e-4 c_0 gives a start of
    minimum phase, and Newton's iteration on c(a) = c, which keeps that property, refines it (Wilson 1969), in O(N³).
    ValueError: empty, nan, c_0 ≤ 0 or not real, f < 0 somewhere (with the minimum found), or N > 1024.

    >>> fejer_riesz([5, -2]).real.round(12).tolist()  # f = 5 − 4 cos πx = |2 − e^{−iπx}|²
    [2.0, -1.0]
    """
    unit, size = _unit_series(c)
    degree = unit.size - 1
    if degree > HIGHEST_DEGREE:
        raise ValueError(f"c: has degree {degree}, whose factor takes O(N³) time; give at most {HIGHEST_DEGREE}")
    if degree == 0:
        return returned(np.sqrt(np.array([size], dtype=complex)), c)
    two_sided = np.concatenate([[1.0], 2 * unit[1:]])
    low = descending_zeros(lambda x: -wave_sum(two_sided, x, 1), degree)
    minimum = min(wave_sum(two_sided, low).min(initial=np.inf), two_sided.real.sum())
    # e^{iπnx} is known to n ulp, so that the sum is known to Σ n|c_n| ulp.
    if minimum < -8 * np.finfo(float).eps * (1 + np.arange(degree + 1) @ np.abs(two_sided)):
        raise ValueError(f"c: its trigonometric polynomial is negative; the minimum found is {minimum * size:.6g}")
    best, smallest = unit, np.inf
    # A multiple zero on the circle makes the Jacobian singular and Newton stall; a floor under f keeps it regular.
    for floor in (0.0, 1e-11, 1e-10, 1e-9):
        target = np.concatenate([[1.0 + floor], unit[1:]])
        a = _newton_factor(target, minimum_phase_start(unit))
        error = np.abs(unit - np.correlate(a, a, "full")[degree:].conj()).max()
        if error < smallest:
            best, smallest = a, error
        if smallest <= max(1e-14, 2 * floor):
            break
    return returned(best * np.sqrt(size), c)


def minimum_phase_start(c: Given, floor: float = 2e-4) -> Complex:
    """Approximate minimum-phase factor of f + floor · c_0 by one FFT cepstrum; c as in `fejer_riesz`, any f ≥ 0.

    log f is analytic in |Im x| < √(2·floor)/N or so, and a grid of 7/√floor points a degree resolves that.
    ValueError: c_0 not real and positive, some |c_n| > c_0, floor < 1e-9.

    >>> minimum_phase_start([5, -2], 1e-6).real.round(4).tolist()
    [2.0, -1.0]
    """
    c, size = _unit_series(c)
    floor = real_number("floor", floor, at_least=1e-9)
    degree = c.size - 1
    grid = 1 << int(7 / np.sqrt(floor) * max(degree, 1)).bit_length()
    two_sided = np.zeros(grid, dtype=complex)
    two_sided[: degree + 1] = c
    two_sided[-degree:] = c[:0:-1].conj() if degree else two_sided[-degree:]
    f = np.maximum(np.fft.fft(two_sided).real, 0) + floor  # f(−x) on the grid
    cepstrum = np.fft.ifft(np.log(f))[: degree + 1]
    cepstrum[0] /= 2
    return power_series_exp(cepstrum.conj()) * np.sqrt(size)


def _newton_factor(c: Complex, a: Complex) -> Complex:
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
