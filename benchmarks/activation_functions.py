"""Forward and backward of min_exp against torch's silu, eager and compiled, and against its own plain formula.

python benchmarks/activation_functions.py: one thread, about a minute, most of it compilation.
"""

from __future__ import annotations

from collections.abc import Callable

from timing import goal, median_seconds  # before torch: it sets the number of threads

# isort: split
import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.activation_functions import min_exp, min_exp_by_cases

SIZES = (2**16, 2**22)


def both_passes(function: Callable[[Tensor], Tensor], x: Tensor, gradient: Tensor) -> Callable[[], object]:
    return lambda: torch.autograd.grad(function(x), x, gradient)


def main() -> None:
    torch.set_num_threads(1)
    functions = {
        "silu": F.silu,
        "min_exp": min_exp,
        "by cases": min_exp_by_cases,
        "silu, compiled": torch.compile(F.silu),
        "min_exp, compiled": torch.compile(min_exp),
    }
    for size in SIZES:
        generator = torch.Generator().manual_seed(0)
        x, gradient = (torch.randn(size, generator=generator) for _ in range(2))
        x.requires_grad_()
        calls = {name: both_passes(f, x, gradient) for name, f in functions.items()}
        times = median_seconds(calls, repeats=31, least=0.005)
        print(f"\nforward + backward of {size} elements, float32, one thread")
        for name, seconds in times.items():
            base = times["silu, compiled" if "compiled" in name else "silu"]
            print(f"{name:20s}{1e3 * seconds:9.3f} ms{seconds / base:8.2f} x silu")
        goal(f"{size} elements, eager, min_exp over silu", times["min_exp"] / times["silu"], at_most=3)
        goal(f"{size} elements, eager, by cases over min_exp", times["by cases"] / times["min_exp"], at_least=2)
        compiled = times["min_exp, compiled"] / times["silu, compiled"]
        goal(f"{size} elements, compiled, min_exp over silu", compiled, at_most=1.05)


if __name__ == "__main__":
    main()
