"""Gradient descent, SGD and momentum as discretised dynamics.

Source: Su Jianlin, *Optimisation algorithms from a dynamical point of view (1): from SGD to momentum* (2018),
https://spaces.ac.cn/archives/5655. Notation of the article in brackets: learning rate [α], momentum [β], time step [γ],
friction [λ], noise amplitude [σ], velocity increment [v] = γ·η. The schemes are

    v ← βv − α∇L(point),  θ ← θ + v,

with ∇L taken at θ ("heavy_ball"), θ + βv/2 ("nesterov_half"), θ + βv ("nesterov") or (θ + θ_new)/2 ("implicit").
Gradient descent is "heavy_ball" with β = 0. Positions have their coordinates on the last axis; other axes are batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import cumulative_simpson, simpson, solve_ivp
from scipy.optimize import brentq

SCHEMES = ("heavy_ball", "nesterov_half", "nesterov", "implicit")
_LOOKAHEAD = {"heavy_ball": 0.0, "nesterov_half": 0.5, "nesterov": 1.0}

Field = Callable[[NDArray], NDArray]


def _array(name: str, value: ArrayLike, low: float = -math.inf, high: float = math.inf, closed: str = "") -> NDArray:
    """``value`` as float64; ValueError unless finite, not empty, and from low to high ("[", "]" in ``closed``)."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {value!r} is not a real number or an array of them") from error
    if array.size == 0:
        raise ValueError(f"{name}: is empty; at least one number is needed")
    above = array >= low if "[" in closed else array > low
    below = array <= high if "]" in closed else array < high
    if not (np.isfinite(array) & above & below).all():
        left, right = "[" if "[" in closed else "(", "]" if "]" in closed else ")"
        raise ValueError(f"{name}: every entry must be finite and in {left}{low:g}, {high:g}{right}")
    return array


def _count(name: str, value: int, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name}: {value!r} is not an integer of at least {least}")
    return int(value)


def _generator(generator: Any) -> np.random.Generator:
    if not isinstance(generator, np.random.Generator):
        raise ValueError(f"generator: needs a numpy.random.Generator, got {type(generator).__name__}")
    return generator


def _scheme(scheme: str) -> str:
    if scheme not in SCHEMES:
        raise ValueError(f"scheme: {scheme!r} is not one of {', '.join(SCHEMES)}")
    return scheme


# From the ball's friction and time step to the optimiser's learning rate and momentum, and back.


def momentum_from_friction(friction: ArrayLike, step: ArrayLike) -> tuple[NDArray, NDArray]:
    """(learning rate α, momentum β) of the time-centred discretisation of θ̈ + λθ̇ = −∇L (article, eq. 15).

    α = γ²/(1 + λγ/2), β = (1 − λγ/2)/(1 + λγ/2); β is negative for λγ > 2. friction λ ≥ 0, step γ > 0, broadcast.
    ValueError outside those ranges.
    """
    half = _array("friction", friction, 0, closed="[") * _array("step", step, 0) / 2
    return np.square(step) / (1 + half), (1 - half) / (1 + half)


def momentum_from_friction_nesterov(friction: ArrayLike, step: ArrayLike) -> tuple[NDArray, NDArray]:
    """(α, β) = (γ², 1 − λγ), what the article's Nesterov derivation uses (eq. 18). Arguments and errors as above."""
    friction, step = np.broadcast_arrays(_array("friction", friction, 0, closed="["), _array("step", step, 0))
    return step**2, 1 - friction * step


def friction_from_momentum(learning_rate: ArrayLike, momentum: ArrayLike) -> tuple[NDArray, NDArray]:
    """(friction λ, time step γ): the inverse of `momentum_from_friction`. α > 0, −1 < β ≤ 1; else ValueError."""
    learning_rate = _array("learning_rate", learning_rate, 0)
    momentum = _array("momentum", momentum, -1, 1, "]")
    step = np.sqrt(2 * learning_rate / (1 + momentum))
    return 2 * (1 - momentum) / ((1 + momentum) * step), step


