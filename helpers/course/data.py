"""Real data that installed packages ship; nothing is downloaded. Each loader names size, source and licence."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits: images (1797, 8, 8) scaled to [0, 1] and labels 0…9 (1797,).

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI (1998), CC BY 4.0, 0.9 MB in
    scikit-learn.
    """
    data = load_digits()
    return data.images / 16.0, data.target
