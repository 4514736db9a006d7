"""Mean first-passage times on a mesh that refines itself where it matters, in logarithms, which cannot overflow."""

from __future__ import annotations

import numpy as np
from scipy.special import exprel

from helpers.sgd_dynamics._types import Array, Field, field_values

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2  # on [0, 1]
_CELLS = 2**18


def log_passage_integral(scaled: Field, start: float, target: float, lower: float, points: int) -> float:
    """log ∫_start^target e^{Φ(y)} ∫_lower^y e^{−Φ(z)} dz dy, to about 1e−10 of the integral.

    scaled: Φ on an array. The mesh begins with ``points`` even points on either side of start and as many that crowd
    at start from below, then halves every cell whose share of the integral times the bend of Φ in it is above a
    threshold. On that mesh Φ is a polygon, for which the integral is exact; Romberg's extrapolation over two further
    halvings removes its leading errors, and the threshold falls until the last two extrapolations agree.
    ValueError where that takes more than 2¹⁸ cells.
    """
    mesh = np.linspace(start, target, points)
    if lower < start:
        crowded = start - np.geomspace(1e-6 * (target - start), start - lower, points)
        mesh = np.union1d(mesh, np.concatenate([np.linspace(lower, start, points), crowded[crowded > lower]]))
    phi, threshold = _finite(scaled, mesh), 1e-7
    while mesh.size < _CELLS:
        middle = (mesh[:-1] + mesh[1:]) / 2
        bend = np.abs((phi_middle := _finite(scaled, middle)) - (phi[:-1] + phi[1:]) / 2)
        finer, phi_finer = _interleaved(mesh, middle), _interleaved(phi, phi_middle)
        total, share = _polygon(finer, phi_finer, start)
        split = (np.maximum(share[::2], share[1::2]) * bend > threshold) & (middle > mesh[:-1]) & (middle < mesh[1:])
        if split.any():  # the midpoints of the cells to split join the mesh, the others are forgotten
            keep = np.ones(finer.size, bool)
            keep[1::2] = split
            mesh, phi = finer[keep], phi_finer[keep]
            continue
        finest = _interleaved(finer, (finer[:-1] + finer[1:]) / 2)
        totals = [_polygon(mesh, phi, start)[0], total, _polygon(finest, _finite(scaled, finest), start)[0]]
        # relative to the finest, so that the extrapolation can leave the logarithms
        coarse, fine, best = np.exp(np.array(totals) - totals[-1])
        once, twice = (4 * fine - coarse) / 3, (4 * best - fine) / 3
        value = (16 * twice - once) / 15
        if abs(value - twice) <= 1e-10:
            return float(totals[-1] + np.log(value))
        threshold /= 16
    raise ValueError("potential: is too rough for its passage time to be computed; give a smoother one, or more noise")


def _finite(scaled: Field, points: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        values = field_values("potential", scaled, points)
    if not np.isfinite(values).all():
        where = points[~np.isfinite(values)][0]
        raise ValueError(
            f"potential, sigma: 2L/σ² is not finite at {where:g}; give a potential that is, and lower in it"
        )
    return values


def _interleaved(even: Array, odd: Array) -> Array:
    both = np.empty(even.size + odd.size)
    both[::2], both[1::2] = even, odd
    return both


def _polygon(mesh: Array, phi: Array, start: float) -> tuple[float, Array]:
    """(log of the integral for Φ linear in every cell, share of it that each cell has a hand in)."""
    rise = np.diff(phi)
    with np.errstate(divide="ignore"):  # −∞ below start, where y does not go, and where rounding left no width
        width, counted = np.log(np.diff(mesh)), np.log((mesh[:-1] >= start).astype(float))
    inner = width - phi[:-1] + _log_exprel(-rise)  # log ∫ e^{−Φ} over the cell
    outer = width + phi[:-1] + _log_exprel(rise) + counted  # log ∫ e^{Φ}
    within = 2 * width + _log_half(rise) + counted  # log ∫∫ e^{Φ(y) − Φ(z)}, both in the cell, z < y
    before = np.concatenate([[-np.inf], np.logaddexp.accumulate(inner)[:-1]])
    after = np.concatenate([np.logaddexp.accumulate(outer[::-1])[-2::-1], [-np.inf]])
    parts = np.logaddexp(outer + before, within)
    total = np.logaddexp.reduce(parts)
    return float(total), np.exp(np.logaddexp(parts, inner + after) - total)


def _log_exprel(x: Array) -> Array:
    """log((eˣ − 1)/x)."""
    return np.log(exprel(-np.abs(x))) + np.maximum(x, 0)


def _log_half(x: Array) -> Array:
    """log((eˣ − 1 − x)/x²) = log ∫₀¹ (1 − s) e^{sx} ds."""
    small, size = np.clip(x, -1, 1), np.maximum(np.abs(x), 1)
    near = (1 - _NODES) * np.exp(small[:, None] * _NODES) @ _WEIGHTS
    far = np.where(x > 0, exprel(-size) - np.exp(-size), 1 - exprel(-size)) / size
    return np.where(np.abs(x) <= 1, np.log(near), np.log(far) + np.maximum(x, 0))
