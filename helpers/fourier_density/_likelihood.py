"""What a fit minimises, and its exact gradient."""

from __future__ import annotations

import numpy as np

from helpers.fourier_density._jacobian import log_jacobian
from helpers.fourier_density._table import TERMS, Table, powers_of
from helpers.fourier_density._types import Array, Complex
from helpers.fourier_density.roughness import roughness_gradient
from helpers.fourier_density.spectral_factorization import minimum_phase_start


class Likelihood:
    """−Σ_i w_i log density(x_i) + γ roughness, and its exact gradient, as a function of (Re a, Im a[, loc, log scale]).

    Likelihoods and gradients cost O((TERMS)(n + M log M)) for M ≥ 32 N cells: n and N add up, they do not multiply.
    The plain method is autograd of `fourier_log_prob`.
    """

    def __init__(self, x: Array, weights: Array, degree: int, gamma: float, loc: float | None, scale: float | None):
        order = np.argsort(x)  # so that the points of a cell are neighbours; the map to [−1, 1] keeps the order
        self.x, self.weights, self.degree, self.gamma = x[order], weights[order], degree, gamma
        self.unit_x = self.x if loc is None or scale is None else np.tanh((self.x - loc) / scale)
        self.table = Table(np.zeros(degree + 1, dtype=complex), degree / 2)
        self.set_points(self.unit_x)

    def set_points(self, x: Array) -> None:
        """Find the cells of the points x in [−1, 1], and the powers of their offsets."""
        self.cell, offset = self.table.locate(x)
        self.powers = powers_of(offset)

    def start(self) -> Complex:
        """Factor of the empirical Fourier coefficients with Fejér's weights 1 − n/(N+1), which keep f ≥ 0."""
        table = Table(np.zeros(self.degree + 1, dtype=complex))
        cell, offset = table.locate(self.unit_x)
        c = table.adjoint(cell, offset ** np.arange(TERMS)[:, None], self.weights.astype(complex))
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
            loc, scale = theta[-2], np.exp(theta[-1])
            z = (self.x - loc) / scale
            x = np.tanh(z)
            self.set_points(x)
        self.table.set(a)
        local = self.table.values.take(self.cell, axis=1)
        amplitude = (local * self.powers).sum(0)
        power = np.maximum(amplitude.real**2 + amplitude.imag**2, 1e-300)
        value, gradient = self._value(a, power), self._gradient(a, amplitude, power)
        if self.gamma:
            penalty, penalty_gradient = roughness_gradient(a)
            value += self.gamma * penalty
            gradient += self.gamma * penalty_gradient
        parts = [gradient.real, gradient.imag]
        if moving:
            value += np.log(scale) - (self.weights * log_jacobian(z)).sum()
            parts.append(self._map_gradient(x, z, scale, self._scores(local, amplitude, power)))
        return value, np.concatenate(parts)

    def _value(self, a: Complex, power: Array) -> float:
        """−Σ w log p, with power = |A|² at the points."""
        norm = (a.real**2 + a.imag**2).sum()
        return float(-(self.weights * np.log(power)).sum() + np.log(2 * norm))

    def _gradient(self, a: Complex, amplitude: Complex, power: Array) -> Complex:
        """∂/∂Re a + i ∂/∂Im a of `_value`, with amplitude = A at the points."""
        ratio = self.weights * amplitude.conj() / power  # w/A
        norm = (a.real**2 + a.imag**2).sum()
        gradient: Complex = -2 * self.table.adjoint(self.cell, self.powers, ratio).conj() + 2 * a / norm
        return gradient

    def _scores(self, local: Complex, amplitude: Complex, power: Array) -> Array:
        """d log p/dx at the points, from |A|² alone: the centring phase of the table has modulus 1."""
        slope = np.einsum("tn,tn->n", local[1:] * np.arange(1, TERMS)[:, None], self.powers[:-1])
        scores: Array = (slope * amplitude.conj()).real / power * self.table.cells
        return scores

    def _map_gradient(self, x: Array, z: Array, scale: float, scores: Array) -> Array:
        """Gradient in (loc, log scale)."""
        pull = scores * (1 - x**2) - 2 * x  # d log(density of y · scale)/dz
        return np.array([(self.weights * pull).sum() / scale, 1 + (self.weights * z * pull).sum()])
