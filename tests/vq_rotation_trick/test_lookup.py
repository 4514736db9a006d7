"""Codes looked up, against distances in long double; counts and perplexity."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.vq_rotation_trick import code_counts, nearest_code, nearest_code_by_differences, perplexity, take_codes
from tests.vq_rotation_trick.strategies import EXPONENTS, as_view, hard, kept, normal


def wide_distances(z, codebook):
    """‖z − e‖, (..., n, K), in numpy's long double."""
    z, codebook = (x.double().numpy().astype(np.longdouble) for x in (z, codebook))
    difference = z[..., :, None, :] - codebook[..., None, :, :]
    return np.sqrt((difference * difference).sum(-1))


def share_wrong(z, codebook, indices=None):
    """Share of the vectors for which another code is nearer by more than float64's rounding."""
    indices = nearest_code(z, codebook) if indices is None else indices
    distance = wide_distances(z, codebook)
    found = np.take_along_axis(distance, indices.numpy()[..., None], -1)[..., 0]
    return float(np.mean(found > distance.min(-1) * (1 + 1e-14)))


def test_nearest_code_against_distances():
    z, codebook = normal(2, 50, 4), normal(2, 7, 4, seed=1)
    assert torch.equal(nearest_code(z, codebook), torch.cdist(z, codebook).argmin(-1))
    far = nearest_code(z.float() + 1000, codebook.float() + 1000)  # rounded to 6e-5 there, but not worse
    distance = torch.cdist(z, codebook)
    assert (distance.gather(-1, far[..., None])[..., 0] <= distance.min(-1).values + 1e-3).all()


@pytest.mark.parametrize("far", [1e3, 1e4, 1e6])
def test_two_clusters_far_apart(far):
    codebook = normal(64, 8, dtype=torch.float32) + far * torch.tensor([1.0, -1.0]).repeat(32)[:, None]
    z = codebook.repeat(40, 1) + normal(2560, 8, seed=1, dtype=torch.float32)
    assert share_wrong(z, codebook) == 0


def test_one_code_far_away():
    codebook, z = normal(64, 8, dtype=torch.float32), normal(2000, 8, seed=1, dtype=torch.float32)
    codebook[5] = 1e5
    assert share_wrong(z, codebook) == 0


@pytest.mark.parametrize("scale", [1e-44, 1e-38, 1e-25, 1e19, 1e20, 1e37])
def test_any_scale_in_float32(scale):
    z, codebook = normal(500, 8) * scale, normal(64, 8, seed=1) * scale
    assert share_wrong(z.float(), codebook.float()) == 0


@pytest.mark.parametrize("scale", [1e-20, 3e-21, 1e-21])
def test_squares_with_few_digits_decide_nothing(scale):
    """Squares of such numbers are subnormal in float32: they vanish a digit at a time."""
    z, codebook = (normal(3000, 4) * scale).float(), (normal(256, 4, seed=1) * scale).float()
    assert torch.equal(nearest_code(z, codebook), nearest_code_by_differences(z, codebook))


def test_numbers_whose_differences_overflow():
    for dtype in (torch.float32, torch.float64):
        most = torch.finfo(dtype).max
        codebook = torch.tensor([[most, most], [-most, -most], [most, -most]], dtype=dtype)
        for look_up in (nearest_code, nearest_code_by_differences):
            assert look_up(codebook, codebook).tolist() == [0, 1, 2]
            assert look_up(-codebook, codebook).tolist()[:2] == [1, 0]


def test_low_precision_products_change_no_code():
    z, codebook = normal(2000, 16, dtype=torch.float32), normal(256, 16, seed=1, dtype=torch.float32)
    expected = nearest_code(z, codebook)
    assert share_wrong(z, codebook) == 0
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(nearest_code(z, codebook), expected)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        assert torch.equal(nearest_code(z, codebook), expected)
    finally:
        torch.set_float32_matmul_precision(before)


def test_of_equal_codes_the_first_and_equal_distances_the_first():
    codebook = normal(5, 3, dtype=torch.float32)
    twice = torch.cat([codebook, codebook])
    assert nearest_code(twice, twice).tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 4)
    assert nearest_code(torch.zeros(3, 4), corners).tolist() == [0, 0, 0]
    assert nearest_code(torch.zeros(3, 4), torch.ones(1, 4)).tolist() == [0, 0, 0]


