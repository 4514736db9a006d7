"""Where noisy schemes settle on a quadratic, in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_discrete_lyapunov

from helpers.inputs import broadcast, integer, real_array, real_number
from helpers.sgd_dynamics._range import quotient
from helpers.sgd_dynamics._types import Array
from helpers.sgd_dynamics.stability import amplification, spectral_radius


def stationary_variance(k: ArrayLike, gamma: ArrayLike, sigma: ArrayLike) -> Array:
    """Exact stationary variance γσ²/(k(2 − γk)) of θ ← θ − γ(kθ + σξ), ξ standard normal: SGD on ½kθ².

    k, γ, σ > 0 broadcast; inf at γk = 2. ValueError for anything not positive and finite, and for the unstable γk > 2.

    >>> float(stationary_variance(k=1, gamma=1, sigma=3))  # θ = −3ξ at every step
    9.0
    """
    k, gamma, sigma = broadcast(
        k=real_array("k", k, above=0),
        gamma=real_array("gamma", gamma, above=0),
        sigma=real_array("sigma", sigma, above=0),
    )
    room = _room(gamma, k, 2.0)
    if (room < 0).any():
        raise ValueError("gamma: γk exceeds 2, where SGD diverges and has no stationary law; give a smaller step")
    edge = room == 0  # the one place where the law exists as a limit only, with an infinite variance
    variance = quotient("k, gamma, sigma", [gamma, sigma, sigma], [k, np.where(edge, 1, room)])
    return np.where(edge, np.inf, variance)[()]


def _room(rate: Array, k: Array, limit: Array | float) -> Array:
    """limit − rate·k, how far the scheme is from the edge of stability; −inf where the product overflows."""
    with np.errstate(over="ignore"):
        return limit - rate * k


def stationary_variance_momentum(k: ArrayLike, alpha: ArrayLike, beta: ArrayLike, sigma: ArrayLike) -> Array:
    """Exact stationary variance of θ for v ← βv − α(kθ + σξ), θ ← θ + v: ασ²(1 + β)/(k(1 − β)(2(1 + β) − αk)).

    k, α, σ > 0, 0 ≤ β < 1, broadcast. ValueError outside, and where αk ≥ 2(1 + β), which diverges.

    >>> float(stationary_variance_momentum(k=1, alpha=1, beta=0.5, sigma=2))  # 6/(½·2)
    6.0
    """
    k, alpha, beta, sigma = broadcast(
        k=real_array("k", k, above=0),
        alpha=real_array("alpha", alpha, above=0),
        beta=real_array("beta", beta, at_least=0, below=1),
        sigma=real_array("sigma", sigma, above=0),
    )
    room = _room(alpha, k, 2 * (1 + beta))
    if (room <= 0).any():
        raise ValueError("alpha: αk reaches 2(1 + β), where there is no stationary law; give a smaller rate")
    return quotient("k, alpha, beta, sigma", [alpha, sigma, sigma, 1 + beta], [k, 1 - beta, room])


def relative_temperature(a: float, beta: float, scheme: str) -> float:
    """kV/T of a noisy scheme on ½kθ² with a = αk: its exact variance V over T/k, T = ασ²/(2(1 − β)); 1 as a → 0.

    The covariance of (θ, v) solves Σ = MΣMᵀ + α²σ²(1, 1)ᵀ(1, 1) with M of `amplification`. For the explicit schemes.
    ValueError for bad arguments, for the implicit scheme, and where it is not stable.

    >>> round(relative_temperature(1.0, 0.5, "heavy_ball"), 9)  # 2(1 + β)/(2(1 + β) − a)
    1.5
    """
    a, beta = real_number("a", a, above=0), real_number("beta", beta, at_least=0, below=1)
    if scheme == "implicit" or not spectral_radius(a, beta, scheme) < 1:
        raise ValueError("a, scheme: has no stationary law by this formula; give an explicit scheme and a smaller a")
    covariance = solve_discrete_lyapunov(amplification(a, beta, scheme), a**2 * np.ones((2, 2)))
    return float(covariance[0, 0] * 2 * (1 - beta) / a)


def stationary_covariance(hessian: ArrayLike, noise: ArrayLike, step: float) -> Array:
    """Stationary covariance Σ of θ ← θ − γ(Hθ + ε), Cov ε = C constant: HΣ + ΣH − γHΣH = γC.

    Solved in closed form in the eigenbasis of H. hessian: (…, d, d) symmetric positive definite with
    γ·max eigenvalue < 2; noise: (…, d, d) symmetric, positive semidefinite; other axes broadcast. step γ > 0.
    ValueError otherwise, and for a hessian whose smallest eigenvalue rounding cannot tell from 0.

    >>> stationary_covariance([[1, 0], [0, 2]], [[1, 0], [0, 4]], step=0.5).round(6).tolist()
    [[0.333333, 0.0], [0.0, 1.0]]
    """
    step = real_number("step", step, above=0)
    hessian, noise = broadcast(hessian=_symmetric("hessian", hessian), noise=_symmetric("noise", noise))
    # H and C are brought to size 1 by powers of two, which change no digit, and Σ back at the end
    (hessian, h_size), (noise, c_size) = _to_size_one(hessian), _to_size_one(noise)
    h, basis = np.linalg.eigh(hessian)
    with np.errstate(over="ignore", under="ignore"):
        reach = np.ldexp(step, h_size)[..., 0]  # γH = reach × the scaled H
        room = 2 - reach * h[..., -1:]
    if (h[..., 0] <= h.shape[-1] * np.finfo(float).eps * h[..., -1]).any() or (room <= 0).any():
        raise ValueError("hessian: has no stationary law at this step; give eigenvalues in (0, 2/step)")
    if (np.linalg.eigvalsh(noise)[..., 0] < -1e-10).any():
        raise ValueError("noise: is not a covariance; give a positive semidefinite matrix")
    rows, columns = h[..., :, None], h[..., None, :]
    inner = basis.mT @ noise @ basis / (rows + columns - reach[..., None] * rows * columns)
    covariance = basis @ inner @ basis.mT
    covariance = (covariance + covariance.mT) / 2  # symmetric to the last bit, as users of covariances expect
    return quotient("hessian, noise, step", [covariance, step, np.ldexp(0.5, c_size)], [np.ldexp(0.5, h_size)])


def _symmetric(name: str, value: ArrayLike) -> Array:
    matrix = real_array(name, value, square=True)
    size = np.abs(matrix).max((-1, -2), keepdims=True)
    if (np.abs(matrix / 2 - matrix.mT / 2) > 1e-10 * size).any():
        raise ValueError(f"{name}: is not symmetric; give a symmetric matrix")
    return matrix / 2 + matrix.mT / 2


def _to_size_one(matrix: Array) -> tuple[Array, NDArray[np.intp]]:
    """(matrix/2ⁿ with entries of at most 1, n), n of shape (…, 1, 1)."""
    size = np.frexp(np.abs(matrix).max((-1, -2), keepdims=True))[1]
    return np.ldexp(matrix, -size), size


def minibatch_factor(batch: ArrayLike, samples: int) -> Array:
    """Var(minibatch mean) / Var(one sample) for ``batch`` of ``samples`` drawn without replacement: (N − B)/(B(N − 1)).

    1 ≤ B ≤ N, N ≥ 2; ValueError otherwise.

    >>> minibatch_factor([1, 2, 3], samples=3).tolist()
    [1.0, 0.25, 0.0]
    """
    size = real_number("samples", integer("samples", samples, 2))
    batch = real_array("batch", batch, at_least=1, at_most=size)
    return quotient("batch, samples", [size - batch], [batch, size - 1])
