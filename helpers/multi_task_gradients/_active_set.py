"""Non-negative quadratic programs, min ½ zᵀMz − qᵀz over z ≥ 0, by an active set; compiled.

Plain references: `min_norm_weights_by_supports`, `upgrad_weights_by_projection`. L is the lower triangular factor,
LLᵀ = M on the support, in the order in which the tasks joined it.
"""

from __future__ import annotations

import math

import numpy as np

from helpers.multi_task_gradients._compiled import EPS, Array, Integers, compiled


@compiled
def _append(matrix: Array, target: Array, order: Integers, size: int, factor: Array, half: Array, task: int) -> None:
    """Let ``task`` join the support: one more row of L, and of L⁻¹q in ``half``."""
    order[size] = task
    square, value = matrix[task, task], target[task]
    for i in range(size):
        total = matrix[task, order[i]]
        for k in range(i):
            total -= factor[size, k] * factor[i, k]
        factor[size, i] = total / factor[i, i]
        square -= factor[size, i] * factor[size, i]
        value -= factor[size, i] * half[i]
    # A pivot lost in rounding is set to what rounding may leave: the task then gets a bounded weight.
    factor[size, size] = math.sqrt(max(square, (size + 1) * EPS * matrix[task, task]))
    half[size] = value / factor[size, size]


@compiled
def _remove_task(order: Integers, size: int, factor: Array, half: Array, place: int) -> None:
    """Let the task at ``place`` leave the support: rotations make L triangular again."""
    for i in range(place, size - 1):
        order[i] = order[i + 1]
        for k in range(i + 2):
            factor[i, k] = factor[i + 1, k]
    for k in range(place, size - 1):
        length = math.hypot(factor[k, k], factor[k, k + 1])
        cosine, sine = factor[k, k] / length, factor[k, k + 1] / length
        for i in range(k, size - 1):
            a, b = factor[i, k], factor[i, k + 1]
            factor[i, k], factor[i, k + 1] = cosine * a + sine * b, cosine * b - sine * a
        a, b = half[k], half[k + 1]
        half[k], half[k + 1] = cosine * a + sine * b, cosine * b - sine * a


@compiled
def _forward_solve(target: Array, order: Integers, size: int, factor: Array, half: Array) -> None:
    """half = L⁻¹q on the support."""
    for i in range(size):
        value = target[order[i]]
        for k in range(i):
            value -= factor[i, k] * half[k]
        half[i] = value / factor[i, i]


@compiled
def _solve_support(size: int, factor: Array, half: Array, z: Array) -> None:
    """z = L⁻ᵀ (L⁻¹q), which is M⁻¹q on the support."""
    z[:size] = half[:size]
    for i in range(size - 1, -1, -1):
        z[i] /= factor[i, i]
        for k in range(i):
            z[k] -= z[i] * factor[i, k]


@compiled
def _next_task(matrix: Array, target: Array, order: Integers, size: int, z: Array, slope: Array) -> int:
    """The task outside the support that gains most by joining it, or −1 where none gains more than rounding.

    Fills ``slope`` with q − Mz, of which −inf marks the support.
    """
    n = len(matrix)
    slope[:] = target
    for i in range(size):
        for k in range(n):
            slope[k] -= z[i] * matrix[order[i], k]
    for i in range(size):
        slope[order[i]] = -np.inf
    while True:
        best = 0
        for k in range(1, n):
            if slope[k] > slope[best]:
                best = k
        if not slope[best] > 0:
            return -1
        terms = abs(target[best])
        for i in range(size):
            terms += abs(matrix[best, order[i]] * z[i])
        if slope[best] > (size + 4) * EPS * terms:
            return best
        slope[best] = 0.0


@compiled
def _start(
    matrix: Array, target: Array, order: Integers, size: int, factor: Array, half: Array, z: Array, slope: Array
) -> int:
    """Exchange tasks in blocks from the support order[:size], on which L is ready; returns the new size.

    Portugal, Júdice & Vicente (1994), for a few rounds; then tasks only leave, until all weights are positive.
    """
    _forward_solve(target, order, size, factor, half)
    rounds = 0 if size else 8
    while True:
        _solve_support(size, factor, half, z)
        gain = rounds < 8 and _next_task(matrix, target, order, size, z, slope) >= 0
        kept = 0
        for i in range(size):
            if z[i] > 0:
                order[kept] = order[i]
                kept += 1
        if kept == size and not gain:
            return size
        for task in range(len(matrix)):
            if gain and slope[task] > 0:
                order[kept] = task
                kept += 1
        for i in range(kept):
            _append(matrix, target, order, i, factor, half, order[i])
        size, rounds = kept, rounds + 1


