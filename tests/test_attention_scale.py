"""helpers.attention_scale against mpmath, dense linear algebra, torch autograd, scipy's search and quadrature."""

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate, optimize, special, stats

from helpers import attention_scale as m

NORMS = (m.softmax_gradient_norm, m.softmax_gradient_frobenius, m.softmax_gradient_spectral)
rows = arrays(float, st.integers(2, 12), elements=st.floats(-50, 50).map(lambda x: round(x, 6)))
scales = st.floats(0, 20)


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(60):
        yield


def exact_norms(scores, alpha):
    """The three norms from the dense Jacobian in 60 digits."""
    scores, alpha = [mp.mpf(float(s)) for s in scores], mp.mpf(float(alpha))
    weights = [mp.exp(alpha * (s - max(scores))) for s in scores]
    p = mp.matrix([w / mp.fsum(weights) for w in weights])
    jacobian = alpha * (mp.diag(p) - p * p.T)
    entrywise = mp.fsum(abs(x) for x in jacobian) / 2
    frobenius = mp.sqrt(mp.fsum(x**2 for x in jacobian))
    return [float(x) for x in (entrywise, frobenius, max(mp.eigsy(jacobian, eigvals_only=True)))]


def exact_cumulant(x, d):
    """log E[e^{xs}] for cosine scores, from mpmath's Bessel function."""
    x, order = mp.mpf(x), mp.mpf(d) / 2 - 1
    return mp.log(mp.besseli(order, x)) + mp.loggamma(order + 1) - order * mp.log(x / 2)


