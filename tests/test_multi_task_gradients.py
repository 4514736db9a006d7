"""Weights and directions against brute force, quadprog, scipy's optimisers, torch's gradients and torchjd."""

import itertools

import numpy as np
import pytest
import quadprog
import torch
import torchjd.aggregation as peers
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize
from torchjd._linalg import DualConeProjector

from helpers import multi_task_gradients as mtg

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


def enumerated(gram):
    """min αᵀGα over the simplex for positive definite G, by trying every support."""
    n, best = len(gram), (np.inf, None)
    for size in range(1, n + 1):
        for support in itertools.combinations(range(n), size):
            part = np.linalg.solve(gram[np.ix_(support, support)], np.ones(size))
            if (part > 0).all():
                weights = np.zeros(n)
                weights[list(support)] = part / part.sum()
                best = min(best, (weights @ gram @ weights, tuple(weights)))
    return np.array(best[1])


# --- the exact weights -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows, weights",
    [
        ([[1, 0], [0, 1]], [0.5, 0.5]),
        ([[2, 0], [0, 1]], [0.2, 0.8]),  # the foot of the altitude
        ([[1, 0], [3, 1]], [1, 0]),  # the first is the shorter one and inside the second's half-plane
        ([[3, 1], [1, 0]], [0, 1]),
        ([[1, 1], [1, 1]], [0.5, 0.5]),
        ([[1, 0], [-1, 0]], [0.5, 0.5]),
        ([[0, 0], [5, 1]], [1, 0]),
        ([[0, 0], [0, 0]], [0.5, 0.5]),
    ],
)
def test_two_tasks(rows, weights):
    gram = gram_of(np.array(rows, float))
    for found in (mtg.two_task_weights(gram), mtg.min_norm_weights(gram), mtg.min_norm_weights(gram[None])[0]):
        assert_allclose(found, weights, atol=1e-15)


@pytest.mark.parametrize("tasks", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_equals_the_best_of_all_supports(tasks, shift):
    rng = np.random.default_rng(tasks)
    grams = gram_of(np.stack([jacobian(rng, tasks, tasks + 2, shift) for _ in range(20)]))
    expected = np.stack([enumerated(g) for g in grams])
    assert_allclose(mtg.min_norm_weights(grams), expected, atol=1e-11)
    assert_allclose(np.stack([mtg.min_norm_weights(g) for g in grams]), expected, atol=1e-11)


@pytest.mark.parametrize("tasks", [2, 5, 17, 64, 256])
def test_equals_quadprog_at_full_rank(tasks):
    gram = gram_of(jacobian(np.random.default_rng(tasks), tasks, tasks + 40, 0.3))
    constraints = np.concatenate([np.ones((tasks, 1)), np.eye(tasks)], 1)
    bounds = np.append(1.0, np.zeros(tasks))
    expected = quadprog.solve_qp(gram, np.zeros(tasks), constraints, bounds, 1)[0]
    assert_allclose(mtg.min_norm_weights(gram), expected, atol=1e-10)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    tasks=st.integers(1, 24),
    rank=st.integers(1, 30),
    shift=st.sampled_from([0.0, 0.3, 3.0]),
    exponent=st.integers(-128, 150),  # the shortest of the gradients has 1e-148, whose square is a normal number
    spread=st.sampled_from([0, 1, 4, 20]),
    batch=st.booleans(),
)
def test_gap_and_simplex_at_any_rank_and_scale(seed, tasks, rank, shift, exponent, spread, batch):
    rng = np.random.default_rng(seed)
    rows = jacobian(rng, tasks, rank, shift) * 10.0 ** (spread * rng.uniform(-1, 0, (tasks, 1)))
    rows[rng.integers(tasks)] = rows[rng.integers(tasks)]  # often a duplicate
    gram = gram_of(rows * 10.0**exponent)
    weights = mtg.min_norm_weights(gram[None].repeat(2, 0))[1] if batch else mtg.min_norm_weights(gram)
    assert (weights >= 0).all()
    assert_allclose(weights.sum(), 1, rtol=1e-14)
    if spread <= 1:
        assert mtg.duality_gap(gram, weights) <= EXACT
    lengths = np.sqrt(np.diagonal(gram))
    image = gram @ weights
    assert (weights @ image - image <= EXACT * lengths * (weights @ lengths)).all()


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), tasks=st.integers(2, 40), power=st.integers(-490, 490))
def test_the_scale_of_all_gradients_does_not_matter(seed, tasks, power):
    gram = gram_of(jacobian(np.random.default_rng(seed), tasks, tasks + 3, 0.5))
    assert_allclose(mtg.min_norm_weights(np.ldexp(gram, 2 * power)), mtg.min_norm_weights(gram), atol=1e-11)


