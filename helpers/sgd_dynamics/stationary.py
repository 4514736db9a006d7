"""Where noisy schemes settle on a quadratic, in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers.inputs import integer, real_array, real_number
from helpers.sgd_dynamics._types import Array


def stationary_variance(k: ArrayLike, gamma: ArrayLike, sigma: ArrayLike) -> Array:
    """Exact stationary variance γσ²/(k(2 − γk)) of θ ← θ − γ(kθ + σξ), ξ standard normal: SGD on ½kθ².

    k, γ, σ > 0 broadcast; inf at γk = 2. ValueError for anything not positive and finite, and for the unstable γk > 2.

    >>> float(stationary_variance(k=1, gamma=1, sigma=3))  # θ = −3ξ at every step
    9.0
    """
    k, gamma = real_array("k", k, above=0), real_array("gamma", gamma, above=0)
    sigma = real_array("sigma", sigma, above=0)
    if (gamma * k > 2).any():
        raise ValueError("gamma: γk exceeds 2, where SGD diverges and has no stationary law; give a smaller step")
    with np.errstate(divide="ignore"):
        return gamma * sigma**2 / (k * (2 - gamma * k))


def stationary_variance_momentum(k: ArrayLike, alpha: ArrayLike, beta: ArrayLike, sigma: ArrayLike) -> Array:
    """Exact stationary variance of θ for v ← βv − α(kθ + σξ), θ ← θ + v: ασ²(1 + β)/(k(1 − β)(2(1 + β) − αk)).

    k, α, σ > 0, 0 ≤ β < 1, broadcast. ValueError outside, and where αk ≥ 2(1 + β), which diverges.

    >>> float(stationary_variance_momentum(k=1, alpha=1, beta=0.5, sigma=2))  # 6/(½·2)
    6.0
    """
    k, alpha = real_array("k", k, above=0), real_array("alpha", alpha, above=0)
    beta, sigma = real_array("beta", beta, at_least=0, below=1), real_array("sigma", sigma, above=0)
    if (alpha * k >= 2 * (1 + beta)).any():
        raise ValueError("alpha: αk reaches 2(1 + β), where there is no stationary law; give a smaller rate")
    return alpha * sigma**2 * (1 + beta) / (k * (1 - beta) * (2 * (1 + beta) - alpha * k))


def stationary_covariance(hessian: ArrayLike, noise: ArrayLike, step: float) -> Array:
    """Stationary covariance Σ of θ ← θ − γ(Hθ + ε), Cov ε = C constant: HΣ + ΣH − γHΣH = γC.

    Solved in closed form in the eigenbasis of H. hessian: (d, d) symmetric positive definite with γ·max eigenvalue < 2;
    noise: (d, d). ValueError otherwise.

    >>> stationary_covariance([[1, 0], [0, 2]], [[1, 0], [0, 4]], step=0.5).round(6).tolist()
    [[0.333333, 0.0], [0.0, 1.0]]
    """
    hessian, noise = real_array("hessian", hessian, square=True), real_array("noise", noise, square=True)
    step = real_number("step", step, above=0)
    if hessian.ndim != 2 or noise.shape != hessian.shape:
        raise ValueError(f"hessian, noise: have shapes {hessian.shape} and {noise.shape}; give (d, d) twice")
    if not np.allclose(hessian, hessian.T):
        raise ValueError("hessian: is not symmetric; give a symmetric matrix")
    h, basis = np.linalg.eigh(hessian)
    if h[0] <= 0 or step * h[-1] >= 2:
        raise ValueError("hessian: has no stationary law at this step; give eigenvalues in (0, 2/step)")
    rotated = basis.T @ noise @ basis
    return basis @ (step * rotated / (h[:, None] + h - step * h[:, None] * h)) @ basis.T


def minibatch_factor(batch: ArrayLike, samples: int) -> Array:
    """Var(minibatch mean) / Var(one sample) for ``batch`` of ``samples`` drawn without replacement: (N − B)/(B(N − 1)).

    1 ≤ B ≤ N, N ≥ 2; ValueError otherwise.

    >>> minibatch_factor([1, 2, 3], samples=3).tolist()
    [1.0, 0.25, 0.0]
    """
    samples = integer("samples", samples, 2)
    batch = real_array("batch", batch, at_least=1, at_most=samples)
    return (samples - batch) / (batch * (samples - 1))
