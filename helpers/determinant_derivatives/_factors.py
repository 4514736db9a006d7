"""The singular value decomposition of the scaled matrix, from which `adjugates` and `jacobi` compute."""

from __future__ import annotations

import numpy as np

from helpers.determinant_derivatives._exponents import Array, Integers, largest_exponent, times_power
from helpers.determinant_derivatives._scaling import equilibrate, leave_one_out, transpose
from helpers.inputs import real_array, real_number

EPS = float(np.finfo(float).eps)


def checked_tolerance(rank_tolerance: float | None) -> float | None:
    return None if rank_tolerance is None else real_number("rank_tolerance", rank_tolerance, at_least=0, below=1)


def adjugate_parts(A: Array, rank_tolerance: float | None) -> tuple[Array, Integers]:
    """Mantissas M and integer exponents E, entry by entry, with adj(A) = M 2^E.

    With B = U Σ Vᵀ from `equilibrate`: adj(B) = det(U Vᵀ) V diag(∏_{k≠i} σ_k) Uᵀ, because adj reverses products and
    adj(Q) = det(Q) Qᵀ for orthogonal Q. Nothing is divided by, so no rank is special.
    """
    n = A.shape[-1]
    B, r, c = equilibrate(A)
    U, sigma, Vt = np.linalg.svd(B)
    sign = np.linalg.slogdet(U @ Vt)[0]
    product, power = leave_one_out(sigma)
    tolerance = n * EPS if rank_tolerance is None else rank_tolerance
    if n > 1:  # rank n − 2 or less: what is left of the second smallest singular value is rounding
        product = np.where((sigma[..., -2] <= tolerance * sigma[..., 0])[..., None], 0.0, product)
    top = largest_exponent(product, power, -1)
    product = times_power(product, power - top[..., None])
    M = sign[..., None, None] * (transpose(Vt) * product[..., None, :]) @ transpose(U)
    E = (top + r.sum(-1) + c.sum(-1))[..., None, None] - c[..., :, None] - r[..., None, :]
    return M, E


def matching(A: object, dA: object) -> tuple[Array, Array]:
    """Both as real arrays (…, n, n) with one n and leading axes that broadcast; ValueError otherwise."""
    A, dA = real_array("A", A, square=True), real_array("dA", dA, square=True)
    try:
        fits = A.shape[-1] == dA.shape[-1] and bool(np.broadcast_shapes(A.shape[:-2], dA.shape[:-2]) or True)
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"dA: shape {dA.shape} does not fit A {A.shape}; give the same n and a batch that broadcasts")
    return A, dA
