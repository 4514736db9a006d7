"""The density as a scikit-learn estimator, and the choice of its degree by cross-validation."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import PredefinedSplit, cross_val_score

from helpers.fourier_density._arrays import real_vector
from helpers.fourier_density._data import checked_data
from helpers.fourier_density._types import Array, Given
from helpers.fourier_density._unit_density import UnitDensity, in_pieces
from helpers.fourier_density.fit import fit_coefficients
from helpers.inputs import generator as checked_generator
from helpers.inputs import integer

DEGREES = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)


class FourierEstimator(BaseEstimator):
    """The Fourier density as a scikit-learn estimator, like `GaussianMixture` and `KernelDensity`.

    Parameters as of `FourierDensity.fit`. X: (n, 1) or (n,) points. After `fit`: ``a_``, ``loc_``, ``scale_`` and
    ``report_``, with which `FourierDensity(a_, loc_, scale_)` is the density.

    >>> x = np.linspace(-0.5, 0.5, 9)[:, None]
    >>> [round(FourierEstimator(degree=degree).fit(x).score(x), 2) for degree in (0, 1, 2)]
    [-0.69, -0.28, -0.27]
    """

    def __init__(
        self,
        degree: int = 8,
        gamma: float = 0.0,
        *,
        loc: float | None = None,
        scale: float | None = None,
        line: bool = False,
        train_map: bool = True,
        max_iterations: int = 2000,
        tolerance: float = 1e-9,
    ):
        self.degree, self.gamma, self.loc, self.scale = degree, gamma, loc, scale
        self.line, self.train_map, self.max_iterations, self.tolerance = line, train_map, max_iterations, tolerance

    def fit(self, X: Given, y: None = None, sample_weight: Given | None = None) -> FourierEstimator:
        """Maximum likelihood; ValueError as of `FourierDensity.fit`."""
        settings = self.get_params()
        fitted = fit_coefficients(_points(X), settings.pop("degree"), weights=sample_weight, **settings)
        self.a_, self.loc_, self.scale_, self.report_ = fitted
        return self

    def score_samples(self, X: Given) -> Array:
        """Log density at each point, (n,)."""
        x, density = _points(X), UnitDensity(self.a_)
        if self.loc_ is None or self.scale_ is None:
            return in_pieces(density.log_prob, x)
        loc, scale = self.loc_, self.scale_
        return in_pieces(lambda piece: density.line_log_prob(piece, loc, scale), x)

    def score(self, X: Given, y: None = None, sample_weight: Given | None = None) -> float:
        """Mean log density over the points, in nats."""
        shares = None if sample_weight is None else real_vector("sample_weight", sample_weight, at_least=0)
        return float(np.average(self.score_samples(X), weights=shares))


def _points(X: Given) -> Array:
    """X (n, 1) or (n,) as (n,)."""
    return real_vector("X", np.asarray(X)[..., 0] if np.ndim(X) == 2 and np.shape(X)[1] == 1 else X)


def held_out_losses(
    estimator: FourierEstimator,
    x: Given,
    weights: Given | None = None,
    folds: int = 5,
    generator: np.random.Generator | None = None,
) -> dict[int, float]:
    """Mean held-out −log-likelihood of the DEGREES with at most half as many parameters as x has different values.

    Rising, until three degrees in a row are worse than the best; `GridSearchCV` would try them all.
    folds: parts of the data, each held out once, shuffled by ``generator`` (default seed 0).
    Warns where most values come more than once: a density of counts grows without bound at each of them.

    >>> x = np.random.default_rng(0).uniform(-1, 1, 30)
    >>> losses = held_out_losses(FourierEstimator(), x)
    >>> list(losses), min(losses, key=losses.get)
    ([0, 1, 2, 3], 0)
    """
    points, shares = checked_data(x, weights)
    folds = integer("folds", folds, 2, points.size)
    rng = np.random.default_rng(0) if generator is None else checked_generator("generator", generator)
    distinct = np.unique(points).size
    if 2 * distinct < points.size:
        text = f"x: has {distinct} different values among {points.size}; give them as weights of a histogram, or jitter"
        warnings.warn(text, stacklevel=3)
    part = rng.permutation(points.size) % folds
    for k in range(folds):
        if np.ptp(points[part != k]) == 0:
            raise ValueError(f"x: is constant but for fold {k}; give more different values, or a degree")
    losses: dict[int, float] = {}
    with config_context(enable_metadata_routing=True):
        weighted = clone(estimator).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        for degree in DEGREES:
            if 4 * degree > distinct or (len(losses) > 3 and min(list(losses.values())[-3:]) > min(losses.values())):
                break
            weighted.set_params(degree=degree)
            settings = dict(cv=PredefinedSplit(part), params={"sample_weight": shares}, error_score="raise")
            losses[degree] = -float(cross_val_score(weighted, points[:, None], **settings).mean())
    return losses
