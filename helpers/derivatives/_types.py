"""What the functions of this package take and give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]  # float16 to longdouble: quotients stay in the precision they are given
Real = float | np.floating | Array
Operand = Any  # a real number, an array, a Dual or a Taylor number: numpy's types do not know ufuncs of our classes
Function = Callable[[Operand], Operand]
