"""How large should the scale of attention be? Mathematics of the notebook `6_attention_scale`.

Source: 苏剑林 (Su Jianlin), 从梯度最大化看Attention的Scale操作, https://spaces.ac.cn/archives/9812 (2023-10-22).

Notation: scores s ∈ ℝⁿ of one query, scale α ≥ 0, probabilities p = softmax(αs), Jacobian J = ∂p/∂s = α(diag p − ppᵀ).
The objective is ½‖J‖₁ = α(1 − Σp²). *Annealed* quantities replace sums over a row by expectations inside a ratio.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy import special
from scipy.optimize import elementwise
from torch import Tensor

# --- Input ------------------------------------------------------------------------------------------------------


def _array(name: str, value: ArrayLike) -> np.ndarray:
    """``value`` as a float64 array; ValueError naming ``name`` when it is empty or not real numbers."""
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iufO":  # bool, complex, text, dates
            raise TypeError
        array = array.astype(float)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name}: must hold real numbers within the range of float64") from error
    if array.size == 0:
        raise ValueError(f"{name}: is empty; at least one number is needed")
    return array


def _in_range(name: str, value: ArrayLike, low: float) -> np.ndarray:
    """`_array` whose entries are finite and ≥ ``low``; ValueError otherwise."""
    array = _array(name, value)
    bad = array[~((array >= low) & (array < np.inf))]  # nan fails both comparisons
    if bad.size:
        raise ValueError(f"{name}: holds {bad.flat[0]}, must be finite and ≥ {low:g}")
    return array


def _broadcast(**arrays: np.ndarray) -> list[np.ndarray]:
    """The arrays broadcast against each other; ValueError naming them when their shapes do not fit."""
    try:
        return list(np.broadcast_arrays(*arrays.values()))
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"{' and '.join(arrays)}: shapes do not broadcast ({shapes})") from error


def _softmax_weights(scores: ArrayLike, alpha: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rest weights, their sum and α: e^{α(s − max s)} with the (first) maximal entry set from 1 to 0.

    Leaving the top weight out lets every formula below be a sum of positive terms: 1 − p_max = rest/(1 + rest).
    """
    scores, alpha = _array("scores", scores), _in_range("alpha", alpha, 0)
    if scores.ndim == 0:
        raise ValueError("scores: is a single number, must have a last axis of length n ≥ 1")
    top = scores.max(-1, keepdims=True)
    with np.errstate(over="ignore", invalid="ignore"):
        # A nan stays a nan and an infinity becomes one or an infinity: one look at the range finds both.
        if not np.isfinite(top - scores.min(-1, keepdims=True)).all():
            raise ValueError("scores: hold a nan or an infinity, or differ by more than float64 can hold")
    _broadcast(alpha=alpha, rows=top[..., 0])
    with np.errstate(under="ignore", over="ignore"):
        weights = np.exp(alpha[..., None] * (scores - top))
    first = np.broadcast_to(scores.argmax(-1)[..., None], (*weights.shape[:-1], 1))
    np.put_along_axis(weights, first, 0.0, -1)
    return weights, weights.sum(-1), np.broadcast_to(alpha, weights.shape[:-1])


# --- The softmax of one row ---------------------------------------------------------------------------------------


def softmax_gradient_norm(scores: ArrayLike, alpha: ArrayLike) -> np.ndarray:
    """½‖∂softmax(αs)/∂s‖₁ = α(1 − Σp²), the objective of the article, in O(n) per row.

    scores: (…, n), finite, any size. alpha: ≥ 0, broadcasts against (…). Returns (…) in float64.
    It is also the trace and the nuclear norm of the Jacobian. With w the weights relative to the top one and
    R = Σ_rest w, it equals α(2R + R² − Σ_rest w²)/(1 + R)², which does not cancel where 1 − Σp² does.
    Raises ValueError for empty or non-finite scores, a negative or non-finite alpha, or shapes that do not broadcast.
    """
    weights, rest, alpha = _softmax_weights(scores, alpha)
    squares = np.einsum("...i,...i->...", weights, weights)
    return alpha * (2 * rest + np.maximum(rest**2 - squares, 0)) / (1 + rest) ** 2


