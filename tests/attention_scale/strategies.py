"""What the tests of attention_scale share: rows of scores, and exact values in 60 digits."""

import warnings

import mpmath as mp
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpers import attention_scale as m

NORMS = (m.softmax_gradient_norm, m.softmax_gradient_frobenius, m.softmax_gradient_spectral)
OF_A_ROW = (*NORMS, m.softmax_mean, m.softmax_entropy)
rows = arrays(float, st.integers(2, 12), elements=st.floats(-50, 50).map(lambda x: round(x, 6)))
scales = st.floats(0, 20)
BAD_KEYS = [0.99, 0, -3, float("nan"), float("inf"), [], [4, float("nan")], "many", 2j, True]


@mp.workdps(60)
def exact_weights(scores, alpha):
    """Weights of the keys that are present relative to the top one, the top one (1) first."""
    present = sorted((mp.mpf(float(s)) for s in scores if s > -np.inf), reverse=True)
    return [mp.exp(mp.mpf(float(alpha)) * (s - present[0])) for s in present]


@mp.workdps(60)
def exact_norms(scores, alpha):
    """The three norms from the dense Jacobian in 60 digits; its diagonal as p_i Σ_{j≠i} p_j, which does not cancel."""
    w = exact_weights(scores, alpha)
    if len(w) == 1:
        return [0.0, 0.0, 0.0]
    scale = mp.mpf(float(alpha)) / mp.fsum(w) ** 2
    jacobian = mp.matrix(len(w))
    for i, x in enumerate(w):
        for j, y in enumerate(w):
            jacobian[i, j] = scale * (x * mp.fsum(w[:i] + w[i + 1 :]) if i == j else -x * y)
    entrywise = mp.fsum(abs(x) for x in jacobian) / 2
    frobenius = mp.sqrt(mp.fsum(x**2 for x in jacobian))
    return [float(x) for x in (entrywise, frobenius, max(mp.eigsy(jacobian, eigvals_only=True)))]


@mp.workdps(60)
def exact_entropy(scores, alpha, order):
    w = exact_weights(scores, alpha)[1:]
    level = mp.log1p(mp.fsum(w))
    if order == 1:
        return float(level - mp.fsum(x * mp.log(x) for x in w) / (1 + mp.fsum(w)))
    if order == np.inf:
        return float(level)
    order = mp.mpf(order)
    return float((mp.log1p(mp.fsum(x**order for x in w)) - order * level) / (1 - order))


@mp.workdps(60)
def exact_cumulant(x, d):
    """log E[e^{xs}] for cosine scores, from mpmath's Bessel function."""
    x, order = mp.mpf(x), mp.mpf(d) / 2 - 1
    return mp.log(mp.besseli(order, x)) + mp.loggamma(order + 1) - order * mp.log(x / 2)


def cumulant_anywhere(x, d):
    """log E[e^{xs}] to 12 digits or more: the series, or an expansion for large d or for x far above d²."""
    with mp.workdps(60 if x < 300 else 400):  # a large x is a part of the result, and log x a part that is asked for
        x, d = mp.mpf(x), mp.mpf(d)
        order = d / 2 - 1
        if x * x < 10 * d or x < 300:
            total, term, k = mp.mpf(0), mp.mpf(1), 1
            while term > total * mp.mpf("1e-50"):
                term *= x * x / (4 * k * (order + k))
                total, k = total + term, k + 1
            return mp.log1p(total)
        if d >= 1e6:  # Debye's expansion to its second term; the third is below 1e-9/d of the first
            e = (x / order) ** 2 / (1 + mp.sqrt(1 + (x / order) ** 2))
            ripple = [(3 * t - 5 * t**3) / 24 / order for t in (1 / (1 + e), mp.mpf(1))]
            return order * (e - mp.log1p(e / 2)) - mp.log1p(e) / 2 + mp.log((1 + ripple[0]) / (1 + ripple[1]))
        total = term = mp.mpf(1)  # Hankel's expansion in 1/x (DLMF 10.40.1), for x far above d²
        for k in range(1, 12):
            term *= -(4 * order**2 - (2 * k - 1) ** 2) / (8 * k * x)
            total += term
        return x - mp.log(2 * mp.pi * x) / 2 + mp.log(total) + mp.loggamma(order + 1) - order * mp.log(x / 2)


def outcome(function, *arguments):
    """The result, or the ValueError, of a call that neither warns nor changes its arguments."""
    given = [a for a in arguments if not isinstance(a, np.random.Generator)]
    before = [np.array(a, copy=True) for a in given]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = function(*arguments)
        except ValueError as error:
            result = error
    for old, new in zip(before, given, strict=True):
        np.testing.assert_array_equal(old, np.asarray(new))
    return result


VIEWS = (
    lambda a: a,
    lambda a: a[..., ::-1],
    lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    lambda a: np.asfortranarray(a),
    lambda a: np.broadcast_to(a, (2, *a.shape)),
    lambda a: a.tolist(),
)


def hard_row(rng):
    """Scores of any dtype, scale, batch and layout, some tied, masked or bad; a scale that may fit them or not."""
    shape = (*[(), (2,), (1, 3)][rng.integers(3)], rng.integers(1, 6) if rng.random() < 0.97 else 0)
    kind, size = [("f2", 1), ("f4", 30), ("f8", 150), ("f8", 307.5), ("i8", 2), ("u1", 2)][rng.integers(6)]
    magnitude = rng.uniform(-size, size) if kind[0] == "f" else size
    scores = rng.standard_normal(shape).clip(-1.7, 1.7) * 10.0**magnitude
    if scores.size:
        scores = np.where(rng.random(scores.shape) < rng.choice([0, 0.4]), scores.max(-1, keepdims=True), scores)
    scores = (abs(scores) if kind[0] == "u" else scores).astype(kind)
    if kind[0] == "f":
        scores[rng.random(scores.shape) < rng.choice([0, 0.3])] = -np.inf
        scores[rng.random(scores.shape) < rng.choice([0, 0, 0, 0.1])] = rng.choice([np.nan, np.inf])
    scores = VIEWS[rng.integers(len(VIEWS))](scores)
    exponent = [-magnitude, rng.uniform(-150, 150), rng.uniform(-2, 2)][rng.choice(3, p=[0.7, 0.2, 0.1])]
    alpha = rng.choice([0, -1, 1], p=[0.05, 0.05, 0.9]) * 10.0 ** min(exponent + rng.uniform(-2, 2.5), 308)
    return scores, alpha if rng.random() < 0.5 else np.full(np.shape(scores)[:-1], alpha)


# Hypothesis looks for a bad seed; numbers of its own would be small ones, and zeros, most of the time.
hard_rows = st.integers(0, 2**32).map(lambda seed: hard_row(np.random.default_rng(seed)))


def is_valid(scores, alpha):
    scores = np.asarray(scores, dtype=float)
    good = scores.size > 0 and not np.isnan(scores).any() and (scores < np.inf).all() and np.all(np.asarray(alpha) >= 0)
    return good and (scores.max(-1) > -np.inf).all()