@pytest.mark.parametrize("tasks", [3, 8, 32, 128, 256])
@pytest.mark.parametrize("rank", ["1", "2", "tasks // 2", "tasks", "2 * tasks"])
def test_gap_up_to_256_tasks(tasks, rank):
    gram = gram_of(jacobian(np.random.default_rng(tasks), tasks, eval(rank, {"tasks": tasks}), 0.2))
    assert mtg.duality_gap(gram, mtg.min_norm_weights(gram)) <= EXACT


def test_nearly_parallel_gradients_keep_their_digits():
    rng = np.random.default_rng(1)
    base = rng.standard_normal(30)
    for distance in 10.0 ** np.arange(-9, 0):
        gram = gram_of(base + distance * rng.standard_normal((6, 30)))
        assert strict_gap(gram, mtg.min_norm_weights(gram)) <= EXACT


def test_lengths_over_300_orders_of_magnitude():
    lengths = np.array([1e-150, 1e-60, 1.0, 1e90, 1e150])
    rows = np.eye(5) * lengths[:, None]
    weights = mtg.min_norm_weights(gram_of(rows))
    assert_allclose(weights[0], 1, rtol=1e-15)  # α_i ∝ 1/‖g_i‖² for orthogonal gradients
    assert_allclose(weights[1] / weights[0], 1e-180, rtol=1e-12)
    opposite = np.array([[1e-150, 0.0], [-1e150, 0.0]])
    assert_allclose(mtg.min_norm_weights(gram_of(opposite)), [1, 1e-300], rtol=1e-12)


def test_zero_gradients_take_the_weight_and_duplicates_share_the_optimum():
    rng = np.random.default_rng(2)
    rows = jacobian(rng, 4, 9, 1.0)
    for zero in ([2], [0, 3]):
        with_zero = rows.copy()
        with_zero[zero] = 0
        assert_allclose(mtg.min_norm_weights(gram_of(with_zero)), np.isin(range(4), zero) / len(zero))
    doubled = np.concatenate([rows, rows])
    assert_allclose(
        mtg.min_norm_weights(gram_of(doubled)) @ doubled, mtg.min_norm_weights(gram_of(rows)) @ rows, rtol=1e-11
    )


def test_leading_axes_one_task_and_other_dtypes():
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((2, 3, 5, 7))
    grams = gram_of(rows)
    weights = mtg.min_norm_weights(grams)
    assert weights.shape == (2, 3, 5)
    for index in np.ndindex(2, 3):
        assert_allclose(weights[index], mtg.min_norm_weights(grams[index]), atol=1e-12)
    assert mtg.min_norm_weights([[4.0]]) == [1.0]
    assert_allclose(mtg.min_norm_weights(np.zeros((3, 1, 1))), np.ones((3, 1)))
    assert_allclose(mtg.min_norm_weights(np.array([[4, 0], [0, 1]])), [0.2, 0.8])
    single = grams[0, 0].astype(np.float32)
    assert_allclose(mtg.min_norm_weights(single), weights[0, 0], atol=1e-4)


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("tasks", [2, 3, 20])
def test_refuses_what_is_no_gram_matrix(tasks, batch):
    good = np.eye(tasks)

    def refused(change, message):
        gram = good.copy()
        change(gram)
        with pytest.raises(ValueError, match=message):
            mtg.min_norm_weights(np.stack([good, gram]) if batch else gram)

    def put(*entries):
        def change(gram):
            for i, j, value in entries:
                gram[i, j] = value

        return change

    refused(put((0, 1, np.nan)), "gram: holds nan")
    refused(put((1, 0, np.nan)), "gram: holds nan")
    refused(put((1, 1, np.inf)), "gram: holds inf")
    refused(put((0, 0, -1.0)), "gram: has a negative diagonal")
    refused(put((0, 1, 0.5)), "gram: is asymmetric")
    refused(put((0, 1, 2.0), (1, 0, 2.0)), "indefinite")
    if tasks > 2:
        block = [(i, j, -0.9) for i in range(3) for j in range(3) if i != j]
        refused(put(*block), "gram: is indefinite beyond rounding")


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 0), (0, 2, 2)])
def test_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match="gram: shape"):
        mtg.min_norm_weights(np.ones(shape))


