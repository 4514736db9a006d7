"""Frames: what a slider draws at a few of its positions, for pages that no kernel stands behind."""

from __future__ import annotations

import inspect
import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from helpers.course.figures import render
from helpers.course.places import replace_file

MOST = 16  # frames of one drawing
INDEX = "frames.json"


def positions(control: Any, opening: Any, most: int = MOST) -> list[Any]:
    """At most ``most`` values of a control: a list of choices, or (low, high[, step]); ``opening`` is among them.

    ValueError for another kind of control, or for fewer than two values.

    >>> positions((0.0, 1.0), 0.5, 3), positions((1, 100), 16, 4), positions(["a", "b"], "b")
    ([0.0, 0.5, 1.0], [1, 16, 67, 100], ['a', 'b'])
    """
    if isinstance(control, list):
        return list(control)
    if not isinstance(control, tuple) or len(control) not in (2, 3) or not most >= 2 or control[0] >= control[1]:
        raise ValueError(f"control: {control!r} is neither a list of choices nor (low, high[, step])")
    low, high, *step = control
    whole = all(isinstance(value, int) for value in control)
    unit = step[0] if step else (1 if whole else (high - low) / (most - 1))
    every = low + unit * np.arange(int(round((high - low) / unit, 9)) + 1)
    chosen = every[np.unique(np.linspace(0, len(every) - 1, most).round().astype(int))]
    nearest = int(np.abs(chosen - opening).argmin())
    if chosen[nearest] != opening and nearest in (0, len(chosen) - 1):
        nearest = 1 if nearest == 0 else len(chosen) - 2  # the ends stay
    values = [value.item() for value in chosen]
    values[nearest] = opening
    return sorted(int(value) if whole else float(f"{value:.6g}") for value in values)


def write_frames(draw: Callable[..., Figure], controls: dict[str, Any], folder: Path) -> None:
    """Draw ``draw`` at the positions of its controls, as WebP images with an index, into ``folder``.

    Each control opens at the default of the drawing's parameter. Two controls share the frames between them.
    """
    defaults = {name: parameter.default for name, parameter in inspect.signature(draw).parameters.items()}
    most = MOST if len(controls) == 1 else round(MOST ** (1 / len(controls)))
    values = {name: positions(control, defaults[name], most) for name, control in controls.items()}
    for stale in folder.glob("*.webp"):
        stale.unlink()
    for place in itertools.product(*(range(len(each)) for each in values.values())):
        chosen = {name: each[k] for (name, each), k in zip(values.items(), place, strict=True)}
        fig = draw(**chosen)
        image, buffer = Image.open(io.BytesIO(render(fig, "png"))).convert("RGB"), io.BytesIO()
        plt.close(fig)
        image.save(buffer, "webp", quality=80, method=6)
        replace_file(folder / f"{'_'.join(map(str, place))}.webp", buffer.getvalue())
    opening = [each.index(defaults[name]) for name, each in values.items()]
    text = " ".join((draw.__doc__ or draw.__name__).split())
    index = {"values": values, "opening": opening, "alt": text}
    replace_file(folder / INDEX, (json.dumps(index, ensure_ascii=False, indent=1) + "\n").encode())
