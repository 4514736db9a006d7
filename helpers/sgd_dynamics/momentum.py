"""From the ball's friction and time step to the optimiser's learning rate and momentum, and back."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import broadcast, real_array
from helpers.sgd_dynamics._range import quotient
from helpers.sgd_dynamics._types import Array


def momentum_from_friction(friction: ArrayLike, step: ArrayLike) -> tuple[Array, Array]:
    """(learning rate α, momentum β) of the time-centred discretisation of θ̈ + λθ̇ = −∇L (article, eq. 15).

    α = γ²/(1 + λγ/2), β = (1 − λγ/2)/(1 + λγ/2); β is negative for λγ > 2. friction λ ≥ 0, step γ > 0, broadcast.
    ValueError outside those ranges.

    >>> alpha, beta = momentum_from_friction(friction=2, step=0.5)
    >>> round(float(alpha), 6), round(float(beta), 6)  # 0.25/1.5 and 0.5/1.5
    (0.166667, 0.333333)
    """
    friction, step = _friction_and_step(friction, step)
    half = quotient("friction, step", [friction, step]) / 2
    return quotient("step", [step, step], [1 + half]), (1 - half) / (1 + half)


def momentum_from_friction_nesterov(friction: ArrayLike, step: ArrayLike) -> tuple[Array, Array]:
    """(α, β) = (γ², 1 − λγ), what the article's Nesterov derivation uses (eq. 18). Arguments and errors as above.

    >>> alpha, beta = momentum_from_friction_nesterov(2, [0.5, 0.1])
    >>> alpha.round(3).tolist(), beta.round(3).tolist()
    ([0.25, 0.01], [0.0, 0.8])
    """
    friction, step = _friction_and_step(friction, step)
    return quotient("step", [step, step]), 1 - quotient("friction, step", [friction, step])


def friction_from_momentum(learning_rate: ArrayLike, momentum: ArrayLike) -> tuple[Array, Array]:
    """(friction λ, time step γ): the inverse of `momentum_from_friction`. α > 0, −1 < β ≤ 1; else ValueError.

    >>> friction, step = friction_from_momentum(learning_rate=0.5, momentum=0)
    >>> float(friction), float(step)
    (2.0, 1.0)
    """
    learning_rate, momentum = broadcast(
        learning_rate=real_array("learning_rate", learning_rate, above=0),
        momentum=real_array("momentum", momentum, above=-1, at_most=1),
    )
    step = quotient("learning_rate", [2, learning_rate], [1 + momentum], root=True)
    return quotient("learning_rate, momentum", [2, 1 - momentum], [1 + momentum, step]), step


def _friction_and_step(friction: ArrayLike, step: ArrayLike) -> tuple[Array, Array]:
    friction, step = real_array("friction", friction, at_least=0), real_array("step", step, above=0)
    friction, step = broadcast(friction=friction, step=step)
    return friction, step


def corrected_momentum(beta: ArrayLike, r: ArrayLike) -> Array:
    """β′ = 1 − (1 − β)√r, the article's rule when the learning rate goes from α to rα.

    0 ≤ β < 1, r > 0, broadcast; ValueError otherwise. It is linearised in 1 − β: for r > 1 it can fall below 0.

    >>> round(float(corrected_momentum(0.9, 0.25)), 6)
    0.95
    """
    beta, r = broadcast(beta=real_array("beta", beta, at_least=0, below=1), r=real_array("r", r, above=0))
    return 1 - (1 - beta) * np.sqrt(r)


def corrected_momentum_exact(beta: ArrayLike, r: ArrayLike) -> Array:
    """The β′ > −1 that keeps the friction λ of (eq. 15) exactly: (1 − β′)²/(1 + β′) = r(1 − β)²/(1 + β).

    Arguments and errors as in `corrected_momentum`.

    >>> round(float(corrected_momentum_exact(0, 1 / 6)), 6)  # (1 − ½)²/(1 + ½) = 1/6
    0.5
    """
    beta, r = broadcast(beta=real_array("beta", beta, at_least=0, below=1), r=real_array("r", r, above=0))
    root = (1 - beta) * np.sqrt(r / (1 + beta))
    return 1 - 4 * root / (root + np.hypot(root, math.sqrt(8)))  # the quadratic's root, written without cancellation