def corrected_momentum(beta: ArrayLike, r: ArrayLike) -> NDArray:
    """β′ = 1 − (1 − β)√r, the article's rule when the learning rate goes from α to rα.

    0 ≤ β < 1, r > 0, broadcast; ValueError otherwise. It is linearised in 1 − β: for r > 1 it can fall below 0.
    """
    return 1 - (1 - _array("beta", beta, 0, 1, "[")) * np.sqrt(_array("r", r, 0))


def corrected_momentum_exact(beta: ArrayLike, r: ArrayLike) -> NDArray:
    """The β′ > −1 that keeps the friction λ of (eq. 15) exactly: (1 − β′)²/(1 + β′) = r(1 − β)²/(1 + β).

    Arguments and errors as in `corrected_momentum`.
    """
    beta, r = _array("beta", beta, 0, 1, "["), _array("r", r, 0)
    root = (1 - beta) * np.sqrt(r / (1 + beta))
    return 1 - 4 * root / (root + np.hypot(root, math.sqrt(8)))  # the quadratic's root, written without cancellation


# Stability on a quadratic.


def amplification(a: ArrayLike, beta: ArrayLike, scheme: str) -> NDArray:
    """Matrix (…, 2, 2) that takes (θ, v) one step further on L = ½kθ², with a = αk.

    a ≥ 0 and 0 ≤ β ≤ 1 broadcast; ValueError outside, or for a scheme not in SCHEMES.
    """
    _scheme(scheme)
    a, beta = np.broadcast_arrays(_array("a", a, 0, closed="["), _array("beta", beta, 0, 1, "[]"))
    if scheme == "implicit":
        force, carry = a / (1 + a / 2), beta / (1 + a / 2)
    else:
        force, carry = a, beta * (1 - _LOOKAHEAD[scheme] * a)
    return np.stack([np.stack([1 - force, carry], -1), np.stack([-force, carry], -1)], -2)


def spectral_radius(a: ArrayLike, beta: ArrayLike, scheme: str) -> NDArray:
    """Largest eigenvalue modulus of `amplification`, in closed form; the scheme converges where it is below 1."""
    matrix = amplification(a, beta, scheme)
    half_trace = (matrix[..., 0, 0] + matrix[..., 1, 1]) / 2
    determinant = matrix[..., 1, 1] * (matrix[..., 0, 0] - matrix[..., 1, 0])  # carry·(1 − force + force)
    discriminant = half_trace**2 - determinant
    real = np.abs(half_trace) + np.sqrt(np.maximum(discriminant, 0))
    return np.where(discriminant < 0, np.sqrt(np.maximum(determinant, 0)), real)


def stability_limit(beta: ArrayLike, scheme: str) -> NDArray:
    """Supremum of αk for which the scheme converges on ½kθ²: inf for "implicit".

    From the Jury conditions: 2(1 + β) / (1 + 2cβ) with c = 0, ½, 1 for heavy ball, half and standard Nesterov.
    0 ≤ β < 1; ValueError otherwise.
    """
    beta = _array("beta", beta, 0, 1, "[")
    if _scheme(scheme) == "implicit":
        return np.full(beta.shape, math.inf)
    return 2 * (1 + beta) / (1 + 2 * _LOOKAHEAD[scheme] * beta)


def optimal_tuning(smallest: float, largest: float, method: str) -> tuple[float, float, float]:
    """(learning rate, momentum, contraction per step) of the best tuning on quadratics with curvatures in [μ, ℓ].

    method: "gradient_descent", "heavy_ball" (Polyak 1964), "nesterov" (α = 1/ℓ), or "nesterov_best" (Lessard, Recht &
    Packard 2016, the best α and β). 0 < μ ≤ ℓ; ValueError otherwise.
    """
    mu = float(_array("smallest", smallest, 0))
    top = float(_array("largest", largest, mu, closed="["))
    root = math.sqrt(top / mu)
    if method == "gradient_descent":
        return 2 / (top + mu), 0.0, (top - mu) / (top + mu)
    if method == "heavy_ball":
        rate = (root - 1) / (root + 1)
        return 4 / (math.sqrt(top) + math.sqrt(mu)) ** 2, rate**2, rate
    if method == "nesterov":
        return 1 / top, (root - 1) / (root + 1), 1 - 1 / root
    if method == "nesterov_best":
        root = math.sqrt(3 * top / mu + 1)
        return 4 / (3 * top + mu), (root - 2) / (root + 2), 1 - 2 / root
    raise ValueError(f"method: {method!r} is not one of gradient_descent, heavy_ball, nesterov, nesterov_best")


