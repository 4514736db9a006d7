import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from torch.autograd import forward_ad
from torch.nn import functional as F

from helpers import activation_functions as af

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
double = torch.float64


def slope(f, x):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(x).sum(), x)[0]


def reference(x):
    """min_exp and its slope at a float, with 40 digits."""
    with mpmath.workdps(40):
        x = mpmath.mpf(x)
        return (x, mpmath.mpf(1)) if x > 0 else (x * mpmath.exp(x), (1 + x) * mpmath.exp(x))


# --- min_exp


@pytest.mark.parametrize("dtype", DTYPES)
def test_min_exp_agrees_with_mpmath_in_every_dtype(dtype):
    x = torch.linspace(-30, 5, 141, dtype=double).to(dtype)
    value, derivative = zip(*(reference(v) for v in x.tolist()), strict=True)
    info = torch.finfo(dtype)
    near = {"rtol": 4 * info.eps, "atol": 2 * info.smallest_normal * info.eps}
    torch.testing.assert_close(af.min_exp(x).double(), torch.tensor([float(v) for v in value], dtype=double), **near)
    # (1 + x)eˣ passes through 0 at −1, where only the absolute error can be small
    near["atol"] += info.eps
    slopes = torch.tensor([float(v) for v in derivative], dtype=double)
    torch.testing.assert_close(slope(af.min_exp, x).double(), slopes, **near)


@pytest.mark.parametrize("dtype", DTYPES)
def test_min_exp_at_the_ends_of_the_range(dtype):
    top = torch.finfo(dtype).max
    x = torch.tensor([-math.inf, -top, -1000, 0, 1000, top, math.inf], dtype=dtype)
    assert af.min_exp(x).tolist() == [0, 0, 0, 0, 1000, top, math.inf]
    assert slope(af.min_exp, x).tolist() == [0, 0, 0, 1, 1, 1, 1]
    nan = torch.tensor([math.nan], dtype=dtype)
    assert af.min_exp(nan).isnan().all() and slope(af.min_exp, nan).isnan().all()


@pytest.mark.parametrize("dtype", DTYPES)
@given(bits=st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=50, deadline=None)
def test_min_exp_is_finite_wherever_its_input_is(dtype, bits):
    x = torch.tensor([bits], dtype=double).clamp(torch.finfo(dtype).min, torch.finfo(dtype).max).to(dtype)
    y, d = af.min_exp(x), slope(af.min_exp, x)
    assert y.isfinite().all() and d.isfinite().all()
    assert y.item() >= -math.exp(-1) * (1 + torch.finfo(dtype).eps)
    assert -math.exp(-2) * 1.01 <= d.item() <= 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_incoming_gradients_do_not_turn_into_nan(dtype):
    x = torch.tensor([-1000.0, -70.0, 3.0], dtype=dtype, requires_grad=True)
    (grad,) = torch.autograd.grad(af.min_exp(x), x, torch.full_like(x, 60000))
    assert grad.isfinite().all() and grad[2].item() == torch.tensor(60000, dtype=dtype).item()


def test_min_exp_has_right_derivatives_of_first_and_second_order():
    x = torch.tensor([-3.0, -1.1, -0.2, 0.3, 2.0], dtype=double, requires_grad=True)
    assert torch.autograd.gradcheck(af.min_exp, x, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(af.min_exp, x)
    assert slope(lambda z: torch.autograd.grad(af.min_exp(z).sum(), z, create_graph=True)[0], torch.zeros(1)) == 2


def test_min_exp_keeps_its_input_alone_for_the_backward_pass():
    kept, x = [], torch.randn(100, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.data_ptr()) or t, lambda t: t):
        af.min_exp(x)
    assert kept == [x.data_ptr()]


