"""Adjugate by SVD against cofactor expansion (n² minors) and against det·inv: accuracy and time in one run.

Run: python benchmarks/determinant_derivatives.py

Errors are max |value − exact| / max |exact|, largest over the matrices of a kind, against exact integer arithmetic.
At rank n − 2 the truth is 0, and the divisor is that of a regular matrix of the same make.
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
    """(kind, matrix of integers, exact adjugate, divisor of errors): regular, badly scaled, rank n − 1, rank n − 2."""
    for seed in range(repeats):
        rng = np.random.default_rng([n, seed])
        A, (P, Q) = rng.integers(-1000, 1001, (n, n)), rng.integers(-4, 5, (2, n, n))
        exact = exact_adjugate(A)
        for kind in ("regular", "scaled"):
            yield kind, A, exact, np.abs(exact).max()
        for missing in (1, 2):
            A = P[:, missing:] @ Q[missing:]
            exact = exact_adjugate(A)
            yield f"rank n-{missing}", A, exact, np.abs(exact).max() or np.abs(exact_adjugate(P @ Q)).max()


def scaled(method, A: np.ndarray) -> np.ndarray:
    """adj(A) by way of the adjugate of A with its rows and columns multiplied by powers of two, about 2⁻³⁰ … 2³⁰."""
    r, c = np.random.default_rng(len(A)).integers(-30, 31, (2, len(A)))
    r, c = r - round(r.mean()), c - round(c.mean())  # so that the determinant stays in range at n = 64
    return np.ldexp(method(np.ldexp(A, r[:, None] + c)), c[:, None] + r - c.sum() - r.sum())


def error(method, A: np.ndarray, exact: np.ndarray, divisor: int) -> float:
    """Largest error of an entry over ``divisor``, in exact arithmetic; nan where the method breaks down."""
    try:
        value = method(A)
    except np.linalg.LinAlgError:
        return float("nan")
    if not np.isfinite(value).all():
        return float("inf")
    return float(max(abs(Fraction(float(v)) - x) for v, x in zip(value.ravel(), exact.ravel(), strict=True)) / divisor)


def shown(errors: list[float]) -> str:
    failed = sum(np.isnan(errors))
    if failed:
        return f"fails {failed} of {len(errors)}"
    return "0" if max(errors) == 0 else f"{max(errors):.0e}"


def main() -> None:
    print("Relative error against exact integers (worst of 3 matrices; at rank n-2 the truth is 0)")
    print(f"{'n':>4}  {'matrix':9}" + "".join(f"{name:>14}" for name in METHODS))
    for n in SIZES:
        found: dict[str, dict[str, list[float]]] = {}
        for kind, A, exact, divisor in cases(n):
            for name, method in METHODS.items():
                call = partial(scaled, method) if kind == "scaled" else method
                found.setdefault(kind, {}).setdefault(name, []).append(error(call, A.astype(float), exact, divisor))
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
