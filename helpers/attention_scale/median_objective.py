"""Mean and median over rows of a norm, for normal scores, and the scale at which the median is largest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from helpers.attention_scale._weights import Array
from helpers.attention_scale.normal_scores import largest_normal_scores
from helpers.attention_scale.norms import softmax_gradient_norm
from helpers.attention_scale.softmax import softmax_mean
from helpers.inputs import generator as checked_generator
from helpers.inputs import integer, real_array

_BATCHES = 8
_SCALES = np.geomspace(1.5, 14, 12)
_DEGREE = 5  # of the polynomial in log α
_DRAWN = 1024  # scores per row; the smaller ones of a longer row hold no weight near the maximum


def median_best_scales(
    generator: np.random.Generator, n: int, rows: int, *norms: Callable[[Array, float], Array]
) -> Array:
    """The best scale by the median over rows of n normal scores, for each norm, in independent batches.

    rows: in each of the 8 batches. norms: each takes (scores, scale) and returns one number per row. The medians at
    12 scales from 1.5 to 14 are fitted by a polynomial in log α. Shape (batches, norms). ValueError for sizes below 1.

    >>> from helpers.attention_scale import softmax_gradient_norm
    >>> best = median_best_scales(np.random.default_rng(0), 64, 200, softmax_gradient_norm)
    >>> best.shape, bool((abs(best - 4.8) < 1.5).all())
    ((8, 1), True)
    """
    checked_generator("generator", generator)
    n, rows = integer("n", n, 1), integer("rows", rows, 1)
    log_fine = np.log(np.geomspace(_SCALES[0], _SCALES[-1], 1001))
    best = np.empty((_BATCHES, len(norms)))
    for batch in range(_BATCHES):
        scores = largest_normal_scores(generator, rows, n, min(n, _DRAWN))
        for k, norm in enumerate(norms):
            medians = [np.median(norm(scores, a)) for a in _SCALES]
            fit = np.polynomial.Polynomial.fit(np.log(_SCALES), medians, _DEGREE)
            best[batch, k] = np.exp(log_fine[np.argmax(fit(log_fine))])
    return best


def objective_curves(scores: Array, scales: ArrayLike) -> Array:
    """Mean and median over rows of the gradient norm ½‖∂p/∂s‖₁ of normal scores at each scale, (2, scales).

    scores: (rows, n), drawn from N(0, 1). scales: ≥ 0. The mean is taken in Stein's form, which has a far shorter error
    bar than the norm itself. ValueError for bad arguments.

    >>> objective_curves(np.array([[0.0, 1.0], [0.0, 2.0], [0.0, 3.0]]), [0.0]).tolist()
    [[1.0], [0.0]]
    """
    scales = np.ravel(real_array("scales", scales, at_least=0))
    means = [softmax_mean(scores, a).mean() for a in scales]
    return np.array([means, [np.median(softmax_gradient_norm(scores, a)) for a in scales]])
