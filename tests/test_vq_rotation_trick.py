"""The estimators against autograd, dense matrices and 50-digit arithmetic; the quantiser against its definitions."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from vector_quantize_pytorch.vector_quantize_pytorch import rotate_to as package_rotate_to

from helpers.vq_rotation_trick import (
    CODEBOOKS,
    ESTIMATORS,
    VectorQuantizer,
    assemble,
    code_counts,
    kmeans,
    nearest_code,
    patches,
    perplexity,
    reflect_to,
    rotate_to,
    rotation_matrix,
    split_estimator,
    straight_through,
)

ALL = [straight_through, rotate_to, reflect_to]
MOVING = [rotate_to, reflect_to]


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def gradient(function, z, q, g, **options):
    z = z.clone().requires_grad_()
    return torch.autograd.grad(function(z, q, **options), z, g)[0]


def exact(z, q, g):
    """λRᵀg in 50 digits, for vectors of any float type, which mpmath takes exactly."""
    with mpmath.workdps(50):
        z, q, g = ([mpmath.mpf(x.item()) for x in v.double()] for v in (z, q, g))
        norm = [mpmath.sqrt(sum(x * x for x in v)) for v in (z, q)]
        unit_z, unit_q = [x / norm[0] for x in z], [x / norm[1] for x in q]
        axis = [a + b for a, b in zip(unit_z, unit_q, strict=True)]
        along_q = sum(a * b for a, b in zip(unit_q, g, strict=True))
        along_axis = sum(a * b for a, b in zip(axis, g, strict=True)) / sum(a * a for a in axis)
        rows = zip(g, unit_z, axis, strict=True)
        return [float(norm[1] / norm[0] * (c + 2 * along_q * a - 2 * along_axis * b)) for c, a, b in rows]


def at_angle(delta, d, dtype, seed=0):
    """z and q at the angle π − delta, of lengths 1.7 and 0.3."""
    z, other = normal(2, d, seed=seed)
    z = z / z.norm()
    other = other - z * (z @ other)
    delta = torch.tensor(delta, dtype=torch.float64)
    q = -torch.cos(delta) * z + torch.sin(delta) * other / other.norm()
    return (1.7 * z).to(dtype), (0.3 * q).to(dtype)


# The estimators


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
@settings(deadline=None, max_examples=60)
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
@settings(deadline=None, max_examples=40)
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
    ((torch.ones(2, 3), torch.ones(3, 2)), "shape"), ((torch.ones(2), torch.ones(2).double()), "dtype"),
    ((torch.ones(2).long(), torch.ones(2)), "z:"), ((torch.ones(2), [1.0, 2.0]), "q:"),
    ((torch.ones(()), torch.ones(())), "shape"), ((torch.ones(2, 0), torch.ones(2, 0)), "shape"),
])  # fmt: skip
def test_bad_pairs_are_named(function, bad, message):
    with pytest.raises(ValueError, match=message):
        function(*bad)


def test_rotation_matrix_refuses_what_is_undefined():
    z = normal(3)
    for pair in ((z, -2 * z), (z, 0 * z), (0 * z, z)):
        with pytest.raises(ValueError, match="undefined"):
            rotation_matrix(*pair)


# Codes


def test_nearest_code_against_distances():
    z, codebook = normal(2, 50, 4), normal(2, 7, 4, seed=1)
    assert torch.equal(nearest_code(z, codebook), torch.cdist(z, codebook).argmin(-1))
    far = nearest_code(z.float() + 1000, codebook.float() + 1000)  # rounded to 6e-5 there, but not worse
    distance = torch.cdist(z, codebook)
    assert (distance.gather(-1, far[..., None])[..., 0] <= distance.min(-1).values + 1e-3).all()


def test_counts_and_perplexity():
    counts = code_counts(torch.tensor([[0, 0, 1, 3], [2, 2, 2, 2]]), 4)
    assert counts.tolist() == [[2, 1, 0, 1], [0, 0, 4, 0]]
    assert torch.allclose(perplexity(counts), torch.tensor([2**1.5, 1.0]))
    with pytest.raises(ValueError, match="counts"):
        perplexity(torch.tensor([[1.0, 2.0], [0.0, 0.0]]))


def test_kmeans_ends_at_a_fixed_point_of_sklearns_iteration():
    points = torch.cat([normal(100, 3, seed=k) * 0.1 + 5 * normal(3, seed=100 + k) for k in range(4)])
    centres = kmeans(points, 8, torch.Generator().manual_seed(0), 50)
    inertia = (torch.cdist(points, centres).min(-1).values ** 2).sum()
    reference = KMeans(8, init=centres.numpy(), n_init=1).fit(points.numpy())
    assert math.isclose(float(inertia), reference.inertia_, rel_tol=1e-6)
    for bad, codes in ((points[:3], 8), (points * math.nan, 8), (points, 0)):
        with pytest.raises(ValueError, match="points"):
            kmeans(bad, codes, torch.Generator())


def test_kmeans_finds_separate_clusters_and_survives_duplicates():
    clusters = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    points = clusters.repeat(50, 1)
    found = {
        tuple(kmeans(points, 3, torch.Generator().manual_seed(k), 30).unique(dim=0).flatten().tolist())
        for k in range(20)
    }
    assert tuple(clusters.unique(dim=0).flatten().tolist()) in found
    assert torch.isfinite(kmeans(torch.ones(10, 2), 3, torch.Generator())).all()


def test_patches_and_back():
    image = np.arange(5 * 7.0).reshape(5, 7)
    cut = patches(image, 2)
    assert cut.shape == (6, 4) and cut[1].tolist() == [2, 3, 9, 10]
    assert np.array_equal(assemble(cut, (4, 6)), image[:4, :6])
    for size in (0, 6):
        with pytest.raises(ValueError, match="size"):
            patches(image, size)
    with pytest.raises(ValueError, match="shape"):
        assemble(cut, (4, 5))


# The module


def quantizer(**options):
    arguments = {"dim": 4, "codes": 8, "generator": torch.Generator().manual_seed(0)} | options
    if arguments.get("codebook") == "fsq":
        arguments = {"levels": (2, 4)} | arguments
    return VectorQuantizer(**arguments)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("codebook", CODEBOOKS)
@pytest.mark.parametrize("models", [None, 3])
def test_every_combination_runs(estimator, codebook, models):
    module = quantizer(estimator=estimator, codebook=codebook, models=models)
    z = normal(*([] if models is None else [models]), 20, 4, dtype=torch.float32).requires_grad_()
    out = module(z)
    leading = () if models is None else (models,)
    assert out.values.shape == z.shape and out.codes.shape == z.shape[:-1]
    assert out.codebook_loss.shape == out.commitment_loss.shape == out.entropy_loss.shape == leading
    (out.values.square().mean() + (out.commitment_loss + out.codebook_loss + out.entropy_loss).sum()).backward()
    assert torch.isfinite(z.grad).all() and z.grad.abs().sum() > 0
    report = module.eval().report(z)
    assert report.usage.shape == leading
    assert ((report.usage > 0) & (report.usage <= 1)).all()
    assert ((report.perplexity >= 1 - 1e-6) & (report.perplexity <= 8)).all()


def test_losses_and_their_gradients_are_the_articles():
    module = quantizer()
    z = normal(30, 4, dtype=torch.float32).requires_grad_()
    out = module(z)
    distance = torch.cdist(z, module.points)
    assert torch.equal(out.codes, distance.argmin(-1)) and torch.equal(out.values, module.points[out.codes])
    squared = distance.min(-1).values.square().mean()
    assert torch.allclose(out.codebook_loss, squared) and torch.allclose(out.commitment_loss, squared)
    assert torch.allclose(module.report(z).error, squared)
    assert torch.autograd.grad(out.codebook_loss, z, allow_unused=True, retain_graph=True) == (None,)
    (code_gradient,) = torch.autograd.grad(out.codebook_loss, module.points, retain_graph=True)
    for k in range(8):
        expected = 2 * (module.points[k] - z[out.codes == k]).sum(0) / 30
        assert torch.allclose(code_gradient[k], expected, atol=1e-6)
    assert torch.autograd.grad(out.commitment_loss, module.points, allow_unused=True, retain_graph=True) == (None,)
    assert torch.autograd.grad(out.values.sum(), module.points, allow_unused=True) == (None,)


def test_models_are_independent():
    both = quantizer(models=2, init=0.1)
    assert torch.allclose(both.points.std(), torch.tensor(0.1), rtol=0.3)
    z = normal(2, 25, 4, dtype=torch.float32)
    assert torch.equal(both(z).values[1], quantizer(init=both.points[1])(z[1]).values)


def test_ema_follows_the_running_mean():
    module = quantizer(codebook="ema", decay=0.5)
    z = normal(40, 4, dtype=torch.float32)
    before = module.points.clone()
    codes = module(z).codes
    for k in range(8):
        served = z[codes == k]
        share, total = 0.5 / 8 + 0.5 * len(served) / 40, 0.5 * before[k] / 8 + 0.5 * served.sum(0) / 40
        assert torch.allclose(module.points[k], total / share, atol=1e-6)
    still = module.eval().points.clone()
    module(z)
    assert torch.equal(module.points, still)


def test_ema_code_without_samples_stays():
    module = quantizer(codebook="ema")
    with torch.no_grad():
        module.points[0], module.total[0] = 100.0, 100.0 / 8
    for _ in range(1000):
        module(normal(10, 4, dtype=torch.float32))
    assert torch.allclose(module.points[0], torch.full((4,), 100.0), rtol=1e-3)


def test_restart_revives_dead_codes():
    module = quantizer(restart=0.5)
    with torch.no_grad():
        module.points += 100
        module.points[0] = 0
    z = normal(64, 4, dtype=torch.float32)
    assert module.report(z).usage == 1 / 8
    for _ in range(40):
        module(z).codebook_loss.backward()
    assert module.report(z).usage > 0.7


@pytest.mark.parametrize("codebook", ["gradient", "cosine"])
def test_gradients_can_be_accumulated_across_a_restart(codebook):
    module = quantizer(codebook=codebook, restart=0.5, decay=0.0)
    with torch.no_grad():
        module.points[1:] += 100
    z = normal(2, 64, 4, dtype=torch.float32)
    before = module.code_vectors().detach()
    losses = [module(batch).codebook_loss for batch in z]
    assert not torch.equal(module.code_vectors(), before)
    (alone,) = torch.autograd.grad(losses[0], module.points)
    assert torch.isfinite(alone).all() and alone.abs().sum() > 0


def test_restart_and_ema_act_in_training_only_and_together():
    module = quantizer(codebook="ema", restart=0.5)
    with torch.no_grad():
        module.points[1:] += 100
        module.total.copy_(module.points / 8)
    z = normal(64, 4, dtype=torch.float32)
    still = module.eval().points.clone()
    for _ in range(60):
        module(z)
    assert torch.equal(module.points, still)
    module.train()
    for _ in range(60):
        module(z)
    assert module.report(z).usage > 0.7


@pytest.mark.parametrize("codebook", CODEBOOKS)
def test_state_dict_and_generator_determine_the_module(codebook):
    one, other = (quantizer(codebook=codebook) for _ in range(2))
    z = normal(30, 4, dtype=torch.float32)
    assert torch.equal(one(z).values, other(z).values)
    third = quantizer(codebook=codebook, generator=torch.Generator().manual_seed(1))
    third.load_state_dict(one.state_dict())
    assert torch.equal(third.eval()(z).codes, one.eval()(z).codes)


def test_fsq_and_lfq_hand_the_gradient_through_their_squashing():
    z = normal(20, 4, dtype=torch.float32).requires_grad_()
    (grad,) = torch.autograd.grad(quantizer(codebook="fsq")(z).values.sum(), z)
    expected = torch.nn.functional.pad(1 - torch.tanh(z[:, :2]) ** 2, (0, 2))
    torch.testing.assert_close(grad, expected)
    (grad,) = torch.autograd.grad(quantizer(codebook="lfq")(z).values.sum(), z)
    torch.testing.assert_close(grad, torch.tensor([1.0, 1, 1, 0]).expand(20, 4))


def test_codes_must_be_placed_before_they_are_judged():
    module, z = quantizer(init="kmeans").eval(), normal(60, 4, dtype=torch.float32)
    for call in (module, module.report):
        with pytest.raises(ValueError, match="kmeans"):
            call(z)
    module.place(z)
    assert module.report(z).usage == 1
    simvq = quantizer(codebook="simvq")
    with torch.no_grad():
        simvq.matrix *= 3
    simvq.place(z)
    torch.testing.assert_close(simvq.code_vectors(), simvq.points)
    with pytest.raises(ValueError, match="place"):
        quantizer(codebook="fsq").place(z)


def test_kmeans_init_places_the_codes_once():
    module = quantizer(models=2, init="kmeans")
    z = normal(2, 60, 4, dtype=torch.float32)
    module(z)
    centres = module.points.clone()
    for k in range(8):
        served = z[1][nearest_code(z[1], centres[1]) == k]
        assert torch.allclose(served.mean(0), centres[1, k], atol=0.3)
    module(5 * z)
    assert torch.equal(module.points, centres)


def test_fsq_and_lfq_grids():
    fsq = quantizer(codebook="fsq", levels=(2, 4))
    z = 3 * normal(500, 4, dtype=torch.float32)
    out = fsq(z)
    assert {round(x, 4) for x in out.values[:, 1].tolist()} == {-1, -0.3333, 0.3333, 1}
    assert set(out.values[:, 0].tolist()) == {-1, 1} and not out.values[:, 2:].any()
    assert len({tuple(v) for v in out.values.tolist()}) == len(out.codes.unique()) == 8
    lfq = quantizer(codebook="lfq")
    out = lfq(z)
    assert torch.equal(out.values[:, :3], z[:, :3].sign()) and not out.values[:, 3].any()
    assert torch.equal(lfq.signs[out.codes], out.values[:, :3])


def test_lfq_entropy_loss_prefers_sure_and_balanced_codes():
    lfq = quantizer(codebook="lfq")
    sure = torch.nn.functional.pad(9 * lfq.signs, (0, 1))
    assert torch.allclose(lfq(sure).entropy_loss, torch.tensor(-math.log(8)), atol=1e-4)
    assert torch.allclose(lfq(sure[:1]).entropy_loss, torch.tensor(0.0), atol=1e-4)


def test_cosine_compares_directions():
    module = quantizer(codebook="cosine")
    z = normal(30, 4, dtype=torch.float32)
    out = module(z)
    assert torch.allclose(out.values.norm(dim=-1), torch.ones(30))
    assert torch.equal(out.codes, module(7 * z).codes)


def test_simvq_moves_all_codes_with_one_matrix():
    module = quantizer(codebook="simvq")
    assert [name for name, p in module.named_parameters() if p.requires_grad] == ["matrix"]
    module(normal(3, 4, dtype=torch.float32)).codebook_loss.backward()
    before = module.code_vectors().detach()
    with torch.no_grad():
        module.matrix -= module.matrix.grad
    assert ((module.code_vectors() - before).abs().sum(-1) > 0).all()


@pytest.mark.parametrize("options, message", [
    ({"estimator": "magic"}, "estimator: 'magic'"), ({"codebook": "magic"}, "codebook: 'magic'"), ({"dim": 0}, "dim"),
    ({"codes": 1}, "codes"), ({"models": 0}, "models"), ({"init": 0.0}, "init"), ({"init": "random"}, "init"),
    ({"init": math.inf}, "init"), ({"init": torch.ones(8, 4), "models": 3}, "init"),
    ({"init": torch.full((8, 4), math.nan)}, "init"), ({"restart": 1.0}, "restart"),
    ({"restart": 0.1, "codebook": "fsq"}, "restart"), ({"decay": 1.0}, "decay"),
    ({"codebook": "lfq", "codes": 6}, "levels"),
    ({"codebook": "fsq", "levels": (2, 2)}, "levels"), ({"codebook": "fsq", "levels": None}, "levels"),
    ({"codebook": "fsq", "levels": (1, 8)}, "levels"), ({"codebook": "lfq", "init": "kmeans"}, "init"),
    ({"codebook": "fsq", "levels": (2.5, 3.2)}, "levels"), ({"codebook": "fsq", "levels": 8}, "levels"),
    ({"codebook": "lfq", "levels": (2, 2, 2)}, "levels"), ({"codebook": "fsq", "init": 0.1}, "init"),
    ({"init": None}, "init"), ({"init": [1.0]}, "init"), ({"dim": 4.0}, "dim"), ({"codes": "8"}, "codes"),
    ({"estimator": ["rotation"]}, "estimator"), ({"codebook": None}, "codebook"),
])  # fmt: skip
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        quantizer(**options)


@pytest.mark.parametrize("bad, message", [
    (torch.ones(3, 5), "shape"), (torch.ones(0, 4), "shape"), (torch.full((3, 4), math.nan), "nan"),
    (torch.full((3, 4), math.inf), "inf"), (torch.ones(3, 4).double(), "dtype"), (torch.tensor(1.0), "shape"),
    ([[1.0] * 4], "z: is list"),
])  # fmt: skip
def test_bad_vectors_are_named(bad, message):
    for call in (quantizer(), quantizer().report):
        with pytest.raises(ValueError, match=message):
            call(bad)


def test_code_vectors_of_fsq_are_refused():
    with pytest.raises(ValueError, match="code_vectors"):
        quantizer(codebook="fsq").code_vectors()


def test_vectors_must_come_with_the_models_axis():
    with pytest.raises(ValueError, match="shape"):
        quantizer(models=2)(torch.ones(3, 5, 4))
