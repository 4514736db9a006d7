"""What passes between the functions: arrays of float64, and maps of positions to arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from helpers._types import Array

Field: TypeAlias = Callable[[Array], Array]


def locked(points: Array) -> Array:
    """A view of ``points`` for a field to read: one that works in place fails, and changes nothing behind our back."""
    view = points.view()
    view.setflags(write=False)
    return view


def field_values(name: str, field: Field, points: Array, more: tuple[int, ...] = ()) -> Array:
    """``field`` at ``points``, as float64 of shape ``points.shape + more``; ValueError for another shape."""
    values = np.asarray(field(points), float)
    if values.shape != points.shape + more:
        raise ValueError(
            f"{name}: returned shape {values.shape} for positions {points.shape}; give {points.shape + more}"
        )
    return values