def test_min_exp_under_torch_func():
    x = torch.linspace(-4, 3, 15, dtype=double)
    second = torch.where(x > 0, 0, (2 + x) * x.exp())
    total = lambda z: af.min_exp(z).sum()  # noqa: E731
    for transform in (torch.func.hessian, lambda f: torch.func.jacfwd(torch.func.jacfwd(f))):
        torch.testing.assert_close(transform(total)(x).diagonal(), second)
    torch.testing.assert_close(torch.func.vmap(torch.func.grad(af.min_exp))(x), slope(af.min_exp, x))
    torch.testing.assert_close(torch.func.vmap(af.min_exp)(x[:, None])[:, 0], af.min_exp(x))
    value, tangent = torch.func.jvp(af.min_exp, (x,), (torch.ones_like(x),))
    torch.testing.assert_close((value, tangent), (af.min_exp(x), slope(af.min_exp, x)))
    with forward_ad.dual_level():
        dual = af.min_exp(forward_ad.make_dual(x, torch.ones_like(x)))
        torch.testing.assert_close(forward_ad.unpack_dual(dual).tangent, tangent)


def test_min_exp_takes_batched_gradients_and_infinities_in_every_mode():
    x = torch.tensor([-math.inf, -2.0, 0.0, 3.0, math.inf], dtype=double, requires_grad=True)
    expected = torch.tensor([0, -math.exp(-2), 1, 1, 1], dtype=double)
    y = af.min_exp(x)
    (rows,) = torch.autograd.grad(y, x, torch.eye(5, dtype=double), is_grads_batched=True)
    torch.testing.assert_close(rows.diagonal(), expected)
    value, tangent = torch.func.jvp(af.min_exp, (x.detach(),), (torch.ones(5, dtype=double),))
    torch.testing.assert_close((value, tangent), (y.detach(), expected))
    assert af.min_exp(torch.tensor(math.nan)).isnan()


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_min_exp_is_traced_whole_by_the_compiler(backend):
    torch._dynamo.reset()
    compiled = torch.compile(af.min_exp, backend=backend, fullgraph=True)
    x = torch.tensor([-math.inf, -1e38, -2.0, 0.0, 1.0, 1e38, math.inf])
    torch.testing.assert_close(compiled(x), af.min_exp(x))
    torch.testing.assert_close(slope(compiled, x), slope(af.min_exp, x))
    assert slope(compiled, torch.tensor([math.nan])).isnan().all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_min_exp_as_the_compiler_sees_it_is_the_same_function(dtype):
    top = torch.finfo(dtype).max
    x = torch.tensor([-math.inf, -top, -1000, -87.5, -2, -1, -0.3, 0, 0.5, 1000, top, math.inf], dtype=dtype)
    grad, value = torch.func.vmap(torch.func.grad_and_value(af.min_exp))(x)  # torch.func takes the same branch
    torch.testing.assert_close(value, af.min_exp(x))
    torch.testing.assert_close(grad, slope(af.min_exp, x))


@pytest.mark.parametrize("bad", [torch.arange(3), 1.0, np.zeros(2), torch.zeros(2, dtype=torch.complex64)])
def test_min_exp_refuses_what_is_not_a_floating_tensor(bad):
    with pytest.raises(ValueError, match="x: is .* accepted"):
        af.min_exp(bad)


@given(st.lists(st.floats(-80, 80), min_size=1, max_size=8))
def test_the_articles_three_forms_are_one_function(values):
    x = torch.tensor(values, dtype=double)
    for form in (af.min_exp_naive, af.min_exp_max):
        torch.testing.assert_close(form(x), af.min_exp(x), rtol=1e-14, atol=0)
    torch.testing.assert_close(af.min_exp_relu(x), af.min_exp(x), rtol=1e-14, atol=1e-13)  # it cancels


def test_gated_linear_unit_agrees_with_torch():
    g = torch.Generator().manual_seed(0)
    x, w, b, v, c = (torch.randn(*s, generator=g) for s in ((2, 5, 3), (4, 3), (4,), (4, 3), (4,)))
    both = F.glu(F.linear(x, torch.cat([w, v]), torch.cat([b, c])))
    torch.testing.assert_close(af.gated_linear(x, w, b, v, c), both)


# --- Moments