# The schemes, and the equations that they discretise.


def _midpoint(gradient: Field, hessian: Field, centre: NDArray, half_rate: NDArray) -> NDArray:
    """Solve m + (α/2)∇L(m) = centre by Newton: the midpoint of the implicit scheme, a proximal step."""
    m, identity = centre.copy(), np.eye(centre.shape[-1])
    for _ in range(60):
        residual = m + half_rate * gradient(m) - centre
        change = np.linalg.solve(identity + half_rate[..., None] * hessian(m), residual[..., None])[..., 0]
        m = m - change
        if (np.abs(change) <= 1e-14 * (1 + np.abs(m))).all():
            return m
    raise ArithmeticError("implicit scheme: Newton did not converge in 60 iterations; take a smaller learning rate")


def integrate(
    gradient: Field,
    start: ArrayLike,
    *,
    learning_rate: ArrayLike,
    momentum: ArrayLike = 0.0,
    steps: int,
    scheme: str = "heavy_ball",
    velocity: ArrayLike = 0.0,
    hessian: Field | None = None,
    record: bool = False,
    observe: Callable[[NDArray, NDArray], None] | None = None,
) -> tuple[NDArray, NDArray]:
    """Run one of SCHEMES for ``steps`` steps from every start at once; returns (θ, v).

    gradient: maps positions (…, d) to ∇L of the same shape; hessian: (…, d) to (…, d, d), for "implicit" only.
    start: (…, d), or a number for d = 1. velocity: the initial v, same shape or broadcast.
    learning_rate > 0 and momentum in (−1, 1]: batch-shaped, that is, they broadcast with ``start.shape[:-1]``.
    record: return all steps, with a leading axis of steps + 1. observe: called with (θ, v) after every step.
    ValueError for bad arguments; diverging runs are the caller's business and may return inf.
    """
    _scheme(scheme)
    steps = _count("steps", steps)
    start = np.atleast_1d(_array("start", start))
    rate = _array("learning_rate", learning_rate, 0)[..., None]
    beta = _array("momentum", momentum, -1, 1, "]")[..., None]
    if scheme == "implicit" and hessian is None:
        raise ValueError("hessian: the implicit scheme solves for its step and needs ∇²L")
    try:
        shape = np.broadcast_shapes(start.shape, rate.shape, beta.shape)
        v = np.broadcast_to(_array("velocity", velocity), shape).copy()
    except ValueError as error:
        raise ValueError(f"start, velocity, learning_rate, momentum: shapes do not broadcast ({error})") from error
    if shape[-1] != start.shape[-1]:
        raise ValueError(f"start: {start.shape[-1]} coordinates do not fit the batch {shape}")
    theta, rate, beta = np.broadcast_to(start, shape).copy(), *np.broadcast_arrays(rate, beta)
    path = [(theta, v)]
    for _ in range(steps):
        if scheme == "implicit":
            v = 2 * (_midpoint(gradient, hessian, theta + beta * v / 2, rate / 2) - theta)
        else:
            lookahead = _LOOKAHEAD[scheme]
            point = theta + lookahead * beta * v if lookahead else theta
            v = beta * v - rate * gradient(point)
        theta = theta + v
        if record:
            path.append((theta, v))
        if observe is not None:
            observe(theta, v)
    if record:
        return np.stack([p[0] for p in path]), np.stack([p[1] for p in path])
    return theta, v


def resting_velocity(gradient: Field, start: ArrayLike, step: ArrayLike) -> NDArray:
    """v₀ = ½γ²∇L(θ₀): what starts the centred scheme at rest at t = 0, since v belongs to the time −γ/2.

    It makes (v₀ + v₁)/2 = 0 exactly. start: (…, d); step > 0, batch-shaped. ValueError otherwise.
    """
    start = np.atleast_1d(_array("start", start))
    return _array("step", step, 0)[..., None] ** 2 / 2 * gradient(start)


