"""Forward and backward of the rotation trick, against straight-through and against vector-quantize-pytorch.

python benchmarks/vq_rotation_trick.py: one thread, about a minute, most of it compilation.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from timing import goal, median_seconds  # first: it sets the number of threads
from torch import Tensor
from vector_quantize_pytorch.vector_quantize_pytorch import rotate_to as package_rotate_to

from helpers.vq_rotation_trick import rotate_to, straight_through

SIZES = ((65536, 64), (4096, 256))


def forward_backward(
    function: Callable[[Tensor, Tensor], Tensor], z: Tensor, q: Tensor, gradient: Tensor
) -> Callable[[], None]:
    def run() -> None:
        z.grad = None
        function(z, q).backward(gradient)

    return run


def main() -> None:
    torch.set_num_threads(1)
    functions = {
        "straight-through": straight_through,
        "straight-through, compiled": torch.compile(straight_through, dynamic=False),
        "rotate_to": rotate_to,
        "rotate_to, compiled": torch.compile(rotate_to, dynamic=False),
        "package": package_rotate_to,
        "package, compiled": torch.compile(package_rotate_to, dynamic=False),
    }
    for size in SIZES:
        generator = torch.Generator().manual_seed(0)
        z, q, gradient = (torch.randn(size, generator=generator) for _ in range(3))
        z.requires_grad_()
        times = median_seconds({name: forward_backward(f, z, q, gradient) for name, f in functions.items()}, repeats=11)
        shape = f"{size[0]} × {size[1]}"
        print(f"\nforward + backward at {shape}, float32, one thread")
        print(f"{'':28s}{'ms':>8s}{'÷ straight-through':>20s}{'package ÷ this':>16s}")
        for name, seconds in times.items():
            base = times["straight-through, compiled" if "compiled" in name else "straight-through"]
            peer = times["package, compiled" if "compiled" in name else "package"]
            print(f"{name:28s}{1e3 * seconds:8.2f}{seconds / base:20.2f}{peer / seconds:16.2f}")
        eager = times["package"] / times["rotate_to"]
        goal(f"{shape}: vector-quantize-pytorch ÷ rotate_to, eager", eager, at_least=4)
        compiled = times["rotate_to, compiled"] / times["straight-through, compiled"]
        goal(f"{shape}: rotate_to ÷ straight-through, compiled", compiled, at_most=1.5)


if __name__ == "__main__":
    main()