@pytest.mark.parametrize(
    ("name", "variance"), [(name, 1.0) for name in af.ACTIVATIONS] + [("min-exp", 0.3), ("GELU", 20.0)]
)
def test_moments_agree_with_adaptive_quadrature(name, variance):
    f, s = af.ACTIVATIONS[name], math.sqrt(variance)

    def expectation(g):
        density = lambda z: g(*(float(v) for v in af.value_and_slope(f, s * z)), s * z) * stats.norm.pdf(z)  # noqa: E731
        return sum(integrate.quad(density, *ends, epsabs=1e-12, limit=200)[0] for ends in ((-12, 0), (0, 12)))

    weight = 1.7
    assert af.second_moment(f, variance) == pytest.approx(expectation(lambda y, d, x: y * y), rel=1e-9)
    assert af.chi1(f, variance, weight) == pytest.approx(weight * expectation(lambda y, d, x: d * d), rel=1e-9)
    slope_of_map = weight * expectation(lambda y, d, x: y * d * x) / variance
    assert af.variance_map_slope(f, variance, weight) == pytest.approx(slope_of_map, rel=1e-9)


def test_min_exp_moments_in_closed_form():
    q = np.geomspace(1e-3, 1e2, 26).reshape(2, 13)
    value, slopes = af.min_exp_moments(q)
    np.testing.assert_allclose(value, af.second_moment(af.min_exp, q), rtol=1e-11)
    np.testing.assert_allclose(slopes, af.slope_moment(af.min_exp, q), rtol=1e-10)
    tail = stats.norm.cdf(-2) * math.exp(2)
    np.testing.assert_allclose(
        af.min_exp_moments(1.0),
        (0.5 + 5 * tail - 2 / math.sqrt(2 * math.pi), 0.5 + 10 * tail - 4 / math.sqrt(2 * math.pi)),
    )


def test_known_gains_and_fixed_points():
    assert af.gain(F.relu) == pytest.approx(math.sqrt(2), rel=1e-13)
    assert af.chi1(F.relu) == pytest.approx(1, rel=1e-13)
    assert af.gain(lambda x: 3 * x) == pytest.approx(1 / 3)
    # Klambauer et al. 2017: SELU has its fixed point at mean 0, variance 1
    assert af.second_moment(F.selu) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", af.ACTIVATIONS)
def test_variance_map_fixes_1_and_has_the_slope_it_says(name):
    f, h = af.ACTIVATIONS[name], 1e-4
    assert af.variance_map(f, 1.0) == pytest.approx(1, rel=1e-12)
    assert af.variance_map(f, 1.0, bias_variance=0.25) == pytest.approx(1.25, rel=1e-12)
    difference = np.diff(af.variance_map(f, np.array([1 - h, 1 + h])))[0] / (2 * h)
    assert af.variance_map_slope(f) == pytest.approx(difference, rel=1e-6)


def test_gradients_of_linear_layers_keep_their_size_and_relu_follows_chi1():
    sizes = {"depth": 4, "width": 400, "draws": 6, "batch": 20}
    for f in (lambda x: 2 * x, F.relu, torch.tanh):
        gradient, output = af.gradient_through_layers(f, **sizes, generator=torch.Generator().manual_seed(1))
        assert gradient.shape == output.shape == (6,)
        assert gradient.mean() == pytest.approx(float(af.chi1(f)) ** 4, rel=0.1)
        assert output.mean() == pytest.approx(1, rel=0.1)
    with pytest.raises(ValueError, match="at least 1"):
        af.gradient_through_layers(F.relu, **sizes | {"depth": 0}, generator=torch.Generator())


