"""Sliders, where somebody is there to move them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.display import display

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDGETS, FRAMES = "COURSE_WIDGETS", "COURSE_FRAMES"


def explore(draw: Callable[..., Figure], **controls: Any) -> None:
    """Redraw ``draw(**values)`` while its controls are moved, with ipywidgets.

    controls: as `ipywidgets.interact` takes them: (low, high[, step]) or a list of choices.
    Without COURSE_WIDGETS=1 (which ``make lab`` sets) it only says how to get the sliders: stored widgets
    carry random ids, and a page that shows a stored notebook cannot run them. Such a page shows frames instead, which
    are written to the folder COURSE_FRAMES/<name of the drawing> where that is set.
    """
    if os.environ.get(FRAMES):
        from helpers.course.frames import write_frames

        write_frames(draw, controls, Path(os.environ[FRAMES]) / draw.__name__)
    if os.environ.get(WIDGETS) != "1":
        print(f"Interactive in JupyterLab: start it with `make lab` to move {', '.join(controls)}.")
        return
    import ipywidgets
    from matplotlib import pyplot as plt

    @functools.wraps(draw)  # the sliders open at the drawing's own defaults
    def show(**values: Any) -> None:
        fig = draw(**values)
        display(fig)
        plt.close(fig)

    for control in ipywidgets.interact(show, **controls).widget.children:
        if hasattr(control, "continuous_update"):
            control.continuous_update = False  # one drawing where the slider stops, not one for each step on its way