@pytest.mark.parametrize("gram", [np.eye(2) * 1j, np.eye(2, dtype=bool), np.array([["1"]])])
def test_refuses_other_dtypes(gram):
    with pytest.raises(ValueError, match="gram: dtype"):
        mtg.min_norm_weights(gram)


def test_duality_gap_bounds_the_distance_to_the_optimum():
    rng = np.random.default_rng(4)
    rows = jacobian(rng, 5, 6, 0.5)
    gram = gram_of(rows)
    best = mtg.min_norm_weights(gram) @ rows
    for weights in rng.dirichlet(np.ones(5), 50):
        size = weights @ np.diagonal(gram)
        assert mtg.duality_gap(gram, weights) * size >= ((weights @ rows - best) ** 2).sum() - 1e-12
    assert mtg.duality_gap(np.zeros((2, 2)), [0.5, 0.5]) == 0


# --- the article's routes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["line_search", "2/(k+2)", "1/(k+1)"])
def test_frank_wolfe_approaches_the_optimum(rule):
    grams = gram_of(np.stack([jacobian(np.random.default_rng(k), 5, 8, 0.5) for k in range(4)]))
    exact = mtg.min_norm_weights(grams)
    path = mtg.frank_wolfe_weights(grams, 2000, rule, path=True)
    assert path.shape == (2001, 4, 5)
    assert_allclose(path[0], 0.2)
    assert_allclose(path.sum(-1), 1)
    assert (path >= 0).all()
    assert_allclose(path[-1], exact, atol=0.02)
    assert_allclose(path[-1], mtg.frank_wolfe_weights(grams, 2000, rule))
    if rule == "line_search":
        value = np.einsum("kbi,bij,kbj->kb", path, grams, path)
        assert (np.diff(value, axis=0) <= 1e-12).all()


def test_the_running_average_is_the_articles_formula():
    rng = np.random.default_rng(5)
    rows = jacobian(rng, 4, 6, 0.5)
    u = rows.mean(0)
    for k in range(200):
        u = (k * u + rows[(rows @ u).argmin()]) / (k + 1)
        assert_allclose(mtg.averaged_weights(gram_of(rows), k + 1) @ rows, u, atol=1e-12)


def test_softmax_descent_follows_torchs_gradient():
    rows = jacobian(np.random.default_rng(6), 4, 6, 0.5)
    gram = gram_of(rows)
    rate = 0.7
    logits = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    for _ in range(30):
        weights = torch.softmax(logits, 0)
        (gradient,) = torch.autograd.grad(0.5 * ((weights @ torch.tensor(rows)) ** 2).sum(), logits)
        logits = (logits - rate / np.diagonal(gram).max() * gradient).detach().requires_grad_()
    assert_allclose(mtg.softmax_descent_weights(gram, 30, rate), torch.softmax(logits, 0).detach(), rtol=1e-12)
    path = mtg.softmax_descent_weights(np.stack([gram, gram]), 5, rate, path=True)
    assert path.shape == (6, 2, 4)


def test_softmin():
    assert_allclose(mtg.softmin([0.0, np.log(2)], 1.0), [2 / 3, 1 / 3])
    assert_allclose(mtg.softmin([3.0, 1.0, 2.0], np.inf), [0, 1, 0])
    assert_allclose(mtg.softmin([1e6, 1e6 + 1], 1e3), [1, 0], atol=1e-300)
    with pytest.raises(ValueError, match="sharpness"):
        mtg.softmin([1.0], 0.0)


