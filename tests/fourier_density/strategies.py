"""Densities to try, and the plain sums they are held to."""

import numpy as np
import torch
from hypothesis import strategies as st

from helpers.fourier_density import peers


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