# --- norms -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 20])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 2.5, 30.0])
def test_norms_against_a_dense_jacobian_in_60_digits(n, alpha):
    scores = np.random.default_rng(n).normal(size=n)
    expected = exact_norms(scores, alpha) if n > 1 else [0.0, 0.0, 0.0]
    for norm, value in zip(NORMS, expected, strict=True):
        assert norm(scores, alpha) == pytest.approx(value, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("gap", [1e-9, 1.0, 13.8, 27.6, 300.0, 700.0])
@pytest.mark.parametrize("alpha", [1.0, 1e-3, 1e3])
def test_norms_stay_relatively_accurate_where_they_are_tiny_or_the_scores_large(gap, alpha):
    scores = np.array([1e3, 1e3 - gap, 1e3 - gap, 1e3 - 2 * gap, -1e3]) / alpha
    expected = exact_norms(scores, alpha)
    for norm, value in zip(NORMS, expected, strict=True):
        assert norm(scores, alpha) == pytest.approx(value, rel=3e-11)  # e^{1000(1 ± ε)}: the argument's last bit


def test_norm_where_the_direct_formula_gives_zero():
    gap = -np.log(0.5e-12)
    p = special.softmax([0.0, -gap])
    assert m.softmax_gradient_norm([0.0, -gap], 1.0) == pytest.approx(1e-12, rel=1e-6)
    assert abs((1 - np.sum(p**2)) / 1e-12 - 1) > 1e-6  # what the stable form is for


def test_norm_of_a_million_keys_at_scores_of_a_thousand():
    scores = np.random.default_rng(0).normal(size=10**6)
    p = special.softmax(2.5 * scores)
    assert m.softmax_gradient_norm(scores, 2.5) == pytest.approx(2.5 * (1 - np.sum(p**2)), rel=1e-12)
    assert np.isfinite(m.softmax_gradient_norm(1e3 * scores, [0.0, 1.0, 1e3])).all()
    assert m.softmax_gradient_norm([1e308, 1e307], 1e3) == 0


def test_norm_is_half_the_sum_of_the_autograd_jacobian():
    scores = torch.randn(9, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda s: torch.softmax(1.7 * s, -1), scores)
    assert m.softmax_gradient_norm(scores.numpy(), 1.7) == pytest.approx(jacobian.abs().sum().item() / 2, rel=1e-12)
    assert m.softmax_gradient_frobenius(scores.numpy(), 1.7) == pytest.approx(jacobian.norm().item(), rel=1e-12)
    assert m.softmax_gradient_spectral(scores.numpy(), 1.7) == pytest.approx(
        torch.linalg.matrix_norm(jacobian, 2).item(), rel=1e-12
    )


@settings(max_examples=60, deadline=None)
@given(rows, scales)
def test_norms_are_ordered_and_bounded(scores, alpha):
    entrywise, frobenius, spectral = (norm(scores, alpha) for norm in NORMS)
    slack = 1 + 1e-12
    assert 0 <= spectral <= slack * frobenius <= slack**2 * entrywise
    assert entrywise <= slack * alpha * (1 - 1 / len(scores))
    p_max = np.exp(-m.softmax_entropy(scores, alpha, np.inf))
    assert spectral <= slack * 2 * alpha * p_max * (1 - p_max) + 1e-14


@settings(max_examples=60, deadline=None)
@given(rows, scales, st.floats(-100, 100), st.randoms(use_true_random=False))
def test_norms_ignore_shifts_and_order(scores, alpha, shift, random):
    order = list(range(len(scores)))
    random.shuffle(order)
    for norm in NORMS:
        expected = norm(scores, alpha)
        assert norm(scores[order], alpha) == pytest.approx(expected, rel=1e-9, abs=1e-300)
        assert norm(scores + shift, alpha) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("k", [2, 3, 10])
def test_norms_of_ties(k):
    scores = np.array([1.0] * k + [-1e5] * 4)  # p = 1/k on the ties, 0 elsewhere
    for norm, value in zip(NORMS, (1 - 1 / k, np.sqrt(k - 1) / k, 1 / k), strict=True):
        assert norm(scores, 3.0) == pytest.approx(3 * value, rel=1e-13)


def test_norms_broadcast_alpha_against_rows():
    scores = np.random.default_rng(0).normal(size=(4, 5, 7))
    alpha = np.linspace(0.5, 3, 3)[:, None, None]
    for function in (*NORMS, m.softmax_mean, m.softmax_entropy):
        result = function(scores, alpha)
        assert result.shape == (3, 4, 5)
        for a in range(3):
            np.testing.assert_allclose(result[a, 1, 2], function(scores[1, 2], alpha[a, 0, 0]), rtol=1e-12)


def test_scores_may_be_integers_or_float32():
    scores = np.array([3, 1, 2])
    assert m.softmax_gradient_norm(scores, 1) == m.softmax_gradient_norm(scores.astype(np.float32), 1.0)


# --- mean and entropy --------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(rows, scales)
def test_mean_and_entropy_against_scipy(scores, alpha):
    p = special.softmax(alpha * scores)
    values = np.cos(scores)
    assert m.softmax_mean(scores, alpha) == pytest.approx(p @ scores, rel=1e-9, abs=1e-11)
    assert m.softmax_mean(scores, alpha, values) == pytest.approx(p @ values, rel=1e-9, abs=1e-11)
    assert m.softmax_entropy(scores, alpha) == pytest.approx(stats.entropy(p), rel=1e-9, abs=1e-12)
    assert m.softmax_entropy(scores, alpha, 2) == pytest.approx(-np.log(p @ p), rel=1e-9, abs=1e-12)
    assert m.softmax_entropy(scores, alpha, np.inf) == pytest.approx(-np.log(p.max()), rel=1e-9, abs=1e-12)
    assert m.softmax_entropy(scores, alpha, 0) == pytest.approx(np.log(len(scores)))


@settings(max_examples=60, deadline=None)
@given(rows, st.floats(0, 5))
def test_renyi_entropy_falls_with_its_order_and_is_continuous_at_one(scores, alpha):
    entropies = [float(m.softmax_entropy(scores, alpha, order)) for order in (0, 0.5, 1, 2, 5, np.inf)]
    assert all(high >= low - 1e-9 for high, low in zip(entropies, entropies[1:], strict=False))
    assert m.softmax_entropy(scores, alpha, 1 + 1e-7) == pytest.approx(entropies[2], abs=1e-4)


def test_mean_is_the_derivative_of_the_log_partition_function():
    scores = np.random.default_rng(5).normal(size=30)
    slope = optimize.approx_fprime([2.0], lambda a: special.logsumexp(a[0] * scores), 1e-7)
    assert m.softmax_mean(scores, 2.0) == pytest.approx(slope[0], abs=1e-5)


# --- normal scores -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 1 + 1e-14, 1 + 1e-7, 1.5, 2, 40, 20000, 1e12, 1e300, 1.7e308])
def test_optimal_scale_normal_against_lambert(n):
    expected = mp.sqrt(mp.lambertw(mp.mpf(n) * mp.sqrt(mp.e) / 2) - mp.mpf(1) / 2)
    assert m.optimal_scale_normal(n) == pytest.approx(float(mp.re(expected)), rel=1e-14, abs=0)


@settings(max_examples=30, deadline=None)
@given(st.floats(1.1, 1e9))
def test_optimal_scale_normal_against_a_search(n):
    found = optimize.minimize_scalar(
        lambda a: -m.annealed_norm_normal(a, n), bounds=(0, 8), method="bounded", options={"xatol": 1e-10}
    )
    assert m.optimal_scale_normal(n) == pytest.approx(found.x, abs=1e-6)


def test_annealed_norm_normal_values():
    assert m.annealed_norm_normal(2.5, 256) == pytest.approx(2.5 * (1 - np.exp(6.25) / 256), rel=1e-14)
    assert m.annealed_norm_normal([0.0, 100.0], 10).tolist() == [0.0, -np.inf]


@pytest.mark.parametrize("n", [2, 3, 17, 1000, 10**6])
def test_expected_maximum_against_quadrature(n):
    expected = integrate.quad(
        lambda x: -np.expm1(n * special.log_ndtr(x)) - np.exp(n * special.log_ndtr(-x)), 0, 40, limit=400, epsabs=1e-13
    )[0]
    assert m.expected_maximum_normal(n) == pytest.approx(expected, abs=1e-11)


def test_expected_maximum_known_values():
    expected = [0, 1 / np.sqrt(np.pi), 1.5 / np.sqrt(np.pi)]
    np.testing.assert_allclose(m.expected_maximum_normal([1, 2, 3]), expected, atol=1e-13)
    assert m.expected_maximum_normal(1e300) == pytest.approx(np.sqrt(2 * np.log(1e300)), rel=0.01)


def test_largest_normal_scores_have_the_law_of_order_statistics():
    top = m.largest_normal_scores(np.random.default_rng(0), 4000, 50, 50)
    assert (np.diff(top, axis=1) <= 0).all()
    assert stats.kstest(top.ravel(), "norm").pvalue > 1e-4
    assert stats.kstest(top[:, 0], lambda x: special.ndtr(x) ** 50).pvalue > 1e-4
    huge = m.largest_normal_scores(np.random.default_rng(0), 4000, 1e300, 3)
    assert huge[:, 0].mean() == pytest.approx(m.expected_maximum_normal(1e300), abs=3e-3)


# --- cosine scores -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [3, 4, 7.5, 64, 128, 1024, 4096])
@pytest.mark.parametrize("x", [1e-2, 1.0, 30.0, 3e3, 1e6])
def test_log_mean_exp_cosine_against_bessel(x, d):
    expected = float(exact_cumulant(x, d))
    assert m.log_mean_exp_cosine(x, d) == pytest.approx(expected, rel=1e-11, abs=1e-11)
    ratio = float(exact_cumulant(2 * x, d) - 2 * exact_cumulant(x, d))
    with np.errstate(over="ignore"):
        norm = -x * np.expm1(ratio - np.log(50))
    assert m.annealed_norm_cosine(x, 50, d) == pytest.approx(norm, rel=1e-9, abs=1e-9)


def test_log_mean_exp_cosine_is_the_mean_over_the_density():
    for d in (3, 5, 40):
        weight = integrate.quad(lambda s, d=d: (1 - s * s) ** ((d - 3) / 2), -1, 1)[0]
        mean = integrate.quad(lambda s, d=d: (1 - s * s) ** ((d - 3) / 2) * np.exp(9 * s), -1, 1)[0] / weight
        assert m.log_mean_exp_cosine(9.0, d) == pytest.approx(np.log(mean), rel=1e-9)
    assert m.log_mean_exp_cosine(0.0, 5) == 0


def exact_optimal_scale_cosine(n, d):
    """Root of the stationarity equation in 60 digits, started 1 % away."""
    order = mp.mpf(d) / 2 - 1

    def excess(log_alpha):
        a = mp.exp(log_alpha)
        ratio_two, ratio_one = (mp.besseli(order + 1, k * a) / mp.besseli(order, k * a) for k in (2, 1))
        value = exact_cumulant(2 * a, d) - 2 * exact_cumulant(a, d)
        return value + mp.log(1 + 2 * a * (ratio_two - ratio_one)) - mp.log(n)

    start = mp.log(mp.mpf(float(m.optimal_scale_cosine(n, d))) * 1.01)
    return float(mp.exp(mp.findroot(excess, (start, start + 0.001), tol=1e-30)))


@pytest.mark.parametrize("d", [3, 4, 5, 32, 128, 1024, 4096])
@pytest.mark.parametrize("n", [1 + 9e-6, 1 + 2e-5, 2, 40, 20000, 1e12])
def test_optimal_scale_cosine_against_mpmath(n, d):
    assert m.optimal_scale_cosine(n, d) == pytest.approx(exact_optimal_scale_cosine(n, d), rel=3e-8)


def test_optimal_scale_cosine_in_three_dimensions_is_elementary():
    # E[e^{αs}] = sinh α/α, so the objective is α − α² coth(α)/n.
    for n in (3.0, 40.0):
        found = optimize.minimize_scalar(lambda a, n=n: a * a / np.tanh(a) / n - a, bounds=(1e-3, n), method="bounded")
        assert m.optimal_scale_cosine(n, 3) == pytest.approx(found.x, rel=1e-4)
    assert m.optimal_scale_cosine(1e12, 3) == pytest.approx(5e11, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 1e12), st.floats(3, 4096))
