"""The densities of the comparison, as values on a fine grid of [−1, 1], and samples of them as shares of cells."""

from __future__ import annotations

import numpy as np
from scipy import stats

from helpers.fourier_density._types import Array
from helpers.inputs import generator as checked_generator
from helpers.inputs import integer, real_array

_CELLS, _PART = 250, 10
FINE: Array = -1 + (np.arange(_CELLS * _PART) + 0.5) * 2 / (_CELLS * _PART)  # the grid of the densities
CELLS: Array = FINE.reshape(_CELLS, _PART).mean(1)  # middles of the cells in which a sample is counted


def separate_target(rng: np.random.Generator, components: int = 10, narrow: bool = False) -> Array:
    """A random mixture on FINE: equally spaced, jittered means, unequal weights, widths 0.02 … 0.06.

    narrow: widths 0.012 … 0.02 and a third of the jitter, for 25 components. ValueError: components < 1.

    >>> round(float(separate_target(np.random.default_rng(0)).mean()) * 2, 12)  # its integral
    1.0
    """
    components = integer("components", components, 1)
    widths, jitter = ((0.012, 0.02), 0.01) if narrow else ((0.02, 0.06), 0.03)
    means = np.linspace(-0.85, 0.85, components) + rng.uniform(-jitter, jitter, components)
    return _mixture(means, rng.uniform(*widths, components), rng.uniform(0.5, 1.5, components))


def tutorial_target(rng: np.random.Generator) -> Array:
    """A target of the authors' tutorial on FINE: ten equal, overlapping Gaussians whose widths rise with the means.

    Means are uniform on (−0.5, 0.3), widths 10/60 times 0.25 … 0.35, from the same draws. https://github.com/google/codex

    >>> round(float(tutorial_target(np.random.default_rng(0)).mean()) * 2, 12)
    1.0
    """
    share = rng.random(10)
    return _mixture(-0.5 + 0.8 * share, (0.25 + 0.1 * share) / 6, np.ones(10))


def comparison_targets(rng: np.random.Generator) -> Array:
    """Five densities (5, FINE): 10 and 25 Gaussians, steps, Laplace + beta, and one with a zero at 0.

    >>> comparison_targets(np.random.default_rng(0)).shape
    (5, 2500)
    """
    middles, half_widths = np.array([-0.65, -0.15, 0.1, 0.6]), np.array([0.15, 0.15, 0.1, 0.1])
    steps = (np.abs(FINE[:, None] - middles) < half_widths) @ np.array([1, 0.5, 1.5, 1.25])
    cusp = 0.5 * stats.laplace.pdf(FINE, -0.4, 0.04) + 0.5 * stats.beta.pdf(FINE, 1.5, 4, 0.1, 0.8)
    zero = FINE**2 * (1 - FINE**2)
    mixtures = [separate_target(rng), separate_target(rng, 25, narrow=True)]
    return np.array([*mixtures, *map(_normalised, (steps, cusp, zero))])


def drawn_shares(p: Array, points: int, rng: np.random.Generator) -> Array:
    """Shares (…, CELLS) of ``points`` draws from each density p (…, FINE). ValueError for bad shapes or a negative p.

    >>> shares = drawn_shares(np.ones(2500), 1000, np.random.default_rng(0))
    >>> shares.shape, float(shares.sum().round(12))
    ((250,), 1.0)
    """
    p, points = real_array("p", p, at_least=0), integer("points", points, 1)
    if p.shape[-1:] != FINE.shape:
        raise ValueError(f"p: has shape {p.shape}; give (…, {FINE.size}), the densities on FINE")
    mass = p.reshape(*p.shape[:-1], _CELLS, _PART).sum(-1)
    counts: Array = checked_generator("rng", rng).multinomial(points, mass / mass.sum(-1, keepdims=True))
    return np.asarray(counts / points)


def _mixture(means: Array, widths: Array, weights: Array) -> Array:
    return _normalised(stats.norm.pdf(FINE[:, None], means, widths) @ weights)


def _normalised(p: Array) -> Array:
    return np.asarray(p / p.mean() / 2)
