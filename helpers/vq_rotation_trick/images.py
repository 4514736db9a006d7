"""Images as tiles: the vectors that the notebook's autoencoders are trained on."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from helpers.inputs import integer

Image = NDArray[np.generic]  # any type of numbers


def _numbers(name: str, value: Image) -> Image:
    array = np.asarray(value)
    if array.ndim != 2 or array.dtype.kind not in "biufc" or not array.size:
        raise ValueError(f"{name}: is {array.dtype} of shape {array.shape}; give a non-empty matrix of numbers")
    return array


def patches(image: Image, size: int) -> Image:
    """The size × size tiles of image (h, w), row by row: (h//size · w//size, size²); a rest at the edges is dropped.

    ValueError for a size that does not fit.

    >>> patches(np.arange(8).reshape(2, 4), 2).tolist()
    [[0, 1, 4, 5], [2, 3, 6, 7]]
    """
    image = _numbers("image", image)
    size = integer("size", size, 1, min(image.shape))
    rows, columns = image.shape[0] // size, image.shape[1] // size
    tiles = image[: rows * size, : columns * size].reshape(rows, size, columns, size)
    return tiles.swapaxes(1, 2).reshape(-1, size * size)


def image_from_patches(tiles: Image, shape: tuple[int, int]) -> Image:
    """The image of ``shape`` from its tiles in the order of `patches`. ValueError where they do not cover it.

    >>> image_from_patches(np.array([[0, 1, 4, 5], [2, 3, 6, 7]]), (2, 4)).tolist()
    [[0, 1, 2, 3], [4, 5, 6, 7]]
    """
    tiles = _numbers("tiles", tiles)
    size = math.isqrt(tiles.shape[1])
    shape = (integer("shape", shape[0], 1), integer("shape", shape[1], 1))
    if size * size != tiles.shape[1] or tiles.size != math.prod(shape) or shape[0] % size or shape[1] % size:
        raise ValueError(f"shape: {shape} is not covered by tiles {tiles.shape}; give (h, w) of (n, size²)")
    grid = tiles.reshape(shape[0] // size, shape[1] // size, size, size)
    return grid.swapaxes(1, 2).reshape(shape)
