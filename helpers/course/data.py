"""Real data from installed packages, or in a few lines here; nothing is downloaded. Each loader names its source."""

from __future__ import annotations

import numpy as np
from skimage import color, data, util
from sklearn.datasets import load_diabetes, load_digits


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits: images (1797, 8, 8) scaled to [0, 1] and labels 0…9 (1797,).

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI (1998), CC BY 4.0, 57 kB in
    scikit-learn.
    """
    data = load_digits()
    return data.images / 16.0, data.target


def diabetes() -> tuple[np.ndarray, np.ndarray]:
    """Disease progression of 442 diabetes patients: inputs (442, 10) and targets (442,), all of mean 0 and variance 1.

    Source: Efron, Hastie, Johnstone and Tibshirani, Least Angle Regression, Annals of Statistics (2004), public on the
    authors' page without a licence of its own; 25 kB inside scikit-learn (BSD-3-Clause).
    """
    inputs, targets = load_diabetes(return_X_y=True)
    return tuple((x - x.mean(0)) / x.std(0) for x in (inputs, targets))


def photos() -> dict[str, np.ndarray]:
    """Three photographs in grey, scaled to [0, 1]: "camera" (512, 512), "coffee" (400, 600), "chelsea" (300, 451).

    Source: Lav Varshney (camera), Rachel Michetti (coffee), Stefan van der Walt (chelsea, a cat), all CC0, 0.8 MB of
    PNG files inside scikit-image's wheel; colour is turned to luminance.
    """
    return {
        "camera": util.img_as_float64(data.camera()),
        "coffee": color.rgb2gray(data.coffee()),
        "chelsea": color.rgb2gray(data.chelsea()),
    }


def overlaid_digits(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two handwritten digits on one canvas: images (n, 8, 12) in [0, 1] and labels (n, 2) of the left and right one.

    left, right: indices (n,) into `digits`, whose source and licence apply. They share four columns, where the
    brighter pixel shows, after MultiMNIST (Sabour, Frosst & Hinton, 2017).
    """
    images, labels = digits()
    canvas = np.zeros((len(left), 8, 12))
    canvas[:, :, :8] = images[left]
    canvas[:, :, 4:] = np.maximum(canvas[:, :, 4:], images[right])
    return canvas, np.stack([labels[left], labels[right]], -1)


def geyser() -> np.ndarray:
    """Waiting times (272,) in whole minutes before eruptions of the Old Faithful geyser, Yellowstone, August 1985.

    Source: A. Azzalini and A. W. Bowman, A look at some data on the Old Faithful geyser, Applied Statistics 39 (1990),
    in the selection of W. Härdle, Smoothing Techniques (1991), known as R's ``faithful``; 272 measured facts, which no
    licence covers, 0.8 kB here.
    """
    return np.array(_GEYSER_MINUTES.split(), dtype=float)


_GEYSER_MINUTES = """
    79 54 74 62 85 55 88 85 51 85 54 84 78 47 83 52 62 84 52 79 51 47 78 69 74 83 55 76 78 79 73 77 66 80 74 52 48
    80 59 90 80 58 84 58 73 83 64 53 82 59 75 90 54 80 54 83 71 64 77 81 59 84 48 82 60 92 78 78 65 73 82 56 79 71
    62 76 60 78 76 83 75 82 70 65 73 88 76 80 48 86 60 90 50 78 63 72 84 75 51 82 62 88 49 83 81 47 84 52 86 81 75
    59 89 79 59 81 50 85 59 87 53 69 77 56 88 81 45 82 55 90 45 83 56 89 46 82 51 86 53 79 81 60 82 77 76 59 80 49
    96 53 77 77 65 81 71 70 81 93 53 89 45 86 58 78 66 76 63 88 52 93 49 57 77 68 81 81 73 50 85 74 55 77 83 83 51
    78 84 46 83 55 81 57 76 84 77 81 87 77 51 78 60 82 91 53 78 46 77 84 49 83 71 80 49 75 64 76 53 94 55 76 50 82
    54 75 78 79 78 78 70 79 70 54 86 50 90 54 54 77 79 64 75 47 86 63 85 82 57 82 67 74 54 83 73 73 88 80 71 83 56
    79 78 84 58 83 43 60 75 81 46 90 46 74
"""