def test_gradients_on_the_edge_of_chaos_keep_their_size():
    weight, bias = af.edge_of_chaos(torch.tanh, 0.3)
    sizes = {"depth": 10, "width": 400, "draws": 6, "batch": 20, "variance": 0.3}
    variances = {"weight_variance": float(weight), "bias_variance": float(bias)}
    gradient, output = af.gradient_through_layers(
        torch.tanh, **sizes, **variances, generator=torch.Generator().manual_seed(1)
    )
    assert gradient.mean() == pytest.approx(1, rel=0.2) and output.mean() == pytest.approx(0.3, rel=0.1)
    for bad in ({"bias_variance": -1.0}, {"variance": 0.0}, {"weight_variance": math.inf}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            af.gradient_through_layers(torch.tanh, **sizes | bad, generator=torch.Generator())


def test_collapsed_layers_are_the_layers():
    g = torch.Generator().manual_seed(0)
    layers = [(torch.randn(2, a, b, generator=g), torch.randn(2, 1, b, generator=g)) for a, b in ((4, 3), (3, 7))]
    x = torch.randn(2, 5, 4, generator=g)
    weight, bias = af.collapse(layers)
    torch.testing.assert_close(x @ weight + bias, af.forward(layers, x, lambda h: h))


@pytest.mark.parametrize("name", ["tanh", "Swish", "min-exp"])
def test_edge_of_chaos_is_a_fixed_point_with_unit_gradients(name):
    f, q = af.ACTIVATIONS[name], np.array([0.5, 1.0, 2.0])
    for variance, weight, bias in zip(q, *af.edge_of_chaos(f, q), strict=True):
        assert af.variance_map(f, variance, weight, bias) == pytest.approx(variance)
        assert af.chi1(f, variance, weight) == pytest.approx(1)


@given(st.floats(0.1, 5), st.floats(-2, 2))
@settings(max_examples=25, deadline=None)
def test_expectation_with_a_kink_anywhere(variance, kink):
    s = math.sqrt(variance)
    exact = s * stats.norm.pdf(kink / s) + kink * stats.norm.cdf(kink / s) - kink  # E max(X, k) − k
    result = af.normal_expectation(lambda x: np.maximum(x - kink, 0), variance, kinks=[kink])
    assert result == pytest.approx(exact, abs=1e-13)


def test_saturation_against_closed_forms():
    edge = 2 * math.acosh(1 / (2 * math.sqrt(0.1)))  # σ′ = 1/(4 cosh²(x/2)) is 0.1 there
    assert af.saturation(torch.sigmoid, 0.1) == pytest.approx(2 * stats.norm.cdf(-edge), abs=1e-12)
    assert af.saturation(torch.tanh, 0.1) == pytest.approx(2 * stats.norm.cdf(-math.acosh(10**0.5)), abs=1e-12)
    assert af.saturation(F.relu, 1e-9) == pytest.approx(0.5, abs=1e-12)
    assert af.saturation(F.leaky_relu, 0.005) == 0
    assert af.saturation(F.hardtanh, 0.5, kinks=(-1, 1)) == pytest.approx(2 * stats.norm.cdf(-1), abs=1e-12)
    assert af.saturation(lambda x: 0 * x, 0.5) == pytest.approx(1)


@given(st.sampled_from(sorted(af.ACTIVATIONS)), st.floats(0.01, 0.5), st.floats(1.05, 2))
@settings(max_examples=15, deadline=None)
def test_saturation_grows_with_the_threshold(name, threshold, factor):
    f = af.ACTIVATIONS[name]
    assert 0 <= af.saturation(f, threshold) <= af.saturation(f, threshold * factor) <= 1


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: af.normal_expectation(np.cos, 0.0), "variance"),
        (lambda: af.normal_expectation(np.cos, [1.0, math.nan]), "variance"),
        (lambda: af.normal_expectation(np.cos, []), "variance"),
        (lambda: af.normal_expectation(np.cos, 1.0, kinks=[math.inf]), "kinks"),
        (lambda: af.saturation(F.relu, 0.0), "threshold"),
        (lambda: af.second_moment(F.relu, -1.0), "variance"),
        (lambda: af.second_moment(lambda x: x.sum()), "f"),
        (lambda: af.gain(lambda x: 0 * x), "f"),
        (lambda: af.variance_map(F.relu, 1.0, weight_variance=math.inf), "weight_variance"),
        (lambda: af.variance_map(F.relu, 1.0, bias_variance=-0.1), "bias_variance"),
        (lambda: af.chi1(F.relu, 1.0, weight_variance=0.0), "weight_variance"),
        (lambda: af.min_exp_moments(math.nan), "variance"),
    ],
)
def test_bad_arguments_are_named(call, argument):
    with pytest.raises(ValueError, match=f"^{argument}: "):
        call()