@compiled
def _solve_nonnegative(matrix: Array, target: Array, order: Integers, size: int, factor: Array, result: Array) -> int:
    """Fill z ≥ 0 that minimises ½ zᵀMz − qᵀz, starting from the support order[:size], on which L is ready;
    returns the size of the last support.

    Lawson & Hanson (1974), chapter 23, on M instead of its factor: the task that gains most joins the support; tasks
    whose weight would turn negative leave it. Each exchange costs O(n · support).
    """
    n = len(matrix)
    half, z, old, slope = np.empty(n), np.empty(n), np.zeros(n), np.empty(n)
    size = _start(matrix, target, order, size, factor, half, z, slope)
    for _ in range(20 * n + 100):  # it ends long before; a bound on what rounding might do
        old[:size] = z[:size]
        task = _next_task(matrix, target, order, size, z, slope)
        if task < 0:
            break
        _append(matrix, target, order, size, factor, half, task)
        if half[size] <= 0:  # only by rounding
            break
        old[size] = 0.0
        size += 1
        while True:
            _solve_support(size, factor, half, z)
            # Go from the old weights towards the new ones until the first of them is zero, which leaves.
            step, place = 1.0, -1
            for i in range(size):
                if z[i] <= 0 and (place < 0 or old[i] < step * (old[i] - z[i])):
                    step, place = old[i] / (old[i] - z[i]) if old[i] > 0 else 0.0, i
            if place < 0:
                break
            for i in range(size):
                old[i] += step * (z[i] - old[i])
            _remove_task(order, size, factor, half, place)
            size -= 1
            for i in range(place, size):
                old[i] = old[i + 1]
    result[:] = 0.0
    for i in range(size):
        result[order[i]] = old[i]
    return size


@compiled
def _fill_two(matrix: Array, lengths: Array, alpha: Array) -> None:
    """Two tasks: the foot of the altitude, clamped; (½, ½) for equal gradients."""
    # G up to a common factor, such that the largest entry is of order 1
    small = min(lengths[0], lengths[1])
    first, second = small / lengths[0], small / lengths[1]
    both = matrix[0, 1] * first * second
    alpha[0] = max(matrix[1, 1] * second * second - both, 0.0)
    alpha[1] = max(matrix[0, 0] * first * first - both, 0.0)
    total = alpha[0] + alpha[1]
    for i in range(2):
        alpha[i] = alpha[i] / total if total > 0 else 0.5


@compiled
def min_norm_stack(work: Array, weights: Array) -> None:
    """Fill the weights (batch, n) of the shortest convex combinations from what `equilibrate_stack` filled."""
    n = weights.shape[1]
    for k in range(len(work)):
        matrix, factor, lengths, ready = work[k, :n], work[k, n : 2 * n], work[k, 2 * n], work[k, 2 * n + 1, 0]
        alpha = weights[k]
        zeros = 0
        for i in range(n):
            zeros += lengths[i] == np.inf
        if zeros:  # they make the optimum zero, and share all the weight
            for i in range(n):
                alpha[i] = 1 / zeros if lengths[i] == np.inf else 0.0
            continue
        if n == 2:
            _fill_two(matrix, lengths, alpha)
            continue
        size = n
        if not ready:
            size = 0
            for i in range(n):
                for j in range(n):
                    matrix[i, j] += lengths[i] * lengths[j]
        _solve_nonnegative(matrix, lengths, np.arange(n), size, factor, alpha)
        total = 0.0
        for i in range(n):
            alpha[i] *= lengths[i]
            total += alpha[i]
        for i in range(n):
            alpha[i] /= total


@compiled
def project_stack(work: Array, weights: Array) -> None:
    """Project combinations Σ a_i g_i onto the cone {u : ⟨g_i, u⟩ ≥ 0}: a + z with z ≥ 0 in place of each a.

    weights (batch, m, n): m combinations for each matrix that `equilibrate_stack` filled.
    """
    n = weights.shape[2]
    order, target, half, extra = np.arange(n), np.empty(n), np.empty(n), np.empty(n)
    for k in range(len(work)):
        matrix, factor, lengths, ready = work[k, :n], work[k, n : 2 * n], work[k, 2 * n], work[k, 2 * n + 1, 0]
        shift = 0.0 if ready else 4 * n * EPS  # combinations that are 0 would else be free to grow
        for i in range(n):
            matrix[i, i] += shift
        for combination in weights[k]:
            target[:] = 0.0
            for j in range(n):
                if combination[j] != 0:
                    for i in range(n):
                        target[i] -= combination[j] / lengths[j] * (matrix[j, i] - shift * (i == j))
            size, scale, conflict = 0, np.abs(target).max(), target.max() > 0
            for i in range(n):
                target[i] /= scale
                if ready and target[i] > 0:  # most of the tasks in conflict will be in the support
                    _append(matrix, target, order, size, factor, half, i)
                    size += 1
            if conflict:
                size = _solve_nonnegative(matrix, target, order, size, factor, extra)
                target[:] = shift * extra
                _forward_solve(target, order, size, factor, half)  # a refinement that takes the shift out again
                _solve_support(size, factor, half, half)
                refined = True
                for i in range(size):
                    refined &= extra[order[i]] + half[i] > 0
                for i in range(size):
                    z = extra[order[i]] + half[i] if refined else extra[order[i]]
                    combination[order[i]] += z * (scale * lengths[order[i]])
