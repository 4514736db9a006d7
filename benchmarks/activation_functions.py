"""Forward and backward of min_exp against torch's silu, eager and compiled, on small and large tensors.

python benchmarks/activation_functions.py: one thread, about a minute, most of it compilation.
Goals: eager at most 3 times silu; compiled at most 1.15 times silu compiled at 4M elements.
"""

from __future__ import annotations

import torch
from timing import median_seconds  # first: it sets the number of threads
from torch.nn import functional as F

from helpers.activation_functions import min_exp

SIZES = (2**16, 2**22)


def forward_backward(function, x, gradient):
    def run():
        x.grad = None
        function(x).backward(gradient)

    return run


def main() -> None:
    torch.set_num_threads(1)
    functions = {
        "silu": F.silu,
        "min_exp": min_exp,
        "silu, compiled": torch.compile(F.silu),
        "min_exp, compiled": torch.compile(min_exp),
    }
    for size in SIZES:
        generator = torch.Generator().manual_seed(0)
        x, gradient = (torch.randn(size, generator=generator) for _ in range(2))
        x.requires_grad_()
        times = median_seconds({name: forward_backward(f, x, gradient) for name, f in functions.items()}, repeats=15)
        print(f"\nforward + backward of {size} elements, float32, one thread")
        for name, seconds in times.items():
            base = times["silu, compiled" if "compiled" in name else "silu"]
            print(f"{name:20s}{1e3 * seconds:9.3f} ms{seconds / base:8.2f} x silu")
        eager = times["min_exp"] / times["silu"]
        print(f"eager: {eager:.2f} (goal ≤ 3: {'met' if eager <= 3 else 'missed'})")
        if size == max(SIZES):
            compiled = times["min_exp, compiled"] / times["silu, compiled"]
            print(f"compiled: {compiled:.2f} (goal ≤ 1.15: {'met' if compiled <= 1.15 else 'missed'})")


if __name__ == "__main__":
    main()
