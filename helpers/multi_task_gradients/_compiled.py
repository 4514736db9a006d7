"""How functions are compiled here, and the arrays they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helpers._types import Array as Array

Integers = NDArray[np.int64]
EPS = 2.0**-52
_F = TypeVar("_F", bound=Callable[..., Any])


def compiled(function: _F) -> _F:
    """``function`` compiled at its first call and kept on disk until its file changes: call none of another file.

    Sums may be taken in any order, so that they use vector instructions; nan and inf keep their meaning, and a division
    by zero gives them.
    """
    return cast(_F, njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract"})(function))