def softmax_gradient_frobenius(scores: ArrayLike, alpha: ArrayLike) -> np.ndarray:
    """‖∂softmax(αs)/∂s‖_F = α√(Σp² − 2Σp³ + (Σp²)²), in O(n) per row and without cancellation.

    Arguments, result and errors as in `softmax_gradient_norm`.
    """
    weights, rest, alpha = _softmax_weights(scores, alpha)
    shares = weights / np.where(rest > 0, rest, 1)[..., None]  # their squares do not underflow
    two = np.einsum("...i,...i->...", shares, shares)
    three = np.einsum("...i,...i,...i->...", shares, shares, shares)
    total = 1 + rest
    inside = 1 + total**2 * two - 2 * total * rest * three + 2 * two + rest**2 * two**2
    return alpha * rest * np.sqrt(inside) / total**2


def softmax_gradient_spectral(scores: ArrayLike, alpha: ArrayLike) -> np.ndarray:
    """‖∂softmax(αs)/∂s‖₂, the largest eigenvalue αλ of α(diag p − ppᵀ), in O(n) per row and step.

    λ lies between the two largest p and solves the secular equation Σ p_i/(p_i − λ) = 0 (Golub 1973). The row sums
    (Gershgorin) and the first diagonal entry give p_max(1 − p_max) ≤ λ ≤ 2p_max(1 − p_max): bisection starts there.
    Arguments, result and errors as in `softmax_gradient_norm`.
    """
    weights, rest, alpha = _softmax_weights(scores, alpha)
    share = rest / (1 + rest)
    low, high = np.maximum(weights.max(-1), share), np.minimum(1, 2 * share)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(52):  # the bracket is a factor of 2 wide: 52 halvings reach the last bit
            x = (low + high) / 2
            pull = (weights / (x[..., None] - weights)).sum(-1)
            right = pull * (1 - x) > 1
            low, high = np.where(right, x, low), np.where(right, high, x)
    return alpha * (low + high) / 2 / (1 + rest)


def softmax_mean(scores: ArrayLike, alpha: ArrayLike, values: ArrayLike | None = None) -> np.ndarray:
    """Σ p_i v_i with p = softmax(αs); ``values`` v defaults to the scores, which gives ∂ log Z/∂α.

    For scores with density e^{−V}, integration by parts turns the mean objective into this form with v = V′(s):
    E[α(1 − Σp²)] = E[Σ p_i V′(s_i)]; V′(s) = s for normal scores (Stein's lemma). It has a far smaller variance.
    Other arguments and errors as in `softmax_gradient_norm`; values: finite, of the shape of scores.
    """
    weights, rest, _ = _softmax_weights(scores, alpha)
    scores = np.asarray(scores, dtype=float)
    values = scores if values is None else _array("values", values)
    if values.shape != scores.shape or not np.isfinite(values).all():
        raise ValueError(f"values: must be finite and have the shape of scores, {scores.shape}")
    first = np.take_along_axis(values, scores.argmax(-1)[..., None], -1)
    return first[..., 0] + (weights * (values - first)).sum(-1) / (1 + rest)


def softmax_entropy(scores: ArrayLike, alpha: ArrayLike, order: float = 1.0) -> np.ndarray:
    """Rényi entropy of softmax(αs) in nats: log Σp^order/(1 − order); Shannon's for order 1, −log max p for inf.

    order: ≥ 0. Other arguments and errors as in `softmax_gradient_norm`.
    """
    if not order >= 0:
        raise ValueError(f"order: {order} must be ≥ 0")
    weights, rest, alpha = _softmax_weights(scores, alpha)
    if order == 1:
        return np.log1p(rest) + special.entr(weights).sum(-1) / (1 + rest)  # entr(0) = 0
    if math.isinf(order):
        return np.log1p(rest)
    if order == 0:
        return np.full(rest.shape, math.log(weights.shape[-1]))
    return (np.log1p((weights**order).sum(-1)) - order * np.log1p(rest)) / (1 - order)


# --- Normal scores --------------------------------------------------------------------------------------------------


def annealed_norm_normal(alpha: ArrayLike, n: ArrayLike) -> np.ndarray:
    """α(1 − e^{α²}/n): the objective with both sums replaced by expectations, for s ~ N(0, 1).

    alpha ≥ 0 and n ≥ 1 broadcast. −inf where e^{α²}/n overflows. ValueError for values out of range.
    """
    alpha, n = _broadcast(alpha=_in_range("alpha", alpha, 0), n=_in_range("n", n, 1))
    with np.errstate(over="ignore"):
        return alpha * -np.expm1(alpha**2 - np.log(n))


