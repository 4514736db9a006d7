"""The course's own tools: claims, figures, tables, exercises, data, training and the `course` command.

A tool is imported when it is asked for: the command's help needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from helpers._compat import without_slow_grammar

if TYPE_CHECKING:
    from helpers.course.claims import ClaimError as ClaimError
    from helpers.course.claims import Claims as Claims
    from helpers.course.drawing import draw_interval as draw_interval
    from helpers.course.drawing import sign_map as sign_map
    from helpers.course.exercises import check_answer as check_answer
    from helpers.course.exercises import check_outcome as check_outcome
    from helpers.course.figures import Figures as Figures
    from helpers.course.judging import Interval as Interval
    from helpers.course.judging import mean_interval as mean_interval
    from helpers.course.tables import table as table
    from helpers.course.widgets import explore as explore

_PLACES = {
    "ClaimError": "claims",
    "Claims": "claims",
    "Figures": "figures",
    "Interval": "judging",
    "check_answer": "exercises",
    "check_outcome": "exercises",
    "draw_interval": "drawing",
    "explore": "widgets",
    "mean_interval": "judging",
    "sign_map": "drawing",
    "table": "tables",
}
__all__ = list(_PLACES)  # noqa: PLE0604

without_slow_grammar()  # here, since every tool of the course passes by before it imports nbformat


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
