"""Adjugate by SVD against cofactor expansion (n² minors) and against det·inv: accuracy and time in one run.

Run: python benchmarks/determinant_derivatives.py

Errors are max |value − exact| / max |exact|, largest over the matrices of a kind, against exact integer arithmetic.
Times are ratios to `adjugate` of the same n in the same run: below 1 is faster than `adjugate`.
"""

from timing import median_seconds  # isort: skip  # first: it sets the thread count

from fractions import Fraction
from functools import partial

import numpy as np

from helpers.determinant_derivatives import adjugate, adjugate_by_inverse, adjugate_by_minors, exact_adjugate

SIZES = (4, 8, 16, 32, 64)
METHODS = {"svd": adjugate, "minors": adjugate_by_minors, "det·inv": adjugate_by_inverse}


def cases(n: int, repeats: int = 3):
    """(kind, matrix of integers, its exact adjugate): regular, regular but badly scaled, rank n − 1, rank n − 2."""
    for seed in range(repeats):
        rng = np.random.default_rng([n, seed])
        A = rng.integers(-1000, 1001, (n, n))
        exact = exact_adjugate(A)
        yield "regular", A, exact
        yield "scaled", A, exact
        P, Q = rng.integers(-4, 5, (2, n, n))
        for missing in (1, 2):
            A = P[:, missing:] @ Q[missing:]
            yield f"rank n-{missing}", A, exact_adjugate(A)


def scaled(method, A: np.ndarray) -> np.ndarray:
    """adj(A) by way of the adjugate of A with its rows and columns multiplied by powers of two, about 2⁻³⁰ … 2³⁰."""
    r, c = np.random.default_rng(len(A)).integers(-30, 31, (2, len(A)))
    r, c = r - round(r.mean()), c - round(c.mean())  # so that the determinant stays in range at n = 64
    return np.ldexp(method(np.ldexp(A, r[:, None] + c)), c[:, None] + r - c.sum() - r.sum())


def error(method, A: np.ndarray, exact: np.ndarray) -> float:
    """Relative error; for a zero adjugate the largest entry over (‖A‖₂/√n)^(n−1), what a regular one is about."""
    try:
        value = method(A)
    except np.linalg.LinAlgError:
        return float("nan")  # shown as "fails"
    if not np.isfinite(value).all():
        return float("inf")
    largest = max(abs(x) for x in exact.ravel())
    if not largest:
        return float(np.abs(value).max() / (np.linalg.norm(A, 2) / np.sqrt(len(A))) ** (len(A) - 1))
    pairs = zip(value.ravel(), exact.ravel(), strict=True)
    return float(max(abs(Fraction(float(v)) - x) for v, x in pairs) / largest)


def shown(errors: list[float]) -> str:
    failed = sum(np.isnan(errors))
    if failed:
        return f"fails {failed} of {len(errors)}"
    return "0" if max(errors) == 0 else f"{max(errors):.0e}"


def main() -> None:
    print("Relative error against exact integers (worst of 3 matrices; rank n-2: absolute, scaled; the truth is 0)")
    print(f"{'n':>4}  {'matrix':9}" + "".join(f"{name:>14}" for name in METHODS))
    for n in SIZES:
        found: dict[str, dict[str, list[float]]] = {}
        for kind, A, exact in cases(n):
            for name, method in METHODS.items():
                call = partial(scaled, method) if kind == "scaled" else method
                found.setdefault(kind, {}).setdefault(name, []).append(error(call, A.astype(float), exact))
        for kind, errors in found.items():
            print(f"{n:4}  {kind:9}" + "".join(f"{shown(errors[name]):>14}" for name in METHODS))

    print("\nTime of one matrix over that of the svd method (median of interleaved runs)")
    print(f"{'n':>4}  {'svd, ms':>9}" + "".join(f"{name:>14}" for name in ("minors", "det·inv")) + f"{'batch':>14}")
    for n in SIZES:
        A = np.random.default_rng(n).standard_normal((n, n))
        batch = np.random.default_rng(n).standard_normal((64, n, n))
        peers = {name: partial(method, A) for name, method in METHODS.items()}
        times = median_seconds({**peers, "batch": partial(adjugate, batch)}, repeats=5 if n == 64 else 15)
        ratios = [times["minors"] / times["svd"], times["det·inv"] / times["svd"], times["batch"] / 64 / times["svd"]]
        print(f"{n:4}  {1e3 * times['svd']:9.3f}" + "".join(f"{ratio:14.2f}" for ratio in ratios))
    print("batch: per matrix in one call with 64 of them")


if __name__ == "__main__":
    main()
