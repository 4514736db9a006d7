"""The kinds of array that go in and out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from helpers._types import Array as Array

Complex = NDArray[np.complex128]
Given = ArrayLike | Tensor  # what public functions take
Returned = Any  # what they return: an Array or Complex, or a number of that kind, or a Tensor where one was given
Indices = NDArray[np.int64]
