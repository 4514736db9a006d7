"""Where scores come from: queries and keys at initialisation."""

from __future__ import annotations

import math

import numpy as np

from helpers.attention_scale._weights import Array
from helpers.inputs import choice, integer
from helpers.inputs import generator as checked_generator


def attention_scores(generator: np.random.Generator, rows: int, n: int, d: int, kind: str = "gaussian") -> Array:
    """Scores (rows, n) of one query against n keys per row, as they are at initialisation.

    kind: "gaussian": q·k/√d with standard normal entries; "layer": the same, where q = W_q x and k = W_k y come from
    standard normal tokens x, y ∈ ℝᵈ and one pair of d×d matrices with N(0, 1/d) entries for all rows;
    "cosine": q and k are normalised first (QK-norm), no √d. ValueError for another kind or sizes below 1.

    >>> scores = attention_scores(np.random.default_rng(0), rows=2, n=5, d=64, kind="cosine")
    >>> scores.shape, bool((abs(scores) <= 1).all())
    ((2, 5), True)
    """
    checked_generator("generator", generator)
    rows, n, d = (integer(name, size, 1) for name, size in (("rows", rows), ("n", n), ("d", d)))
    choice("kind", kind, ("gaussian", "layer", "cosine"))
    queries, keys = generator.standard_normal((rows, d)), generator.standard_normal((rows, n, d))
    if kind == "gaussian":
        queries = queries / math.sqrt(d)
    elif kind == "layer":
        query_matrix, key_matrix = generator.standard_normal((2, d, d)) / math.sqrt(d)
        queries = queries @ query_matrix.T @ key_matrix / math.sqrt(d)  # (W_k y)·q = y·(W_kᵀ q)
    else:
        queries /= np.linalg.norm(queries, axis=-1, keepdims=True)
        keys /= np.linalg.norm(keys, axis=-1, keepdims=True)
    return np.einsum("rd,rnd->rn", queries, keys)
