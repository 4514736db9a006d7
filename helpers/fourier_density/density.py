"""The density on [−1, 1] and its image on the line, as the notebook uses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from helpers.fourier_density import moments
from helpers.fourier_density._arrays import complex_vector, returned
from helpers.fourier_density._data import checked_map
from helpers.fourier_density._exponents import with_exponent
from helpers.fourier_density._line import from_line, standardized, to_line
from helpers.fourier_density._types import Array, Given, Returned
from helpers.fourier_density._unit_density import UnitDensity, in_pieces
from helpers.fourier_density._waves import wave_sum
from helpers.fourier_density.degree import FourierEstimator, held_out_losses
from helpers.fourier_density.direct_sum import fourier_log_prob, line_log_prob
from helpers.fourier_density.entropy import cross_entropy, entropy_by_quadrature, mean_log_jacobian
from helpers.fourier_density.fit import FitReport, fit_coefficients
from helpers.fourier_density.roughness import roughness
from helpers.fourier_density.spectral_factorization import HIGHEST_DEGREE
from helpers.fourier_density.trigonometric_series import descending_zeros
from helpers.inputs import generator as checked_generator
from helpers.inputs import integer, real_array


class FourierDensity:
    """The density |Σ_k a_k e^{−iπkx}|² / (2 Σ|a_k|²) on [−1, 1], or its image on the line.

    a: (N+1,) complex, not all zero; N = 0 is uniform. Only a up to a common factor matters, at any scale: |a| from
    1e-300 to 1e300. loc, scale: both or neither; with them y = loc + scale · artanh(x) is distributed on ℝ, with tails
    ∝ e^{−2|y|/scale}. Arrays come back as they were given: numpy float64, or torch float64 for torch tensors.
    Where x, a, loc or scale are torch tensors that require gradients, `log_prob` and `pdf` are differentiable.
    ValueError: a empty, not a vector, nan, inf or zero; scale ≤ 0; only one of loc and scale.

    >>> density = FourierDensity([1, 0.5j])  # |1 + i/2 e^{−iπx}|² = 5/4 + sin πx
    >>> density.pdf([0.0, 0.5]).round(12).tolist(), density.cdf(1.0).item()
    ([0.5, 0.9], 1.0)
    """

    def __init__(self, a: Given, loc: float | None = None, scale: float | None = None):
        amplitude = complex_vector("a", a)
        if not amplitude.any():
            raise ValueError("a: holds zeros alone, which is no density; give one coefficient that is not 0")
        self.a: Returned = a if isinstance(a, torch.Tensor) else amplitude
        self.loc, self.scale = loc, scale
        self._map = checked_map(loc, scale)
        amplitude, _ = with_exponent(amplitude)  # so that squares can be held at any scale
        self._unit = UnitDensity(amplitude / np.linalg.norm(amplitude))

    def __repr__(self) -> str:
        domain = "[−1, 1]" if self._map is None else f"ℝ, loc {self._map[0]:.6g}, scale {self._map[1]:.6g}"
        return f"FourierDensity of degree {self.degree} on {domain}"

    @classmethod
    def fit(
        cls,
        x: Given,
        degree: int | str,
        gamma: float = 0.0,
        *,
        loc: float | None = None,
        scale: float | None = None,
        line: bool = False,
        train_map: bool = True,
        weights: Given | None = None,
        start: Given | None = None,
        max_iterations: int = 2000,
        tolerance: float = 1e-9,
        folds: int = 5,
        generator: np.random.Generator | None = None,
        callback: Callable[[float], None] | None = None,
    ) -> tuple[FourierDensity, FitReport]:
        """Maximum likelihood, or with gamma > 0 the minimum of −mean log density + γ ∫p'², by L-BFGS.

        x: (n,) data. degree: N ≥ 0, or "auto": the best of `held_out_losses` (``folds``, ``generator``).
        line: density on ℝ, from loc, scale (default: mean and standard deviation), trained along with a unless
        ``train_map`` is False; giving loc and scale implies it. Otherwise all x must lie in [−1, 1].
        weights: (n,) ≥ 0, as of counts. start: (N+1,) complex; default: from the smoothed empirical coefficients.
        tolerance: stop when no gradient component exceeds it. callback: called with the objective at every iteration.
        Warns when the 2N parameters outnumber the different values in x. ValueError: fewer than 2 points, nan,
        inf, constant data, x outside [−1, 1] without ``line``, degree or gamma < 0, bad weights or start.
        """
        settings: dict[str, Any]
        settings = dict(gamma=gamma, loc=loc, scale=scale, line=line, train_map=train_map, tolerance=tolerance)
        held_out = None
        if degree == "auto":
            held_out = held_out_losses(FourierEstimator(**settings), x, weights, folds, generator)
            degree = min(held_out, key=held_out.__getitem__)
        else:
            degree = integer("degree", degree, 0)
        fitted = fit_coefficients(
            x, degree, weights=weights, start=start, max_iterations=max_iterations, callback=callback, **settings
        )
        a = torch.as_tensor(fitted.a) if isinstance(x, torch.Tensor) else fitted.a
        return cls(a, fitted.loc, fitted.scale), replace(fitted.report, held_out=held_out)

    @property
    def degree(self) -> int:
        """N, the highest frequency."""
        return self._unit.degree

    @property
    def on_line(self) -> bool:
        """Whether the density lives on ℝ and not on [−1, 1]."""
        return self._map is not None

    @property
    def coefficients(self) -> Returned:
        """b_n = c_n/c_0 for n = 0 … N, complex; b_0 = 1 and |b_n| ≤ 1."""
        return returned(self._unit.b.copy(), self.a)

    @property
    def minimum_phase(self) -> Returned:
        """The factor of minimum phase with the same density and unit norm, from `fejer_riesz`."""
        return returned(self._unit.minimum_phase.copy(), self.a)

    def log_prob(self, x: Given) -> Returned:
        """log density at x (any shape), in nats; −inf outside [−1, 1]. Cost independent of N. ValueError for a nan."""
        array = real_array("x", x, finite=False, empty=True)
        if any(isinstance(part, torch.Tensor) and part.requires_grad for part in (x, self.a, self.loc, self.scale)):
            return self._differentiable_log_prob(x if isinstance(x, torch.Tensor) else torch.tensor(array.copy()))
        if self._map is None:
            return returned(in_pieces(self._unit.log_prob, array), x)
        loc, scale = self._map
        return returned(in_pieces(lambda piece: self._unit.line_log_prob(piece, loc, scale), array), x)

    def _differentiable_log_prob(self, x: torch.Tensor) -> torch.Tensor:
        x = x.double()
        a = torch.as_tensor(self.a).to(torch.complex128)
        if self.loc is not None and self.scale is not None:
            return line_log_prob(a, x, self.loc, self.scale)
        return torch.where(x.abs() <= 1, fourier_log_prob(a, x.clamp(-1, 1)), -torch.inf)

    def pdf(self, x: Given) -> Returned:
        """Density at x (any shape), ≥ 0; 0 outside [−1, 1]. ValueError for a nan."""
        values = self.log_prob(x)
        return values.exp() if isinstance(values, torch.Tensor) else np.exp(values)

    def cdf(self, x: Given) -> Returned:
        """Φ(x) = P(X ≤ x) at x (any shape), in [0, 1]; error ≤ 1e-14 or so. ValueError for a nan."""
        array = real_array("x", x, finite=False, empty=True)
        if self._map is None:
            distance = np.clip(array, -1, 1) + 1
        else:
            distance, _ = from_line(standardized(array, *self._map))
        return returned(in_pieces(self._unit.cdf, distance), x)

    def icdf(self, u: Given) -> Returned:
        """x with |Φ(x) − u| ≤ 1e-13, for u in [0, 1] (any shape), by bracketed Newton steps; on ℝ ∓inf at 0 and 1 only.

        On ℝ the bound holds where rounding of loc + scale · artanh(x) leaves x intact, that is unless |loc| ≫ scale.
        ValueError: nan, or u outside [0, 1].
        """
        shares = real_array("u", u, at_least=0, at_most=1, empty=True)
        upper = shares > 0.5  # there 1 − u is exact, and the mirrored density's left tail keeps the right one's digits
        x = np.empty(shares.shape)
        x[~upper] = self._standardized_quantile(self._unit, shares[~upper])
        x[upper] = -self._standardized_quantile(self._unit.mirrored, 1 - shares[upper])
        return returned(x if self._map is None else np.asarray(self._map[0] + self._map[1] * x), u)

    def _standardized_quantile(self, unit: UnitDensity, u: Array) -> Array:
        """Quantiles of ``unit`` on [−1, 1], or of its image under artanh."""
        distance = in_pieces(unit.icdf, u)
        return distance - 1 if self._map is None else to_line(distance)

    def sample(self, n: int, generator: np.random.Generator | torch.Generator) -> Returned:
        """n independent draws (n,), by inverting Φ; torch where the generator is.

        ValueError: n not an integer ≥ 0, or no generator.
        """
        n, least = integer("n", n, 0), 2.0**-54  # a generator may draw 0, whose quantile on ℝ is −inf
        if isinstance(generator, torch.Generator):
            return self.icdf(torch.rand(n, generator=generator, dtype=torch.float64).clamp_min(least))
        return self.icdf(np.maximum(checked_generator("generator", generator).random(n), least))

    def mean(self) -> Returned:
        """E x, in closed form."""
        b = self._unit.b
        value = moments.interval_mean(b) if self._map is None else self._map[0] + self._map[1] * moments.line_mean(b)
        return returned(value, self.a)

    def variance(self) -> Returned:
        """E (x − E x)²; in closed form on [−1, 1], by the trapezoid rule (exact to rounding) on ℝ."""
        b = self._unit.b
        value = moments.interval_variance(b) if self._map is None else self._map[1] ** 2 * moments.line_variance(b)
        return returned(value, self.a)

    def entropy(self) -> Returned:
        """−E log density in nats, in closed form, finite also where the density touches zero (`cross_entropy`).

        Above degree 1024, where that form takes minutes, by `entropy_by_quadrature`.
        """
        b = self._unit.b
        closed = self.degree <= HIGHEST_DEGREE
        value = cross_entropy(b, self._unit.minimum_phase) if closed else entropy_by_quadrature(b)
        if self._map is not None:
            value += np.log(self._map[1]) - mean_log_jacobian(b)
        return returned(value, self.a)

    def roughness(self) -> Returned:
        """∫ p'(x)² dx of the density on [−1, 1] (before the map to ℝ): the penalty of `fit`."""
        return returned(roughness(self._unit.b), self.a)

    def modes(self) -> Returned:
        """Local maxima of the density, increasing; ±1 count as one point of the circle. None where it is flat.

        Found from a grid of 16 points a degree (pairs of extrema closer than that may be missed), then bisected.
        """
        b, degree = self._unit.b, self.degree
        if self._map is None:
            found = descending_zeros(lambda x: wave_sum(b, x, 1), degree) if degree else np.empty(0)
            # Rounding makes maxima of its own where p is flat; a real one rises above its surroundings.
            beside = found[:, None] + np.array([-1, 1]) / (16 * max(degree, 1))
            rise = wave_sum(b, found) - wave_sum(b, beside).max(-1, initial=-np.inf)
            found = found[rise > 16 * np.finfo(float).eps * (degree + 1)]
        else:  # y ↦ (1 − x²) p(x)
            found = descending_zeros(
                lambda x: (1 - x**2) * wave_sum(b, x, 1) - 2 * x * (wave_sum(b, x) - 0.5), max(degree, 4)
            )
            found = self._map[0] + self._map[1] * np.arctanh(found[np.abs(found) < 1])
        return returned(found, self.a)
