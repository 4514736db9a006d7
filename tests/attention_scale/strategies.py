"""What the tests of attention_scale share: rows of scores, and exact values in 60 digits."""

import mpmath as mp
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpers import attention_scale as m

NORMS = (m.softmax_gradient_norm, m.softmax_gradient_frobenius, m.softmax_gradient_spectral)
OF_A_ROW = (*NORMS, m.softmax_mean, m.softmax_entropy)
rows = arrays(float, st.integers(2, 12), elements=st.floats(-50, 50).map(lambda x: round(x, 6)))
scales = st.floats(0, 20)
BAD_KEYS = [0.99, 0, -3, float("nan"), float("inf"), [], [4, float("nan")], "many", 2j, True]


@mp.workdps(60)
def exact_norms(scores, alpha):
    """The three norms from the dense Jacobian in 60 digits."""
    scores, alpha = [mp.mpf(float(s)) for s in scores], mp.mpf(float(alpha))
    weights = [mp.exp(alpha * (s - max(scores))) for s in scores]
    p = mp.matrix([w / mp.fsum(weights) for w in weights])
    jacobian = alpha * (mp.diag(p) - p * p.T)
    entrywise = mp.fsum(abs(x) for x in jacobian) / 2
    frobenius = mp.sqrt(mp.fsum(x**2 for x in jacobian))
    return [float(x) for x in (entrywise, frobenius, max(mp.eigsy(jacobian, eigvals_only=True)))]


@mp.workdps(60)
def exact_cumulant(x, d):
    """log E[e^{xs}] for cosine scores, from mpmath's Bessel function."""
    x, order = mp.mpf(x), mp.mpf(d) / 2 - 1
    return mp.log(mp.besseli(order, x)) + mp.loggamma(order + 1) - order * mp.log(x / 2)