# --- Rounding and evolution


@pytest.fixture
def flushing():
    try:
        with af.flushed_denormals():
            pass
    except RuntimeError as error:
        pytest.skip(str(error))


def test_flushing_makes_the_round_trip_a_dead_zone_and_ends_with_the_block(flushing):
    x = torch.randn(10_001, generator=torch.Generator().manual_seed(0)) * 2
    x[:4] = torch.tensor([1.0, -1.0, 1 - 2**-24, -1 + 2**-24])
    torch.testing.assert_close(af.round_trip(x), x, rtol=0, atol=2**-23)
    threads = torch.get_num_threads()
    with af.flushed_denormals():
        assert torch.get_num_threads() == 1
        flushed = af.round_trip(x)
        assert np.float32(1e-40) * np.float32(1) == 0
    assert torch.equal(flushed, torch.where(x.abs() < 1, 0, x))
    assert np.float32(1e-40) * np.float32(1) > 0
    assert torch.get_num_threads() == threads
    torch.testing.assert_close(af.round_trip(x), x, rtol=0, atol=2**-23)


def test_flushing_can_be_nested(flushing):
    with af.flushed_denormals():
        with af.flushed_denormals():
            pass
        assert af.round_trip(torch.tensor([0.5])) == 0
    assert af.round_trip(torch.tensor([0.5])) == 0.5


def test_flushing_ends_when_the_block_fails(flushing):
    with pytest.raises(KeyError), af.flushed_denormals():
        raise KeyError
    assert np.float32(1e-40) * np.float32(1) > 0


def test_flushing_says_when_there_is_no_such_mode(monkeypatch):
    monkeypatch.setattr(torch, "set_flush_denormal", lambda mode: False)
    with pytest.raises(RuntimeError, match="no mode"), af.flushed_denormals():
        pass


@pytest.mark.parametrize("bad", [torch.zeros(2, dtype=double), np.zeros(2, dtype=np.float32)])
def test_round_trip_takes_only_float32(bad):
    with pytest.raises(ValueError, match="x: must be a float32 tensor"):
        af.round_trip(bad)


def test_unpacked_networks_are_the_networks_of_each_row():
    g = torch.Generator().manual_seed(0)
    candidates = torch.randn(3, 5 * 2 + 3 * 4, generator=g)
    x = torch.randn(3, 6, 4, generator=g)
    out = af.forward(af.unpack(candidates, (4, 2, 4)), x, torch.tanh)
    for c, xi, oi in zip(candidates, x, out, strict=True):
        w1, b1, w2, b2 = c[:8].view(4, 2), c[8:10], c[10:18].view(2, 4), c[18:]
        torch.testing.assert_close(oi, torch.tanh(xi @ w1 + b1) @ w2 + b2)
    with pytest.raises(ValueError, match="candidates: shape"):
        af.unpack(candidates[:, 1:], (4, 2, 4))
    with pytest.raises(ValueError, match="candidates: shape"):
        af.unpack(candidates[0], (4, 2, 4))


@pytest.mark.parametrize("sizes", [(4, 6), (4, 2, 6), (4, 3, 2, 5)])
def test_rounding_network_is_linear_layers_with_the_round_trip_between(sizes):
    g = torch.Generator().manual_seed(0)
    count = sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False))
    candidates, x = torch.randn(3, count, generator=g), torch.randn(7, 4, generator=g)
    layers = af.unpack(candidates, sizes)
    with af.flushed_denormals():
        fast = af.rounding_network(candidates, x, sizes)
        slow = af.forward(layers, x.expand(3, -1, -1), af.round_trip)
    torch.testing.assert_close(fast, slow.transpose(1, 2))
    weight, bias = af.collapse(layers)
    plain = af.rounding_network(candidates, x, sizes)  # without flushing it is one linear map
    torch.testing.assert_close(plain, (x @ weight + bias).transpose(1, 2), rtol=1e-5, atol=1e-5)
    assert torch.allclose(fast, plain, rtol=1e-5, atol=1e-5) == (len(sizes) == 2)
    with pytest.raises(ValueError, match="x: shape"):
        af.rounding_network(candidates, x[:, 1:], sizes)
    with pytest.raises(ValueError, match="x: shape"):
        af.rounding_network(candidates, x[0], sizes)
    with pytest.raises(ValueError, match="candidates: shape"):
        af.rounding_network(candidates[:, 1:], x, sizes)


