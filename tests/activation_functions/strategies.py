"""What the tests of several files share."""

import math

import mpmath
import numpy as np
import torch
from hypothesis import strategies as st

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
double = torch.float64
seeds = st.integers(0, 2**32 - 1)  # drawing every number from hypothesis takes longer than what is tested


def slope(f, x):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(x).sum(), x)[0]


def reference(x):
    """min_exp and its slope at a float, with 40 digits."""
    with mpmath.workdps(40):
        x = mpmath.mpf(x)
        return (x, mpmath.mpf(1)) if x > 0 else (x * mpmath.exp(x), (1 + x) * mpmath.exp(x))


def any_numbers(seed, dtype, size=32):
    """Numbers of every size that the format holds, of either sign; zero, the smallest, ±inf and nan among them.

    A quarter have a size anywhere in its range, and a quarter lie where e^{−|x|} becomes denormal and then 0.
    """
    rng = np.random.default_rng(seed)
    info = torch.finfo(dtype)
    sizes = 10.0 ** rng.uniform(math.log10(info.tiny) - 3, math.log10(info.max), size // 4)
    ends = -math.log(info.tiny) * rng.uniform(0.95, 1.15, size // 4)
    near = rng.normal(0, 10, size - 2 * (size // 4))
    special = [0.0, info.tiny, info.max, math.inf, math.nan]
    numbers = np.concatenate([sizes, ends, near, special]) * rng.choice([-1, 1], size + len(special))
    return torch.tensor(rng.permutation(numbers), dtype=double).to(dtype)


def spread(rng, size, decades=150):
    """Positive numbers of every size between 1e−decades and 1e+decades."""
    return 10.0 ** rng.uniform(-decades, decades, size)


def value_or_error(call):
    """What call() returns, all of it finite; None where it raises a ValueError that names an argument."""
    try:
        result = call()
    except ValueError as error:
        assert ": " in str(error) and "; give " in str(error), error
        return None
    assert np.isfinite(np.asarray(result)).all()
    return result
