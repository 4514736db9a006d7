"""Random gradients, Gram matrices, and measures of optimality that several tests share."""

import numpy as np

EXACT = 1e-12  # the relative duality gap that the module promises


def jacobian(rng, tasks, rank, shift=0.0):
    """(tasks, rank): for large ``shift`` the gradients agree, for 0 and rank < tasks the optimum is often zero."""
    return rng.standard_normal((tasks, rank)) + shift * rng.standard_normal(rank)


def gram_of(rows):
    product = rows @ np.swapaxes(rows, -1, -2)
    return (product + np.swapaxes(product, -1, -2)) / 2


def strict_gap(gram, weights):
    """The gap over αᵀGα itself, which must be positive: a sharper measure where the optimum is not zero."""
    image = gram @ weights
    return (weights @ image - image.min()) / (weights @ image)
