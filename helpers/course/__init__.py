"""The course's own tools: claims, figures, exercises, data, training and the `course` command."""

from helpers._compat import without_slow_grammar
from helpers.course.claims import ClaimError, Claims
from helpers.course.exercises import check_answer
from helpers.course.figures import Figures
from helpers.course.widgets import explore

__all__ = ["ClaimError", "Claims", "Figures", "check_answer", "explore"]

without_slow_grammar()  # here, since every tool of the course passes by before it imports nbformat
