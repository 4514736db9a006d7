"""Numbers of the paper, typed from its printed version: what it measured with and without the rotation trick."""

from __future__ import annotations

Pair = tuple[float, float]  # without the rotation, with it

COLUMNS = {"usage %": True, "training loss": False, "quant. error": False, "validation loss": False, "rFID": False,
           "rIS": True}  # fmt: skip
"""The columns of PAPER_TABLES; True where a high number is the good one."""

PAPER_TABLES: dict[str, list[Pair | None]] = {
    "Euclidean 32²×32": [(100, 97), (0.107, 0.116), (5.9e-3, 5.1e-4), (0.115, 0.122), (106.1, 85.7), (11.7, 17.0)],
    "cosine 32²×32": [(75, 91), (0.107, 0.105), (2.9e-3, 2.7e-3), (0.114, 0.111), (84.3, 82.9), (17.7, 18.1)],
    "Euclidean 64²×3": [(100, 99), (0.028, 0.028), (1.0e-3, 1.4e-4), (0.030, 0.030), (19.0, 16.5), (97.3, 106.3)],
    "cosine 64²×3": [(31, 38), (0.034, 0.033), (1.2e-4, 9.6e-5), (0.038, 0.035), (26.0, 24.2), (77.8, 83.9)],
    "VQGAN, ImageNet 16²×256": [(95, 98), None, (0.134, 0.002), (0.594, 0.422), (7.3, 4.6), (118.2, 146.5)],
    "VQGAN, faces 16²×256": [(27, 99), None, (0.233, 0.002), (0.565, 0.313), (4.7, 3.7), (5.0, 5.2)],
    "latent diffusion 64²×3": [(15, 86), None, (2.5e-3, 1.7e-4), (0.183, 0.142), (0.53, 0.27), (220.6, 228.0)],
    "latent diffusion 32²×4": [(2, 27), None, (1.2e-2, 2.4e-4), (0.385, 0.269), (5.0, 1.1), (141.5, 200.2)],
}
"""Fifty et al., ICLR 2025 (arXiv 2410.06424): the VQ-VAEs of Table 1, then the VQGANs of Tables 2 and 3.

A model in each row, a pair for each of COLUMNS; None where the paper gives no number.
"""


def count_improved(pairs: list[Pair | None]) -> int:
    """How many of the columns of one row are better with the rotation; equal ones are not.

    >>> count_improved(PAPER_TABLES["Euclidean 64²×3"])
    3
    """
    high_is_good = COLUMNS.values()
    return sum(
        pair is not None and (pair[1] > pair[0] if high else pair[1] < pair[0])
        for pair, high in zip(pairs, high_is_good, strict=True)
    )