def optimal_scale_normal(n: ArrayLike) -> np.ndarray:
    """α* = √(W(n√e/2) − ½), the maximiser of α(1 − e^{α²}/n), with W the principal branch of Lambert's function.

    Stationarity is (1 + 2α²)e^{α²} = n; with u = α² + ½ that is ue^u = n√e/2.
    n: number of keys ≥ 1, any shape, up to the largest float; 1 gives 0. ValueError for n < 1, nan, inf.
    """
    log_n = np.log(_in_range("n", n, 1))
    # Wright's ω(x) = W(eˣ) cannot overflow. One Newton step in α² restores the digits that −½ costs near n = 1.
    square = np.maximum(special.wrightomega(log_n + 0.5 - math.log(2)) - 0.5, 0)
    square = square - (square + np.log1p(2 * square) - log_n) / (1 + 2 / (1 + 2 * square))
    return np.sqrt(np.maximum(square, 0))


def expected_maximum_normal(n: ArrayLike) -> np.ndarray:
    """E[max of n independent N(0, 1)], the supremum over α of the mean objective for normal scores.

    n: ≥ 1 and ≤ 1e300, any shape. Trapezoidal rule, which converges exponentially here; absolute error < 1e-12.
    ValueError for n out of range.
    """
    n = _in_range("n", n, 1)
    if (n > 1e300).any():
        raise ValueError("n: must be ≤ 1e300")
    x, step = np.linspace(-10, 40, 10001, retstep=True)
    log_density = np.log(n)[..., None] - x**2 / 2 - math.log(2 * math.pi) / 2 + (n[..., None] - 1) * special.log_ndtr(x)
    return step * (x * np.exp(log_density)).sum(-1)


def largest_normal_scores(generator: np.random.Generator, rows: int, n: float, count: int) -> np.ndarray:
    """The ``count`` largest of n independent N(0, 1) per row, exactly distributed, descending, (rows, count).

    n: 1 … 1e300, so large that the n scores could never be drawn. The smallest of n uniforms are Γ_1/Γ_{n+1},
    Γ_2/Γ_{n+1}, … with Γ the arrival times of a Poisson process (Rényi). ValueError unless 1 ≤ count ≤ n ≤ 1e300.
    """
    if rows < 1 or not 1 <= count <= n <= 1e300:
        raise ValueError(f"rows, count, n: got {rows}, {count}, {n}; need rows ≥ 1 and 1 ≤ count ≤ n ≤ 1e300")
    arrivals = generator.standard_exponential((rows, count)).cumsum(-1)
    last = arrivals[:, -1:] + generator.standard_gamma(n + 1 - count, (rows, 1))
    return -special.ndtri(arrivals / last)


# --- Cosine scores --------------------------------------------------------------------------------------------------


def _debye_polynomials(count: int) -> list[np.polynomial.Polynomial]:
    """U_0 … U_{count−1} of the uniform expansion of I_ν (DLMF 10.41.9)."""
    t = np.polynomial.Polynomial([0, 1])
    polynomials = [np.polynomial.Polynomial([1])]
    for _ in range(count - 1):
        last = polynomials[-1]
        polynomials.append(t**2 * (1 - t**2) * last.deriv() / 2 + ((1 - 5 * t**2) * last).integ() / 8)
    return polynomials


_DEBYE = _debye_polynomials(7)
_DEBYE_SLOPE = [u.deriv() for u in _DEBYE]
_LIFT = 40  # orders climbed before the expansion in 1/order is used; its error is then below 1e-11