def gradient_flow(gradient: Field, start: ArrayLike, times: ArrayLike) -> NDArray:
    """θ(t) of θ̇ = −∇L for one start (d,) at increasing times ≥ 0 (T,), shape (T, d), to about 1e−11 (DOP853)."""
    start, times = np.atleast_1d(_array("start", start)), np.atleast_1d(_array("times", times, 0, closed="["))
    return _solve(lambda t, y: -gradient(y), start, times)


def inertial_flow(
    gradient: Field,
    start: ArrayLike,
    times: ArrayLike,
    *,
    friction: float,
    mass: float = 1.0,
    curvature_friction: float = 0.0,
    hessian: Field | None = None,
) -> tuple[NDArray, NDArray]:
    """(θ, θ̇), each (T, d), of mθ̈ + (λ + h∇²L)θ̇ = −∇L from rest at ``start`` (d,), to about 1e−11 (DOP853).

    With m = 1, h = 0 it is the article's eq. 10; m = 1 − λγ/2, h = cγ is the high-resolution equation of the Nesterov
    schemes (after Shi, Du, Jordan & Su 2018). times: increasing, ≥ 0. h ≠ 0 needs the hessian. ValueError otherwise.
    """
    start, times = np.atleast_1d(_array("start", start)), np.atleast_1d(_array("times", times, 0, closed="["))
    friction, mass = float(_array("friction", friction, 0, closed="[")), float(_array("mass", mass, 0))
    extra, size = float(_array("curvature_friction", curvature_friction)), start.size
    if extra and hessian is None:
        raise ValueError("hessian: needed where curvature_friction is not 0")

    def rhs(t: float, y: NDArray) -> NDArray:
        theta, eta = y[:size], y[size:]
        drag = friction * eta + (extra * hessian(theta) @ eta if extra else 0.0)
        return np.concatenate([eta, -(drag + gradient(theta)) / mass])

    y = _solve(rhs, np.concatenate([start, np.zeros(size)]), times)
    return y[:, :size], y[:, size:]


def _solve(rhs: Callable, start: NDArray, times: NDArray) -> NDArray:
    if start.ndim != 1 or times.ndim != 1 or (np.diff(times) < 0).any():
        raise ValueError("start, times: both must have one axis, and the times must increase")
    solution = solve_ivp(rhs, (0.0, max(times[-1], 1e-300)), start, "DOP853", t_eval=times, rtol=1e-12, atol=1e-13)
    if not solution.success:
        raise ArithmeticError(f"the equation could not be integrated: {solution.message}")
    return solution.y.T


def critical_friction(gradient: Field, start: float, barrier: float, high: float = 10.0) -> float:
    """The friction λ above which a ball released at rest at ``start`` (one coordinate) no longer reaches ``barrier``.

    Bisection (brentq) on the velocity of arrival, or minus the distance that is missing at the first turning point.
    ValueError when the ball crosses even at λ = ``high``, or fails to at λ = 0.
    """
    start, barrier = float(_array("start", start)), float(_array("barrier", barrier))
    direction = math.copysign(1.0, barrier - start)

    def margin(friction: float) -> float:
        def arrived(t: float, y: NDArray) -> float:
            return y[0] - barrier

        def turned(t: float, y: NDArray) -> float:
            return y[1] * direction

        arrived.terminal = turned.terminal = True
        turned.direction = -1
        force = lambda t, y: [y[1], -friction * y[1] - float(gradient(np.array([y[0]]))[0])]  # noqa: E731
        path = solve_ivp(force, (0, 1e4), [start, 0.0], "DOP853", events=[arrived, turned], rtol=1e-10, atol=1e-12)
        if path.t_events[0].size:
            return abs(path.y[1, -1])
        return -abs(path.y[0, -1] - barrier)

    low, top = margin(0.0), margin(high)
    if low <= 0 or top >= 0:
        raise ValueError(f"start, barrier: no friction between 0 and {high:g} separates crossing from not crossing")
    return float(brentq(margin, 0.0, high, xtol=1e-9))


# Noise.


