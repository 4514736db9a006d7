"""Patches of an image and back."""

import numpy as np
import pytest

from helpers.vq_rotation_trick import image_from_patches, patches


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