def _cosine_cumulant(x: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log E[e^{−x(1−s)}] and x(1 − E_x[s]) for the cosine s of random directions in ℝ^d, tilted by e^{xs} in E_x.

    E[e^{xs}] = ₀F₁(; ν+1; x²/4) with ν = d/2 − 1. Debye's expansion gives both at order ν + _LIFT; the recurrence
    of Bessel functions, written for T_ν = x(1 − I_{ν+1}(x)/I_ν(x)) so that nothing cancels at large x, leads down:
    T_{μ−1} = (2μ − T_μ)/(1 + (2μ − T_μ)/x),   ₀F₁(; μ; ·) = ₀F₁(; μ+1; ·)·(1 + (x − T_μ)/(2μ)).
    """
    order = d / 2 - 1 + _LIFT
    root = np.hypot(order, x)
    t = order / root
    bend = order**2 / (x + root)  # √(order² + x²) − x
    series = sum(u(t) * order**-k for k, u in enumerate(_DEBYE))
    slope = sum(u(t) * order**-k for k, u in enumerate(_DEBYE_SLOPE))
    at_zero = sum(u(1) * order**-k for k, u in enumerate(_DEBYE))
    excess = (x / order) * (x / (root + order))  # 1/t − 1
    log_mean = bend - order - order * np.log1p(excess / 2) - np.log1p(excess) / 2 + np.log(series / at_zero)
    tilt = order - bend + (1 - t**2) * (0.5 + t * slope / series)
    for _ in range(_LIFT):
        log_mean = log_mean + np.log1p((x - tilt) / (2 * order))
        tilt = (2 * order - tilt) * x / (x + 2 * order - tilt)
        order = order - 1
    return log_mean, tilt


def log_mean_exp_cosine(alpha: ArrayLike, d: ArrayLike) -> np.ndarray:
    """log E[e^{αs}] = log ₀F₁(; d/2; α²/4) for the cosine s of two random directions in ℝ^d.

    alpha ≥ 0 and d ≥ 3 broadcast; the error is below 1e-10 max(1, result). ValueError for values out of range.
    """
    alpha, d = _broadcast(alpha=_in_range("alpha", alpha, 0), d=_in_range("d", d, 3))
    safe = np.where(alpha > 0, alpha, 1)
    return np.where(alpha > 0, _cosine_cumulant(safe, d)[0] + safe, 0.0)


def annealed_norm_cosine(alpha: ArrayLike, n: ArrayLike, d: ArrayLike) -> np.ndarray:
    """α(1 − E[e^{2αs}]/(n E[e^{αs}]²)): the annealed objective for cosine scores in ℝ^d.

    alpha ≥ 0, n ≥ 1 and d ≥ 3 broadcast. ValueError for values out of range.
    """
    alpha, n, d = _broadcast(alpha=_in_range("alpha", alpha, 0), n=_in_range("n", n, 1), d=_in_range("d", d, 3))
    safe = np.where(alpha > 0, alpha, 1)
    log_ratio = _cosine_cumulant(2 * safe, d)[0] - 2 * _cosine_cumulant(safe, d)[0]  # the terms ±2α cancelled exactly
    with np.errstate(over="ignore"):
        return np.where(alpha > 0, -alpha * np.expm1(log_ratio - np.log(n)), 0.0)


def optimal_scale_cosine(n: ArrayLike, d: ArrayLike) -> np.ndarray:
    """The maximiser α* of the annealed objective for cosine scores: relative error below 1e-7.

    With φ = log(E[e^{2αs}]/E[e^{αs}]²), stationarity is φ + log(1 + αφ′) = log n, solved for log α for all n and d
    at once. For d → ∞ it is √d times `optimal_scale_normal`, which bounds it from below; for fixed d it grows as
    n^{2/(d−1)}. n: number of keys, ≥ 1 (1 gives 0). d: dimension ≥ 3. They broadcast. ValueError out of range.
    """
    n, d = _broadcast(n=_in_range("n", n, 1), d=_in_range("d", d, 3))
    normal = np.asarray(optimal_scale_normal(n))
    # Near n = 1 the equation is 0 = 0 up to rounding; there K(x) = x²/2d − x⁴/(4d²(d+2)) gives the answer.
    result = np.asarray(np.sqrt(d) * normal * (1 + 35 / 12 * normal**2 / (d + 2)))
    some = np.log(n) > 1e-5
    log_n, d = np.log(n[some]), d[some]

    def excess(log_alpha: np.ndarray, log_n: np.ndarray, d: np.ndarray) -> np.ndarray:
        alpha = np.exp(log_alpha)
        (log_two, tilt_two), (log_one, tilt_one) = _cosine_cumulant(2 * alpha, d), _cosine_cumulant(alpha, d)
        return log_two - 2 * log_one + np.log1p(2 * tilt_one - tilt_two) - log_n  # αφ′ = 2T(α) − T(2α)

    if log_n.size:
        # The cosine is sub-Gaussian with variance 1/d, so the normal optimum is below; the step up doubles in log α.
        low = np.log(normal[some]) + np.log(d) / 2
        step = np.full(low.shape, 0.25)
        while (short := excess(low + step, log_n, d) < 0).any():
            step = np.where(short, 2 * step, step)
        found = elementwise.find_root(
            excess, (low - 1e-6, low + step), args=(log_n, d), tolerances={"xatol": 1e-12, "xrtol": 1e-14}
        )
        result[some] = np.exp(found.x)
    return result[()]


# --- Where scores come from -----------------------------------------------------------------------------------------


def attention_scores(generator: np.random.Generator, rows: int, n: int, d: int, kind: str = "gaussian") -> np.ndarray:
    """Scores (rows, n) of one query against n keys per row, as they are at initialisation.

    kind: "gaussian": q·k/√d with standard normal entries; "layer": the same, where q = W_q x and k = W_k y come from
    standard normal tokens x, y ∈ ℝᵈ and one pair of d×d matrices with N(0, 1/d) entries for all rows;
    "cosine": q and k are normalised first (QK-norm), no √d. ValueError for another kind or sizes below 1.
    """
    if min(rows, n, d) < 1:
        raise ValueError(f"rows, n, d: got {rows}, {n}, {d}; each must be ≥ 1")
    queries, keys = generator.standard_normal((rows, d)), generator.standard_normal((rows, n, d))
    if kind == "gaussian":
        queries = queries / math.sqrt(d)
    elif kind == "layer":
        query_matrix, key_matrix = generator.standard_normal((2, d, d)) / math.sqrt(d)
        queries = queries @ query_matrix.T @ key_matrix / math.sqrt(d)  # (W_k y)·q = y·(W_kᵀ q)
    elif kind == "cosine":
        queries /= np.linalg.norm(queries, axis=-1, keepdims=True)
        keys /= np.linalg.norm(keys, axis=-1, keepdims=True)
    else:
        raise ValueError(f"kind: {kind!r} is not one of 'gaussian', 'layer', 'cosine'")
    return np.einsum("rd,rnd->rn", queries, keys)


# --- A layer that has to learn retrieval ------------------------------------------------------------------------------

# contents (seeds, n, width), values (seeds, n, depth), queries (seeds, q, width), answers (seeds, q, depth)
Task = tuple[Tensor, Tensor, Tensor, Tensor]


def retrieval_task(
    generator: torch.Generator,
    seeds: int,
    n: int,
    queries: int,
    *,
    width: int = 8,
    depth: int = 8,
    noise: float = 0.1,
    labels: bool = False,
) -> Task:
    """A memory of n items per seed and ``queries`` questions to it: find the item whose content was shown, noisily.

    Contents and queries are normalised to length √width, as a layer norm does. An item's value is a standard normal
    vector, or with ``labels`` a one-hot class; the answer is the value of the item in question.
    ValueError for sizes below 1 or a negative noise.
    """
    if min(seeds, n, queries, width, depth) < 1 or not noise >= 0:
        raise ValueError("seeds, n, queries, width and depth must be ≥ 1, noise ≥ 0")

    def on_sphere(x: Tensor) -> Tensor:
        return x / x.square().mean(-1, keepdim=True).sqrt()

    contents = on_sphere(torch.randn(seeds, n, width, generator=generator))
    if labels:
        values = torch.eye(depth)[torch.randint(depth, (seeds, n), generator=generator)]
    else:
        values = torch.randn(seeds, n, depth, generator=generator)
    asked = torch.randint(n, (seeds, queries, 1), generator=generator)
    shown = contents.gather(1, asked.expand(-1, -1, width))
    shown = on_sphere(shown + noise * torch.randn(shown.shape, generator=generator))
    return contents, values, shown, values.gather(1, asked.expand(-1, -1, depth))


def initial_attention(
    generator: torch.Generator, seeds: int, copies: int, width: int = 8, depth: int = 8
) -> list[Tensor]:
    """Query, key and value matrices of seeds · copies layers, with gradients; the copies of a seed start equal.

    Shapes (seeds · copies, width, width) twice, then (seeds · copies, depth, depth); entries N(0, 1/fan-in).
    """
    matrices = []
    for size in (width, width, depth):
        matrix = torch.randn(seeds, 1, size, size, generator=generator) / math.sqrt(size)
        matrices.append(matrix.repeat(1, copies, 1, 1).flatten(0, 1).requires_grad_())
    return matrices


def retrieval_loss(matrices: list[Tensor], alpha: Tensor, task: Task, labels: bool = False) -> Tensor:
    """Loss (models,) of attention with scores α q·k/√width: squared error per entry, or cross-entropy for labels.

    matrices: as from `initial_attention`, models = seeds · copies. alpha: (models,). task: from `retrieval_task`.
    """
    contents, values, queries, answers = task
    seeds, asked, width = queries.shape
    query_matrix, key_matrix, value_matrix = (matrix.unflatten(0, (seeds, -1)) for matrix in matrices)
    alpha = alpha.view(seeds, -1, 1, 1) / math.sqrt(width)
    # All layers of a seed see the same memory: stacking their queries makes one large product of many small ones.
    queries = (alpha * (queries[:, None] @ query_matrix @ key_matrix.mT)).flatten(1, 2)
    read = torch.softmax(queries @ contents.mT, -1) @ values
    output = read.unflatten(1, (-1, asked)) @ value_matrix
    if labels:
        loss = -(answers[:, None] * torch.log_softmax(output, -1)).sum(-1)
    else:
        loss = (output - answers[:, None]).square().mean(-1)
    return loss.mean(-1).flatten()
