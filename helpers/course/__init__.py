"""The course's own tools: claims, figures, tables, exercises, data, training and the `course` command."""

from helpers._compat import without_slow_grammar
from helpers.course.claims import ClaimError, Claims
from helpers.course.drawing import draw_interval, sign_map
from helpers.course.exercises import check_answer, check_outcome
from helpers.course.figures import Figures
from helpers.course.judging import Interval, mean_interval
from helpers.course.tables import table
from helpers.course.widgets import explore

__all__ = [
    "ClaimError",
    "Claims",
    "Figures",
    "Interval",
    "check_answer",
    "check_outcome",
    "draw_interval",
    "explore",
    "mean_interval",
    "sign_map",
    "table",
]

without_slow_grammar()  # here, since every tool of the course passes by before it imports nbformat