@pytest.mark.parametrize("sharpness", [0.1, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("rank", [3, 8])
def test_smooth_weights_are_the_fixed_point(sharpness, rank):
    for k in range(20):
        gram = gram_of(jacobian(np.random.default_rng(k), 5, rank, 0.5))
        weights = mtg.smooth_weights(gram, sharpness)
        amplified = (1 + sharpness * gram.max()) ** 2  # of rounding: once in the exponent, once by the map's slope
        assert_allclose(mtg.softmin(gram @ weights, sharpness), weights, atol=1e-15 * (100 + amplified))
        apart = weights - mtg.min_norm_weights(gram)
        assert apart @ gram @ apart <= 2 * np.log(5) / sharpness


def test_naive_iteration_converges_where_the_multiplier_is_below_one():
    gram = gram_of(jacobian(np.random.default_rng(8), 4, 6))
    critical = optimize.brentq(lambda s: mtg.naive_multiplier(gram, s) - 1, 1e-3, 1e3)
    fixed = mtg.smooth_weights(gram, 0.9 * critical)
    assert_allclose(mtg.naive_weights(gram, 400, 0.9 * critical), fixed, atol=1e-9)
    above = mtg.naive_weights(gram, 400, 1.2 * critical, path=True)
    assert np.abs(above[-1] - above[-2]).max() > 1e-2
    # The slope at the fixed point, by central differences of one step of the iteration.
    step = 1e-6
    moved = [
        mtg.softmin((gram @ (fixed + step * e)), 0.9 * critical)
        - mtg.softmin((gram @ (fixed - step * e)), 0.9 * critical)
        for e in np.eye(4)
    ]
    slope = np.linalg.eigvals(np.array(moved).T / (2 * step)).real.min()
    assert_allclose(-slope, mtg.naive_multiplier(gram, 0.9 * critical), rtol=1e-6)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: mtg.frank_wolfe_weights(np.eye(2), 0), "steps"),
        (lambda: mtg.frank_wolfe_weights(np.eye(2), 2.0), "steps"),
        (lambda: mtg.frank_wolfe_weights(np.eye(2), 2, "1/k"), "rule"),
        (lambda: mtg.frank_wolfe_weights(np.eye(2) * np.nan, 2), "gram: holds nan"),
        (lambda: mtg.averaged_weights(np.eye(2)[0], 2), "gram: shape"),
        (lambda: mtg.softmax_descent_weights(np.eye(2), 2, 0.0), "rate"),
        (lambda: mtg.softmax_descent_weights(np.eye(2), 2, np.inf), "rate"),
        (lambda: mtg.naive_weights(np.eye(2), 2, -1.0), "sharpness"),
        (lambda: mtg.smooth_weights(np.eye(2), np.inf), "sharpness"),
        (lambda: mtg.smooth_weights(np.eye(2)[None], 1.0), "gram: shape"),
        (lambda: mtg.cagrad_weights(np.eye(2), 1.0), "radius"),
        (lambda: mtg.pcgrad_weights(np.eye(2), [0, 0]), "order"),
        (lambda: mtg.pcgrad_weights(np.eye(2), [0, 1, 2]), "order"),
        (lambda: mtg.toy_losses(np.zeros(3)), "points"),
        (lambda: mtg.concave_front_losses(np.zeros((2, 0))), "points"),
        (lambda: mtg.safe_condition_number(-0.1), "cosine"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- the field ---------------------------------------------------------------------------------------------------


class Quadprog(DualConeProjector):
    """torchjd's own projector needs qpsolvers, a wrapper of quadprog; this one calls quadprog, with a tiny ridge."""

    def __call__(self, U, G):
        matrix = G.numpy() / np.trace(G.numpy())
        matrix = matrix + 1e-13 * np.eye(len(matrix))
        found = [quadprog.solve_qp(matrix, np.zeros(len(u)), np.eye(len(u)), u)[0] for u in np.atleast_2d(U.numpy())]
        return torch.tensor(np.array(found)).reshape(U.shape)


PEERS = {
    "mean": peers.Mean,
    "upgrad": lambda: peers.UPGrad(projector=Quadprog()),
    "imtl_g": peers.IMTLG,
    "aligned_mtl": peers.AlignedMTL,
}


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("tasks, parameters", [(2, 2), (3, 10), (8, 20), (40, 60)])
def test_values_of_torchjd(name, tasks, parameters):
    rows = torch.tensor(jacobian(np.random.default_rng(tasks), tasks, parameters, 0.2))
    assert_allclose(mtg.AGGREGATORS[name](rows), PEERS[name]()(rows), rtol=1e-6, atol=1e-8)


def test_two_tasks_values_of_torchjd_where_no_order_matters():
    for seed in range(20):
        rows = torch.tensor(jacobian(np.random.default_rng(seed), 2, 3))
        assert_allclose(mtg.pcgrad(rows), peers.PCGrad()(rows), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("tasks", [2, 3, 6, 12])
def test_upgrad_of_a_stack_is_that_of_each(tasks):
    rng = np.random.default_rng(tasks)
    grams = gram_of(rng.standard_normal((6, tasks, tasks + 2)) * 10.0 ** rng.uniform(-3, 3, (6, tasks, 1)))
    for gram, weights in zip(grams, mtg.upgrad_weights(grams), strict=True):
        assert_allclose(weights, mtg.upgrad_weights(gram), rtol=1e-8)


@pytest.mark.parametrize("tasks, rank", [(3, 2), (5, 3), (24, 6)])
def test_upgrad_projects_onto_the_dual_cone_at_low_rank(tasks, rank):
    rows = jacobian(np.random.default_rng(rank), tasks, rank, 2.0)
    projections = []
    for g in rows:  # by Moreau: g minus its projection onto the cone of −g_j, found by another solver
        dual = optimize.lsq_linear(-rows.T, g, (0, np.inf), tol=1e-14).x
        projections.append(g + rows.T @ dual)
    found = mtg.upgrad_weights(gram_of(rows)) @ rows
    assert_allclose(found, np.mean(projections, 0), atol=1e-5)
    assert (rows @ found >= -1e-9).all()


def conflict_averse_value(rows, mean, ball):
    """max over ‖u − mean‖ ≤ ball of min_i ⟨g_i, u⟩, by sequential quadratic programming over (u, t)."""
    constraints = [
        {"type": "ineq", "fun": lambda x: rows @ x[:-1] - x[-1]},
        {"type": "ineq", "fun": lambda x: ball**2 - ((x[:-1] - mean) ** 2).sum()},
    ]
    start, options = np.append(mean, (rows @ mean).min()), {"ftol": 1e-14, "maxiter": 500}
    return -optimize.minimize(lambda x: -x[-1], start, method="SLSQP", constraints=constraints, options=options).fun


@pytest.mark.parametrize("radius", [0.0, 0.4, 0.9])
def test_cagrad_solves_its_problem(radius):
    for seed in range(4):
        rows = jacobian(np.random.default_rng(seed), 4, 6)
        mean = rows.mean(0)
        found = mtg.cagrad(torch.tensor(rows), radius=radius).numpy()
        ball = radius * np.linalg.norm(mean)
        assert np.linalg.norm(found - mean) <= ball * (1 + 1e-9) + 1e-12
        best = conflict_averse_value(rows, mean, ball)
        assert_allclose((rows @ found).min(), best, rtol=1e-4, atol=1e-5)


def test_nash_is_the_bargaining_solution():
    rows = jacobian(np.random.default_rng(9), 5, 8, 0.3) * np.array([[1e-3], [1], [10], [1e4], [1]])
    gram = gram_of(rows)
    weights = mtg.nash_mtl_weights(gram)
    assert_allclose(gram @ weights * weights, 1, rtol=1e-8)
    assert_allclose(((weights @ rows) ** 2).sum(), 5, rtol=1e-8)


def test_imtl_projects_equally_and_aligned_has_condition_one():
    rows = jacobian(np.random.default_rng(10), 4, 7, 0.5)
    u = mtg.imtl_g(torch.tensor(rows)).numpy()
    projections = rows @ u / np.linalg.norm(rows, axis=1)
    assert_allclose(projections, projections[0], rtol=1e-9)
    assert_allclose(mtg.imtl_g_weights(gram_of(rows)).sum(), 1)
    values, vectors = np.linalg.eigh(gram_of(rows))
    balanced = np.sqrt(values[0]) * vectors @ np.diag(values**-0.5) @ vectors.T @ rows
    assert_allclose(gram_of(balanced), values[0] * np.eye(4), atol=1e-10)
    assert_allclose(mtg.aligned_mtl(torch.tensor(rows)), balanced.mean(0))


def test_pcgrad_by_hand_and_by_order():
    rows = np.array([[1.0, 0.0], [-1.0, 1.0]])
    # g_1 loses its part along g_2: (1, 0) + ½(−1, 1); g_2 its part along g_1: (0, 1).
    assert_allclose(mtg.pcgrad(torch.tensor(rows)), [0.5, 1.5])
    gram = gram_of(jacobian(np.random.default_rng(11), 4, 4))
    orders = np.array([[0, 1, 2, 3], [3, 2, 1, 0]])
    assert not np.allclose(mtg.pcgrad_weights(gram, orders[0]), mtg.pcgrad_weights(gram, orders[1]))
    one_each = np.broadcast_to(orders[1], (4, 4))
    assert_allclose(mtg.pcgrad_weights(gram, one_each), mtg.pcgrad_weights(gram, orders[1]))


@pytest.mark.parametrize("name", mtg.AGGREGATORS)
def test_one_interface(name):
    aggregate = mtg.AGGREGATORS[name]
    rows = torch.tensor(jacobian(np.random.default_rng(12), 3, 5, 0.5))
    direction = aggregate(rows)
    assert direction.shape == (5,) and direction.dtype == torch.float64
    weights = mtg.WEIGHTS[name](gram_of(rows.numpy()))
    assert_allclose(direction, weights @ rows.numpy(), rtol=1e-7, atol=1e-9)
    assert_allclose(aggregate(rows.float()), direction, rtol=1e-4, atol=1e-5)
    assert aggregate(rows.float()).dtype == torch.float32
    assert not aggregate(rows.clone().requires_grad_()).requires_grad
    power = {"normalized_sum": 0, "nash_mtl": 0}.get(name, 1)
    assert_allclose(aggregate(rows * 1e150), direction * 1e150**power, rtol=1e-7)
    assert_allclose(aggregate(rows * 1e-150), direction * 1e-150**power, rtol=1e-7, atol=0 if power else 1e-9)
    assert torch.isfinite(aggregate(torch.zeros(3, 5))).all()
    assert torch.isfinite(aggregate(torch.tensor([[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]]))).all()
    batch = gram_of(jacobian(np.random.default_rng(13), 6, 5).reshape(2, 3, 5))
    stacked = mtg.WEIGHTS[name](batch)
    assert_allclose(stacked, np.stack([mtg.WEIGHTS[name](g) for g in batch]), atol=1e-8)
    for bad, message in [
        (torch.zeros(3), "shape"),
        (torch.zeros(0, 3), "shape"),
        (torch.tensor([[1.0, float("nan")]]), "nan or inf"),
        (torch.tensor([[1.0, float("inf")]]), "nan or inf"),
        (torch.zeros(2, 2, dtype=torch.int64), "dtype"),
        (np.zeros((2, 2)), "not a torch tensor"),
    ]:
        with pytest.raises(ValueError, match=f"jacobian: .*{message}"):
            aggregate(bad)


# --- toy problems ------------------------------------------------------------------------------------------------


def torch_toy(p):
    x, y = p
    f = [
        torch.log((0.5 * (-x - 7) - torch.tanh(-y)).abs().clamp_min(5e-6)) + 6,
        torch.log((0.5 * (-x + 3) - torch.tanh(-y) + 2).abs().clamp_min(5e-6)) + 6,
    ]
    g = [((-x + 7) ** 2 + 0.1 * (-y - 8) ** 2) / 10 - 20, ((-x - 7) ** 2 + 0.1 * (-y - 8) ** 2) / 10 - 20]
    upper, lower = torch.tanh(0.5 * y).clamp_min(0), torch.tanh(-0.5 * y).clamp_min(0)
    return torch.stack([upper * f[k] + lower * g[k] for k in range(2)])


def torch_concave(p):
    centre = torch.full_like(p, len(p) ** -0.5)
    return torch.stack([1 - torch.exp(-((p - centre) ** 2).sum()), 1 - torch.exp(-((p + centre) ** 2).sum())])


@pytest.mark.parametrize(
    "ours, theirs, points",
    [
        (mtg.toy_losses, torch_toy, [[-8.5, 7.5], [-8.5, -5.0], [9.0, 9.0], [0.3, -0.2], [10.0, -8.0]]),
        (mtg.concave_front_losses, torch_concave, [[0.1, 0.7], [-1.0, 0.4]]),
        (mtg.concave_front_losses, torch_concave, [[0.1, 0.7, -0.5]]),
    ],
)
def test_closed_form_gradients(ours, theirs, points):
    values, jacobians = ours(np.array(points))
    for point, value, rows in zip(points, values, jacobians, strict=True):
        point = torch.tensor(point, dtype=torch.float64)
        assert_allclose(value, theirs(point), rtol=1e-12)
        assert_allclose(rows, torch.autograd.functional.jacobian(theirs, point), rtol=1e-10, atol=1e-13)


def test_safe_condition_number_is_sharp():
    assert_allclose(mtg.safe_condition_number([0.0, 0.5, 1.0]), [1, 3, np.inf])
    rng = np.random.default_rng(14)
    h, u = rng.standard_normal((2, 3))
    cosine = abs(h @ u) / np.linalg.norm(h) / np.linalg.norm(u)
    h = h * np.sign(h @ u)
    kappa = mtg.safe_condition_number(cosine)
    axis = h / np.linalg.norm(h) + u / np.linalg.norm(u)
    reflection = np.eye(3) - 2 * np.outer(axis, axis) / (axis @ axis)  # takes u/‖u‖ to −h/‖h‖

    def product(condition):
        return h @ (np.eye(3) + (condition - 1) / (condition + 1) * reflection) @ u

    assert product(0.99 * kappa) > 0 > product(1.01 * kappa)
