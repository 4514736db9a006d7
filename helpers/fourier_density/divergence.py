"""How far apart two Fourier densities are."""

from __future__ import annotations

from helpers.fourier_density._arrays import complex_vector, returned
from helpers.fourier_density._types import Returned
from helpers.fourier_density.density import FourierDensity
from helpers.fourier_density.entropy import cross_entropy


def kl_divergence(p: FourierDensity, q: FourierDensity) -> Returned:
    """KL(p‖q) = ∫ p log(p/q) in nats, in closed form, for densities on the same domain (same loc and scale).

    A common map to the line leaves it unchanged. Where q touches zero, rounding moves its double zeros by about 1e-8,
    and KL by as much. ValueError when the domains differ.

    >>> round(kl_divergence(FourierDensity([1, 1]), FourierDensity([1])), 12)  # log 2 − (2 log 2 − 1)
    0.30685281944
    """
    if (p.loc is None) != (q.loc is None) or (p.loc is not None and (p.loc, p.scale) != (q.loc, q.scale)):
        raise ValueError("p, q: live on different domains; give the same loc and scale, or neither, to both")
    b, own, other = (complex_vector("p, q", part) for part in (p.coefficients, p.minimum_phase, q.minimum_phase))
    return returned(max(cross_entropy(b, other) - cross_entropy(b, own), 0.0), p.a)
