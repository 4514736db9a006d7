"""Patches of an image and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.vq_rotation_trick import image_from_patches, patches
from tests.vq_rotation_trick.strategies import hard


def test_patches_and_back():
    image = np.arange(5 * 7.0).reshape(5, 7)
    cut = patches(image, 2)
    assert cut.shape == (6, 4) and cut[1].tolist() == [2, 3, 9, 10]
    assert np.array_equal(image_from_patches(cut, (4, 6)), image[:4, :6])
    for size in (0, 6):
        with pytest.raises(ValueError, match="size"):
            patches(image, size)
    with pytest.raises(ValueError, match="shape"):
        image_from_patches(cut, (4, 5))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32))
@hard
def test_any_image_is_cut_and_put_together_or_refused(height, width, size, seed):
    generator = np.random.default_rng(seed)
    kind = [np.uint8, np.int64, np.float16, np.float64, bool][seed % 5]
    image = (generator.normal(size=(height, width)) * 10.0 ** generator.integers(-150, 150)).astype(np.float64)
    image = (image if kind is np.float64 else generator.integers(0, 2, (height, width))).astype(kind)
    image = image if seed % 2 else np.asfortranarray(image)
    copy = image.copy()
    if size > min(height, width):
        with pytest.raises(ValueError, match="size"):
            patches(image, size)
        return
    tiles = patches(image, np.int64(size))
    assert tiles.dtype == kind and np.array_equal(image, copy)
    rows, columns = height // size, width // size
    for k, tile in enumerate(tiles):
        top, left = k // columns * size, k % columns * size
        assert np.array_equal(tile.reshape(size, size), image[top : top + size, left : left + size])
    assert len(tiles) == rows * columns
    assert np.array_equal(
        image_from_patches(tiles, (rows * size, columns * size)), image[: rows * size, : columns * size]
    )


def test_bad_images_are_named():
    for bad in (np.ones(4), np.ones((2, 2, 3)), np.ones((0, 2)), [["a"]], None):
        with pytest.raises(ValueError, match="image"):
            patches(bad, 1)
        with pytest.raises(ValueError, match="tiles"):
            image_from_patches(bad, (1, 1))
    for size in (True, 2.0, None):
        with pytest.raises(ValueError, match="size"):
            patches(np.ones((4, 4)), size)
    for tiles, shape in ((np.ones((4, 5)), (2, 10)), (np.ones((4, 4)), (4, 5)), (np.ones((4, 4)), (0, 16))):
        with pytest.raises(ValueError, match="shape"):
            image_from_patches(tiles, shape)
