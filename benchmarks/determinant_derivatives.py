"""Adjugate by elimination against the plain formula by SVD, cofactor expansion and det·inv: accuracy and time.

Run: python benchmarks/determinant_derivatives.py

Errors are max |value − exact| / max |exact|, largest over the matrices of a kind, against exact integer arithmetic.
At rank n − 2 the truth is 0, and the divisor is that of a regular matrix of the same make.
Times are ratios to the plain formula by SVD, `adjugate_by_singular_values`, of the same n in the same run.
"""

from timing import goal, median_seconds  # isort: skip  # first: it sets the thread count

from fractions import Fraction
from functools import partial

import numpy as np

from helpers.determinant_derivatives import (
    adjugate,
    adjugate_by_inverse,
    adjugate_by_minors,
    adjugate_by_singular_values,
    determinant_derivative,
    exact_adjugate,
    log_abs_det_derivative,
)

SIZES = (4, 8, 16, 32, 64)
METHODS = {
    "elimination": adjugate,
    "svd": adjugate_by_singular_values,
    "minors": adjugate_by_minors,
    "det·inv": adjugate_by_inverse,
}


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
    except ValueError:  # numpy.linalg.LinAlgError is one
        return float("nan")
    if not np.isfinite(value).all():
        return float("inf")
    return float(max(abs(Fraction(float(v)) - x) for v, x in zip(value.ravel(), exact.ravel(), strict=True)) / divisor)


def shown(errors: list[float]) -> str:
    failed = sum(np.isnan(errors))
    if failed:
        return f"fails {failed} of {len(errors)}"
    return "0" if max(errors) == 0 else f"{max(errors):.0e}"


def hard() -> float:
    """Worst relative error on matrices whose second smallest singular value is down to 10⁻¹⁸ of the largest."""
    worst = 0.0
    for k in range(20, 53):
        A = np.full((3, 3), 2**k) + np.diag([0, 1, 1])
        exact = exact_adjugate(A)
        worst = max(worst, error(adjugate, A.astype(float), exact, np.abs(exact).max()))
    for n in range(4, 14):
        A = 1 / (1.0 + np.add.outer(np.arange(n), np.arange(n)))
        whole = np.array([[int(x) for x in row] for row in np.ldexp(A, 60)], dtype=object)
        exact = exact_adjugate(whole) * Fraction(2) ** (-60 * (n - 1))
        worst = max(worst, error(adjugate, A, exact, np.abs(exact).max()))
    return worst


def main() -> None:
    print("Relative error against exact integers (worst of 3 matrices; at rank n-2 the truth is 0)")
    print(f"{'n':>4}  {'matrix':9}" + "".join(f"{name:>14}" for name in METHODS))
    accuracy: dict[int, dict[str, dict[str, list[float]]]] = {}
    for n in SIZES:
        found = accuracy[n] = {}
        for kind, A, exact, divisor in cases(n):
            for name, method in METHODS.items():
                call = partial(scaled, method) if kind == "scaled" else method
                found.setdefault(kind, {}).setdefault(name, []).append(error(call, A.astype(float), exact, divisor))
        for kind, errors in found.items():
            print(f"{n:4}  {kind:9}" + "".join(f"{shown(errors[name]):>14}" for name in METHODS))

    worst = {
        kind: max(error for n in SIZES for error in accuracy[n][kind]["elimination"]) for kind in accuracy[SIZES[0]]
    }
    for kind, value in worst.items():
        goal(f"adjugate, {kind}: largest relative error, n to {SIZES[-1]}", value, at_most=1e-10)
    goal("adjugate of nearly rank-1 matrices and of Hilbert matrices: largest relative error", hard(), at_most=1e-10)

    print("\nTime over that of the plain formula by SVD (median of interleaved runs)")
    print(f"{'n':>4}  {'matrices':>8}  {'svd, ms':>9}" + "".join(f"{name:>14}" for name in METHODS if name != "svd"))
    for n, batch in ((4, 64), (8, 64), (16, 64), (32, 64), (8, 1), (16, 1), (32, 1), (64, 1), (128, 1), (256, 1)):
        A = np.random.default_rng(n).standard_normal((batch, n, n)) / n**0.5
        most = 64 if batch == 1 else 16  # n⁵ takes seconds beyond
        peers = {name: partial(method, A) for name, method in METHODS.items() if name != "minors" or n <= most}
        times = median_seconds(peers, repeats=9 if n >= 64 else 21, least=0.002)
        shown_times = [
            f"{times[name] / times['svd']:14.2f}" if name in times else " " * 14 for name in METHODS if name != "svd"
        ]
        print(f"{n:4}  {batch:8}  {1e3 * times['svd']:9.3f}" + "".join(shown_times))
        ratio = times["elimination"] / times["svd"]
        goal(
            f"adjugate over the SVD formula, {batch} matri{'x' if batch == 1 else 'ces'}, n = {n}: time",
            ratio,
            at_most=1,
        )

    print("\nTime of the derivatives over that of one adjugate, n = 64")
    A, dA = np.random.default_rng(0).standard_normal((2, 64, 64))
    calls = {"adjugate": partial(adjugate, A), "d det": partial(determinant_derivative, A, dA)}
    times = median_seconds({**calls, "d log|det|": partial(log_abs_det_derivative, A, dA)}, repeats=21)
    print("  ".join(f"{name} {value / times['adjugate']:.2f}" for name, value in times.items()))


if __name__ == "__main__":
    main()
