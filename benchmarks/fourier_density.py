"""Fourier densities: time to fit against Adam, 10⁶ log-likelihoods against the direct sum, a mixture and a kernel
density, and 10⁶ samples. One thread; about a minute.

    python benchmarks/fourier_density.py
"""

from __future__ import annotations

import time

from timing import goal, median_seconds  # first: it sets one thread

# isort: split

import numpy as np
import torch
from scipy import stats
from sklearn.mixture import GaussianMixture

from helpers.fourier_density import FourierDensity
from helpers.fourier_density._likelihood import Likelihood
from helpers.optimizers import StackedAdam

DEGREES = (16, 64, 256)
POINTS = 10**6
PARTS = {"direct sum": 50, "GMM": 50, "KDE, 10^4 points": 10000}  # they see POINTS / part; the time is scaled up


def target(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draws from ten Gaussians in [−1, 1], the narrowest of width 0.01."""
    means, scales = np.linspace(-0.85, 0.85, 10), rng.uniform(0.01, 0.06, 10)
    which = rng.integers(10, size=n)
    x = rng.normal(means[which], scales[which])
    return x[np.abs(x) <= 1]


def adam_path(loss: Likelihood, a: np.ndarray, rate: float, steps: int = 800) -> list[tuple[float, float]]:
    """(seconds, objective) of Adam's steps from a, on the objective and exact gradient of `FourierDensity.fit`."""
    theta = torch.from_numpy(np.concatenate([a.real, a.imag]) / np.linalg.norm(a))[None]
    adam, begin, path = StackedAdam([theta], rate), time.perf_counter(), []
    for _ in range(steps):
        value, gradient = loss(theta[0].numpy())
        adam.step([torch.from_numpy(gradient)[None]])
        path.append((time.perf_counter() - begin, value))
    return path


def time_to(excess: float, values: list[tuple[float, float]], best: float) -> float:
    """Seconds at which a list of (seconds, objective) first comes within ``excess`` of ``best``; inf if never."""
    return next((seconds for seconds, value in values if value <= best + excess), np.inf)


def fit_times() -> None:
    """(a) Seconds to an excess negative log-likelihood of 1e-3 and 1e-5."""
    x = target(np.random.default_rng(0), 5000)
    print(f"(a) fit to {x.size} points: seconds to an excess of 1e-3, 1e-5 (Adam: best of 4 rates, 800 steps)")
    for degree in DEGREES:
        best = FourierDensity.fit(x, degree, tolerance=1e-10)[1].objective
        runs = []
        for _ in range(7):
            begin, ours = time.perf_counter(), []
            FourierDensity.fit(
                x, degree, callback=lambda value, b=begin, o=ours: o.append((time.perf_counter() - b, value))
            )
            runs.append([time_to(excess, ours, best) for excess in (1e-3, 1e-5)])
        ours = np.median(runs, axis=0)
        loss = Likelihood(x, np.full(x.size, 1 / x.size), degree, 0.0, None)
        rng = np.random.default_rng(1)
        starts = {"same start": loss.start(), "random start": rng.normal(size=(2, degree + 1)).T @ [1, 1j]}
        text = f"  N = {degree:3d}   ours {ours[0]:.3f}, {ours[1]:.3f}"
        for name, a in starts.items():
            times = []
            for rate in (0.003, 0.01, 0.03, 0.1):
                values = adam_path(loss, a, rate)
                times.append([time_to(excess, values, best) for excess in (1e-3, 1e-5)])
            fastest = np.min(times, axis=0)
            shown = [
                f"{t:.2f} ({t / o:.0f}x)" if np.isfinite(t) else "never" for t, o in zip(fastest, ours, strict=True)
            ]
            text += f" | Adam, {name}: {', '.join(shown)}"
        print(text)
        if degree == 64:
            goal("fit of N = 64 to an excess of 1e-5, milliseconds", 1e3 * ours[1], at_most=30)


def direct_log_prob(b: np.ndarray, x: np.ndarray) -> np.ndarray:
    """log(½ + Σ Re b_n cos πnx − Im b_n sin πnx), in pieces that stay in the cache."""
    out = np.empty(x.size)
    for start in range(0, x.size, 8192):
        angle = np.pi * x[start : start + 8192]
        p = np.full(angle.size, 0.5)
        for n in range(1, b.size):
            p += b[n].real * np.cos(n * angle) - b[n].imag * np.sin(n * angle)
        out[start : start + 8192] = np.log(np.abs(p))
    return out


def evaluation_times() -> None:
    """(b) Seconds for 10⁶ log-likelihoods, table included."""
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, POINTS)
    data = target(rng, 10000)
    kernel = stats.gaussian_kde(data)
    print(f"(b) seconds for {POINTS:.0e} log-likelihoods (peers on a part of the points, scaled up)")
    for degree in (64, 256):
        a = FourierDensity.fit(target(rng, 5000), degree)[0].a
        components = (2 * degree + 1) // 3
        mixture = GaussianMixture(components, max_iter=1, init_params="random_from_data", random_state=0)
        mixture.n_iter_, mixture.weights_ = 1, np.full(components, 1 / components)
        mixture.means_ = np.linspace(-0.9, 0.9, components)[:, None]
        mixture.covariances_ = np.full((components, 1, 1), 1e-3)
        mixture.precisions_cholesky_ = np.full((components, 1, 1), 1e-3**-0.5)
        b = FourierDensity(a).coefficients
        peers = {
            "ours": lambda a=a: FourierDensity(a).log_prob(x),
            "direct sum": lambda b=b: direct_log_prob(b, x[: POINTS // PARTS["direct sum"]]),
            "GMM": lambda m=mixture: m.score_samples(x[: POINTS // PARTS["GMM"], None]),
            "KDE, 10^4 points": lambda: kernel.logpdf(x[: POINTS // PARTS["KDE, 10^4 points"]]),
        }
        seconds = median_seconds(peers, repeats=3)
        seconds = {name: value * PARTS.get(name, 1) for name, value in seconds.items()}
        ratios = [f"{name} {value:.2f} ({value / seconds['ours']:.0f}x)" for name, value in seconds.items()]
        test = x[:20000]
        exact = np.exp(-1j * np.pi * np.outer(test, np.arange(degree + 1))) @ a
        reference = np.abs(exact) ** 2 / (2 * np.sum(np.abs(a) ** 2))
        error = np.abs(FourierDensity(a).log_prob(test) - np.log(reference))[reference > 1e-4].max()
        print(
            f"  N = {degree:3d}   {', '.join(ratios)}; GMM has {components} components; our largest error {error:.0e}"
        )


def independence_of_the_degree() -> None:
    """(c) Seconds for 10⁶ log-likelihoods from 16 waves to 256, interleaved."""
    rng = np.random.default_rng(6)
    x = rng.uniform(-1, 1, POINTS)
    waves = {n: rng.normal(size=n + 1) + 1j * rng.normal(size=n + 1) for n in (16, *DEGREES[1:])}
    tasks = {str(n): lambda a=a: FourierDensity(a).log_prob(x) for n, a in waves.items()}
    seconds = median_seconds(tasks, repeats=9)
    print(f"(c) seconds for {POINTS:.0e} log-likelihoods: {', '.join(f'N = {n} {t:.3f}' for n, t in seconds.items())}")
    goal("10^6 log-likelihoods at N = 64, milliseconds", 1e3 * seconds["64"], at_most=20)
    goal("10^6 log-likelihoods, time at N = 256 over that at N = 16", seconds["256"] / seconds["16"], at_most=1.5)


def sampling_times() -> None:
    """(d) Seconds for 10⁶ samples."""
    print(f"(d) seconds for {POINTS:.0e} samples")
    for degree in (64, 256):
        density = FourierDensity.fit(target(np.random.default_rng(3), 5000), degree)[0]
        rng = np.random.default_rng(4)
        seconds = median_seconds({"ours": lambda d=density, r=rng: d.sample(POINTS, r)}, repeats=3)["ours"]
        u = np.random.default_rng(5).random(10**5)
        error = np.abs(density.cdf(density.icdf(u)) - u).max()
        print(f"  N = {degree:3d}   {seconds:.2f}; largest |cdf(icdf(u)) - u| {error:.0e}")


if __name__ == "__main__":
    fit_times()
    evaluation_times()
    independence_of_the_degree()
    sampling_times()
