"""L-BFGS on a function that torch differentiates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy import optimize
from torch import Tensor

from helpers.fourier_density._arrays import complex_vector
from helpers.fourier_density._types import Array, Given
from helpers.inputs import real_array


def minimise_by_lbfgs(loss: Callable[[Tensor], Tensor], start: Given) -> tuple[Array, float]:
    """Where L-BFGS ends from ``start`` (n,), real or complex, and ``loss`` there.

    loss maps a float64 or complex128 tensor (n,) to a scalar tensor.

    >>> place, value = minimise_by_lbfgs(lambda t: (t - 3j).abs().square().sum() + 1, np.zeros(2, dtype=complex))
    >>> place.round(6).tolist(), round(value, 6)
    ([3j, 3j], 1.0)
    """
    is_complex = np.iscomplexobj(np.asarray(start))
    theta = complex_vector("start", start).view(float) if is_complex else real_array("start", start)

    def both(theta: Array) -> tuple[float, Array]:
        parts = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
        value = loss(torch.view_as_complex(parts.reshape(-1, 2)) if is_complex else parts)
        return value.item(), torch.autograd.grad(value, parts)[0].numpy()

    options = {"maxiter": 1000, "maxfun": 2000, "ftol": 1e-14, "gtol": 1e-8}
    result = optimize.minimize(both, theta, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(result.x.view(complex) if is_complex else result.x) + 0, float(result.fun)