def test_many_doubtful_rows_are_decided_in_blocks():
    codebook = (torch.arange(700) % 10)[:, None] * torch.ones(1, 30)
    z = torch.randint(0, 10, (500, 1), generator=torch.Generator().manual_seed(0)) * torch.ones(1, 30)
    assert torch.equal(nearest_code(z, codebook), z[:, 0].long())


def test_transforms_and_compilers_get_the_same_codes():
    z, codebook = normal(3, 20, 4, dtype=torch.float32), normal(3, 7, 4, seed=1, dtype=torch.float32)
    expected = nearest_code(z, codebook)
    assert torch.equal(torch.func.vmap(nearest_code)(z, codebook), expected)
    torch._dynamo.reset()
    compiled = torch.compile(nearest_code, backend="eager", fullgraph=True)
    assert torch.equal(compiled(z, codebook), expected)
    assert torch.equal(torch.func.vmap(take_codes)(codebook, expected), take_codes(codebook, expected))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nan_and_inf_have_no_nearest_code(bad):
    for codes in (1, 7):
        z, codebook = normal(5, 3, dtype=torch.float32), normal(codes, 3, seed=1, dtype=torch.float32)
        for spoilt, name in ((z, "z"), (codebook, "codebook")):
            pair = {"z": z, "codebook": codebook} | {name: spoilt.clone()}
            pair[name][-1, 1] = bad
            for look_up in (nearest_code, nearest_code_by_differences):
                with pytest.raises(ValueError, match=f"{name}: holds nan or inf"):
                    look_up(**pair)


@given(st.data())
@hard
def test_nearest_code_of_anything_is_what_differences_find(data):
    draw = data.draw
    dtype = draw(st.sampled_from(sorted(EXPONENTS, key=str)))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    leading = draw(st.sampled_from(((), (2,), (2, 1), (0,))))
    n, codes, dim = (draw(st.integers(low, 6)) for low in (0, 1, 1))
    highest = EXPONENTS[dtype]
    # Two clusters of codes at any distance and of any width, and vectors near them.
    width, offset, near = (10.0 ** draw(st.integers(-highest, highest)) for _ in range(3))
    if draw(st.booleans()):
        near = width
    centre = torch.randn(dim, generator=generator, dtype=torch.float64) * offset
    sign = torch.randint(0, 2, (*leading, codes, 1), generator=generator) * 2 - 1
    codebook = torch.randn(*leading, codes, dim, generator=generator, dtype=torch.float64) * width + sign * centre
    z = torch.randn(*leading, n, dim, generator=generator, dtype=torch.float64) * near + centre
    z, codebook = (
        as_view(x.to(dtype), draw(st.sampled_from(("plain", "strided", "transposed")))) for x in (z, codebook)
    )
    unchanged = kept(z, codebook)
    found = nearest_code(z, codebook)
    unchanged()
    assert found.shape == z.shape[:-1] and found.dtype == torch.int64
    for indices in (found, nearest_code_by_differences(z, codebook)) if found.numel() else ():
        assert share_wrong(z, codebook, indices) == 0


@pytest.mark.parametrize("z, codebook, message", [
    (torch.ones(3, 2), torch.ones(3, 3), "shapes"), (torch.ones(2), torch.ones(3, 2), "shapes"),
    (torch.ones(3, 2), torch.ones(2), "shapes"), (torch.ones(3, 2), torch.ones(0, 2), "shapes"),
    (torch.ones(3, 0), torch.ones(3, 0), "shapes"), (torch.ones(2, 3, 2), torch.ones(3, 3, 2), "broadcast"),
    ([[1.0]], torch.ones(1, 1), "z: is list"), (torch.ones(1, 1), np.ones((1, 1)), "codebook: is ndarray"),
    (torch.ones(1, 1).long(), torch.ones(1, 1), "z: is torch.int64"),
])  # fmt: skip
def test_bad_vectors_and_codes_are_named(z, codebook, message):
    for look_up in (nearest_code, nearest_code_by_differences):
        with pytest.raises(ValueError, match=message):
            look_up(z, codebook)


def test_mixed_dtypes_and_one_codebook_for_many_batches():
    z, codebook = normal(2, 3, 9, 4), normal(5, 4, seed=1)
    expected = torch.cdist(z, codebook).argmin(-1)
    assert torch.equal(nearest_code(z, codebook), expected)
    assert torch.equal(nearest_code(z.float(), codebook.float().double()), expected)
    assert nearest_code(z.bfloat16(), codebook.half()).shape == (2, 3, 9)