def stationary_variance(k: ArrayLike, gamma: ArrayLike, sigma: ArrayLike) -> NDArray:
    """Exact stationary variance γσ²/(k(2 − γk)) of θ ← θ − γ(kθ + σξ), ξ standard normal: SGD on ½kθ².

    k, γ, σ > 0 broadcast; inf at γk = 2. ValueError for anything not positive and finite, and for the unstable γk > 2.
    """
    k, gamma, sigma = _array("k", k, 0), _array("gamma", gamma, 0), _array("sigma", sigma, 0)
    if (gamma * k > 2).any():
        raise ValueError("gamma: γk must not exceed 2; beyond it SGD diverges and has no stationary law")
    with np.errstate(divide="ignore"):
        return gamma * sigma**2 / (k * (2 - gamma * k))


def stationary_variance_momentum(k: ArrayLike, alpha: ArrayLike, beta: ArrayLike, sigma: ArrayLike) -> NDArray:
    """Exact stationary variance of θ for v ← βv − α(kθ + σξ), θ ← θ + v: ασ²(1 + β)/(k(1 − β)(2(1 + β) − αk)).

    k, α, σ > 0, 0 ≤ β < 1, broadcast. ValueError outside, and where αk ≥ 2(1 + β), which diverges.
    """
    k, alpha, sigma = _array("k", k, 0), _array("alpha", alpha, 0), _array("sigma", sigma, 0)
    beta = _array("beta", beta, 0, 1, "[")
    if (alpha * k >= 2 * (1 + beta)).any():
        raise ValueError("alpha: αk must be below 2(1 + β); beyond it there is no stationary law")
    return alpha * sigma**2 * (1 + beta) / (k * (1 - beta) * (2 * (1 + beta) - alpha * k))


def stationary_covariance(hessian: ArrayLike, noise: ArrayLike, step: float) -> NDArray:
    """Stationary covariance Σ of θ ← θ − γ(Hθ + ε), Cov ε = C constant: HΣ + ΣH − γHΣH = γC.

    Solved in closed form in the eigenbasis of H. hessian: (d, d) symmetric positive definite with γ·max eigenvalue < 2;
    noise: (d, d). ValueError otherwise.
    """
    hessian, noise = _array("hessian", hessian), _array("noise", noise)
    step = float(_array("step", step, 0))
    if hessian.ndim != 2 or hessian.shape[0] != hessian.shape[1] or noise.shape != hessian.shape:
        raise ValueError(f"hessian, noise: need equal square shapes, got {hessian.shape} and {noise.shape}")
    if not np.allclose(hessian, hessian.T):
        raise ValueError("hessian: is not symmetric")
    h, basis = np.linalg.eigh(hessian)
    if h[0] <= 0 or step * h[-1] >= 2:
        raise ValueError("hessian: needs eigenvalues in (0, 2/step), or there is no stationary law")
    rotated = basis.T @ noise @ basis
    return basis @ (step * rotated / (h[:, None] + h - step * h[:, None] * h)) @ basis.T


def minibatch_factor(batch: ArrayLike, samples: int) -> NDArray:
    """Var(minibatch mean) / Var(one sample) for ``batch`` of ``samples`` drawn without replacement: (N − B)/(B(N − 1)).

    1 ≤ B ≤ N, N ≥ 2; ValueError otherwise.
    """
    samples = _count("samples", samples, 2)
    batch = _array("batch", batch, 1, samples, "[]")
    return (samples - batch) / (batch * (samples - 1))


def simulate_langevin(
    gradient: Field,
    start: ArrayLike,
    *,
    step: float,
    steps: int,
    sigma: float,
    generator: np.random.Generator,
    record_every: int | None = None,
) -> NDArray:
    """Particles of dθ = −∇L dt + σ dW, all at once (Euler–Maruyama: θ ← θ − γ∇L + σ√γ ξ).

    SGD with step γ and gradient noise s·ξ per step is this with σ = s√γ. start: any shape, one noise per entry;
    step > 0, sigma ≥ 0. Returns the last positions, or with record_every = n every n-th, on a new leading axis.
    ValueError for bad arguments.
    """
    theta = _array("start", start).copy()
    step, sigma = float(_array("step", step, 0)), float(_array("sigma", sigma, 0, closed="["))
    steps, generator = _count("steps", steps), _generator(generator)
    every = _count("record_every", record_every) if record_every is not None else 0
    scale, noise, kept = sigma * math.sqrt(step), np.empty_like(theta), []
    for n in range(1, steps + 1):
        generator.standard_normal(out=noise)
        noise *= scale
        noise -= step * gradient(theta)
        theta += noise
        if every and n % every == 0:
            kept.append(theta.copy())
    return np.array(kept) if every else theta


