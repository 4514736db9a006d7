"""Densities on an interval, or on the line, whose Fourier coefficients are an autocorrelation.

Notation (Su Jianlin, https://spaces.ac.cn/archives/10007; De la Fuente, Singh, Ballé, arXiv 2402.15345):
A(x) = Σ_{k≤N} a_k e^{−iπkx}, f = |A|² = Σ_{|n|≤N} c_n e^{iπnx} with c_n = Σ_k a_k a*_{k+n}. The density on [−1, 1] is
p = f/(2c_0) = ½ + Re Σ_{n=1}^N b_n e^{iπnx}, b_n = c_n/c_0. On ℝ, p is the density of x = tanh((y − loc)/scale).
Code that writes A with e^{+iπkx} gets the mirrored density p(−x) from the same a.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy import optimize, special

from helpers.spectral_factorization import (
    autocorrelation,
    descents,
    fejer_riesz,
    finite_vector,
    minimum_phase_start,
    power_series_exp,
    power_series_log,
    trigonometric_sum,
)

__all__ = [
    "FitReport",
    "FourierDensity",
    "autocorrelation",
    "fejer_riesz",
    "fourier_log_prob",
    "kl_divergence",
    "minimum_phase_start",
    "power_series_exp",
    "power_series_log",
    "roughness_gradient",
    "trigonometric_sum",
]

# With at least 32 cells a wavelength, nine Taylor terms leave an error of (π/32)^9/9! ≈ 2e-15.
CELLS_PER_DEGREE, TERMS = 32, 9
DEGREES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)


def fourier_log_prob(a: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """log p(x) on [−1, 1] in torch, summed directly and differentiable in a (…, N+1) complex and in x (…).

    Leading axes broadcast: every x may have its own coefficients, as in an autoregressive model. O(N) a point.
    """
    k = torch.arange(a.shape[-1], dtype=x.dtype, device=x.device)
    angle = -torch.pi * x[..., None] * k
    amplitude = (a * torch.complex(angle.cos(), angle.sin())).sum(-1)
    power = (a.real.square() + a.imag.square()).sum(-1)
    return torch.log(amplitude.real.square() + amplitude.imag.square()) - torch.log(2 * power)


class _Table:
    """Σ_k coefficients_k e^{−iπ(k − center)x} as a local Taylor polynomial about the middle of each of M cells."""

    def __init__(self, coefficients: np.ndarray, center: float = 0.0):
        degree = coefficients.size - 1
        highest = max(int(np.ceil(max(center, degree - center))), 2)
        self.cells = 1 << (CELLS_PER_DEGREE * highest - 1).bit_length()
        self.middles = -1 + (np.arange(self.cells) + 0.5) * 2 / self.cells
        frequency = -1j * np.pi * (np.arange(degree + 1) - center)
        self.factors = (frequency * 2 / self.cells) ** np.arange(TERMS)[:, None] / special.factorial(
            np.arange(TERMS)[:, None]
        )
        self.phase = np.exp(frequency * self.middles[0])
        self.twist = np.exp(1j * np.pi * center * (self.middles - self.middles[0]))
        self.set(coefficients)

    def set(self, coefficients: np.ndarray) -> None:
        """Replace the coefficients: one FFT a Taylor term."""
        self.values = np.fft.fft(self.factors * (self.phase * coefficients), self.cells) * self.twist

    def locate(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cell of each x in [−1, 1], and the offset from its middle in units of a cell, in [−½, ½]."""
        offset = (x + 1) * (self.cells / 2)
        cell = np.minimum(offset.astype(np.int64), self.cells - 1)
        offset -= cell
        offset -= 0.5
        return cell, offset

    def adjoint(self, cell: np.ndarray, powers: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Σ_i weights_i e^{−iπ(k − center)x_i} for every k, the transpose of evaluation, for sorted x.

        cell and powers (TERMS, n) of the offsets as from `locate`.
        """
        last = np.flatnonzero(np.diff(cell, append=self.cells))
        running = np.cumsum(powers * weights, axis=1)[:, last]  # sums over cells are differences of running sums
        moments = np.zeros((TERMS, self.cells), dtype=complex)
        moments[:, cell[last]] = np.diff(running, axis=1, prepend=0)
        spectrum = np.fft.fft(moments * self.twist)[:, : self.phase.size]
        return (self.factors * spectrum).sum(0) * self.phase


def _horner(rows: np.ndarray, cell: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Σ_t rows_t[cell] offset^t; rows (terms, M) real or complex."""
    total = rows[-1].take(cell)
    for row in rows[-2::-1]:
        total *= offset
        total += row.take(cell)
    return total


@dataclass(frozen=True)
class FitReport:
    """What the optimiser reports. Likelihoods are means over the data, in nats: of q on the line, of p on [−1, 1]."""

    negative_log_likelihood: float
    objective: float  # with the penalty
    iterations: int
    evaluations: int
    converged: bool
    message: str
    degree: int
    history: np.ndarray  # objective after each iteration, the start first
    held_out: dict[int, float] | None = None  # degree="auto": mean held-out −log-likelihood of each degree tried


class _Likelihood:
    """−Σ_i w_i log density(x_i) + γ roughness, and its exact gradient, as a function of (Re a, Im a[, loc, log scale]).

    Likelihoods and gradients cost O((TERMS)(n + M log M)) for M ≥ 32 N cells: n and N add up, they do not multiply.
    """

    def __init__(self, x: np.ndarray, weights: np.ndarray, degree: int, gamma: float, loc: float | None, scale: float):
        order = np.argsort(x)  # so that the points of a cell are neighbours; the map to [−1, 1] keeps the order
        self.x, self.weights, self.degree, self.gamma = x[order], weights[order], degree, gamma
        self.loc, self.scale = loc, scale
        self.table = _Table(np.zeros(degree + 1, dtype=complex), degree / 2)
        self.place(self.x if loc is None else np.tanh((self.x - loc) / scale))

    def place(self, x: np.ndarray) -> None:
        """Find the cells of the points x in [−1, 1], and the powers of their offsets."""
        self.cell, offset = self.table.locate(x)
        self.powers = np.empty((TERMS, x.size))
        self.powers[0] = 1
        for t in range(1, TERMS):
            np.multiply(self.powers[t - 1], offset, out=self.powers[t])

    def start(self) -> np.ndarray:
        """Factor of the empirical Fourier coefficients with Fejér's weights 1 − n/(N+1), which keep f ≥ 0."""
        table = _Table(np.zeros(self.degree + 1, dtype=complex))
        z = self.x if self.loc is None else np.tanh((self.x - self.loc) / self.scale)
        cell, offset = table.locate(z)
        c = table.adjoint(cell, offset ** np.arange(TERMS)[:, None], self.weights + 0j)
        c *= 1 - np.arange(self.degree + 1) / (self.degree + 1)
        a = minimum_phase_start(c / c[0].real, floor=1e-2)
        return a / np.linalg.norm(a)

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        size = self.degree + 1
        a = theta[:size] + 1j * theta[size : 2 * size]
        moving = theta.size > 2 * size
        if moving:
            loc, scale = theta[-2], np.exp(theta[-1])
            z = (self.x - loc) / scale
            x = np.tanh(z)
            self.place(x)
        self.table.set(a)
        local = self.table.values.take(self.cell, axis=1)
        amplitude = (local * self.powers).sum(0)
        power = np.maximum(amplitude.real**2 + amplitude.imag**2, 1e-300)
        norm = (a.real**2 + a.imag**2).sum()
        value = -(self.weights * np.log(power)).sum() + np.log(2 * norm)
        ratio = self.weights * amplitude.conj() / power  # w/A
        gradient = -2 * self.table.adjoint(self.cell, self.powers, ratio).conj() + 2 * a / norm
        if self.gamma:
            penalty, penalty_gradient = roughness_gradient(a)
            value += self.gamma * penalty
            gradient += self.gamma * penalty_gradient
        parts = [gradient.real, gradient.imag]
        if moving:
            slope = np.einsum("tn,tn->n", local[1:] * np.arange(1, TERMS)[:, None], self.powers[:-1])
            # d log p/dx, from |A|² alone: the centring phase of the table has modulus 1.
            score = (slope * amplitude.conj()).real / power * self.table.cells
            pull = score * (1 - x**2) - 2 * x  # d log(density of y · scale)/dz
            far = np.abs(z)
            log_jacobian = 2 * (np.log(2) - far - np.log1p(np.exp(-2 * far)))
            value += np.log(scale) - (self.weights * log_jacobian).sum()
            parts += [[(self.weights * pull).sum() / scale], [1 + (self.weights * z * pull).sum()]]
        return value, np.concatenate(parts)


def roughness_gradient(a: np.ndarray) -> tuple[float, np.ndarray]:
    """∫p'² = π² Σ n²|c_n|²/c_0² of the density with coefficients a, and its gradient ∂/∂Re a + i ∂/∂Im a, by FFT."""
    c, n = autocorrelation(a), np.arange(a.size)
    value = np.pi**2 * (n**2 * np.abs(c) ** 2).sum() / c[0].real ** 2
    rho = 2 * np.pi**2 * n**2 * c / c[0].real ** 2
    # Σ_n ρ_n a_{k+n} + ρ*_n a_{k−n}: a Toeplitz product, on a circle long enough not to wrap.
    length = 3 * a.size
    kernel = np.zeros(length, dtype=complex)
    kernel[: a.size] = rho.conj()
    kernel[-a.size + 1 :] += rho[:0:-1]
    product = np.fft.ifft(np.fft.fft(kernel) * np.fft.fft(a, length))[: a.size]
    return value, product - 4 * value / c[0].real * a


class FourierDensity:
    """The density |Σ_k a_k e^{−iπkx}|² / (2 Σ|a_k|²) on [−1, 1], or its image on the line.

    a: (N+1,) complex, not all zero; N = 0 is uniform. Only a up to a common factor matters, at any scale: |a| from
    1e-300 to 1e300. loc, scale: both or neither; with them y = loc + scale · artanh(x) is distributed on ℝ, with tails
    ∝ e^{−2|y|/scale}. Arrays come back as they were given: numpy float64, or torch float64 for torch tensors.
    Where x, a, loc or scale are torch tensors that require gradients, `log_prob` and `pdf` are differentiable.
    ValueError: a empty, not a vector, nan, inf or zero; scale ≤ 0; only one of loc and scale.
    """

    def __init__(self, a: ArrayLike | torch.Tensor, loc: float | None = None, scale: float | None = None):
        self.a = a if isinstance(a, torch.Tensor) else finite_vector("a", a, complex)
        amplitude = finite_vector("a", a, complex)
        if not amplitude.any():
            raise ValueError("a: all coefficients are zero, which is no density; one must not be")
        # Dividing by the largest part first keeps the squares of very large and very small numbers representable.
        largest = max(np.abs(amplitude.real).max(), np.abs(amplitude.imag).max())
        amplitude = amplitude.real / largest + 1j * (amplitude.imag / largest)  # complex / tiny would overflow
        self._amplitude = amplitude / np.linalg.norm(amplitude)
        if (loc is None) != (scale is None):
            raise ValueError("loc, scale: give both, for a density on the line, or neither, for one on [−1, 1]")
        self.loc, self.scale = loc, scale
        if loc is not None:
            try:
                self._loc, self._scale = (float(v.detach() if isinstance(v, torch.Tensor) else v) for v in (loc, scale))
            except (TypeError, ValueError, RuntimeError) as error:
                raise ValueError(f"loc, scale: got {loc!r} and {scale!r}; two real numbers are needed") from error
            if not (np.isfinite(self._loc) and 0 < self._scale < np.inf):
                raise ValueError(f"loc, scale: got {self._loc:g} and {self._scale:g}; finite and scale > 0 is needed")

    @classmethod
    def fit(
        cls,
        x: ArrayLike | torch.Tensor,
        degree: int | str,
        gamma: float = 0.0,
        *,
        loc: float | None = None,
        scale: float | None = None,
        line: bool = False,
        train_map: bool = True,
        weights: ArrayLike | None = None,
        start: ArrayLike | None = None,
        max_iterations: int = 2000,
        tolerance: float = 1e-9,
        folds: int = 5,
        generator: np.random.Generator | None = None,
        callback: Callable[[float], None] | None = None,
    ) -> tuple[FourierDensity, FitReport]:
        """Maximum likelihood, or with gamma > 0 the minimum of −mean log density + γ ∫p'², by L-BFGS.

        x: (n,) data. degree: N ≥ 0, or "auto": of DEGREES with 2N ≤ n/2, the one with the best likelihood on ``folds``
        held-out parts (shuffled by ``generator``, default seed 0).
        line: density on ℝ, from loc, scale (default: mean and standard deviation), trained along with a unless
        ``train_map`` is False; giving loc and scale implies it. Otherwise all x must lie in [−1, 1].
        weights: (n,) ≥ 0, as of counts. start: (N+1,) complex; default: from the smoothed empirical coefficients.
        tolerance: stop when no gradient component exceeds it. callback: called with the objective at every iteration.
        Warns when the 2N parameters outnumber the different values in x. ValueError: fewer than 2 points, nan,
        inf, constant data, x outside [−1, 1] without ``line``, degree or gamma < 0, bad weights or start.
        """
        like = x
        x = finite_vector("x", x, float)
        distinct = np.unique(x).size
        if x.size < 2 or distinct < 2:
            why = f"{x.size} point" if x.size < 2 else f"all {x.size} values equal {x[0]:g}"
            raise ValueError(f"x: {why}; at least two different values are needed")
        weights = np.ones(x.size) if weights is None else finite_vector("weights", weights, float)
        if weights.shape != x.shape or weights.min() < 0 or np.count_nonzero(weights) < 2:
            raise ValueError(f"weights: need shape {x.shape}, no negative value and at least two positive ones")
        weights = weights / weights.sum()
        if not (np.isfinite(gamma) and gamma >= 0):
            raise ValueError(f"gamma: {gamma} must be ≥ 0")
        if (loc is None) != (scale is None):
            raise ValueError("loc, scale: give both or neither")
        line = line or loc is not None
        if not line and np.abs(x).max() > 1:
            raise ValueError(f"x: reaches {x[np.abs(x).argmax()]:g}, outside [−1, 1]; line=True fits a density on ℝ")
        if line and loc is None:
            loc = (weights * x).sum()
            scale = np.sqrt((weights * (x - loc) ** 2).sum())
        if line and not (np.isfinite(loc) and 0 < scale < np.inf):
            raise ValueError(f"loc, scale: got {loc:g} and {scale:g}; finite and scale > 0 is needed")
        if degree == "auto":
            settings = dict(gamma=gamma, loc=loc, scale=scale, train_map=train_map, tolerance=tolerance)
            held_out = _held_out(x, weights, folds, generator or np.random.default_rng(0), settings)
            degree = min(held_out, key=held_out.get)
        else:
            held_out = None
        if isinstance(degree, bool) or not isinstance(degree, (int, np.integer)) or degree < 0:
            raise ValueError(f"degree: {degree!r} must be an integer ≥ 0 or 'auto'")
        if 2 * degree > distinct:
            warnings.warn(
                f"degree {degree} has {2 * degree} parameters, more than the {distinct} different values of x support",
                stacklevel=2,
            )
        loss = _Likelihood(x, weights, degree, gamma, loc, scale)
        if start is None:
            a = loss.start()
        else:
            a = finite_vector("start", start, complex)
            if a.size != degree + 1 or not a.any():
                raise ValueError(f"start: needs {degree + 1} coefficients, not all zero; got {a.size}")
            a = a / np.linalg.norm(a)
        theta = np.concatenate([a.real, a.imag])
        bounds = [(None, None)] * theta.size
        if line and train_map:
            theta = np.concatenate([theta, [loc, np.log(scale)]])
            bounds += [(None, None), (np.log(scale) - 5, np.log(scale) + 5)]
        # With a fixed map, its Jacobian is a constant of the objective.
        fixed = 0.0 if train_map or not line else -(weights * cls([1.0], loc, scale).log_prob(x)).sum() - np.log(2)
        history = [loss(theta)[0] + fixed]

        def record(intermediate_result: optimize.OptimizeResult) -> None:
            history.append(float(intermediate_result.fun) + fixed)
            if callback is not None:
                callback(history[-1])

        result = optimize.minimize(
            loss,
            theta,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds if line and train_map else None,
            callback=record,
            options=dict(maxiter=max_iterations, maxfun=2 * max_iterations, maxcor=30, ftol=1e-15, gtol=tolerance),
        )
        a = result.x[: degree + 1] + 1j * result.x[degree + 1 : 2 * degree + 2]
        a /= np.linalg.norm(a)
        if line and train_map:
            loc, scale = float(result.x[-2]), float(np.exp(result.x[-1]))
        density = cls(torch.as_tensor(a) if isinstance(like, torch.Tensor) else a, loc, scale)
        report = FitReport(
            negative_log_likelihood=float(result.fun + fixed - (gamma * density.roughness() if gamma else 0)),
            objective=float(result.fun + fixed),
            iterations=int(result.nit),
            evaluations=int(result.nfev),
            converged=bool(result.success),
            message=str(result.message),
            degree=int(degree),
            history=np.array(history),
            held_out=held_out,
        )
        return density, report

    @property
    def degree(self) -> int:
        """N, the highest frequency."""
        return self._amplitude.size - 1

    @property
    def on_line(self) -> bool:
        """Whether the density lives on ℝ and not on [−1, 1]."""
        return self.loc is not None

    @property
    def coefficients(self) -> ArrayLike:
        """b_n = c_n/c_0 for n = 0 … N, complex; b_0 = 1 and |b_n| ≤ 1."""
        return self._wrap(self._b.copy(), self.a)

    @property
    def minimum_phase(self) -> ArrayLike:
        """The factor of minimum phase with the same density and unit norm, from `fejer_riesz`."""
        return self._wrap(self._minimum_phase.copy(), self.a)

    @cached_property
    def _b(self) -> np.ndarray:
        c = autocorrelation(self._amplitude)
        c[0] = c[0].real
        return c / c[0]

    @cached_property
    def _minimum_phase(self) -> np.ndarray:
        a = fejer_riesz(self._b)
        return a / np.linalg.norm(a)

    @cached_property
    def _pdf_table(self) -> _Table:
        return _Table(self._b.conj())

    @cached_property
    def _amplitude_table(self) -> _Table:
        return _Table(self._amplitude, self.degree / 2)

    @cached_property
    def _cdf_table(self) -> _Table:
        return _Table(self._cdf_coefficients.conj())

    @cached_property
    def _cdf_coefficients(self) -> np.ndarray:
        """Φ(x) = (x+1)/2 + Re Σ_n d_n e^{iπnx}: d_n = b_n/(iπn), and d_0 such that Φ(−1) = 0."""
        n = np.arange(1, self.degree + 1)
        d = self._b[1:] / (1j * np.pi * n)
        return np.concatenate([[-(d * (-1.0) ** n).sum().real], d])

    def _checked(self, name: str, x: ArrayLike | torch.Tensor) -> np.ndarray:
        array = x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)
        if array.dtype.kind not in "fiu":
            raise ValueError(f"{name}: dtype {array.dtype} is not real; real numbers are accepted")
        array = array.astype(float, copy=False)
        if np.isnan(array).any():
            raise ValueError(f"{name}: holds a nan")
        return array

    def _on_cells(self, x: ArrayLike, function: Callable[[np.ndarray], np.ndarray], like: object) -> ArrayLike:
        """function, applied in pieces that stay in the cache, and wrapped as ``like``."""
        flat = x.ravel()
        out = np.empty(flat.size)
        for start in range(0, flat.size, 8192):
            out[start : start + 8192] = function(flat[start : start + 8192])
        return self._wrap(out.reshape(x.shape), like)

    @staticmethod
    def _wrap(values: ArrayLike, like: object) -> ArrayLike:
        if isinstance(like, torch.Tensor):
            return torch.as_tensor(values, dtype=torch.complex128 if np.iscomplexobj(values) else torch.float64)
        return values[()] if isinstance(values, np.ndarray) else float(values)

    def _unit_pdf(self, x: np.ndarray) -> np.ndarray:
        """p(x) for x in [−1, 1]: the table of p, and |A|² where p is small, whose relative error is smaller there."""
        table = self._pdf_table
        cell, offset = table.locate(x)
        p = _horner(self._pdf_rows, cell, offset)
        p -= 0.5
        small = np.flatnonzero(p < 1e-3)
        if small.size:
            amplitude = _horner(self._amplitude_table.values, *self._amplitude_table.locate(x[small]))
            p[small] = (amplitude.real**2 + amplitude.imag**2) / 2
        return p

    @cached_property
    def _pdf_rows(self) -> np.ndarray:
        return np.ascontiguousarray(self._pdf_table.values.real)

    @cached_property
    def _cdf_rows(self) -> np.ndarray:
        return np.ascontiguousarray(self._cdf_table.values.real)

    def _differentiable(self, x: object) -> bool:
        parts = (x, self.a, self.loc, self.scale)
        return any(isinstance(part, torch.Tensor) and part.requires_grad for part in parts)

    def _torch_log_prob(self, x: ArrayLike | torch.Tensor) -> torch.Tensor:
        x = torch.as_tensor(x, dtype=torch.float64)
        a = torch.as_tensor(self.a).to(torch.complex128)
        largest = torch.maximum(a.real.abs().max(), a.imag.abs().max()).detach()
        if not self.on_line:
            inside = fourier_log_prob(a / largest, x.clamp(-1, 1))
            return torch.where(x.abs() <= 1, inside, -torch.inf)
        z = (x - self.loc) / self.scale
        log_jacobian = 2 * (np.log(2) - z.abs() - torch.log1p(torch.exp(-2 * z.abs())))
        log_scale = torch.log(torch.as_tensor(self.scale, dtype=torch.float64))
        return fourier_log_prob(a / largest, torch.tanh(z)) + log_jacobian - log_scale

    def log_prob(self, x: ArrayLike | torch.Tensor) -> ArrayLike:
        """log density at x (any shape), in nats; −inf outside [−1, 1]. Cost independent of N. ValueError for a nan."""
        array = self._checked("x", x)
        if self._differentiable(x):
            return self._torch_log_prob(x)
        with np.errstate(divide="ignore"):
            if self.on_line:
                return self._on_cells(array, self._line_log_prob, x)
            return self._on_cells(array, self._interval_log_prob, x)

    def _interval_log_prob(self, x: np.ndarray) -> np.ndarray:
        values = np.log(self._unit_pdf(np.clip(x, -1, 1)))
        outside = (x < -1) | (x > 1)
        if outside.any():
            values[outside] = -np.inf
        return values

    def _line_log_prob(self, y: np.ndarray) -> np.ndarray:
        z = (y - self._loc) / self._scale
        far = np.abs(z)
        log_jacobian = 2 * (np.log(2) - far - np.log1p(np.exp(-2 * far))) - np.log(self._scale)
        return np.log(self._unit_pdf(np.tanh(z))) + log_jacobian

    def pdf(self, x: ArrayLike | torch.Tensor) -> ArrayLike:
        """Density at x (any shape), ≥ 0; 0 outside [−1, 1]. ValueError for a nan."""
        values = self.log_prob(x)
        return values.exp() if isinstance(values, torch.Tensor) else np.exp(values)

    def cdf(self, x: ArrayLike | torch.Tensor) -> ArrayLike:
        """Φ(x) = P(X ≤ x) at x (any shape), in [0, 1]; error ≤ 1e-14 or so. ValueError for a nan."""
        array = self._checked("x", x)
        if self.on_line:
            array = np.tanh((array - self._loc) / self._scale)
        return self._on_cells(np.clip(array, -1, 1), self._unit_cdf, x)

    def _unit_cdf(self, x: np.ndarray) -> np.ndarray:
        cell, offset = self._cdf_table.locate(x)
        values = np.clip((x + 1) / 2 + _horner(self._cdf_rows, cell, offset), 0, 1)
        values[x == -1], values[x == 1] = 0, 1
        return values

    def icdf(self, u: ArrayLike | torch.Tensor) -> ArrayLike:
        """x with |Φ(x) − u| ≤ 1e-13, for u in [0, 1] (any shape), by bracketed Newton steps; on ℝ icdf(0) = −inf.

        On ℝ the bound holds where rounding of loc + scale · artanh(x) leaves x intact, that is unless |loc| ≫ scale.
        ValueError: nan, or u outside [0, 1].
        """
        array = self._checked("u", u)
        if array.size and (array.min() < 0 or array.max() > 1):
            raise ValueError(f"u: holds {array.min():g} … {array.max():g}; probabilities lie in [0, 1]")
        x = self._on_cells(array, self._unit_icdf, None)
        if self.on_line:
            with np.errstate(divide="ignore"):
                x = self._loc + self._scale * np.arctanh(x)
        return self._wrap(np.asarray(x), u)

    @cached_property
    def _knots(self) -> tuple[np.ndarray, np.ndarray]:
        """Edges of the cells, and Φ there, non-decreasing from 0 to 1."""
        edges = -1 + np.arange(self._cdf_table.cells + 1) * (2 / self._cdf_table.cells)
        return edges, np.maximum.accumulate(self._unit_cdf(edges))

    def _unit_icdf(self, u: np.ndarray) -> np.ndarray:
        edges, values = self._knots
        cell = np.clip(np.searchsorted(values, u, side="right") - 1, 0, edges.size - 2)
        # Within its cell, Φ(x) = Φ_middle + polynomial(offset): offsets between −½ and ½ bracket the solution.
        rows, half = self._cdf_rows, 1 / self._cdf_table.cells
        local = rows[:, cell]
        local[0] += (self._cdf_table.middles[cell] + 1) / 2 - u
        local[1] += half
        low, high = np.full(u.shape, -0.5), np.full(u.shape, 0.5)
        rise = values[cell + 1] - values[cell]
        offset = np.clip((u - values[cell]) / np.maximum(rise, 1e-300) - 0.5, -0.5, 0.5)
        for _ in range(60):
            error, slope = local[-1].copy(), np.zeros_like(u)
            for row in local[-2::-1]:
                slope *= offset
                slope += error
                error *= offset
                error += row
            if np.abs(error).max() <= 2e-15:
                break
            np.copyto(low, offset, where=error < 0)
            np.copyto(high, offset, where=error > 0)
            step = offset - error / np.where(slope > 0, slope, 1e-300)
            offset = np.where((step > low) & (step < high), step, np.where(error == 0, offset, (low + high) / 2))
            if (high - low).max() < 1e-14:
                break
        x = self._cdf_table.middles[cell] + 2 * half * offset
        return np.where(u == 0, -1.0, np.where(u == 1, 1.0, x))

    def sample(self, n: int, generator: np.random.Generator | torch.Generator) -> ArrayLike:
        """n independent draws (n,), by inverting Φ; torch where the generator is.

        ValueError: n not an integer ≥ 0, or no generator.
        """
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 0:
            raise ValueError(f"n: {n!r} must be an integer ≥ 0")
        if isinstance(generator, torch.Generator):
            return self.icdf(torch.rand(n, generator=generator, dtype=torch.float64))
        if not isinstance(generator, np.random.Generator):
            raise ValueError("generator: must be a numpy.random.Generator or a torch.Generator")
        return self.icdf(generator.random(n))

    def mean(self) -> float:
        """E x, in closed form; on ℝ with ∫ artanh(x) sin(πnx) dx = (−1)^{n+1} Cin(2πn)/(πn)."""
        n = np.arange(1, self.degree + 1)
        imaginary, sign = self._b[1:].imag, (-1.0) ** n
        if not self.on_line:
            return self._wrap((imaginary * 2 * sign / (np.pi * n)).sum(), self.a)
        cin = np.euler_gamma + np.log(2 * np.pi * n) - special.sici(2 * np.pi * n)[1]
        return self._wrap(self._loc + self._scale * (imaginary * sign * cin / (np.pi * n)).sum(), self.a)

    def variance(self) -> float:
        """E (x − E x)²; in closed form on [−1, 1], by the trapezoid rule (exact to rounding) on ℝ."""
        if not self.on_line:
            n = np.arange(1, self.degree + 1)
            square = 1 / 3 + (self._b[1:].real * 4 * (-1.0) ** n / (np.pi * n) ** 2).sum()
            return self._wrap(square - float(self.mean()) ** 2, self.a)
        z, step = np.linspace(-25, 25, 400 * (self.degree + 4) + 1, retstep=True)
        unit = FourierDensity(self._amplitude).pdf(np.tanh(z)) / np.cosh(z) ** 2
        center = (float(self.mean()) - self._loc) / self._scale
        return self._wrap(self._scale**2 * step * ((z - center) ** 2 * unit).sum(), self.a)

    def entropy(self) -> float:
        """−E log density in nats, in closed form, finite also where the density touches zero.

        With a of minimum phase and log Σ a_m z^m = Σ h_m z^m, log f = 2 Re Σ h_m e^{−iπmx} and ∫ p e^{−iπmx} dx = b_m:
        h(p) = log(2 Σ|a|²) − 2 Re h_0 − 2 Re Σ_{m=1}^N h_m b_m. On ℝ add log scale − E log(1 − x²), where
        ∫ log(1 − x²) cos(πnx) dx = −2 (−1)^n Si(2πn)/(πn).
        """
        value = _cross_entropy(self._b, self._minimum_phase)
        if self.on_line:
            n = np.arange(1, self.degree + 1)
            moments = -2 * (-1.0) ** n * special.sici(2 * np.pi * n)[0] / (np.pi * n)
            value += np.log(self._scale) - 2 * np.log(2) + 2 - (self._b[1:].real * moments).sum()
        return self._wrap(value, self.a)

    def roughness(self) -> float:
        """∫ p'(x)² dx = π² Σ_n n²|b_n|² of the density on [−1, 1] (before the map to ℝ): the penalty of `fit`."""
        n = np.arange(self.degree + 1)
        return self._wrap(np.pi**2 * (n**2 * np.abs(self._b) ** 2).sum(), self.a)

    def modes(self) -> ArrayLike:
        """Local maxima of the density, increasing; ±1 count as one point of the circle. None where it is flat.

        Found from a grid of 16 points a degree (pairs of extrema closer than that may be missed), then bisected.
        """
        b, degree = self._b, self.degree
        if not self.on_line:
            found = descents(lambda x: trigonometric_sum(b, x, 1), degree) if degree else np.empty(0)
            # Rounding makes maxima of its own where p is flat; a real one rises above its surroundings.
            beside = found[:, None] + np.array([-1, 1]) / (16 * max(degree, 1))
            rise = trigonometric_sum(b, found) - trigonometric_sum(b, beside).max(-1, initial=-np.inf)
            found = found[rise > 16 * np.finfo(float).eps * (degree + 1)]
        else:  # y ↦ (1 − x²) p(x)
            found = descents(
                lambda x: (1 - x**2) * trigonometric_sum(b, x, 1) - 2 * x * (trigonometric_sum(b, x) - 0.5),
                max(degree, 4),
            )
            found = self._loc + self._scale * np.arctanh(found[np.abs(found) < 1])
        return self._wrap(found, self.a)


