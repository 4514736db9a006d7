"""Training many small models at once (`helpers.optimizers`), and the intervals that comparisons of them need."""

from __future__ import annotations

from helpers.course.judging import Interval, mean_interval
from helpers.optimizers import StackedAdam, StackedSGD, stacked_linear
from helpers.tensors import saved_numbers

__all__ = ["Interval", "StackedAdam", "StackedSGD", "mean_interval", "saved_numbers", "stacked_linear"]
