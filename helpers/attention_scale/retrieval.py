"""An attention layer that has to learn retrieval; many layers that differ in scale and seed are trained at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from helpers.inputs import generator as checked_generator
from helpers.inputs import integer, real_number
from helpers.tensors import float_tensor

# contents (seeds, n, width), values (seeds, n, depth), queries (seeds, q, width), answers (seeds, q, depth)
Task = tuple[Tensor, Tensor, Tensor, Tensor]


def _on_sphere(x: Tensor) -> Tensor:
    """The vectors in the last axis, scaled to length √width."""
    return x / x.square().mean(-1, keepdim=True).sqrt()


def retrieval_task(
    generator: torch.Generator,
    seeds: int,
    n: int,
    queries: int,
    *,
    width: int = 8,
    depth: int = 8,
    noise: float = 0.1,
    labels: bool = False,
) -> Task:
    """A memory of n items per seed and ``queries`` questions to it: find the item whose content was shown, noisily.

    Contents and queries are normalised to length √width, as a layer norm does. An item's value is a standard normal
    vector, or with ``labels`` a one-hot class; the answer is the value of the item in question.
    noise: 0 … 1e15, beyond which its square leaves the range of float32. ValueError for sizes below 1 or another noise.

    >>> task = retrieval_task(torch.Generator().manual_seed(0), seeds=2, n=50, queries=3)
    >>> [tuple(part.shape) for part in task]
    [(2, 50, 8), (2, 50, 8), (2, 3, 8), (2, 3, 8)]
    """
    checked_generator("generator", generator, torch.Generator)
    sizes = {"seeds": seeds, "n": n, "queries": queries, "width": width, "depth": depth}
    seeds, n, queries, width, depth = (integer(name, size, 1) for name, size in sizes.items())
    noise = real_number("noise", noise, at_least=0, at_most=1e15)
    contents = _on_sphere(torch.randn(seeds, n, width, generator=generator))
    if labels:
        values = torch.eye(depth)[torch.randint(depth, (seeds, n), generator=generator)]
    else:
        values = torch.randn(seeds, n, depth, generator=generator)
    asked = torch.randint(n, (seeds, queries, 1), generator=generator)
    shown = contents.gather(1, asked.expand(-1, -1, width))
    shown = _on_sphere(shown + noise * torch.randn(shown.shape, generator=generator))
    return contents, values, shown, values.gather(1, asked.expand(-1, -1, depth))


def initial_attention(
    generator: torch.Generator, seeds: int, copies: int, width: int = 8, depth: int = 8
) -> list[Tensor]:
    """Query, key and value matrices of seeds · copies layers, with gradients; the copies of a seed start equal.

    Shapes (seeds · copies, width, width) twice, then (seeds · copies, depth, depth); entries N(0, 1/fan-in).
    ValueError for sizes below 1.

    >>> query, key, value = initial_attention(torch.Generator().manual_seed(0), seeds=2, copies=3, depth=4)
    >>> tuple(query.shape), tuple(value.shape), bool((query[0] == query[2]).all()), bool((query[0] == query[3]).any())
    ((6, 8, 8), (6, 4, 4), True, False)
    """
    checked_generator("generator", generator, torch.Generator)
    counts = {"seeds": seeds, "copies": copies, "width": width, "depth": depth}
    seeds, copies, width, depth = (integer(name, count, 1) for name, count in counts.items())
    matrices = []
    for size in (width, width, depth):
        matrix = torch.randn(seeds, 1, size, size, generator=generator) / math.sqrt(size)
        matrices.append(matrix.repeat(1, copies, 1, 1).flatten(0, 1).requires_grad_())
    return matrices


def retrieval_loss(matrices: list[Tensor], alpha: Tensor, task: Task, labels: bool = False) -> Tensor:
    """Loss (models,) of attention with scores α q·k/√width: squared error per entry, or cross-entropy for labels.

    matrices: as from `initial_attention`, models = seeds · copies. alpha: (models,), finite. task: as from
    `retrieval_task`. Matrices that diverged give nan. ValueError for shapes that do not fit.

    >>> generator = torch.Generator().manual_seed(0)
    >>> task = retrieval_task(generator, seeds=2, n=50, queries=3)
    >>> zero = [0 * matrix for matrix in initial_attention(generator, seeds=2, copies=2)]  # reads out 0
    >>> loss = retrieval_loss(zero, torch.tensor([1.0, 8.0] * 2), task)
    >>> bool(torch.allclose(loss, task[3].square().mean((1, 2)).repeat_interleave(2)))
    True
    """
    contents, values, queries, answers = task
    if float_tensor("alpha", alpha, finite=True).ndim != 1:
        raise ValueError(f"alpha: has shape {tuple(alpha.shape)}; give one scale for each model")
    (seeds, asked, width), (_, n, depth), models = queries.shape, values.shape, len(alpha)
    parts = [tuple(part.shape) for part in task]
    if parts != [(seeds, n, width), (seeds, n, depth), (seeds, asked, width), (seeds, asked, depth)]:
        raise ValueError(f"task: has shapes {', '.join(map(str, parts))}; give what `retrieval_task` returns")
    shapes = [(models, width, width), (models, width, width), (models, depth, depth)]
    if models % seeds or [tuple(matrix.shape) for matrix in matrices] != shapes:
        given = ", ".join(str(tuple(matrix.shape)) for matrix in matrices)
        raise ValueError(f"matrices: have shapes {given}; give {shapes[0]} twice and {shapes[2]} for {models} scales")
    query_matrix, key_matrix, value_matrix = (matrix.unflatten(0, (seeds, -1)) for matrix in matrices)
    alpha = alpha.view(seeds, -1, 1, 1) / math.sqrt(width)
    # All layers of a seed see the same memory: stacking their queries makes one large product of many small ones.
    queries = (alpha * (queries[:, None] @ query_matrix @ key_matrix.mT)).flatten(1, 2)
    read = torch.softmax(queries @ contents.mT, -1) @ values
    output = read.unflatten(1, (-1, asked)) @ value_matrix
    if labels:
        loss = -(answers[:, None] * torch.log_softmax(output, -1)).sum(-1)
    else:
        loss = (output - answers[:, None]).square().mean(-1)
    return loss.mean(-1).flatten()
