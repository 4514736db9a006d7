"""The estimators against autograd, dense matrices, 50-digit arithmetic and the package."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import forward_ad
from vector_quantize_pytorch.vector_quantize_pytorch import rotate_to as package_rotate_to

from helpers.vq_rotation_trick import (
    reflect_to,
    reflection_matrix,
    rotate_to,
    rotation_matrix,
    split_estimator,
    straight_through,
)
from tests.examples import examples
from tests.vq_rotation_trick.strategies import at_angle, exact, gradient, hard, kept, normal, slow, vectors

ALL = [straight_through, rotate_to, reflect_to]
MOVING = [rotate_to, reflect_to]


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(7,), (5, 3), (2, 3, 4, 8), (1, 1)])
def test_forward_is_q_bit_for_bit_and_q_gets_no_gradient(function, dtype, shape):
    z = normal(*shape).to(dtype).requires_grad_()
    q = (normal(*shape, seed=1) * 1e-3).to(dtype).requires_grad_()
    out = function(z, q)
    assert out.dtype == dtype and torch.equal(out, q) and out.data_ptr() != q.data_ptr()
    grad_z, grad_q = torch.autograd.grad(out.sum(), (z, q), allow_unused=True)
    assert grad_q is None and grad_z.shape == z.shape and grad_z.dtype == dtype and torch.isfinite(grad_z).all()


def test_usual_way_to_write_straight_through_is_not_bitwise():
    z, q = normal(1000, dtype=torch.float32), normal(1000, seed=1, dtype=torch.float32)
    assert not torch.equal(z + (q - z), q)


def test_straight_through_gradient_is_the_identity():
    z, q, g = normal(3, 4, 5)
    assert torch.equal(gradient(straight_through, z, q, g), g)


@given(st.integers(2, 40), st.integers(0, 10**6), st.floats(-3, 3), st.floats(-3, 3))
@examples(60)
def test_rotation_gradient_is_the_transpose_of_the_dense_matrix(d, seed, log_z, log_q):
    z, q, g = normal(3, 4, d, seed=seed)
    z, q = z * 10**log_z, q * 10**log_q
    R = rotation_matrix(z, q)
    dense = (R.mT @ g[..., None])[..., 0]
    ratio = q.norm(dim=-1, keepdim=True) / z.norm(dim=-1, keepdim=True)
    assert torch.allclose(gradient(rotate_to, z, q, g, scale=False), dense, rtol=1e-9, atol=1e-10)
    assert torch.allclose(gradient(rotate_to, z, q, g), ratio * dense, rtol=1e-9, atol=1e-10 * float(ratio.max()))
    eye = torch.eye(d, dtype=z.dtype).expand_as(R)
    assert torch.allclose(R @ R.mT, eye, atol=1e-9) and torch.allclose(torch.linalg.det(R), torch.ones(4).double())


@pytest.mark.parametrize("d", [2, 3, 64])
def test_rotation_gradient_is_that_of_the_detached_matrix_by_autograd(d):
    z, q, g = normal(3, 6, d)
    G = rotation_matrix(z, q) * (q.norm(dim=-1) / z.norm(dim=-1))[:, None, None]
    z.requires_grad_()
    (reference,) = torch.autograd.grad((G @ z[..., None])[..., 0], z, g)
    assert torch.allclose(gradient(rotate_to, z.detach(), q, g), reference, rtol=1e-10)


def test_reflection_gradient_is_the_householder_matrix():
    z, q, g = normal(3, 6, 5)
    unit_z, unit_q = (x / x.norm(dim=-1, keepdim=True) for x in (z, q))
    v = unit_q - unit_z
    v = v / v.norm(dim=-1, keepdim=True)
    H = torch.eye(5, dtype=z.dtype) - 2 * v[..., :, None] * v[..., None, :]
    assert torch.allclose((H @ unit_z[..., None])[..., 0], unit_q)
    expected = (H @ g[..., None])[..., 0]
    assert torch.allclose(gradient(reflect_to, z, q, g, scale=False), expected, rtol=1e-10)


@given(st.integers(2, 30), st.integers(0, 10**6))
@examples(40)
def test_rotation_keeps_the_radial_product_and_angle_exactly(d, seed):
    z, q, g = normal(3, 8, d, seed=seed)
    moved = gradient(rotate_to, z, q, g)
    assert torch.allclose((moved * z).sum(-1), (g * q).sum(-1), rtol=1e-9, atol=1e-9)
    angle = torch.nn.functional.cosine_similarity
    assert torch.allclose(angle(moved, z), angle(g, q), atol=1e-9)
    ratio = moved.norm(dim=-1) / g.norm(dim=-1)
    assert torch.allclose(ratio, q.norm(dim=-1) / z.norm(dim=-1), rtol=1e-9)


@pytest.mark.parametrize(("rest", "radial"), [(straight_through, rotate_to), (rotate_to, straight_through)])
def test_split_estimator_takes_each_part_from_its_estimator(rest, radial):
    z, q, g = normal(3, 50, 6)

    def split(z, q):
        return split_estimator(z, q, rest, radial)

    along = z / z.norm(dim=-1, keepdim=True)
    parts = gradient(rest, z, q, g), gradient(radial, z, q, g)
    expected = parts[0] + along * ((parts[1] - parts[0]) * along).sum(-1, keepdim=True)
    torch.testing.assert_close(gradient(split, z, q, g), expected, rtol=1e-12, atol=1e-12)
    assert torch.equal(split(z, q), q)
    torch.testing.assert_close(gradient(split, 0 * z, q, g), gradient(rest, 0 * z, q, g))  # nothing lies along z = 0


@pytest.mark.parametrize("function", ALL)
def test_split_estimator_of_one_is_that_one(function):
    z, q, g = normal(3, 50, 6, seed=1)
    both = gradient(lambda z, q: split_estimator(z, q, function, function), z, q, g)
    torch.testing.assert_close(both, gradient(function, z, q, g), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype, delta, tolerance", [
    (torch.float32, 1.0, 1e-6), (torch.float32, 1e-2, 1e-4), (torch.float32, 1e-3, 1e-3),
    (torch.float64, 1e-3, 1e-10), (torch.float64, 1e-6, 1e-8), (torch.float16, 1.0, 1e-3),
])  # fmt: skip
@pytest.mark.parametrize("d", [2, 64, 512])
def test_accuracy_near_the_antipode(dtype, delta, tolerance, d):
    z, q = at_angle(delta, d, dtype)
    g = normal(d, seed=3).to(dtype)
    error = gradient(rotate_to, z, q, g).double() - torch.tensor(exact(z, q, g), dtype=torch.float64)
    assert error.norm() <= tolerance * torch.tensor(exact(z, q, g)).norm()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("c", [1e-3, 0.7, 1.0, 30.0])
def test_exact_antipode_is_the_reflection_along_z(dtype, c):
    z, g = normal(2, 9, 16, dtype=dtype)
    unit = z / z.norm(dim=-1, keepdim=True)
    expected = c * (g - 2 * unit * (unit * g).sum(-1, keepdim=True))
    eps = torch.finfo(dtype).eps
    assert torch.allclose(gradient(rotate_to, z, -c * z, g), expected, rtol=100 * eps, atol=30 * c * eps)


def test_parallel_vectors_give_the_scaled_identity():
    z, g = normal(2, 9, 16)
    for function in MOVING:
        assert torch.allclose(gradient(function, z, 2.5 * z, g), 2.5 * g, rtol=1e-12)


def test_zero_vectors():
    z, g = normal(2, 3, 8, dtype=torch.float32)
    zero = torch.zeros_like(z)
    for function in MOVING:
        assert torch.equal(gradient(function, zero, z, g), g)  # z = 0: G = I
        assert torch.equal(gradient(function, zero, zero, g), g)
        assert torch.equal(gradient(function, z, zero, g), zero)  # q = 0: G = 0
        assert torch.equal(gradient(function, z, zero, g, scale=False), g)
        mixed = torch.stack([z[0], zero[0], z[1]]), torch.stack([zero[0], z[0], z[2]])
        alone = gradient(function, mixed[0][2:], mixed[1][2:], g[2:])
        assert torch.allclose(gradient(function, *mixed, g)[2:], alone)


@pytest.mark.parametrize("size_z", [1e-44, 1e-30, 1e-20, 1.0, 1e20, 1e30])
@pytest.mark.parametrize("size_q", [1e-44, 1e-30, 1e-20, 1.0, 1e20, 1e30])
def test_extreme_norms_stay_finite_and_right_in_float32(size_z, size_q):
    z, q, g = normal(3, 4, 8, dtype=torch.float32)
    z, q = z * size_z, q * size_q
    for function in MOVING:
        for scale in (True, False):
            assert torch.isfinite(gradient(function, z, q, g, scale=scale)).all()
    if min(size_z, size_q) > 1e-40 and 1e-36 < size_q / size_z < 1e36:
        for k in range(4):
            expected = torch.tensor(exact(z[k], q[k], g[k]), dtype=torch.float64)
            assert (gradient(rotate_to, z[k], q[k], g[k]).double() - expected).norm() <= 1e-5 * expected.norm()


@pytest.mark.parametrize("size_z", [1e-200, 1.0, 1e200])
@pytest.mark.parametrize("size_q", [1e-200, 1.0, 1e200])
def test_extreme_norms_stay_finite_and_right_in_float64(size_z, size_q):
    z, q, g = normal(3, 2, 8)
    z, q = z * size_z, q * size_q
    moved = gradient(rotate_to, z, q, g)
    assert torch.isfinite(moved).all()
    if size_q / size_z < 1e300 and size_z / size_q < 1e300:
        for k in range(2):
            expected = torch.tensor(exact(z[k], q[k], g[k]), dtype=torch.float64)
            assert (moved[k] - expected).norm() <= 1e-13 * expected.norm()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_saturates_instead_of_overflowing(dtype):
    small, info = normal(3, 8).to(dtype) * torch.finfo(dtype).smallest_normal, torch.finfo(dtype)
    moved = gradient(rotate_to, small, 200 * torch.ones_like(small), torch.full_like(small, 100.0))
    assert torch.isfinite(moved).all()
    if dtype == torch.float16:  # the range of bfloat16 is that of float32
        assert moved.abs().max() == info.max


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiled_code_takes_the_careful_way_where_it_must(backend):
    torch._dynamo.reset()
    compiled = torch.compile(rotate_to, backend=backend, fullgraph=True)
    z, q, g = normal(3, 5, 8, dtype=torch.float32)
    hard = (
        z * torch.tensor([1.0, 0.0, 1e-25, 1e20, 1.0])[:, None],
        q * torch.tensor([1.0, 1.0, 1e20, 1e-20, 0.0])[:, None],
    )
    for pair in ((z, q), hard):
        torch.testing.assert_close(gradient(compiled, *pair, g), gradient(rotate_to, *pair, g), rtol=1e-5, atol=0)


def test_empty_and_strided_batches():
    z, q, g = normal(3, 6, 10)
    assert gradient(rotate_to, z[:0], q[:0], g[:0]).shape == (0, 10)
    whole = gradient(rotate_to, z[:, ::2].contiguous(), q[:, ::2].contiguous(), g[:, ::2].contiguous())
    torch.testing.assert_close(gradient(rotate_to, z[:, ::2], q[:, ::2], g[:, ::2]), whole, rtol=1e-14, atol=0)
    torch.testing.assert_close(gradient(rotate_to, z.T.contiguous().T, q, g), gradient(rotate_to, z, q, g))


def test_matrix_is_a_constant_for_second_derivatives():
    z, q = normal(2, 4, 6)
    z.requires_grad_()
    (first,) = torch.autograd.grad((rotate_to(z, q) ** 3).sum(), z, create_graph=True)
    G = rotation_matrix(z.detach(), q) * (q.norm(dim=-1) / z.detach().norm(dim=-1))[:, None, None]
    (second,) = torch.autograd.grad(first.sum(), z)
    torch.testing.assert_close(second, (G.mT @ (6 * q * G.sum(-1))[..., None])[..., 0])


def test_backward_needs_memory_in_proportion_to_its_input():
    z, q, g = normal(3, 64, 512, dtype=torch.float32)
    z.requires_grad_()
    out = rotate_to(z, q)
    with torch.profiler.profile(profile_memory=True) as profile:
        torch.autograd.grad(out, z, g)
    largest = max(event.cpu_memory_usage for event in profile.events())
    assert 0 < largest <= 4 * z.numel() * 4  # a matrix per row would take 512 times as much


def test_agrees_with_the_package_and_outlasts_it():
    z, q, g = normal(3, 50, 16, dtype=torch.float32)
    torch.testing.assert_close(gradient(rotate_to, z, q, g), gradient(package_rotate_to, z, q, g), rtol=1e-4, atol=1e-4)
    long = 1e20 * z, 1e20 * q
    assert not torch.isfinite(gradient(package_rotate_to, *long, g)).all()
    torch.testing.assert_close(gradient(rotate_to, *long, g), gradient(rotate_to, z, q, g), rtol=1e-5, atol=1e-5)


def test_blocks_leave_no_seam():
    z, q, g = normal(3, 3000, 64, dtype=torch.float32)  # more than one block of 2¹⁷ numbers
    assert torch.equal(gradient(rotate_to, z, q, g)[2500:], gradient(rotate_to, z[2500:], q[2500:], g[2500:]))


def test_leading_axes_and_vmap():
    z, q, g = normal(3, 4, 5, 6)
    whole = gradient(rotate_to, z, q, g)
    assert torch.allclose(whole[1, 2], gradient(rotate_to, z[1, 2], q[1, 2], g[1, 2]), rtol=1e-12)

    def pulled(z, q, g):
        return torch.func.vjp(lambda z: rotate_to(z, q), z)[1](g)[0]

    assert torch.allclose(torch.func.vmap(pulled)(z, q, g), whole, rtol=1e-12)


def test_compiles_into_one_graph():
    z, q, g = normal(3, 4, 5, 6)
    compiled = torch.compile(rotate_to, backend="aot_eager", fullgraph=True)  # no C++ compiler needed
    assert torch.equal(compiled(z, q), q)
    assert torch.allclose(gradient(compiled, z, q, g), gradient(rotate_to, z, q, g), rtol=1e-12)


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("bad, message", [
    ((torch.ones(2, 3), torch.ones(3, 2)), "shape"),
    ((torch.ones(2).long(), torch.ones(2)), "z:"), ((torch.ones(2), [1.0, 2.0]), "q:"),
    ((torch.ones(()), torch.ones(())), "shape"), ((torch.ones(2, 0), torch.ones(2, 0)), "shape"),
])  # fmt: skip
def test_bad_pairs_are_named(function, bad, message):
    with pytest.raises(ValueError, match=message):
        function(*bad)


def plain_matrix(function, z, q):
    """G of shape (..., d, d) for ordinary vectors."""
    if function is straight_through:
        return torch.eye(z.shape[-1], dtype=z.dtype).expand(*z.shape, z.shape[-1])
    ratio = (q.norm(dim=-1) / z.norm(dim=-1))[..., None, None]
    return ratio * (rotation_matrix if function is rotate_to else reflection_matrix)(z, q)


@pytest.mark.parametrize("function", ALL)
def test_forward_mode_and_function_transforms_see_the_matrix(function):
    z, q, v = normal(3, 4, 5)
    G = plain_matrix(function, z, q)
    for jacobian in (torch.func.jacfwd, torch.func.jacrev):
        found = torch.func.vmap(jacobian(function))(z, q)
        torch.testing.assert_close(found, G)
        torch.testing.assert_close(torch.func.vmap(jacobian(function, argnums=1))(z, q), torch.zeros_like(G))
    value, moved = torch.func.jvp(lambda z: function(z, q), (z,), (v,))
    assert torch.equal(value, q)
    torch.testing.assert_close(moved, (G @ v[..., None])[..., 0])
    hessian = torch.func.hessian(lambda z: function(z, q[0]).pow(3).sum())(z[0])
    torch.testing.assert_close(hessian, G[0].mT @ torch.diag(6 * q[0]) @ G[0])
    with forward_ad.dual_level():
        out = forward_ad.unpack_dual(function(forward_ad.make_dual(z, v), q))
        assert torch.equal(out.primal, q)
        torch.testing.assert_close(out.tangent, (G @ v[..., None])[..., 0])


@pytest.mark.parametrize("function", ALL)
def test_compiled_function_transforms_lose_no_gradient(function):
    z, q, v = normal(3, 4, 5)
    G = plain_matrix(function, z, q)

    def loss(z):
        return function(z, q).pow(2).sum()

    torch._dynamo.reset()
    gradient_ = torch.compile(torch.func.grad(loss), backend="aot_eager", fullgraph=True)(z)
    torch.testing.assert_close(gradient_, (G.mT @ (2 * q)[..., None])[..., 0])
    if function is reflect_to:
        return  # the rest is the mechanism that rotate_to shares; each compilation takes a second
    inner = torch.compile(loss, backend="aot_eager")
    torch.testing.assert_close(torch.func.grad(inner)(z), gradient_)
    with forward_ad.dual_level():  # inductor itself loses tangents (pytorch#187284), other backends carry them
        dual = torch.compile(function, backend="aot_eager")(forward_ad.make_dual(z, v), q)
        torch.testing.assert_close(forward_ad.unpack_dual(dual).tangent, (G @ v[..., None])[..., 0])
    moved = torch.compile(lambda z: torch.func.jvp(lambda z: function(z, q), (z,), (v,))[1], backend="aot_eager")(z)
    torch.testing.assert_close(moved, (G @ v[..., None])[..., 0])


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("of_z, of_q", [
    (torch.bfloat16, torch.float32), (torch.float32, torch.float16), (torch.float16, torch.bfloat16),
    (torch.float64, torch.float32),
])  # fmt: skip
def test_mixed_dtypes_are_promoted(function, of_z, of_q):
    z, q, g = normal(3, 6, 5, dtype=torch.float32)
    z, q = z.to(of_z), q.to(of_q)
    wide = torch.promote_types(of_z, of_q)
    assert torch.equal(function(z, q), q.to(wide))
    moved = gradient(function, z, q, g.to(wide))
    assert moved.dtype == of_z
    assert torch.equal(moved, gradient(function, z.to(wide), q.to(wide), g.to(wide)).to(of_z))


def wide_gradient(z, q, g, sign, scale):
    """Gᵀg in numpy's long double, and the length of the axis: what `rotate_to` and `reflect_to` promise for any row."""
    info = torch.finfo(torch.promote_types(z.dtype, torch.float32))  # 16-bit numbers are computed in float32
    tiny, most = info.smallest_normal, info.max
    z, q, g = (x.double().numpy().astype(np.longdouble) for x in (z, q, g))
    lengths = [np.sqrt((x * x).sum(-1, keepdims=True)) for x in (z, q)]
    empty = [np.abs(x).max(-1, keepdims=True, initial=0) < tiny for x in (z, q)]
    with np.errstate(divide="ignore", invalid="ignore"):
        unit_z, unit_q = (np.where(e, 0, x / n) for x, n, e in zip((z, q), lengths, empty, strict=True))
        axis = unit_q + sign * unit_z
        length = np.sqrt((axis * axis).sum(-1, keepdims=True))
        along = np.where((length > 1e-6) & ~(empty[0] | (empty[1] & (not scale))), axis / length, 0)
        ratio = np.where(empty[0], 1, np.where(empty[1], 0, np.minimum(lengths[1] / lengths[0], most * 2.0**-24)))
    moved = g - 2 * along * (along * g).sum(-1, keepdims=True)
    if sign > 0:
        moved = moved + 2 * unit_z * (unit_q * g).sum(-1, keepdims=True)
    return (moved * ratio if scale else moved), ratio if scale else np.ones_like(ratio), length