def simulate_kramers(
    gradient: Field,
    start: ArrayLike,
    velocity: ArrayLike = 0.0,
    *,
    friction: float,
    step: float,
    steps: int,
    sigma: float,
    generator: np.random.Generator,
    record_every: int | None = None,
) -> tuple[NDArray, NDArray]:
    """Particles (θ, η) of dθ = η dt, dη = −(λη + ∇L) dt + σ dW, all at once.

    BAOAB splitting (Leimkuhler & Matthews 2013): half kick, half drift, friction and noise exactly, half drift, half
    kick. Its stationary error is O(γ²); friction λ = 0 is allowed. Arguments, returns, errors as `simulate_langevin`.
    """
    theta = _array("start", start).copy()
    eta = np.broadcast_to(_array("velocity", velocity), theta.shape).copy()
    step, sigma = float(_array("step", step, 0)), float(_array("sigma", sigma, 0, closed="["))
    friction = float(_array("friction", friction, 0, closed="["))
    steps, generator = _count("steps", steps), _generator(generator)
    every = _count("record_every", record_every) if record_every is not None else 0
    decay = math.exp(-friction * step)
    # (1 − e^{−2λγ})/2λ tends to γ as λ → 0
    spread = sigma * math.sqrt(-math.expm1(-2 * friction * step) / (2 * friction) if friction else step)
    half, noise, kept = step / 2, np.empty_like(theta), []
    kick = half * gradient(theta)
    for n in range(1, steps + 1):
        eta -= kick
        theta += half * eta
        generator.standard_normal(out=noise)
        noise *= spread
        eta *= decay
        eta += noise
        theta += half * eta
        kick = half * gradient(theta)
        eta -= kick
        if every and n % every == 0:
            kept.append((theta.copy(), eta.copy()))
    if every:
        return np.array([k[0] for k in kept]), np.array([k[1] for k in kept])
    return theta, eta


def exit_times(
    gradient: Field,
    start: ArrayLike,
    target: float,
    *,
    step: float,
    sigma: float,
    generator: np.random.Generator,
    max_steps: int = 10**6,
) -> NDArray:
    """First times at which Langevin particles from ``start`` (n,), all below ``target``, arrive; inf if they did not.

    Particles that have arrived leave the simulation. step > 0, sigma > 0. ValueError for bad arguments.
    """
    theta = np.atleast_1d(_array("start", start, high=float(_array("target", target)))).copy()
    step, sigma = float(_array("step", step, 0)), float(_array("sigma", sigma, 0))
    max_steps, generator = _count("max_steps", max_steps), _generator(generator)
    times, alive, scale = np.full(theta.shape, math.inf), np.arange(theta.size), sigma * math.sqrt(step)
    for n in range(1, max_steps + 1):
        theta += scale * generator.standard_normal(theta.size) - step * gradient(theta)
        if theta.max() >= target:
            out = theta >= target
            times[alive[out]] = n * step
            theta, alive = theta[~out], alive[~out]
            if not alive.size:
                break
    return times


