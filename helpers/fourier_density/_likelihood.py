"""What a fit minimises, and its exact gradient."""

from __future__ import annotations

import numpy as np

from helpers.fourier_density._line import from_line, standardized
from helpers.fourier_density._table import Table
from helpers.fourier_density._types import Array, Complex
from helpers.fourier_density.roughness import roughness_gradient
from helpers.fourier_density.spectral_factorization import minimum_phase_start


class Likelihood:
    """−Σ_i w_i log density(x_i) + γ roughness, and its exact gradient, as a function of (Re a, Im a[, loc, log scale]).

    They cost O(n + M log M) for M ≥ 32 N cells: n and N add up, they do not multiply.
    The plain method is autograd of `fourier_log_prob`.
    """

    def __init__(self, x: Array, weights: Array, degree: int, gamma: float, to_line: tuple[float, float] | None):
        order = np.argsort(x)  # so that the points of a cell are neighbours in memory
        self.x, self.weights, self.degree, self.gamma = x[order], weights[order], degree, gamma
        self.distance = self.x + 1 if to_line is None else from_line(standardized(self.x, *to_line))[0]
        self.table = Table(np.zeros(degree + 1, dtype=complex), degree / 2)
        self.cell, self.offset = self.table.locate(self.distance)

    def start(self) -> Complex:
        """Factor of the empirical Fourier coefficients with Fejér's weights 1 − n/(N+1), which keep f ≥ 0."""
        table = Table(np.zeros(self.degree + 1, dtype=complex))
        c = table.adjoint(*table.locate(self.distance), self.weights.astype(complex))
        c *= 1 - np.arange(self.degree + 1) / (self.degree + 1)
        a = minimum_phase_start(c / c[0].real, floor=1e-2)
        unit: Complex = a / np.linalg.norm(a)
        return unit

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """Value and gradient at theta, of size 2(N+1) where the map is fixed, and 2 more where it moves."""
        size = self.degree + 1
        a = theta[:size] + 1j * theta[size : 2 * size]
        moving = theta.size > 2 * size
        if moving:
            scale = np.exp(theta[-1])
            z = standardized(self.x, theta[-2], scale)
            distance, log_jacobian = from_line(z)
            self.cell, self.offset = self.table.locate(distance)
        self.table.set(a)
        amplitude, slope = self.table.sums(self.cell, self.offset)
        power = np.maximum(amplitude.real**2 + amplitude.imag**2, 1e-300)
        value, gradient = self._value(a, power), self._gradient(a, amplitude, power)
        if self.gamma:
            penalty, penalty_gradient = roughness_gradient(a)
            value += self.gamma * penalty
            gradient += self.gamma * penalty_gradient
        parts = [gradient.real, gradient.imag]
        if moving:
            value += theta[-1] - (self.weights * log_jacobian).sum()
            # d log p/dx, from |A|² alone: the centring phase of the table has modulus 1.
            scores = 2 * (slope * amplitude.conj()).real / power
            parts.append(self._map_gradient(distance - 1, z, scale, scores))
        return value, np.concatenate(parts)

    def _value(self, a: Complex, power: Array) -> float:
        """−Σ w log p, with power = |A|² at the points."""
        norm = (a.real**2 + a.imag**2).sum()
        return float(-(self.weights * np.log(power)).sum() + np.log(2 * norm))

    def _gradient(self, a: Complex, amplitude: Complex, power: Array) -> Complex:
        """∂/∂Re a + i ∂/∂Im a of `_value`, with amplitude = A at the points."""
        ratio = self.weights * amplitude.conj() / power  # w/A
        norm = (a.real**2 + a.imag**2).sum()
        gradient: Complex = -2 * self.table.adjoint(self.cell, self.offset, ratio).conj() + 2 * a / norm
        return gradient

    def _map_gradient(self, x: Array, z: Array, scale: float, scores: Array) -> Array:
        """Gradient in (loc, log scale)."""
        pull = scores * (1 - x**2) - 2 * x  # d log(density of y · scale)/dz
        return np.array([(self.weights * pull).sum() / scale, 1 + (self.weights * z * pull).sum()])
