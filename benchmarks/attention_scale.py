"""The O(n) gradient norm beside the full Jacobian, optimal scales and expected maxima beside the plain ways.

Run: python benchmarks/attention_scale.py
"""

from timing import goal, median_seconds  # first: it sets one thread

# isort: split
import numpy as np
import torch
from scipy import optimize, special

from helpers.attention_scale import (
    expected_maximum_normal,
    optimal_scale_cosine,
    softmax_gradient_norm,
    softmax_jacobian,
)


def autograd_norm(scores: torch.Tensor, alpha: float) -> float:
    """½‖J‖₁ from torch's Jacobian."""
    jacobian = torch.autograd.functional.jacobian(lambda s: torch.softmax(alpha * s, -1), scores, vectorize=True)
    return jacobian.abs().sum().item() / 2


def searched_scale(n: float, d: int) -> float:
    """The maximiser by a bounded search; E[e^{αs}] = ₀F₁(; d/2; α²/4) from scipy."""

    def objective(a: float) -> float:
        ratio = special.hyp0f1(d / 2, a * a) / special.hyp0f1(d / 2, a * a / 4) ** 2
        return -a * (1 - ratio / n)

    return optimize.minimize_scalar(objective, bounds=(0, 100), method="bounded", options={"xatol": 1e-7}).x


def expected_maximum_by_density(n: np.ndarray) -> np.ndarray:
    """∫ x n φ(x) Φ(x)^{n−1} dx on one grid that serves every n up to 1e300: 10 001 points for each."""
    x, step = np.linspace(-10, 40, 10001, retstep=True)
    log_density = np.log(n)[:, None] - x**2 / 2 - np.log(2 * np.pi) / 2 + (n[:, None] - 1) * special.log_ndtr(x)
    return step * (x * np.exp(log_density)).sum(-1)


def report(title: str, times: dict[str, float]) -> None:
    ours = next(iter(times.values()))
    print(title)
    for name, seconds in times.items():
        print(f"  {name:<36}{seconds * 1e3:10.3f} ms {seconds / ours:10.1f} x")


def main() -> None:
    rng = np.random.default_rng(0)
    for n in (256, 2048):
        scores = rng.standard_normal(n)
        tensor = torch.from_numpy(scores)
        assert np.isclose(softmax_gradient_norm(scores, 2.5), autograd_norm(tensor, 2.5), rtol=1e-10)
        peers = {
            "softmax_gradient_norm, O(n)": lambda s=scores: softmax_gradient_norm(s, 2.5),
            "softmax_jacobian, then ½ Σ|J|": lambda s=scores: abs(softmax_jacobian(s, 2.5)).sum() / 2,
            "torch autograd, full Jacobian": lambda t=tensor: autograd_norm(t, 2.5),
        }
        ours, *others = (times := median_seconds(peers, repeats=5)).values()
        report(f"½‖J‖₁ of one row, n = {n}", times)
    goal(f"the dense Jacobian over the O(n) norm, n = {n}", min(others) / ours, at_least=100)
    million = rng.standard_normal(10**6)
    peers = {
        "softmax_gradient_norm, O(n)": lambda: softmax_gradient_norm(million, 2.5),
        "scipy softmax, then α(1 − Σp²)": lambda: 2.5 * (1 - np.sum(special.softmax(2.5 * million) ** 2)),
    }
    report("½‖J‖₁ of one row, n = 1 000 000 (a dense Jacobian would take 8 TB)", median_seconds(peers))

    n = 40.0 * np.arange(1, 501)
    assert np.allclose(optimal_scale_cosine(n[::100], 128), [searched_scale(x, 128) for x in n[::100]], rtol=1e-5)
    peers = {
        "optimal_scale_cosine, all at once": lambda: optimal_scale_cosine(n, 128),
        "minimize_scalar, one n at a time": lambda: [searched_scale(x, 128) for x in n],
    }
    report("α* of cosine scores, d = 128, 500 values of n", median_seconds(peers, repeats=3))

    n = np.geomspace(1, 1e300, 200)
    assert np.allclose(expected_maximum_normal(n), expected_maximum_by_density(n), rtol=0, atol=1e-11)
    peers = {
        "expected_maximum_normal": lambda: expected_maximum_normal(n),
        "trapezoidal rule over the density": lambda: expected_maximum_by_density(n),
    }
    ours, direct = (times := median_seconds(peers, repeats=5)).values()
    report("E[max of n normal scores], 200 values of n", times)
    goal("the density of the maximum over expected_maximum_normal", direct / ours, at_least=5)


if __name__ == "__main__":
    main()
