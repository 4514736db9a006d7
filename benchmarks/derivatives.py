"""n-th derivatives by truncated Taylor series against torch's nested autograd and nested dual numbers: time and error.

Run: python benchmarks/derivatives.py

Times are medians of interleaved runs in one process, as ratios to `derivative` of the same n: above 1 is slower.
Errors are relative to sympy's derivative evaluated with 40 digits.
"""

from timing import median_seconds  # isort: skip  # first: it sets the thread count

from functools import partial

import mpmath
import numpy as np
import sympy
import torch

from helpers.derivatives import derivative, nested_derivative

ORDERS = range(1, 9)
AT = 0.7


def function(m, t):
    """The function to differentiate, for m = numpy, torch or sympy."""
    return m.exp(m.sin(t)) / (1 + t**2)


def by_torch(x: np.ndarray | float, n: int) -> np.ndarray:
    """n-th derivative by n nested calls of autograd."""
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    value = function(torch, leaf)
    for order in range(n):
        (value,) = torch.autograd.grad(value.sum(), leaf, create_graph=order < n - 1)
    return value.detach().numpy()


def exact(n: int) -> float:
    t = sympy.Symbol("t", real=True)
    with mpmath.workdps(40):
        return float(sympy.lambdify(t, function(sympy, t).diff(t, n), "mpmath", cse=True)(mpmath.mpf(AT)))


def main() -> None:
    numpy_function = partial(function, np)
    batch = np.linspace(-1, 1, 1000)
    print("f(t) = exp(sin t) / (1 + t²); times over those of derivative(f, t, n)")
    print(f"{'':4}{'one number':^40}{'1000 numbers':^25}{'relative error at 0.7':^30}")
    names = ("series, ms", "torch", "nested", "series, ms", "torch", "series", "torch", "nested")
    print(f"{'n':>3} " + "".join(f"{name:>12}" for name in names))
    for n in ORDERS:
        repeats = 15 if n < 7 else 5
        one = median_seconds(
            {
                "series": partial(derivative, numpy_function, AT, n),
                "torch": partial(by_torch, AT, n),
                "nested": partial(nested_derivative, numpy_function, AT, n),
            },
            repeats,
        )
        many = median_seconds(
            {"series": partial(derivative, numpy_function, batch, n), "torch": partial(by_torch, batch, n)}, repeats
        )
        truth = exact(n)
        values = derivative(numpy_function, AT, n), float(by_torch(AT, n)), nested_derivative(numpy_function, AT, n)
        times = [1e3 * one["series"], one["torch"] / one["series"], one["nested"] / one["series"]]
        times += [1e3 * many["series"], many["torch"] / many["series"]]
        errors = "".join(f"{abs(value / truth - 1):12.0e}" for value in values)
        print(f"{n:3} " + "".join(f"{value:12.2f}" for value in times) + errors)


if __name__ == "__main__":
    main()