def mean_passage_time(
    potential: Field, start: float, target: float, *, sigma: float, lower: float, points: int = 20001
) -> float:
    """Exact mean first-passage time of dθ = −L′dt + σdW from ``start`` up to ``target``, reflected at ``lower``.

    (2/σ²) ∫_start^target e^{2L(y)/σ²} ∫_lower^y e^{−2L(z)/σ²} dz dy by Simpson's rule (Gardiner, Handbook of
    Stochastic Methods, ch. 5). potential: L on an array. lower ≤ start < target, sigma > 0; ValueError otherwise.
    """
    target = float(_array("target", target))
    start = float(_array("start", start, high=target))
    lower, sigma = float(_array("lower", lower, high=start, closed="]")), float(_array("sigma", sigma, 0))
    points = _count("points", points, 3)
    z = np.linspace(lower, start, points) if lower < start else None
    y = np.linspace(start, target, points)
    scaled_y = 2 / sigma**2 * potential(y)
    reference = scaled_y.min()  # the shift cancels between the two exponentials and keeps them finite
    before = 0.0 if z is None else simpson(np.exp(reference - 2 / sigma**2 * potential(z)), x=z)
    inner = before + cumulative_simpson(np.exp(reference - scaled_y), x=y, initial=0)
    return float(2 / sigma**2 * simpson(np.exp(scaled_y - reference) * inner, x=y))


def kramers_time(well: ArrayLike, top: ArrayLike, barrier: ArrayLike, sigma: ArrayLike) -> NDArray:
    """Kramers' mean escape time 2π/√(k_w k_t) · e^{2ΔL/σ²} over a high barrier, for dθ = −L′dt + σdW.

    well, top > 0: |L″| at the minimum and at the top; barrier > 0: ΔL; sigma > 0; broadcast. ValueError otherwise.
    """
    well, top = _array("well", well, 0), _array("top", top, 0)
    barrier, sigma = _array("barrier", barrier, 0), _array("sigma", sigma, 0)
    return 2 * math.pi / np.sqrt(well * top) * np.exp(2 * barrier / sigma**2)


def least_squares_sgd(
    inputs: ArrayLike,
    targets: ArrayLike,
    start: ArrayLike,
    *,
    step: float,
    batch: int,
    steps: int,
    generator: np.random.Generator,
    sampling: str = "iid",
    burn_in: int = 0,
) -> tuple[NDArray, NDArray]:
    """SGD on L = ½ mean (xᵀθ − y)², R replicas at once; averages over the steps after ``burn_in``.

    inputs (N, d), targets (N,), start (R, d). sampling: "iid" (with replacement) or "reshuffled" (a fresh permutation
    every epoch; an incomplete last batch is dropped). Returns the excess loss over the least-squares minimum (R,) and
    the second moment of θ about the minimiser (d, d). ValueError for bad arguments.
    """
    inputs, targets, theta = _array("inputs", inputs), _array("targets", targets), _array("start", start).copy()
    if inputs.ndim != 2 or targets.shape != inputs.shape[:1] or theta.ndim != 2 or theta.shape[1] != inputs.shape[1]:
        raise ValueError("inputs, targets, start: need shapes (N, d), (N,), (R, d)")
    step, steps, generator = float(_array("step", step, 0)), _count("steps", steps), _generator(generator)
    batch, burn_in = _count("batch", batch), _count("burn_in", burn_in, 0)
    if batch > len(inputs) or burn_in >= steps:
        raise ValueError("batch, burn_in: need batch ≤ N and burn_in < steps")
    if sampling not in ("iid", "reshuffled"):
        raise ValueError(f"sampling: {sampling!r} is not one of iid, reshuffled")
    samples, replicas = len(inputs), len(theta)
    best = np.linalg.lstsq(inputs, targets, rcond=None)[0]
    hessian = inputs.T @ inputs / samples
    excess, moment = np.zeros(replicas), np.zeros_like(hessian)
    per_epoch = samples // batch
    for n in range(steps):
        if sampling == "iid":
            chosen = generator.integers(samples, size=(replicas, batch))
        else:
            if n % per_epoch == 0:
                order = generator.permuted(np.broadcast_to(np.arange(samples), (replicas, samples)), axis=1)
            chosen = order[:, n % per_epoch * batch : (n % per_epoch + 1) * batch]
        x = inputs[chosen]
        residual = (x @ theta[..., None])[..., 0] - targets[chosen]
        theta -= step / batch * (residual[:, None, :] @ x)[:, 0]
        if n >= burn_in:
            away = theta - best
            excess += np.einsum("ri,ij,rj->r", away, hessian, away, optimize=False) / 2
            moment += away.T @ away
    return excess / (steps - burn_in), moment / (replicas * (steps - burn_in))
