"""What passes between the functions: arrays of float64, and maps of positions to arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Field: TypeAlias = Callable[[Array], Array]
