"""The pictures of figures: which formats there are, those in a notebook's outputs, and whether two are the same.

No matplotlib here: commands that only read a notebook start without it.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

FORMATS = ("svg", "png", "pdf")
ONLY = "COURSE_FIGURE_NAMES"  # the environment variable that names the figures wanted, where it is not all
CHANGED_PIXELS = 0.003  # the share of a picture's pixels that may differ between machines
PNG = "data:image/png;base64,"


def embedded_png(data: Mapping[str, Any]) -> bytes | None:
    """The image that `Figures.save` put into an output's ``data``; None where there is none."""
    match = re.search(rf'<img alt="[^"]*" src="{PNG}([^"]*)"', "".join(data.get("text/html", "")))
    return base64.b64decode(match[1]) if match else None


def changed_pixels(stored: bytes, fresh: bytes, threshold: int = 40) -> float:
    """Share of pixels, 0…1, in which two PNG images differ by more than ``threshold`` of 255 in some channel.

    1.0 for images of unequal size. Small shifts of anti-aliasing between machines stay below the threshold.
    """
    images = [np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=np.int16) for data in (stored, fresh)]
    if images[0].shape != images[1].shape:
        return 1.0
    return float((np.abs(images[0] - images[1]).max(axis=-1) > threshold).mean())
