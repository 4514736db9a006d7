"""min_exp in every format, mode and place, against 40 digits and against its plain formula."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import forward_ad

from helpers import activation_functions as af
from helpers.tensors import saved_numbers
from tests.activation_functions.strategies import DTYPES, any_numbers, double, reference, seeds, slope
from tests.examples import examples


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
@examples(50)
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
    with pytest.raises(ValueError, match="x: is .* give a tensor of float16"):
        af.min_exp(bad)


@given(st.lists(st.floats(-80, 80), min_size=1, max_size=8))
def test_the_articles_three_forms_are_one_function(values):
    x = torch.tensor(values, dtype=double)
    for form in (af.min_exp_naive, af.min_exp_max):
        torch.testing.assert_close(form(x), af.min_exp(x), rtol=1e-14, atol=0)
    torch.testing.assert_close(af.min_exp_relu(x), af.min_exp(x), rtol=1e-14, atol=1e-13)  # it cancels


@pytest.mark.parametrize("dtype", [torch.float32, double])
@given(seed=seeds)
@examples(500)
def test_the_fast_way_is_the_plain_formula(dtype, seed):
    x = any_numbers(seed, dtype)
    near = {"rtol": 4 * torch.finfo(dtype).eps, "atol": torch.finfo(dtype).smallest_normal, "equal_nan": True}
    torch.testing.assert_close(af.min_exp(x), af.min_exp_by_cases(x), **near)
    # (1 + x)eˣ passes through 0 at −1, where only the absolute error can be small
    near["atol"] = torch.finfo(dtype).eps
    torch.testing.assert_close(slope(af.min_exp, x), slope(af.min_exp_by_cases, x), **near)


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=seeds)
@examples(125)
def test_min_exp_is_right_wherever_it_is_defined_and_in_any_layout(dtype, seed):
    x = any_numbers(seed, dtype, 15)  # 20 numbers
    exact = [0.0 if v == -math.inf else float(reference(v)[0]) for v in x.tolist()]
    expected = torch.tensor(exact, dtype=double)
    info = torch.finfo(dtype)
    # In 16 bits one rounding. Else a few, and among denormal numbers half their distance times x, x ≥ −745.
    ulps, denormals = (0.51, 1) if info.bits == 16 else (4, 400)
    near = {"rtol": ulps * info.eps, "atol": denormals * info.smallest_normal * info.eps, "equal_nan": True}
    kept = x.clone()
    for view, right in ((x, expected), (x[::3], expected[::3]), (x.view(4, 5).T, expected.view(4, 5).T)):
        y = af.min_exp(view)
        assert y.dtype == dtype and y.shape == view.shape
        torch.testing.assert_close(y.double(), right, **near)
    exact = [0.0 if v == -math.inf else float(reference(v)[1]) for v in x.tolist()]
    near["atol"] += 4 * torch.finfo(torch.promote_types(dtype, torch.float32)).eps  # the slope passes through 0 at −1
    torch.testing.assert_close(slope(af.min_exp, x).double(), torch.tensor(exact, dtype=double), **near)
    same = {"rtol": 0, "atol": 0, "equal_nan": True}
    torch.testing.assert_close(af.min_exp(x[0].expand(3)), af.min_exp(x[:1]).expand(3), **same)
    torch.testing.assert_close(x, kept, **same)
    assert af.min_exp(x[:0]).shape == (0,)


def test_min_exp_by_cases_is_right_in_every_mode_at_the_ends():
    x = torch.tensor([-math.inf, -1e300, -1000.5, -1.0, 0.0, 2.0, 1e300, math.inf], dtype=double)
    f = af.min_exp_by_cases
    expected = {0: [0, 0, 0, -math.exp(-1), 0, 2, 1e300, math.inf], 1: [0, 0, 0, 0, 1, 1, 1, 1]}
    expected[2] = [0, 0, 0, math.exp(-1), 2, 0, 0, 0]
    once, forward = (lambda g: lambda z: torch.func.vmap(torch.func.grad(g))(z)), torch.ones_like(x)
    second = lambda z: torch.func.grad(torch.func.grad(f))(z)  # noqa: E731
    found = {
        0: [f(x), af.min_exp(x)],
        1: [once(f)(x), torch.func.jvp(f, (x,), (forward,))[1], once(af.min_exp)(x), slope(f, x), slope(af.min_exp, x)],
        2: [torch.func.vmap(second)(x), torch.func.jvp(once(f), (x,), (forward,))[1]],
    }
    for order, answers in found.items():
        for answer in answers:
            torch.testing.assert_close(answer, torch.tensor(expected[order], dtype=double))


@pytest.mark.parametrize("transform", ["grad", "vjp", "jvp", "hessian"])
def test_transforms_compile_to_what_they_are_in_eager_mode(transform):
    """The compiler has dropped the backward and forward rules of custom functions under a transform: here are none."""
    x, ones = torch.tensor([-2.0, -0.5, 0.0, 3.0]), torch.ones(4)
    calls = {
        "grad": lambda z: torch.func.grad(lambda v: af.min_exp(v).pow(2).sum())(z),
        "vjp": lambda z: torch.func.vjp(af.min_exp, z)[1](ones)[0],
        "jvp": lambda z: torch.func.jvp(af.min_exp, (z,), (ones,))[1],
        "hessian": lambda z: torch.func.hessian(lambda v: af.min_exp(v).sum())(z),
    }
    torch._dynamo.reset()
    compiled = torch.compile(calls[transform], backend="aot_eager")(x)
    torch.testing.assert_close(compiled, calls[transform](x))
    assert compiled.abs().max() > 0.3


@pytest.mark.parametrize("form", ["min_exp_naive", "min_exp_max", "min_exp_relu", "min_exp_by_cases"])
@given(seed=seeds)
@examples(500)
def test_the_forms_are_right_where_they_do_not_overflow(form, seed):
    dtype = DTYPES[seed % 4]
    x = any_numbers(seed, dtype)
    x = x[x.isfinite()]
    y = getattr(af, form)(x.clone().requires_grad_())
    info = torch.finfo(dtype)
    near = {"rtol": 4 * info.eps, "atol": 32 * info.eps if form == "min_exp_relu" else 2 * info.smallest_normal}
    torch.testing.assert_close(y.detach().double(), af.min_exp(x.double()), **near)
    if form in ("min_exp_max", "min_exp_by_cases"):
        assert slope(getattr(af, form), x).isfinite().all()


def test_the_lowest_slope_lies_at_the_inflection():
    x = torch.linspace(-6, 0, 6001, dtype=double)
    slopes = slope(af.min_exp, x)
    assert x[slopes.argmin()].item() == pytest.approx(-2)
    assert slopes.min().item() == pytest.approx(-math.exp(-2))


def test_the_forms_as_written_fail_in_float32_where_they_are_said_to():
    far = torch.tensor([100.0, 1000.0])
    assert slope(af.min_exp_naive, far).isnan().all() and (af.min_exp_naive(far) == far).all()
    assert af.min_exp_relu(torch.tensor(-20.0)) == 0 and af.min_exp_max(torch.tensor(-20.0)) == af.min_exp(
        torch.tensor(-20.0)
    )
    infinity = torch.tensor(math.inf)
    assert af.min_exp_max(infinity).isnan() and af.min_exp_relu(infinity).isnan()


@pytest.mark.parametrize("form", [af.min_exp_naive, af.min_exp_max, af.min_exp_relu])
def test_the_forms_as_written_keep_more_for_the_backward_pass(form):
    assert saved_numbers(form, torch.linspace(-3, 3, 1000).requires_grad_()) >= 2