def _cross_entropy(b: np.ndarray, a: np.ndarray) -> float:
    """−∫ p log q for p with coefficients b and q with the minimum-phase factor a, both on [−1, 1]."""
    h = power_series_log(a, b.size - 1)
    return float(np.log(2 * np.linalg.norm(a) ** 2) - 2 * h[0].real - 2 * (h[1:] * b[1:]).sum().real)


def kl_divergence(p: FourierDensity, q: FourierDensity) -> float:
    """KL(p‖q) = ∫ p log(p/q) in nats, in closed form, for densities on the same domain (same loc and scale).

    A common map to the line leaves it unchanged. Where q touches zero, rounding moves its double zeros by about 1e-8,
    and KL by as much. ValueError when the domains differ.
    """
    if p.on_line != q.on_line or (p.on_line and (p._loc, p._scale) != (q._loc, q._scale)):
        raise ValueError("p, q: must share loc and scale, or have neither; otherwise there is no closed form")
    own = _cross_entropy(p._b, p._minimum_phase)
    return FourierDensity._wrap(max(_cross_entropy(p._b, q._minimum_phase) - own, 0.0), p.a)


def _held_out(
    x: np.ndarray, weights: np.ndarray, folds: int, generator: np.random.Generator, settings: dict
) -> dict[int, float]:
    """Mean held-out −log-likelihood of each degree, until three degrees in a row are worse than the best."""
    if not 2 <= folds <= x.size:
        raise ValueError(f"folds: {folds} must be between 2 and the number of points, {x.size}")
    part = generator.permutation(x.size) % folds
    scores: dict[int, float] = {}
    for degree in [0, *[d for d in DEGREES if 4 * d <= x.size]]:
        total = 0.0
        for k in range(folds):
            train, test = part != k, part == k
            density, _ = FourierDensity.fit(x[train], degree, weights=weights[train], **settings)
            total -= (weights[test] * density.log_prob(x[test])).sum()
        scores[degree] = float(total)
        if len(scores) > 3 and min(list(scores.values())[-3:]) > min(scores.values()):
            break
    return scores
