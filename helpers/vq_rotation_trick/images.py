"""Images as tiles: the vectors that the notebook's autoencoders are trained on."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from helpers.inputs import integer

Image = NDArray[np.generic]  # any type of numbers


def patches(image: Image, size: int) -> Image:
    """The size × size tiles of image (h, w), row by row: (h//size · w//size, size²); a rest at the edges is dropped.

    ValueError for a size that does not fit.

    >>> patches(np.arange(8).reshape(2, 4), 2).tolist()
    [[0, 1, 4, 5], [2, 3, 6, 7]]
    """
    integer("size", size, 1, min(image.shape))
    rows, columns = image.shape[0] // size, image.shape[1] // size
    tiles = image[: rows * size, : columns * size].reshape(rows, size, columns, size)
    return tiles.swapaxes(1, 2).reshape(-1, size * size)


def image_from_patches(tiles: Image, shape: tuple[int, int]) -> Image:
    """The image of ``shape`` from its tiles in the order of `patches`. ValueError where they do not cover it.

    >>> image_from_patches(np.array([[0, 1, 4, 5], [2, 3, 6, 7]]), (2, 4)).tolist()
    [[0, 1, 2, 3], [4, 5, 6, 7]]
    """
    size = math.isqrt(tiles.shape[-1])
    if tiles.size != math.prod(shape) or shape[0] % size or shape[1] % size:
        raise ValueError(f"shape: {shape} is not covered by {len(tiles)} tiles of {size} × {size}; give one that is")
    grid = tiles.reshape(shape[0] // size, shape[1] // size, size, size)
    return grid.swapaxes(1, 2).reshape(shape)
