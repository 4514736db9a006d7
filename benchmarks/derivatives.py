"""n-th derivatives by truncated Taylor series against torch's nested autograd and nested dual numbers: time and error.

Run: python benchmarks/derivatives.py

Times are medians of interleaved runs in one process, as ratios to `derivative` of the same n: above 1 is slower.
torch is left out above n = 7, where its graph grows five-fold with every order, and nested Duals above n = 8.
Errors are relative to the derivative by mpmath with 60 digits.
"""

from timing import goal, median_seconds  # isort: skip  # first: it sets the thread count

from collections.abc import Callable
from functools import partial

import mpmath
import numpy as np
import torch

from helpers.derivatives import derivative, nested_derivative

ORDERS = (1, 2, 3, 4, 5, 6, 7, 8, 12, 20, 30)
TORCH, NESTED = 7, 8  # the highest orders that they are asked for
AT = 0.7


def function(m, t):
    """The function to differentiate, for m = numpy, torch or mpmath."""
    return m.exp(m.sin(t)) / (1 + t**2)


def by_torch(x: np.ndarray | float, n: int) -> np.ndarray:
    """n-th derivative by n nested calls of autograd."""
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    value = function(torch, leaf)
    for order in range(n):
        (value,) = torch.autograd.grad(value.sum(), leaf, create_graph=order < n - 1)
    return value.detach().numpy()


def exact(n: int) -> mpmath.mpf:
    """The truth, from mpmath's own power series."""
    with mpmath.workdps(60):
        return mpmath.taylor(partial(function, mpmath), mpmath.mpf(AT), n)[n] * mpmath.factorial(n)


def main() -> None:
    f = partial(function, np)
    batch = np.linspace(-1, 1, 1000)
    print("f(t) = exp(sin t) / (1 + t²); times over those of derivative(f, t, n)")
    print(f"{'':4}{'one number':^36}{'1000 numbers':^24}{'relative error at 0.7':^36}")
    names = ("series, ms", "torch", "nested", "series, ms", "torch", "series", "torch", "nested")
    print(f"{'n':>3} " + "".join(f"{name:>12}" for name in names))
    one, many, error = {}, {}, {}
    for n in ORDERS:
        peers: dict[str, Callable] = {"series": partial(derivative, f)}
        if n <= TORCH:
            peers["torch"] = by_torch
        repeats = 21 if n < 6 else 5
        many[n] = median_seconds({name: partial(peer, batch, n) for name, peer in peers.items()}, repeats)
        if n <= NESTED:
            peers["nested"] = partial(nested_derivative, f)
        one[n] = median_seconds({name: partial(peer, AT, n) for name, peer in peers.items()}, repeats)
        truth = exact(n)
        error[n] = {name: abs(float(peer(AT, n) / truth - 1)) for name, peer in peers.items()}
        cells = [f"{1e3 * one[n]['series']:12.2f}"]
        cells += [f"{one[n][k] / one[n]['series']:12.2f}" if k in one[n] else f"{'':12}" for k in ("torch", "nested")]
        cells += [f"{1e3 * many[n]['series']:12.2f}"]
        cells += [f"{many[n]['torch'] / many[n]['series']:12.2f}" if n <= TORCH else f"{'':12}"]
        cells += [f"{error[n][k]:12.0e}" if k in error[n] else f"{'':12}" for k in ("series", "torch", "nested")]
        print(f"{n:3} " + "".join(cells))
    for n in (1, 3, 5, 7):
        goal(f"torch's nested autograd over derivative, n = {n}", one[n]["torch"] / one[n]["series"], at_least=1)
        goal(f"the same for 1000 numbers, n = {n}", many[n]["torch"] / many[n]["series"], at_least=1)
    slow, fast = one[TORCH]["torch"], one[30]["series"]
    goal("torch's nested autograd at n = 7 over derivative at n = 30", slow / fast, at_least=10)
    goal("derivative at n = 30 over n = 1", one[30]["series"] / one[1]["series"], at_most=30)
    goal("derivative, relative error at n = 30", error[30]["series"], at_most=1e-12)


if __name__ == "__main__":
    main()