def test_optimal_scale_cosine_is_the_highest_point_and_above_the_normal_one(n, d):
    best = m.optimal_scale_cosine(n, d)
    height = m.annealed_norm_cosine(best, n, d)
    assert best >= np.sqrt(d) * m.optimal_scale_normal(n) * (1 - 1e-12)
    around = m.annealed_norm_cosine(best * np.array([0.5, 0.9, 0.99, 1.01, 1.1, 2.0]), n, d)
    assert (around <= height * (1 + 1e-9) + 1e-12).all()
    assert m.optimal_scale_cosine(n * 1.001, d) > best


def test_optimal_scale_cosine_limits_shapes_and_one_key():
    n, d = np.array([1.0, 50.0, 1e6]), np.array([[3.0], [128.0]])
    result = m.optimal_scale_cosine(n, d)
    assert result.shape == (2, 3) and (result[:, 0] == 0).all()
    assert result[1, 1] == m.optimal_scale_cosine(50, 128)
    assert m.optimal_scale_cosine(1000, 1e8) == pytest.approx(1e4 * m.optimal_scale_normal(1000), rel=1e-6)
    slope = np.log(m.optimal_scale_cosine(1e12, 5) / m.optimal_scale_cosine(1e11, 5)) / np.log(10)
    assert slope == pytest.approx(2 / (5 - 1), rel=1e-4)