def options(**changes):
    default = {"generations": 300, "pairs": 16, "sigma": 0.1, "lr": 0.1, "generator": torch.Generator().manual_seed(0)}
    return default | changes


def test_evolution_finds_minima_without_a_gradient():
    target = torch.tensor([1.0, -2.0, 0.5], dtype=double)
    smooth = lambda c: ((c - target) ** 2).sum(-1)  # noqa: E731
    steps = lambda c: torch.floor(20 * (c - target).abs()).sum(-1)  # noqa: E731 (its gradient is 0 almost everywhere)
    for loss in (smooth, steps):
        found, history = af.evolve(loss, torch.zeros(3, dtype=double), **options())
        assert (found - target).abs().max() < 0.1
        assert history.shape == (300,) and history[-1] < history[0] / 5


def test_weight_decay_pulls_what_the_loss_does_not_need_to_zero():
    loss = lambda c: (c[:, 0] - 1) ** 2  # noqa: E731
    start = torch.tensor([0.0, 3.0], dtype=double)
    free, _ = af.evolve(loss, start, **options())
    held, _ = af.evolve(loss, start, **options(weight_decay=1.0))
    assert held[1].abs() < 0.5 < free[1].abs()
    assert (held[0] - 1).abs() < 0.5


@given(st.floats(1e-3, 1e3), st.floats(-100, 100))
@settings(max_examples=10, deadline=None)
def test_evolution_sees_only_the_order_of_the_losses(scale, shift):
    loss = lambda c: ((c - 1) ** 2).sum(-1)  # noqa: E731
    start = torch.zeros(2, dtype=double)
    plain, _ = af.evolve(loss, start, **options(generations=5))
    other, _ = af.evolve(lambda c: torch.exp(loss(c) / 10) * scale + shift, start, **options(generations=5))
    torch.testing.assert_close(plain, other)


def test_evolution_stands_still_where_all_losses_are_equal():
    for value in (1.0, math.nan, math.inf):
        found, _ = af.evolve(lambda c, value=value: torch.full((len(c),), value), torch.zeros(4), **options())
        assert found.abs().max() < 1e-6


def test_evolution_is_antithetic_repeatable_and_leaves_its_start_alone():
    seen = []

    def loss(c):
        seen.append(c)
        return torch.where(torch.arange(len(c)) == 0, math.nan, c.sum(-1))

    start = torch.ones(4)
    found, _ = af.evolve(loss, start, **options(generations=1))
    torch.testing.assert_close(seen[0][:16] + seen[0][16:], torch.full((16, 4), 2.0))
    assert (start == 1).all() and found.isfinite().all()
    assert torch.equal(found, af.evolve(loss, start, **options(generations=1))[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": torch.zeros(2, 2)}, "start: shape"),
        ({"start": torch.zeros(0)}, "start: shape"),
        ({"start": torch.zeros(2, dtype=torch.int64)}, "start: is"),
        ({"pairs": 0}, "generations, pairs"),
        ({"generations": 0}, "generations, pairs"),
        ({"sigma": 0.0}, "sigma"),
        ({"lr": math.nan}, "lr"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"loss": lambda c: c}, "loss: returned shape"),
        ({"loss": lambda c: c.sum(-1).tolist()}, "loss: returned shape"),
        ({"start": torch.tensor([0.0, math.nan])}, "start: holds"),
    ],
)
def test_evolution_names_bad_arguments(changes, message):
    arguments = {"loss": lambda c: c.sum(-1), "start": torch.zeros(2)} | options(generations=1) | changes
    with pytest.raises(ValueError, match=message):
        af.evolve(arguments.pop("loss"), arguments.pop("start"), **arguments)
