"""Multi-task gradients: one update direction from the gradients of several losses.

Source: 苏剑林 (Su Jianlin), 多任务学习漫谈（二）：行梯度之事 (2022-02-08),
https://spaces.ac.cn/archives/8896, and the papers named at each function. Notation: task i has the gradient g_i, a row
of the Jacobian (tasks, parameters); the Gram matrix is G_ij = ⟨g_i, g_j⟩; weights α lie in the simplex; the parameters
move along −u with u = Σ α_i g_i.

Functions ending in ``_weights`` map Gram matrices (..., n, n) to weights (..., n) in numpy. The aggregators at the end
(`AGGREGATORS`) map one torch Jacobian to one direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy.linalg import lapack
from scipy.optimize import nnls
from scipy.special import logsumexp
from torch import Tensor

_EPS = np.finfo(float).eps
_LOCKSTEP = 16  # up to this many tasks, several problems are solved in lockstep by batched linear algebra


# --- Gram matrices -----------------------------------------------------------------------------------------------


def _square(gram: np.ndarray) -> tuple[np.ndarray, float]:
    """``gram`` in float64 and the relative rounding error that its dtype explains. ValueError for shape or dtype."""
    array = np.asarray(gram)
    if array.dtype.kind not in "fiu":
        raise ValueError(f"gram: dtype {array.dtype} is not real; accepted are float and integer arrays")
    if array.ndim < 2 or array.shape[-1] != array.shape[-2] or array.size == 0:
        raise ValueError(f"gram: shape {array.shape} is not (..., n, n) with n ≥ 1 and no empty axis")
    eps = np.finfo(array.dtype).eps if array.dtype.kind == "f" else _EPS
    # A sum of p products errs by about √p eps; 1000 n leaves room for 10⁶ parameters and more.
    return array.astype(float, copy=False), 1000 * array.shape[-1] * max(float(eps), _EPS)


def _reject(gram: np.ndarray, rounding: float) -> None:
    """ValueError that says what is wrong with ``gram``, if it is not a Gram matrix up to ``rounding``."""
    if not np.isfinite(gram).all():
        what = "nan" if np.isnan(gram).any() else "inf"
        raise ValueError(f"gram: holds {what}; accepted are finite numbers")
    diagonal = np.diagonal(gram, axis1=-2, axis2=-1)
    if (diagonal < 0).any():
        raise ValueError("gram: has a negative diagonal entry, so it is not positive semidefinite")
    # Squares below 5e-324 underflow to 0, so a row whose square is 0 may still have products up to this size.
    length = np.maximum(np.sqrt(diagonal), 2.0**-537)
    product = length[..., :, None] * length[..., None, :]
    if (np.abs(gram - np.swapaxes(gram, -1, -2)) > rounding * product).any():
        raise ValueError("gram: is asymmetric beyond rounding; accepted are matrices of inner products")
    if (np.abs(gram) > (1 + rounding) * product).any():
        raise ValueError("gram: an off-diagonal entry exceeds the two lengths' product, so it is indefinite")


def _equilibrated(gram: np.ndarray, rounding: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row-scaled Gram matrices, the scales, and which rows are zero, after validation.

    Returns C (..., n, n) with C_ij = G_ij 2^(−h_i−h_j), diagonal in [1/4, 1) (1 for zero rows); c (..., n) with
    c_i = 2^(min h − h_i) in (0, 1]; zero (..., n). Powers of two make the scaling free of rounding.
    """
    _reject(gram, rounding)
    diagonal = np.diagonal(gram, axis1=-2, axis2=-1)
    zero = diagonal == 0
    half = (np.frexp(diagonal)[1] + 1) // 2
    half = np.where(zero, half.max(), half)
    # Two ldexp: 2^(−h_i−h_j) alone could overflow where the entry is tiny.
    scaled = np.ldexp(np.ldexp(gram, -half[..., :, None]), -half[..., None, :])
    scaled = (scaled + np.swapaxes(scaled, -1, -2)) / 2
    if zero.any():
        scaled = np.where(zero[..., :, None] | zero[..., None, :], 0.0, scaled)
        scaled[zero] += np.eye(gram.shape[-1])[np.nonzero(zero)[-1]]
    try:
        np.linalg.cholesky(scaled + rounding * np.eye(gram.shape[-1]))
    except np.linalg.LinAlgError:
        raise ValueError("gram: is indefinite beyond rounding; accepted are positive semidefinite matrices") from None
    return scaled, np.ldexp(1.0, half.min(-1, keepdims=True) - half), zero


def _factor(scaled: np.ndarray) -> tuple[np.ndarray, bool]:
    """A (r, n) with AᵀA = C up to rounding, and whether C is well conditioned (then r = n, A triangular)."""
    factor, failed = lapack.dpotrf(scaled.T)
    if not failed and factor.diagonal().min() > 1e-4:
        return factor, True
    return _pivoted_factor(scaled), False


def _pivoted_factor(scaled: np.ndarray, size: float = 1.0) -> np.ndarray:
    """A (r, n) with AᵀA = C up to rounding, r the numerical rank: Cholesky with complete pivoting."""
    n = len(scaled)
    factor, pivots, rank, _ = lapack.dpstrf(scaled.T, tol=n * _EPS * size)
    rows = np.zeros((rank, n))
    rows[:, pivots - 1] = np.triu(factor[:rank])
    return rows


# --- Non-negative quadratic programs ------------------------------------------------------------------------------


