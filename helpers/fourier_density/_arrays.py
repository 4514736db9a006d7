"""Vectors of complex numbers in, and results out as the caller's kind: numpy for numpy, torch for torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from helpers.fourier_density._types import Array, Complex, Given, Returned
from helpers.inputs import real_array


def complex_array(name: str, value: Given) -> Complex:
    """``value`` as a finite complex array (…, n) with n ≥ 1; ValueError, naming ``name``, otherwise."""
    if isinstance(value, Tensor):
        value = value.detach().cpu().resolve_conj().resolve_neg()
        value = (value.to(torch.complex128) if value.is_complex() else value.double()).numpy()
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iufcO" or np.ma.is_masked(value):
            raise TypeError(f"{array.dtype}")
        array = array.astype(np.complex128)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name}: cannot be read as complex numbers ({error}); give a vector of numbers") from error
    if array.ndim == 0 or array.size == 0:
        raise ValueError(f"{name}: has shape {array.shape}; give a non-empty vector")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: holds nan or inf; give finite numbers")
    return array


def complex_vector(name: str, value: Given) -> Complex:
    """As `complex_array`, for one vector."""
    array = complex_array(name, value)
    if array.ndim != 1:
        raise ValueError(f"{name}: has shape {array.shape}; give one vector")
    return array


def real_vector(name: str, value: Given, **bounds: Any) -> Array:
    """``value`` as a non-empty float64 vector of finite numbers within the bounds of `helpers.inputs.real_array`."""
    array = real_array(name, value, **bounds)
    if array.ndim != 1:
        raise ValueError(f"{name}: has shape {array.shape}; give one vector")
    return array


def returned(values: Array | Complex | float, like: object) -> Returned:
    """``values`` as a tensor where ``like`` is one, on its device; otherwise as they are, 0-d arrays as numbers."""
    if isinstance(like, Tensor):
        dtype = torch.complex128 if np.iscomplexobj(values) else torch.float64
        return torch.as_tensor(values, dtype=dtype, device=like.device)
    return values[()] if isinstance(values, np.ndarray) else float(values)


def density_coefficients(name: str, value: Given) -> Complex:
    """``value`` as the coefficients b (N+1,) of a density, b_0 = 1 and |b_n| ≤ 1; ValueError otherwise."""
    b = complex_vector(name, value)
    if abs(b[0] - 1) > 1e-9 or np.abs(b).max() > 1 + 1e-9:
        raise ValueError(f"{name}: holds {b[np.abs(b).argmax()]:.6g}, b_0 = {b[0]:.6g}; give b_0 = 1 and |b_n| ≤ 1")
    return b