@given(vectors(3, ordinary=1), st.sampled_from(MOVING), st.booleans())
@hard
def test_any_vectors_get_the_promised_gradient(zqg, function, scale):
    z, q, g = zqg
    unchanged = kept(z, q, g)
    moved = gradient(function, z, q, g, scale=scale)
    assert torch.equal(function(z, q, scale), q) and moved.dtype == z.dtype and torch.isfinite(moved).all()
    unchanged()
    expected, ratio, length = wide_gradient(z, q, g, 1 if function is rotate_to else -1, scale)
    info = torch.finfo(z.dtype)
    eps = max(info.eps, torch.finfo(torch.float32).eps if info.bits < 64 else 0)
    clear = (length > 1e-3) | (length < 1e-9)  # between them an input's own rounding may decide about the axis
    size = ratio * np.sqrt((g.double().numpy() ** 2).sum(-1, keepdims=True))
    bound = 100 * eps * size / np.where(length > 1e-3, length, 1) + 4 * info.smallest_normal
    error = np.abs(moved.double().numpy() - np.clip(expected, -info.max, info.max))
    assert (error <= np.where(clear, bound, np.inf)).all()


@given(vectors(3))
@hard
def test_straight_through_hands_any_gradient_on(zqg):
    z, q, g = zqg
    unchanged = kept(z, q, g)
    assert torch.equal(straight_through(z, q), q) and torch.equal(gradient(straight_through, z, q, g), g)
    unchanged()