# --- scores and the layer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "variance"), [("gaussian", 1.0), ("layer", 1.0), ("cosine", 1 / 16)])
def test_attention_scores_have_the_stated_variance(kind, variance):
    scores = m.attention_scores(np.random.default_rng(1), 2000, 20, 16, kind)
    assert scores.shape == (2000, 20)
    assert scores.var() == pytest.approx(variance, rel=0.25 if kind == "layer" else 0.05)
    assert (np.abs(scores) <= 1).all() or kind != "cosine"


def test_attention_scores_of_gaussian_rows_are_q_dot_k_over_root_d():
    rng = np.random.default_rng(7)
    queries, keys = rng.standard_normal((3, 4)), rng.standard_normal((3, 5, 4))
    expected = [[key @ query / 2 for key in row] for query, row in zip(queries, keys, strict=True)]
    np.testing.assert_allclose(m.attention_scores(np.random.default_rng(7), 3, 5, 4), expected)


@pytest.mark.parametrize("labels", [False, True])
def test_retrieval_loss_against_one_layer_at_a_time(labels):
    generator = torch.Generator().manual_seed(0)
    task = m.retrieval_task(generator, 2, 6, 5, width=4, depth=3, labels=labels)
    matrices = m.initial_attention(generator, 2, 3, width=4, depth=3)
    alpha = torch.tensor([0.5, 1.0, 2.0] * 2)
    losses = m.retrieval_loss(matrices, alpha, task, labels)
    assert losses.shape == (6,)
    for model in range(6):
        contents, values, queries, answers = (part[model // 3] for part in task)
        w_q, w_k, w_v = (matrix[model] for matrix in matrices)
        output = torch.nn.functional.scaled_dot_product_attention(
            queries @ w_q, contents @ w_k, values @ w_v, scale=alpha[model].item() / 2
        )
        if labels:
            expected = torch.nn.functional.cross_entropy(output, answers.argmax(-1))
        else:
            expected = torch.nn.functional.mse_loss(output, answers)
        assert losses[model].item() == pytest.approx(expected.item(), rel=1e-5)


def test_retrieval_task_asks_for_items_of_the_memory():
    contents, values, queries, answers = m.retrieval_task(torch.Generator().manual_seed(0), 2, 50, 20, noise=0.0)
    nearest = torch.cdist(queries, contents).argmin(-1)
    torch.testing.assert_close(values.gather(1, nearest[..., None].expand_as(answers)), answers)
    torch.testing.assert_close(queries.square().mean(-1), torch.ones(2, 20))


def test_copies_of_a_seed_start_equal_and_seeds_differ():
    for matrix in m.initial_attention(torch.Generator().manual_seed(0), 2, 3):
        assert matrix.requires_grad and matrix.is_leaf
        assert torch.equal(matrix[0], matrix[2]) and not torch.equal(matrix[0], matrix[3])


# --- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [*NORMS, m.softmax_mean, m.softmax_entropy])
@pytest.mark.parametrize(
    ("scores", "alpha", "message"),
    [
        ([], 1, "scores: is empty"),
        (np.zeros((3, 0)), 1, "scores: is empty"),
        (2.0, 1, "scores: is a single number"),
        ([0, np.nan], 1, "scores: hold a nan"),
        ([0, -np.inf], 1, "scores: hold a nan or an infinity"),
        ([1, 2j], 1, "scores: must hold real"),
        (["a"], 1, "scores: must hold real"),
        ([1, 2], -1, "alpha: holds -1"),
        ([1, 2], np.nan, "alpha: holds nan"),
        ([1, 2], np.inf, "alpha: holds inf"),
        (np.zeros((3, 4)), [1, 2], "alpha and rows: shapes do not broadcast"),
    ],
)
def test_bad_scores_and_scales(function, scores, alpha, message):
    with pytest.raises(ValueError, match=message):
        function(scores, alpha)


@pytest.mark.parametrize(
    "call",
    [
        m.optimal_scale_normal,
        m.expected_maximum_normal,
        lambda n: m.annealed_norm_normal(1, n),
        lambda n: m.optimal_scale_cosine(n, 8),
        lambda n: m.annealed_norm_cosine(1, n, 8),
    ],
)
@pytest.mark.parametrize("n", [0.99, 0, -3, np.nan, np.inf, [], [4, np.nan], "many", 2j, True])
def test_bad_numbers_of_keys(call, n):
    with pytest.raises(ValueError, match="^n: "):
        call(n)


@pytest.mark.parametrize("d", [2.9, np.nan, np.inf, []])
def test_bad_dimensions(d):
    for call in (m.optimal_scale_cosine, m.log_mean_exp_cosine, lambda n, d: m.annealed_norm_cosine(1, n, d)):
        with pytest.raises(ValueError, match="^d: "):
            call(4, d)


def test_other_bad_arguments():
    with pytest.raises(ValueError, match="^alpha: "):
        m.log_mean_exp_cosine(-1, 5)
    with pytest.raises(ValueError, match="^n and d: shapes"):
        m.optimal_scale_cosine([1, 2, 3], [3, 4])
    with pytest.raises(ValueError, match="^order: "):
        m.softmax_entropy([1, 2], 1, -1)
    with pytest.raises(ValueError, match="^order: "):
        m.softmax_entropy([1, 2], 1, np.nan)
    with pytest.raises(ValueError, match="^values: "):
        m.softmax_mean([1, 2], 1, [1, 2, 3])
    with pytest.raises(ValueError, match="^values: "):
        m.softmax_mean([1, 2], 1, [1, np.nan])
    with pytest.raises(ValueError, match="^rows, n, d: "):
        m.attention_scores(np.random.default_rng(), 2, 0, 4)
    for n, count in ((5, 6), (5, 0), (1e301, 5), (np.nan, 1)):
        with pytest.raises(ValueError, match="^rows, count, n: "):
            m.largest_normal_scores(np.random.default_rng(), 2, n, count)
    with pytest.raises(ValueError, match="^kind: "):
        m.attention_scores(np.random.default_rng(), 2, 2, 4, "uniform")
    for bad in ({"n": 0}, {"noise": -1.0}, {"noise": float("nan")}):
        with pytest.raises(ValueError, match="must be ≥ 1, noise ≥ 0"):
            m.retrieval_task(torch.Generator(), **{"seeds": 1, "n": 2, "queries": 1, **bad})
    with pytest.raises(ValueError, match="^n: must be ≤ 1e300"):
        m.expected_maximum_normal(1e301)
