"""Sliders, where somebody is there to move them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

from IPython.display import display
from matplotlib import pyplot as plt
from matplotlib.figure import Figure


def explore(draw: Callable[..., Figure], **controls: Any) -> None:
    """Redraw ``draw(**values)`` while its controls are moved, with ipywidgets.

    controls: as `ipywidgets.interact` takes them: (low, high[, step]), a list of choices, or a widget.
    Without COURSE_WIDGETS=1 (which ``make lab`` sets) it only says how to get the sliders: stored widgets
    carry random ids, and a page that shows a stored notebook cannot run them.
    """
    if os.environ.get("COURSE_WIDGETS") != "1":
        print(f"Interactive in JupyterLab: start it with `make lab` to move {', '.join(controls)}.")
        return
    import ipywidgets

    @functools.wraps(draw)  # the sliders open at the drawing's own defaults
    def show(**values: Any) -> None:
        fig = draw(**values)
        display(fig)
        plt.close(fig)

    for control in ipywidgets.interact(show, **controls).widget.children:
        if hasattr(control, "continuous_update"):
            control.continuous_update = False  # one drawing where the slider stops, not one for each step on its way