def test_counts_and_perplexity():
    counts = code_counts(torch.tensor([[0, 0, 1, 3], [2, 2, 2, 2]]), 4)
    assert counts.tolist() == [[2, 1, 0, 1], [0, 0, 4, 0]]
    assert torch.allclose(perplexity(counts), torch.tensor([2**1.5, 1.0]))
    with pytest.raises(ValueError, match="counts"):
        perplexity(torch.tensor([[1.0, 2.0], [0.0, 0.0]]))


def test_counts_are_exact():
    assert code_counts(torch.zeros(2**24 + 3, dtype=torch.uint8), 1).tolist() == [2**24 + 3]


@given(st.integers(1, 9), st.integers(0, 30), st.sampled_from(((), (3,), (0,), (2, 2))), st.integers(0, 2**32))
@hard
def test_counting_and_taking_codes_are_numpys(codes, n, leading, seed):
    generator = torch.Generator().manual_seed(seed)
    indices = torch.randint(codes, (*leading, n), generator=generator)
    indices = indices.to([torch.uint8, torch.int32, torch.int64][seed % 3])
    indices = torch.stack([indices, indices], -1)[..., 0] if seed % 2 else indices
    counts = code_counts(indices, np.int64(codes))
    assert counts.shape == (*leading, codes)
    for row, expected in zip(indices.reshape(-1, n) if n else [], counts.reshape(-1, codes), strict=False):
        assert np.array_equal(np.bincount(row.numpy(), minlength=codes), expected)
    codebook = torch.randn(*leading, codes, 2, generator=generator)
    taken = take_codes(codebook, indices)
    assert taken.shape == (*indices.shape, 2)
    expected = np.take_along_axis(codebook.numpy(), indices.long().numpy()[..., None], -2)
    assert np.array_equal(taken.numpy(), expected)


@pytest.mark.parametrize("bad", [
    torch.tensor([0, 3]), torch.tensor([-1, 0]), torch.tensor([0.0]), torch.tensor([True]), torch.tensor(1), [0, 1],
])  # fmt: skip
def test_bad_indices_are_named(bad):
    for call in (lambda: code_counts(bad, 3), lambda: take_codes(torch.ones(3, 2), bad)):
        with pytest.raises(ValueError, match="indices"):
            call()


def test_codes_that_do_not_fit_are_named():
    for codes in (0, True, 2.0, "2"):
        with pytest.raises(ValueError, match="codes"):
            code_counts(torch.tensor([0]), codes)
    with pytest.raises(ValueError, match="indices"):
        take_codes(torch.ones(2, 3, 4), torch.tensor([0, 1]))
    for codebook in (torch.ones(3), [[1.0]]):
        with pytest.raises(ValueError, match="codebook"):
            take_codes(codebook, torch.tensor([0]))


@given(st.integers(1, 8), st.integers(0, 2**32), st.sampled_from(sorted(EXPONENTS, key=str)), st.data())
@hard
def test_perplexity_of_any_weights(codes, seed, dtype, data):
    scale = 10.0 ** data.draw(st.integers(-EXPONENTS[dtype], EXPONENTS[dtype]))
    generator = torch.Generator().manual_seed(seed)
    counts = torch.rand(3, codes, generator=generator, dtype=torch.float64) * (
        torch.rand(3, codes, generator=generator) < 0.7
    )
    counts[:, seed % codes] = 1
    counts = as_view((counts * scale).to(dtype), data.draw(st.sampled_from(("plain", "strided", "transposed"))))
    unchanged = kept(counts)
    found = perplexity(counts)
    unchanged()
    share = counts.double().numpy() / counts.double().numpy().max(-1, keepdims=True)
    share = share / share.sum(-1, keepdims=True)
    expected = np.exp(-np.sum(share * np.log(np.where(share > 0, share, 1)), -1))
    assert found.dtype == dtype
    np.testing.assert_allclose(found.double().numpy(), expected, rtol=8 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("bad, message", [
    (torch.tensor([2.0, -1.0]), "negative"), (torch.tensor([2, -1]), "negative"), (torch.tensor([math.nan]), "nan"),
    (torch.tensor([math.inf, 1.0]), "inf"), (torch.tensor([]), "counts"), (torch.tensor(3), "counts"),
    ([1, 2], "counts: is list"), (torch.tensor([True]), "counts"), (torch.ones(2, 0), "counts"),
])  # fmt: skip
def test_bad_counts_are_named(bad, message):
    with pytest.raises(ValueError, match=message):
        perplexity(bad)