@given(vectors(3, ordinary=1), st.sampled_from(ALL), st.sampled_from(ALL))
@slow
def test_split_estimator_of_any_vectors_is_finite_and_takes_each_part(zqg, rest, radial):
    z, q, g = zqg
    unchanged = kept(z, q, g)

    def split(z, q):
        return split_estimator(z, q, rest, radial)

    moved = gradient(split, z, q, g)
    assert torch.equal(split(z, q), q) and moved.dtype == z.dtype
    unchanged()
    wide = [x.double() for x in (z, q, g)]
    along = torch.nn.functional.normalize(wide[0] / wide[0].abs().amax(-1, keepdim=True).clamp_min(1e-300), dim=-1)
    along = torch.where(wide[0].abs().amax(-1, keepdim=True) < torch.finfo(z.dtype).smallest_normal, 0, along)
    parts = [gradient(f, z, q, g).double() for f in (rest, radial)]
    expected = parts[0] + along * ((parts[1] - parts[0]) * along).sum(-1, keepdim=True)
    size = sum(part.abs().amax(-1, keepdim=True) for part in parts)
    info = torch.finfo(z.dtype)
    assert ((moved.double() - expected).abs() <= 40 * info.eps * size + 4 * info.smallest_normal).all()


@pytest.mark.parametrize("function", MOVING)
def test_a_row_with_nan_or_inf_harms_no_other(function):
    z, q, g = normal(3, 4, 5)
    for bad in (math.nan, math.inf):
        for which in (0, 1):
            pair = [z.clone(), q.clone()]
            pair[which][1, 2] = bad
            moved = gradient(function, *pair, g)
            assert moved[1].isnan().all()  # its direction is not known, and 0 would hide that
            others = torch.tensor([0, 2, 3])
            torch.testing.assert_close(moved[others], gradient(function, z, q, g)[others])
            value = function(*pair)
            assert torch.equal(value[others], q[others]) and torch.equal(value[1].isnan(), pair[1][1].isnan())


@pytest.mark.parametrize("function", [straight_through, rotate_to])
def test_a_vector_that_is_its_own_code_gets_its_gradient_compiled_too(function):
    z, g = normal(2, 4, 5)
    torch._dynamo.reset()
    compiled = torch.compile(function, backend="aot_eager")
    z.requires_grad_()
    for f in (function, compiled):
        torch.testing.assert_close(torch.autograd.grad(f(z, z), z, g)[0], g)
