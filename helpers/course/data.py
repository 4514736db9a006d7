"""Real data that installed packages ship; nothing is downloaded. Each loader names size, source and licence."""

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