def _solve_passive(matrix: np.ndarray, target: np.ndarray, passive: np.ndarray) -> np.ndarray:
    """z (B, n) with (M z)_P = q_P on the passive set P of each problem and z = 0 elsewhere. M is (1 or B, n, n)."""
    n = target.shape[-1]
    if n <= _LOCKSTEP:
        block = np.where(passive[:, :, None] & passive[:, None, :], matrix, np.eye(n))
        return np.linalg.solve(block, np.where(passive, target, 0.0)[..., None])[..., 0]
    solution = np.zeros_like(target)
    for k, indices in enumerate(map(np.flatnonzero, passive)):  # small systems: cheaper than padding to n
        block = matrix[k % len(matrix)].take(indices, 0).take(indices, 1)
        solution[k, indices] = lapack.dposv(block.T, target[k, indices], overwrite_a=True)[1]
    return solution


def _block_pivot(matrix: np.ndarray, target: np.ndarray, passive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """min ½ zᵀMz − qᵀz over z ≥ 0 by block principal pivoting, all problems in lockstep.

    matrix: (1 or B, n, n), positive definite. target: q (B, n). passive: first guess of the support.
    Every round solves on the support P, then moves all indices of the wrong sign (z_i < 0 in P, (Mz − q)_i < 0
    outside) across; when that does not reduce their number, only the last of them moves (Murty's rule, which is
    finite). Returns z and which problems converged. Portugal, Júdice & Vicente, Math. Comp. 63 (1994).
    """
    batch, n = target.shape
    result, done = np.zeros_like(target), np.zeros(batch, bool)
    todo, passive = np.arange(batch), passive.copy()
    fewest, patience = np.full(batch, n + 1), np.full(batch, 3)
    slack = 4 * n * _EPS
    for _ in range(5 * n + 20):
        shared = matrix if len(matrix) == 1 else matrix[todo]
        z = _solve_passive(shared, target[todo], passive)
        dual = np.matmul(shared, z[..., None])[..., 0] - target[todo]
        wrong = np.where(passive, z < 0, dual < -slack * (1 + np.abs(z).max(-1, keepdims=True)))
        count = wrong.sum(-1)
        right = count == 0
        result[todo[right]], done[todo[right]] = z[right], True
        better = count < fewest
        patience = np.where(better, 3, patience - 1)
        fewest = np.minimum(fewest, count)
        only_last = np.arange(n) == n - 1 - np.argmax(wrong[:, ::-1], -1)[:, None]
        passive ^= np.where((patience >= 0)[:, None], wrong, wrong & only_last)
        keep = ~right
        todo, passive, fewest, patience = todo[keep], passive[keep], fewest[keep], patience[keep]
        if not len(todo):
            break
    return result, done


def _nonnegative_least_squares(rows: np.ndarray, target: np.ndarray) -> np.ndarray:
    """scipy's compiled Lawson–Hanson active set, with room for more exchanges than its default."""
    return nnls(rows, target, maxiter=30 * rows.shape[1] + 100)[0]


# --- The exact weights --------------------------------------------------------------------------------------------


def two_task_weights(gram: np.ndarray) -> np.ndarray:
    """Exact minimiser of αᵀGα for two tasks: the foot of the altitude, or the shorter gradient. (..., 2, 2) → (..., 2).

    Clamped cases: ⟨g_1, g_2⟩ ≥ ‖g_1‖² gives (1, 0), ⟨g_1, g_2⟩ ≥ ‖g_2‖² gives (0, 1); equal rows give (½, ½).
    Only the entries G_11, G_12, G_22 are read, and nothing is validated; `min_norm_weights` validates.
    """
    # One power of two per problem: differences of entries near 1e308 or 1e−308 would overflow or underflow.
    gram = np.asarray(gram, float)
    first, both, second = gram[..., 0, 0], gram[..., 0, 1], gram[..., 1, 1]
    shift = -np.frexp(np.maximum(first, second))[1]
    first, both, second = (np.ldexp(x, shift) for x in (first, both, second))
    weights = np.stack([np.maximum(second - both, 0.0), np.maximum(first - both, 0.0)], -1)
    total = weights.sum(-1, keepdims=True)
    return np.divide(weights, total, out=np.full_like(weights, 0.5), where=total > 0)


def _two_tasks(gram: np.ndarray, rounding: float) -> np.ndarray:
    """`two_task_weights` of one validated matrix in plain floats, several times faster than arrays of four."""
    (first, both), (other, second) = gram.tolist()
    bound = math.sqrt(first) * math.sqrt(second) if first >= 0 <= second else math.nan
    # Written so that nan, inf, and entries too small or large for plain differences all take the careful way.
    if not (both == other and abs(both) <= bound and 1e-290 < bound < 1e290):
        _reject(gram, rounding)
        return two_task_weights((gram + gram.T) / 2 if both != other else gram)
    down, up = max(second - both, 0.0), max(first - both, 0.0)
    total = down + up
    return np.array([down / total, up / total]) if total > 0 else np.array([0.5, 0.5])


def _dense_support(scaled: np.ndarray, c: np.ndarray, factor: np.ndarray) -> np.ndarray | None:
    """y > 0 on P, C_PP y_P = c_P, Cy ≥ c: the optimum of a well conditioned C up to its length, or None.

    Starts from all tasks, since most of them carry weight when the gradients are independent; R = ``factor``.
    """
    y = lapack.dpotrs(factor, c)[0]
    if y.min() > 0:
        return y
    floor = (1 - 1e-13) * c
    for _ in range(12):  # block exchanges, as in _block_pivot; ten or so rounds suffice up to n = 256
        support = (y > 0).nonzero()[0]
        _, part, failed = lapack.dposv(scaled.take(support, 0).take(support, 1).T, c.take(support), overwrite_a=True)
        if failed:
            return None
        y = np.zeros_like(c)
        y[support] = part
        dual = scaled @ y
        if part.min() > 0:
            if not (dual < floor).any():
                return y
        y = np.where((dual < floor) & (y == 0), 1.0, y)
    return None


def _one_min_norm(scaled: np.ndarray, c: np.ndarray, factor: np.ndarray, good: bool, size: float) -> np.ndarray:
    """y ≥ 0 with cᵀy = 1 that minimises yᵀCy; the diagonal of C is of order ``size``."""
    if good and (y := _dense_support(scaled, c, factor)) is not None:
        return y / (c @ y)
    rank, root = len(factor), math.sqrt(size)
    rows, target = np.empty((rank + 1, len(c))), np.zeros(rank + 1)
    rows[:rank] = factor
    rows[rank] = root * c
    target[rank] = root
    y = _nonnegative_least_squares(rows, target)
    return _polished(scaled, c, y / (c @ y))


def _polished(scaled: np.ndarray, c: np.ndarray, y: np.ndarray) -> np.ndarray:
    """``y``, or the solution of C_PP y ∝ c_P on its support P where that has the smaller duality gap."""
    image = scaled @ y
    value = y @ image
    gap = max((value * c - image).tolist())
    if gap <= 256 * _EPS * value:
        return y
    support = y.nonzero()[0]
    _, part, failed = lapack.dposv(scaled.take(support, 0).take(support, 1).T, c[support], overwrite_a=True)
    if failed or part.min() <= 0:
        return y
    other = np.zeros_like(y)
    other[support] = part / (c[support] @ part)
    image = scaled @ other
    return other if (other @ image * c - image).max() < gap else y


def min_norm_weights(gram: np.ndarray) -> np.ndarray:
    """The exact minimiser of αᵀGα over the simplex: the shortest convex combination of the gradients.

    gram: (..., n, n) real, symmetric positive semidefinite up to the rounding of its dtype, any scale from 1e−150² to
    1e150² (also mixed within one matrix). Returns α (..., n) in float64, α ≥ 0, Σα = 1. Rank-deficient, duplicate and
    nearly parallel rows are fine; zero rows share all the weight, since they make the optimum zero. The relative
    `duality_gap` is below 1e−12 where lengths are within 10³ of each other; beyond that the rounding of G itself limits
    it, and max_i (‖u‖² − ⟨g_i, u⟩)/‖g_i‖ is below 1e−12 Σ α_j‖g_j‖.

    ValueError for a wrong shape or dtype, empty, nan, inf, asymmetric or indefinite beyond rounding.

    Method: min over x ≥ 0 of ‖Ax‖² + s(1ᵀx − 1)² with AᵀA = G. For a fixed direction x/1ᵀx = α the best length leaves
    vs/(v + s) with v = αᵀGα, which grows with v: so the solution, normalised, is α. That non-negative least-squares
    problem is solved by an active set, and the weights on its support once more by G itself.
    """
    array, rounding = _square(gram)
    n = array.shape[-1]
    if array.ndim == 2 and n == 2:
        return _two_tasks(array, rounding)
    if n == 2:
        _reject(array, rounding)
        return two_task_weights((array + np.swapaxes(array, -1, -2)) / 2)
    if array.ndim == 2 and n > 2 and (plain := _plain_factor(array)) is not None:
        return _one_min_norm(array, np.ones(n), *plain)
    scaled, c, zero = _equilibrated(array, rounding)
    y = _stack_min_norm(scaled.reshape(-1, n, n), c.reshape(-1, n)).reshape(c.shape)
    weights = np.where(zero.any(-1, keepdims=True), zero, c * y)
    return weights / weights.sum(-1, keepdims=True)


def _plain_factor(gram: np.ndarray) -> tuple[np.ndarray, bool, float] | None:
    """`_factor` and the largest G_ii of one matrix in the usual case, or None: symmetric, lengths within 10³.

    No scaling. A nan, an inf or an indefinite matrix fails one of the tests; the careful way names it then.
    """
    n = len(gram)
    diagonal = gram.diagonal().tolist()
    low, high = min(diagonal), max(diagonal)  # of a list: for few tasks a numpy call costs more than the work in it
    if not (1e-200 < high < 1e200 and low > 1e-6 * high):
        return None
    factor, failed = lapack.dpotrf(gram.T)  # symmetric; the transpose is in LAPACK's order and needs no copy
    if not failed and min(factor.diagonal().tolist()) ** 2 > 1e-8 * high:
        return (factor, True, high) if (gram == gram.T).all() else None
    rows = _pivoted_factor(gram, high)
    # What a semidefinite matrix leaves is rounding. Written so that a nan fails.
    return (rows, False, high) if np.abs(gram - rows.T @ rows).max() <= 64 * n * _EPS * high else None


def _stack_min_norm(scaled: np.ndarray, c: np.ndarray) -> np.ndarray:
    """y (B, n) as `_one_min_norm`, for a stack of equilibrated matrices."""
    batch, n = c.shape
    result, done = np.zeros_like(c), np.zeros(batch, bool)
    if n == 1:
        return np.ones_like(c)
    if 1 < batch and n <= _LOCKSTEP:
        matrix = scaled + c[:, :, None] * c[:, None, :] + 4 * n * _EPS * np.eye(n)
        result, done = _block_pivot(matrix, c, np.ones_like(c, bool))
        done &= _relative_gap(scaled, c, result) < 1e-13
    for k in np.flatnonzero(~done):  # compiled active sets, one problem each: for large n no slower than a batched one
        result[k] = _one_min_norm(scaled[k], c[k], *_factor(scaled[k]), 1.0)
    return result


def _relative_gap(scaled: np.ndarray, c: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Scaled duality gap over yᵀCy (inf where that is not positive), for stacks."""
    y = y / (c * y).sum(-1, keepdims=True)
    image = np.matmul(scaled, y[..., None])[..., 0]
    value = (y * image).sum(-1)
    gap = (value[..., None] * c - image).max(-1)
    return np.divide(gap, value, out=np.full_like(value, np.inf), where=value > 0)


def duality_gap(gram: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(αᵀGα − min_i (Gα)_i) / Σ_i α_i G_ii, shapes (..., n, n) and (..., n) → (...).

    The numerator is ≥ ‖u − u*‖² and zero only at the optimum. The denominator is the mean squared length of the
    gradients under α: unlike ‖u‖² it does not vanish at a Pareto-stationary point. 0/0 (all weight on zero rows) is 0.
    """
    gram, weights = np.asarray(gram, float), np.asarray(weights, float)
    image = np.matmul(gram, weights[..., None])[..., 0]
    gap = (weights * image).sum(-1) - image.min(-1)
    size = (weights * np.diagonal(gram, axis1=-2, axis2=-1)).sum(-1)
    return np.divide(gap, size, out=np.zeros_like(gap), where=size > 0)


# --- The article's own routes -------------------------------------------------------------------------------------


def _steps(steps: int) -> int:
    if not isinstance(steps, (int, np.integer)) or steps < 1:
        raise ValueError(f"steps: {steps!r} is not an integer ≥ 1")
    return int(steps)


def _checked(gram: np.ndarray) -> np.ndarray:
    array, rounding = _square(gram)
    _reject(array, rounding)
    return array


def _march(gram: np.ndarray, steps: int, path: bool, step_size: Callable) -> np.ndarray:
    """α ← (1−γ)α + γ e_τ, τ = argmin_i (Gα)_i, from equal weights; γ = step_size(k, numerator, denominator)."""
    gram, n = _checked(gram), np.shape(gram)[-1]
    weights = np.full(gram.shape[:-1], 1.0 / n)
    diagonal = np.diagonal(gram, axis1=-2, axis2=-1)
    kept = [weights]
    image = np.matmul(gram, weights[..., None])[..., 0]
    for k in range(_steps(steps)):
        tau = image.argmin(-1)[..., None]
        value = (weights * image).sum(-1, keepdims=True)
        slope = value - np.take_along_axis(image, tau, -1)  # ⟨u, u − g_τ⟩ ≥ 0
        length = slope + np.take_along_axis(diagonal - image, tau, -1)  # ‖u − g_τ‖²
        gamma = step_size(k, slope, length)
        weights = (1 - gamma) * weights + gamma * (np.arange(n) == tau)
        row = np.take_along_axis(gram, tau[..., None], -2)[..., 0, :]
        # G e_τ is a row of G: no product is needed, except now and then against the drift of the sum.
        image = (1 - gamma) * image + gamma * row if k % 64 else np.matmul(gram, weights[..., None])[..., 0]
        if path:
            kept.append(weights)
    return np.stack(kept) if path else weights


def frank_wolfe_weights(gram: np.ndarray, steps: int, rule: str = "line_search", path: bool = False) -> np.ndarray:
    """Frank–Wolfe from equal weights: interpolate towards the task that the present direction serves worst.

    rule: "line_search" (the best γ, the article's two-task formula), "2/(k+2)" or "1/(k+1)", with k = 0, 1, …
    Returns weights (..., n), or with ``path`` all iterates (steps + 1, ..., n). ValueError as `min_norm_weights`
    (except definiteness), for steps < 1 or another rule. Frank & Wolfe (1956); Sener & Koltun (2018), algorithm 2.
    """

    def searched(k: int, slope: np.ndarray, length: np.ndarray) -> np.ndarray:
        return np.clip(np.divide(slope, length, out=np.zeros_like(slope), where=length > 0), 0, 1)

    rules = {
        "line_search": searched,
        "2/(k+2)": lambda k, slope, length: 2 / (k + 2),
        "1/(k+1)": lambda k, slope, length: 1 / (k + 1),
    }
    if rule not in rules:
        raise ValueError(f"rule: {rule!r} is not one of {', '.join(rules)}")
    return _march(gram, steps, path, rules[rule])


def averaged_weights(gram: np.ndarray, steps: int, path: bool = False) -> np.ndarray:
    """The article's running average u ← (k u + g_τ)/(k + 1), τ = argmin_i ⟨g_i, u⟩, as weights (..., n).

    The first step (k = 0) replaces u by one gradient; equal weights only choose which. Identical to
    `frank_wolfe_weights` with the rule "1/(k+1)". With ``path`` all iterates (steps + 1, ..., n), the start included.
    """
    return frank_wolfe_weights(gram, steps, "1/(k+1)", path)


def softmin(values: np.ndarray, sharpness: float) -> np.ndarray:
    """e^(−λ v_i) / Σ_j e^(−λ v_j) over the last axis; λ = inf puts all weight on the first minimum."""
    values = np.asarray(values, float)
    if not sharpness > 0:
        raise ValueError(f"sharpness: {sharpness!r} is not > 0")
    if math.isinf(sharpness):
        return (np.arange(values.shape[-1]) == values.argmin(-1)[..., None]).astype(float)
    powers = np.exp(-sharpness * (values - values.min(-1, keepdims=True)))
    return powers / powers.sum(-1, keepdims=True)


def naive_weights(gram: np.ndarray, steps: int, sharpness: float = math.inf, path: bool = False) -> np.ndarray:
    """The article's first iteration, α ← softmin_i λ⟨g_i, u⟩ with u = Σ α_i g_i, from equal weights.

    sharpness: λ > 0; inf takes the argmin. It may oscillate for ever; shapes and errors as `averaged_weights`.
    """
    gram = _checked(gram)
    kept = [np.full(gram.shape[:-1], 1.0 / gram.shape[-1])]
    for _ in range(_steps(steps)):
        kept.append(softmin(np.matmul(gram, kept[-1][..., None])[..., 0], sharpness))
        if not path:
            kept = kept[-1:]
    return np.stack(kept) if path else kept[-1]


def smooth_weights(gram: np.ndarray, sharpness: float) -> np.ndarray:
    """The fixed point α = softmin_i λ⟨g_i, Σ α_j g_j⟩ of one Gram matrix (n, n): the maximiser of the smoothed problem.

    With u = Σ a_j g_j it maximises the smoothed minimum of ⟨g_i, u⟩ minus ½‖u‖², a strongly concave function of u:
    Newton's method on the coefficients a, damped so that it ascends, with λ raised in steps of four from a value where
    the function is nearly quadratic. ValueError as `naive_weights`.
    """
    gram = _checked(gram)
    if gram.ndim != 2:
        raise ValueError(f"gram: shape {gram.shape} is not (n, n)")
    if not 0 < sharpness < math.inf:
        raise ValueError(f"sharpness: {sharpness!r} is not a finite number > 0")
    n, size = len(gram), gram.diagonal().max()
    coefficients = np.full(n, 1.0 / n)
    stages = max(0, math.ceil(math.log(max(sharpness * size, 1.0), 4)))
    for stage in sharpness * 0.25 ** np.arange(stages, -1, -1):
        for _ in range(60):
            image = gram @ coefficients
            weights = softmin(image, stage)
            move = np.linalg.solve(
                np.eye(n) + stage * (np.diag(weights) - np.outer(weights, weights)) @ gram, weights - coefficients
            )
            length = 1.0
            if stage * np.abs(gram @ move).max() > 0.1:  # not yet where Newton's model holds: search along the line
                slope, value = (weights - coefficients) @ gram @ move, _smoothed(gram, coefficients, stage)
                while _smoothed(gram, coefficients + length * move, stage) < value + 1e-4 * length * slope:
                    length /= 2
                    if length < 1e-9:
                        break
            coefficients = coefficients + length * move
            if np.abs(move).max() < 1e-14:
                break
    return softmin(gram @ coefficients, sharpness)


def _smoothed(gram: np.ndarray, coefficients: np.ndarray, sharpness: float) -> float:
    """−(1/λ) log Σ_i e^(−λ⟨g_i, u⟩) − ½‖u‖² at u = Σ a_j g_j."""
    image = gram @ coefficients
    return -logsumexp(-sharpness * image) / sharpness - coefficients @ image / 2


def naive_multiplier(gram: np.ndarray, sharpness: float) -> float:
    """λ · λ_max(Σ_i α_i (g_i − u)(g_i − u)ᵀ) at the smoothed optimum: the naive iteration contracts there iff < 1.

    The derivative of u ↦ Σ softmin_i(λ⟨g_i, u⟩) g_i is −λ times the covariance of the gradients under α.
    """
    weights = smooth_weights(gram, sharpness)
    root = np.sqrt(weights)
    centred = np.eye(len(weights)) - weights  # rows e_i − α: g_i − u in terms of the gradients
    return float(sharpness * np.linalg.eigvalsh(root[:, None] * (centred @ gram @ centred.T) * root)[-1])


def softmax_descent_weights(gram: np.ndarray, steps: int, rate: float, path: bool = False) -> np.ndarray:
    """Plain gradient descent on β ↦ ½αᵀGα with α = softmax β, from β = 0; shapes as `averaged_weights`.

    rate: step in units of 1 / max_i G_ii, so that it does not depend on the scale of the gradients. The derivative
    is α_i ((Gα)_i − αᵀGα). ValueError also for a rate that is not finite and > 0.
    """
    gram = _checked(gram)
    if not 0 < rate < math.inf:
        raise ValueError(f"rate: {rate!r} is not a finite number > 0")
    size = np.diagonal(gram, axis1=-2, axis2=-1).max(-1)[..., None, None]
    gram = np.divide(gram, size, out=np.zeros_like(gram), where=size > 0)
    logits = np.zeros(gram.shape[:-1])
    kept = [softmin(-logits, 1.0)]
    for _ in range(_steps(steps)):
        image = np.matmul(gram, kept[-1][..., None])[..., 0]
        logits = logits - rate * kept[-1] * (image - (kept[-1] * image).sum(-1, keepdims=True))
        kept.append(softmin(-logits, 1.0))
        if not path:
            kept = kept[-1:]
    return np.stack(kept) if path else kept[-1]


# --- The field after the article: weights from the Gram matrix ----------------------------------------------------


def _lengths(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """‖g_i‖ and its inverse (0 for a zero gradient)."""
    lengths = np.sqrt(np.diagonal(gram, axis1=-2, axis2=-1))
    return lengths, np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)


def mean_weights(gram: np.ndarray) -> np.ndarray:
    """1/n each: the gradient of the mean loss."""
    gram = _checked(gram)
    return np.full(gram.shape[:-1], 1.0 / gram.shape[-1])


def normalized_weights(gram: np.ndarray) -> np.ndarray:
    """1/‖g_i‖, so that u = Σ g_i/‖g_i‖: unchanged when a loss is scaled or shifted. A zero gradient gets weight 0."""
    return _lengths(_checked(gram))[1]


def pcgrad_weights(gram: np.ndarray, order: np.ndarray | None = None) -> np.ndarray:
    """Gradient surgery: each gradient loses its component against every other one it conflicts with, then the sum.

    order: the tasks in the order in which they are projected away, (n,) or one row per task (n, n); None is
    0, 1, …, n−1. The result depends on it. Yu et al., Gradient surgery for multi-task learning (2020), algorithm 1.
    """
    gram = _checked(gram)
    n = gram.shape[-1]
    order = np.arange(n) if order is None else np.asarray(order)
    if order.shape not in ((n,), (n, n)) or (np.sort(order, -1) != np.arange(n)).any():
        raise ValueError(f"order: is not one permutation of 0 … {n - 1}, or one per task")
    order = np.broadcast_to(order, (n, n))
    squares = np.diagonal(gram, axis1=-2, axis2=-1)
    total = np.zeros(gram.shape[:-1])
    for i in range(n):
        current = np.broadcast_to((np.arange(n) == i).astype(float), total.shape).copy()
        for j in order[i][order[i] != i]:
            conflict = np.minimum((gram[..., j, :] * current).sum(-1), 0.0)
            square = squares[..., j]
            current[..., j] -= np.divide(conflict, square, out=np.zeros_like(conflict), where=square > 0)
        total += current
    return total


def cagrad_weights(gram: np.ndarray, radius: float = 0.4) -> np.ndarray:
    """Conflict-averse: max over ‖u − g_0‖ ≤ c‖g_0‖ of min_i ⟨g_i, u⟩, with g_0 the mean gradient and c = ``radius``.

    The dual, min over the simplex of ⟨g_w, g_0⟩ + c‖g_0‖‖g_w‖, becomes a shortest-vector problem with
    ‖g_w‖ = min over t > 0 of (‖g_w‖²/t + t)/2: for fixed s = t/(c‖g_0‖) its minimiser is that of ‖g_w + s g_0‖, and
    s is right where ‖g_w‖ = s c‖g_0‖; ‖g_w‖² − t² has one change of sign because the dual is convex in t. So
    `min_norm_weights` solves it, within a search for s. Liu et al. (2021), algorithm 1, without its rescaling.
    ValueError for a radius outside [0, 1).
    """
    gram = _checked(gram)
    if not 0 <= radius < 1:
        raise ValueError(f"radius: {radius!r} is not in [0, 1)")
    n = gram.shape[-1]
    mean = np.full(gram.shape[:-1], 1.0 / n)
    image = gram.mean(-1)
    square = image.mean(-1)  # ‖g_0‖²
    size = np.diagonal(gram, axis1=-2, axis2=-1).max(-1)
    active = square > 64 * _EPS * size
    if radius == 0 or not active.any():
        return mean
    reach = radius * np.sqrt(np.where(active, square, 1.0))
    # From vectors, since the entries of G + s(…) + s²(…) cancel where g_w is nearly −s g_0.
    values, vectors = np.linalg.eigh(gram)
    rows = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]

    def shortest(exponent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """g_w for s = 2^exponent, and log2 of ‖g_w‖/(s c‖g_0‖), which is 0 at the right s."""
        shifted = rows + np.exp2(exponent)[..., None, None] * rows.mean(-2, keepdims=True)
        weights = min_norm_weights(np.matmul(shifted, np.swapaxes(shifted, -1, -2)))
        length = np.linalg.norm(np.matmul(weights[..., None, :], rows)[..., 0, :], axis=-1)
        return weights, np.log2(np.maximum(length / reach, 1e-300)) - exponent

    low, high = np.full(reach.shape, -52.0), np.log2(np.sqrt(np.where(active, size, 1.0)) / reach) + 1
    at_low, (weights, at_high) = shortest(low)[1], shortest(high)
    at_low = np.maximum(at_low, 0.0)  # a root below 2^−52 is taken to be there
    before = np.zeros(reach.shape)
    for k in range(80):  # regula falsi; an end that stays has its value halved (Illinois), and now and then a bisection
        width = np.where(at_low > at_high, at_low - at_high, 1.0)
        middle = (low + high) / 2 if k % 8 == 7 else low + (high - low) * np.clip(at_low / width, 0, 1)
        weights, value = shortest(middle)
        side = np.sign(value)
        stale = np.where(side == before, 0.5, 1.0)
        at_low, at_high = np.where(side > 0, value, at_low * stale), np.where(side > 0, at_high * stale, value)
        low, high, before = np.where(side > 0, middle, low), np.where(side > 0, high, middle), side
        if np.abs(np.where(active, value, 0.0)).max() < 1e-13:
            break
    return np.where(active[..., None], mean + weights / np.exp2(middle)[..., None], mean)


def imtl_g_weights(gram: np.ndarray) -> np.ndarray:
    """Equal projections on all gradients' directions, weights summing to 1: α ∝ G⁺ (‖g_1‖, …, ‖g_n‖).

    Weights may be negative, and all are 0 where they cannot be made to sum to 1. Liu et al., Towards impartial
    multi-task learning (2021); the pseudo-inverse is Quinton & Rey's extension (2024).
    """
    gram = _checked(gram)
    lengths, _ = _lengths(gram)
    raw = np.matmul(np.linalg.pinv(gram, hermitian=True), lengths[..., None])[..., 0]
    total = raw.sum(-1, keepdims=True)
    usable = np.abs(total) > 1e-12 * np.abs(raw).sum(-1, keepdims=True)
    return np.divide(raw, total, out=np.zeros_like(raw), where=usable)


def nash_mtl_weights(gram: np.ndarray) -> np.ndarray:
    """The bargaining solution Gα = 1/α, α > 0, hence ‖u‖² = αᵀGα = n always.

    It minimises ½αᵀGα − Σ log α_i. Both are solved for unit gradients (α_i → α_i/‖g_i‖ leaves u as it is) by damped
    Newton steps, which converge from everywhere because the function is self-concordant. At a Pareto-stationary point
    there is no solution; a ridge of 1e−12 keeps the answer finite there. A zero gradient gets weight 0.
    Navon et al., Multi-task learning as a bargaining game (2022), eq. 4.
    """
    gram = _checked(gram)
    n = gram.shape[-1]
    _, inverse = _lengths(gram)
    unit = gram * inverse[..., :, None] * inverse[..., None, :] + 1e-12 * np.eye(n)
    unit = np.where((inverse == 0)[..., :, None], np.eye(n), unit)
    # Exact for two tasks, where both weights are equal; for more, a start not too far out.
    weights = 1 / np.sqrt(np.maximum(unit.sum(-1), 1e-13 if n == 2 else 0.1))
    for _ in range(200):
        slope = np.matmul(unit, weights[..., None])[..., 0] - 1 / weights
        hessian = unit + (1 / weights**2)[..., None] * np.eye(n)
        move = np.linalg.solve(hessian, -slope[..., None])[..., 0]
        decrement = np.sqrt(np.maximum(-(slope * move).sum(-1, keepdims=True), 0.0))
        weights = weights + np.where(decrement > 0.25, 1 / (1 + decrement), 1.0) * move
        if decrement.max() < 1e-7:  # squared by the step just taken
            break
    return weights * inverse


def aligned_mtl_weights(gram: np.ndarray) -> np.ndarray:
    """Equal weights after all principal components of the gradients are scaled to the smallest: σ_min (√G)⁺ 1/n.

    Senushkin et al., Independent component alignment for multi-task learning (2023), algorithm 1.
    """
    gram = _checked(gram)
    n = gram.shape[-1]
    values, vectors = np.linalg.eigh(gram)
    kept = values > values[..., -1:] * n * _EPS
    smallest = np.where(kept, values, np.inf).min(-1, keepdims=True)
    scale = np.sqrt(np.divide(smallest, values, out=np.zeros_like(values), where=kept))
    projected = np.matmul(np.swapaxes(vectors, -1, -2), np.full((n, 1), 1.0 / n))[..., 0]
    weights = np.matmul(vectors, (scale * projected)[..., None])[..., 0]
    return np.where(values[..., -1:] > 0, weights, 1.0 / n)


def upgrad_weights(gram: np.ndarray) -> np.ndarray:
    """The mean of the gradients' projections onto the cone {u : ⟨g_i, u⟩ ≥ 0 for all i}.

    The projection of g_k is Σ_j (e_k + z)_j g_j with z = argmin over z ≥ 0 of (e_k + z)ᵀG(e_k + z): n non-negative
    quadratic programs with one matrix. Quinton & Rey, Jacobian descent (2024), proposition 1. ValueError as
    `min_norm_weights`.
    """
    array, rounding = _square(gram)
    n = array.shape[-1]
    if array.ndim == 2 and (plain := _plain_factor(array)) is not None:
        return _dual_cone_weights(array, *plain[:2])
    scaled, c, _ = _equilibrated(array, rounding)
    if n == 2:  # only the other task can be in the way: g_1 loses its component along g_2, and conversely
        squares = np.diagonal(scaled, axis1=-2, axis2=-1)
        push = -np.minimum(scaled[..., :1, 1], 0) / squares * (c / c[..., ::-1])
        return (1 + push) / 2
    total = np.empty_like(c)
    for index in np.ndindex(c.shape[:-1]):
        factor, good = _factor(scaled[index])
        total[index] = c[index] * _dual_cone_weights(scaled[index], factor, good, 1 / c[index])
    return total


def _dual_cone_weights(
    scaled: np.ndarray, factor: np.ndarray, good: bool, lengths: np.ndarray | None = None
) -> np.ndarray:
    """Mean over k of y_k + z_k with z_k = argmin over z ≥ 0 of (y_k + z)ᵀC(y_k + z), y_k = ``lengths``[k] e_k."""
    n = len(scaled)
    total = np.ones(n) if lengths is None else lengths.copy()
    conflict = -scaled if lengths is None else -scaled * lengths[:, None]
    todo = (conflict > 0).any(-1).nonzero()[0]
    if good and n > _LOCKSTEP and len(todo):
        extra, done = _block_pivot(scaled[None], conflict[todo], conflict[todo] > 0)
        total += extra.sum(0)
        todo = todo[~done]
    for k in todo:
        target = -factor[:, k] if lengths is None else -lengths[k] * factor[:, k]
        total += _nonnegative_least_squares(factor, target)
    return total / n


# --- Aggregators: one Jacobian in, one direction out --------------------------------------------------------------

Aggregator = Callable[[Tensor], Tensor]


def _aggregator(weights: Callable[..., np.ndarray], name: str) -> Aggregator:
    def aggregate(jacobian: Tensor, **options) -> Tensor:
        if not isinstance(jacobian, Tensor) or jacobian.dtype not in (torch.float32, torch.float64):
            raise ValueError("jacobian: is not a torch tensor of dtype float32 or float64")
        if jacobian.ndim != 2 or jacobian.numel() == 0:
            raise ValueError(f"jacobian: shape {tuple(jacobian.shape)} is not (tasks, parameters) with both ≥ 1")
        jacobian = jacobian.detach()
        largest = float(jacobian.abs().max())
        if not math.isfinite(largest):
            raise ValueError("jacobian: holds nan or inf; accepted are finite numbers")
        # A power of two, so that products neither overflow nor underflow and no bit changes.
        shift = math.frexp(largest)[1] if largest > 0 else 0
        scaled = torch.ldexp(jacobian, torch.tensor(-shift, device=jacobian.device))
        exact = scaled.double() if jacobian.device.type != "mps" else scaled.cpu().double()
        gram = (exact @ exact.T).cpu().numpy()
        found = torch.from_numpy(weights((gram + gram.T) / 2, **options)).to(exact.device)
        direction = (found @ exact).to(jacobian)
        # Weights of degree −1 in the gradients, such as 1/‖g‖, give a direction that does not follow their scale.
        return (
            direction
            if name in ("normalized_sum", "nash_mtl")
            else torch.ldexp(direction, torch.tensor(shift, device=direction.device))
        )

    aggregate.__name__ = aggregate.__qualname__ = name
    aggregate.__doc__ = (
        f"Direction (parameters,) of `{weights.__name__}` from a float32 or float64 Jacobian (tasks, parameters).\n\n"
        "    Same dtype and device as the Jacobian; step along its negative. Keyword options go to the weights.\n"
        "    ValueError for another shape or dtype, an empty Jacobian, nan or inf.\n    "
    )
    return aggregate


mean = _aggregator(mean_weights, "mean")
normalized_sum = _aggregator(normalized_weights, "normalized_sum")
mgda = _aggregator(min_norm_weights, "mgda")
pcgrad = _aggregator(pcgrad_weights, "pcgrad")
cagrad = _aggregator(cagrad_weights, "cagrad")
imtl_g = _aggregator(imtl_g_weights, "imtl_g")
nash_mtl = _aggregator(nash_mtl_weights, "nash_mtl")
aligned_mtl = _aggregator(aligned_mtl_weights, "aligned_mtl")
upgrad = _aggregator(upgrad_weights, "upgrad")

AGGREGATORS: dict[str, Aggregator] = {
    f.__name__: f for f in (mean, normalized_sum, mgda, pcgrad, cagrad, imtl_g, nash_mtl, aligned_mtl, upgrad)
}
WEIGHTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": mean_weights,
    "normalized_sum": normalized_weights,
    "mgda": min_norm_weights,
    "pcgrad": pcgrad_weights,
    "cagrad": cagrad_weights,
    "imtl_g": imtl_g_weights,
    "nash_mtl": nash_mtl_weights,
    "aligned_mtl": aligned_mtl_weights,
    "upgrad": upgrad_weights,
}


# --- Toy problems -------------------------------------------------------------------------------------------------

TOY_STARTS = np.array([[-8.5, 7.5], [-8.5, -5.0], [0.0, 0.0], [9.0, 9.0], [10.0, -8.0]])


def toy_losses(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two-loss problem of Liu et al. (CAGrad, 2021): values (..., 2) and Jacobians (..., 2, 2) at (..., 2).

    Above θ_2 = 0 the logarithm of a curved valley, below it a bowl, blended by tanh; gradients in closed form,
    at the kink θ_2 = 0 those from below.
    """
    points = np.asarray(points, float)
    if points.shape[-1:] != (2,):
        raise ValueError(f"points: shape {points.shape} is not (..., 2)")
    x, y = points[..., None, 0], points[..., None, 1]
    side = np.array([7.0, -7.0])  # minimum of the bowl of loss 1 and of loss 2
    offset = np.array([0.0, 2.0])
    valley = 0.5 * (-x - np.array([7.0, -3.0])) + np.tanh(y) + offset
    inside = np.abs(valley) < 5e-6
    log = np.log(np.maximum(np.abs(valley), 5e-6)) + 6
    slope = np.where(inside, 0.0, 1 / np.where(inside, 1.0, valley))
    bowl = ((x - side) ** 2 + 0.1 * (y + 8) ** 2) / 10 - 20
    up, down = np.tanh(0.5 * y), np.tanh(-0.5 * y)
    above, below = np.maximum(up, 0), np.maximum(down, 0)
    value = above * log + below * bowl
    d_above = np.where(y > 0, 0.5 * (1 - up**2), 0.0)
    d_below = np.where(y <= 0, -0.5 * (1 - down**2), 0.0)
    dx = above * slope * -0.5 + below * (x - side) / 5
    dy = d_above * log + above * slope * (1 - np.tanh(y) ** 2) + d_below * bowl + below * 0.02 * (y + 8)
    return value, np.stack([dx, dy], -1)


def concave_front_losses(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """L_i = 1 − exp(−‖θ ∓ 1/√d‖²): values (..., 2) and Jacobians (..., 2, d) at points (..., d).

    The Pareto front, traced by θ = s·1/√d with −1 ≤ s ≤ 1, is concave in its middle. Fonseca & Fleming (1995).
    """
    points = np.asarray(points, float)
    if points.ndim < 1 or points.shape[-1] < 1:
        raise ValueError(f"points: shape {points.shape} is not (..., d) with d ≥ 1")
    centre = points.shape[-1] ** -0.5 * np.array([[1.0], [-1.0]])
    offset = points[..., None, :] - centre
    decay = np.exp(-(offset**2).sum(-1))
    return 1 - decay, 2 * offset * decay[..., None]


# --- Shared encoder -----------------------------------------------------------------------------------------------


def safe_condition_number(cosine: np.ndarray) -> np.ndarray:
    """Largest κ(M) for which hᵀMu ≥ 0 is certain when ∠(h, u) has this cosine ≥ 0: (1 + cos)/(1 − cos), inf at 1.

    M = m(I + ρE) with ‖E‖ ≤ 1 and ρ = (κ − 1)/(κ + 1), so hᵀMu ≥ m‖h‖‖u‖(cos − ρ). Sharp: the reflection E that takes
    u/‖u‖ to −h/‖h‖ attains it. Values outside [0, 1] raise ValueError.
    """
    cosine = np.asarray(cosine, float)
    if not ((cosine >= 0) & (cosine <= 1)).all():
        raise ValueError("cosine: is not in [0, 1]")
    with np.errstate(divide="ignore"):
        return (1 + cosine) / (1 - cosine)
