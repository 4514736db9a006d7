"""Densities to try, and the plain sums they are held to."""

import copy
import re
import warnings

import numpy as np
import torch
from hypothesis import strategies as st

from helpers.fourier_density import peers
from tests.examples import examples


def random_amplitude(degree: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=degree + 1) + 1j * rng.normal(size=degree + 1)


def direct_pdf(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    amplitude = np.exp(-1j * np.pi * np.outer(x, np.arange(len(a)))) @ a
    return np.abs(amplitude) ** 2 / (2 * np.sum(np.abs(a) ** 2))


def midpoints(count: int) -> np.ndarray:
    return -1 + (np.arange(count) + 0.5) * 2 / count


@st.composite
def amplitudes(draw, max_degree: int = 128):
    degree = draw(st.integers(0, max_degree))
    exponent = draw(st.floats(-100, 100))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    decay = draw(st.floats(0, 3))
    a = rng.normal(size=degree + 1) + 1j * rng.normal(size=degree + 1)
    if draw(st.booleans()):  # every coefficient at its own scale
        return a * 10.0 ** rng.uniform(-100, 100, degree + 1)
    return a * (1 + np.arange(degree + 1.0)) ** -decay * 10**exponent


def random_mixture(seed: int = 0, models: int = 2, components: int = 3) -> peers.Mixture:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(models, components, generator=generator, dtype=torch.float64) * 0.5 for _ in range(3))


many = examples(500)
batches = examples(100)  # of five inputs or more


def hard_vectors(most: int = 9, real: bool = False, scales: float = 150):
    """Vectors as a caller may give them: of any kind, scale and memory order, some with nan, inf, zeros, or empty.

    From one seed, since five hundred draws of many choices each would take longer than what is tested.
    """
    return st.integers(0, 2**32 - 1).map(lambda seed: hard_vector(np.random.default_rng(seed), most, real, scales))


def hard_vector(rng: np.random.Generator, most: int, real: bool, scales: float):
    size = rng.integers(most + 1)
    values = rng.normal(size=size) + (0 if real else 1j * rng.normal(size=size))
    values = values * 10.0 ** rng.choice([0, 0, 0, 3, -3, scales, -scales])
    spoil = rng.choice(["", "", "", "", "zeros", "nan", "inf", "0", "mixed scales"])
    if spoil in ("zeros", "nan", "inf"):
        values[rng.random(size) < 0.4] = {"zeros": 0, "nan": np.nan, "inf": np.inf}[spoil]
    elif spoil == "0":
        values = values * 0
    elif spoil:
        values = values * 10.0 ** rng.uniform(-20, 20, size)
    kind = rng.choice(["array", "array", "list", "single", "half", "integers", "torch", "view", "reversed"])
    with np.errstate(all="ignore"):
        if kind == "list":
            return values.tolist()
        if kind == "single":
            return values.astype(np.float32 if real else np.complex64)
        if kind == "half":
            return values.real.astype(np.float16)
        if kind == "integers":
            return np.clip(np.nan_to_num(3 * values.real), -99, 99).astype(np.int32)
        if kind == "torch":
            return torch.tensor(values, requires_grad=bool(rng.integers(2)))
        if kind == "view":
            return np.repeat(values, 3)[::3]
        return values[::-1] if kind == "reversed" else values


def answer(function, *arguments, infinite: bool = False, **options):
    """What the function returns, None after a ValueError; never a warning, a nan, or an argument changed in place."""
    before = copy.deepcopy([a.detach() if isinstance(a, torch.Tensor) else a for a in arguments])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = function(*arguments, **options)
        except ValueError as error:
            assert re.match(r"^[a-zX][\w, ]*: .*; (give|the minimum)", str(error)), error
            result = None
    for one, other in zip(arguments, before, strict=True):
        if isinstance(one, (tuple, list)) and one and isinstance(one[0], torch.Tensor):
            assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
        elif not callable(one) and not hasattr(one, "degree"):
            np.testing.assert_array_equal(plain(one), plain(other))
    for part in result if isinstance(result, tuple) else [result]:
        if part is not None and not hasattr(part, "degree"):
            part = plain(part)
            assert not np.isnan(part).any() and (infinite or np.isfinite(part).all()), part
    return result


def plain(values) -> np.ndarray:
    """Any array, tensor or number as a numpy array."""
    return values.detach().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
