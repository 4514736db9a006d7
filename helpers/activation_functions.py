"""Activation functions: their saturation, their moments under Gaussian input, and training without a gradient.

Source: Su Jianlin, Scientific Spaces 4647 (2017). Mean-field quantities follow Poole et al. (arXiv:1606.05340) and
Schoenholz et al. (arXiv:1611.01232); evolution strategies follow Salimans et al. (arXiv:1703.03864).

Notation: f is an elementwise activation, Z ~ N(0, 1), q the variance of a pre-activation, σ_w² the variance of a weight
times the fan-in, σ_b² the variance of a bias. An activation is any callable from a floating tensor to a tensor of the
same shape that autograd can differentiate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from scipy import special
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import functional as F

Activation = Callable[[Tensor], Tensor]
SMALLEST_NORMAL = 2.0**-126  # of float32; whatever is smaller in size is denormal, and flushed to 0 on request


# --- The functions


def _scale_left(factor: Tensor, x: Tensor) -> Tensor:
    """factor·e^{min(x,0)} in one pass over memory: what torch's backward pass of ELU does to an incoming gradient."""
    return torch.ops.aten.elu_backward(factor, 1, 1, 1, False, x)


class _MinExp(torch.autograd.Function):
    """x·min(1, eˣ) in two passes over memory, and its slope e^{min(x,0)}·(1 + min(x,0)) in four; keeps x alone."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        # e^{-1000} is 0 in every dtype: the clamp changes no finite result, and makes −inf·0 a 0 instead of a nan.
        return _scale_left(x.clamp(min=-1000), x)

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        left = x.clamp(min=-1000, max=0)
        if torch.is_grad_enabled():  # this backward pass will itself be differentiated
            return grad * (left.exp() * (1 + left))
        return _scale_left(left.add_(1), x) * grad  # not in place: grad may carry a batch axis that x lacks


def min_exp(x: Tensor) -> Tensor:
    """x·min(1, eˣ), the article's activation function, safe for every input.

    x: floating tensor of any shape; float16 and bfloat16 are computed in float32 and rounded once.
    Value and slope are finite for finite x; min_exp(−inf) = 0 with slope 0, min_exp(inf) = inf with slope 1, and
    nan stays nan. The slope is (1 + x)eˣ for x ≤ 0 and 1 above; at 0 the second derivative is that of the left, 2.
    Works under autograd (twice), torch.func and torch.compile. ValueError for anything but a floating tensor.
    """
    _floating("x", x)
    if x.dtype in (torch.float16, torch.bfloat16):
        return min_exp(x.float()).to(x.dtype)
    # The compiler fuses plain operations, and torch.func can only differentiate those in every mode.
    # `where`, because the compiler spends more instructions on a clamp, which must let a nan through.
    if torch.compiler.is_compiling():
        return torch.where(x < -1000, -1000, x) * torch.where(x > 0, 0, x).exp()
    if torch._C._are_functorch_transforms_active() or forward_ad.unpack_dual(x).tangent is not None:
        left = torch.where(x < -1000, -1000, torch.where(x > 0, 0, x))
        return torch.where(x > 0, x, left * left.exp())  # forward mode would meet inf·0 in the product above
    return _MinExp.apply(x)


def min_exp_naive(x: Tensor) -> Tensor:
    """x·min(1, eˣ) exactly as written: eˣ overflows for large x, and the slope is then nan."""
    exponential = torch.exp(x)
    return x * torch.minimum(torch.ones_like(exponential), exponential)


def min_exp_max(x: Tensor) -> Tensor:
    """max(x, x e^{−|x|}), the article's first form that cannot overflow."""
    return torch.maximum(x, x * torch.exp(-x.abs()))


def min_exp_relu(x: Tensor) -> Tensor:
    """x + relu(x e^{−|x|} − x), the article's second form that cannot overflow."""
    return x + F.relu(x * torch.exp(-x.abs()) - x)


def gated_linear(x: Tensor, weight: Tensor, bias: Tensor, gate_weight: Tensor, gate_bias: Tensor) -> Tensor:
    """Gated linear unit (W₁x + b₁) ⊗ σ(W₂x + b₂) of Dauphin et al. (arXiv:1612.08083).

    x: (..., fan_in). weight, gate_weight: (fan_out, fan_in). bias, gate_bias: (fan_out,). Returns (..., fan_out).
    """
    return F.linear(x, weight, bias) * torch.sigmoid(F.linear(x, gate_weight, gate_bias))


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "leaky ReLU": F.leaky_relu,  # slope 0.01 on the left
    "ELU": F.elu,
    "GELU": F.gelu,
    "Swish": F.silu,
    "Mish": F.mish,
    "min-exp": min_exp,
}


# --- Moments under Gaussian input

_EDGES = np.linspace(-12.0, 12.0, 97)  # P(|Z| > 12) < 1e-32
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


def normal_expectation(
    g: Callable[[np.ndarray], np.ndarray], variance: float | np.ndarray = 1.0, kinks: Sequence[float] = (0.0,)
) -> np.ndarray:
    """E[g(X)] for X ~ N(0, variance), by Gauss–Legendre quadrature on panels that end at the kinks.

    g: elementwise function of a float64 array, smooth between the kinks and growing at most exponentially.
    variance: > 0, any shape; the result has the same shape. kinks: where g or a derivative of it jumps.
    Absolute error about 1e-13 for variances between 1e-3 and 1e2 and g of size 1. ValueError for bad arguments.
    """
    scale = np.sqrt(_positive("variance", variance))[..., None]
    kinks = np.asarray(kinks, dtype=float).reshape(-1)
    if not np.isfinite(kinks).all():
        raise ValueError(f"kinks: {kinks} must be finite")
    cuts = np.clip(kinks / scale, _EDGES[0], _EDGES[-1])
    edges = np.broadcast_to(_EDGES, (*scale.shape[:-1], _EDGES.size))
    edges = np.sort(np.concatenate([edges, cuts], axis=-1), axis=-1)
    half = np.diff(edges)[..., None] / 2
    z = (edges[..., :-1, None] + half) + half * _NODES
    values = np.asarray(g(scale[..., None] * z)) * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return (half * _WEIGHTS * values).sum((-2, -1))


def value_and_slope(f: Activation, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f(x) and f′(x) in float64, the slope by autograd; f must act elementwise. ValueError if it changes the shape."""
    inputs = torch.as_tensor(np.asarray(x, dtype=float)).requires_grad_()
    value = f(inputs)
    if not isinstance(value, Tensor) or value.shape != inputs.shape:
        raise ValueError(f"f: must map a tensor to a tensor of the same shape {tuple(inputs.shape)}")
    if not value.requires_grad:  # a constant
        return value.detach().numpy(), np.zeros_like(inputs.detach().numpy())
    (slope,) = torch.autograd.grad(value.sum(), inputs)
    return value.detach().numpy(), slope.numpy()


def saturation(f: Activation, threshold: float = 0.1, kinks: Sequence[float] = (0.0,)) -> float:
    """P(|f′(Z)| < threshold) for Z ~ N(0, 1): the share of standard-normal inputs at which f hardly responds.

    threshold: > 0. kinks: where f′ may jump. The ends of the saturated intervals are bracketed on a grid of spacing
    0.0015 and refined by bisection, so an interval narrower than that may be missed.
    """
    threshold = float(_positive("threshold", threshold))
    grid = np.linspace(-12.0, 12.0, 16385)
    kinks = np.asarray(kinks, dtype=float).reshape(-1)
    edges = np.unique(np.concatenate([grid, kinks]))
    middles = (edges[1:] + edges[:-1]) / 2  # a kink is an end of a cell, never a middle: the slope is defined there

    def saturated(x: np.ndarray) -> np.ndarray:
        return np.abs(value_and_slope(f, x)[1]) < threshold

    inside = saturated(middles)
    change = np.flatnonzero(inside[1:] != inside[:-1])
    low, high = middles[change], middles[change + 1]
    for _ in range(60):
        middle = (low + high) / 2
        same = saturated(middle) == inside[change]
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    ends = np.concatenate([[-np.inf], low, [np.inf]])
    share = np.diff(special.ndtr(ends))
    return float(share[0 if inside[0] else 1 :: 2].sum())


def second_moment(f: Activation, variance: float | np.ndarray = 1.0, kinks: Sequence[float] = (0.0,)) -> np.ndarray:
    """E[f(√q Z)²] at q = variance; shape of ``variance``."""
    return normal_expectation(lambda x: value_and_slope(f, x)[0] ** 2, variance, kinks)


def slope_moment(f: Activation, variance: float | np.ndarray = 1.0, kinks: Sequence[float] = (0.0,)) -> np.ndarray:
    """E[f′(√q Z)²] at q = variance; shape of ``variance``. f must be continuous."""
    return normal_expectation(lambda x: value_and_slope(f, x)[1] ** 2, variance, kinks)


def gain(f: Activation, kinks: Sequence[float] = (0.0,)) -> float:
    """σ_w = 1/√E[f(Z)²]: a wide layer then maps pre-activations of variance 1 to variance 1 (ReLU: √2, He et al.).

    ValueError where f vanishes almost everywhere.
    """
    moment = float(second_moment(f, 1.0, kinks))
    if not moment > 0:
        raise ValueError("f: vanishes on almost every standard-normal input, so no gain can preserve its scale")
    return 1 / math.sqrt(moment)


def variance_map(
    f: Activation,
    variance: float | np.ndarray,
    weight_variance: float | None = None,
    bias_variance: float = 0.0,
    kinks: Sequence[float] = (0.0,),
) -> np.ndarray:
    """V(q) = σ_w² E[f(√q Z)²] + σ_b²: the variance of the next layer's pre-activations (infinite width).

    variance: q > 0, any shape. weight_variance: σ_w² > 0, by default gain(f)², which makes V(1) = 1 + σ_b².
    """
    if not 0 <= bias_variance < math.inf:
        raise ValueError(f"bias_variance: {bias_variance} must be finite and at least 0")
    return _weight_variance(f, weight_variance, kinks) * second_moment(f, variance, kinks) + bias_variance


def variance_map_slope(
    f: Activation,
    variance: float | np.ndarray = 1.0,
    weight_variance: float | None = None,
    kinks: Sequence[float] = (0.0,),
) -> np.ndarray:
    """V′(q) = σ_w² E[X f(X) f′(X)]/q for X ~ N(0, q): a fixed point of V is stable where it is below 1."""
    moment = normal_expectation(lambda x: x * np.prod(value_and_slope(f, x), axis=0), variance, kinks)
    return _weight_variance(f, weight_variance, kinks) * moment / np.asarray(variance, dtype=float)


def chi1(
    f: Activation,
    variance: float | np.ndarray = 1.0,
    weight_variance: float | None = None,
    kinks: Sequence[float] = (0.0,),
) -> np.ndarray:
    """χ₁(q) = σ_w² E[f′(√q Z)²]: the factor by which one layer multiplies a squared gradient (Schoenholz et al.)."""
    return _weight_variance(f, weight_variance, kinks) * slope_moment(f, variance, kinks)


def edge_of_chaos(
    f: Activation, variance: float | np.ndarray, kinks: Sequence[float] = (0.0,)
) -> tuple[np.ndarray, np.ndarray]:
    """The pair (σ_w², σ_b²) for which q = variance is a fixed point of V with χ₁(q) = 1.

    σ_b² comes out negative where no initialisation can have that fixed point on the edge.
    """
    weight = 1 / slope_moment(f, variance, kinks)
    return weight, np.asarray(variance, dtype=float) - weight * second_moment(f, variance, kinks)


def min_exp_moments(variance: float | np.ndarray = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """E[f(X)²] and E[f′(X)²] for f = min_exp and X ~ N(0, q) in closed form, s = √q:

    q/2 + q((1 + 4q)T − 2s/√(2π)) and 1/2 + ((1 + 2q)² + q)T − (2s + 2s³)/√(2π), with T = e^{2q} Φ(−2s).
    """
    q = _positive("variance", variance)
    s = np.sqrt(q)
    tail = special.erfcx(math.sqrt(2) * s) / 2  # e^{2q} Φ(−2s) without overflow
    value = q / 2 + q * ((1 + 4 * q) * tail - 2 * s / math.sqrt(2 * math.pi))
    slope = 0.5 + ((1 + 2 * q) ** 2 + q) * tail - (2 * s + 2 * s**3) / math.sqrt(2 * math.pi)
    return value, slope


# --- Networks


def forward(layers: Sequence[tuple[Tensor, Tensor]], x: Tensor, f: Activation) -> Tensor:
    """Output of stacked fully connected networks, f between the layers and none after the last.

    layers: (weight (models, fan_in, fan_out), bias (models, 1, fan_out)) in order. x: (models, batch, fan_in).
    """
    for weight, bias in layers[:-1]:
        x = f(torch.baddbmm(bias, x, weight))
    weight, bias = layers[-1]
    return torch.baddbmm(bias, x, weight)


def collapse(layers: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """The one layer (weight, bias) that equals ``layers`` (as in `forward`) when nothing stands between them.

    ValueError where there is no layer.
    """
    if not layers:
        raise ValueError("layers: none given, accepted: one or more pairs (weight, bias)")
    weight, bias = layers[0]
    for w, b in layers[1:]:
        weight, bias = weight @ w, bias @ w + b
    return weight, bias


def gradient_through_layers(
    f: Activation,
    *,
    depth: int,
    width: int,
    draws: int,
    batch: int,
    generator: torch.Generator,
    variance: float = 1.0,
    weight_variance: float | None = None,
    bias_variance: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """What fifty or so random layers do to a gradient and to a signal, per draw of the weights: two arrays (draws,).

    Pre-activations from N(0, variance) pass ``depth`` times through h ↦ f(h) W + b, with weights of variance
    weight_variance/width (by default gain(f)²/width) and biases of variance bias_variance ≥ 0, both normal.
    First array: mean squared entry of the gradient at the input, for a standard-normal gradient at the output
    (chi1(f, variance, weight_variance)^depth at infinite width, where variance is a fixed point of `variance_map`).
    Second: mean squared output (``variance`` at infinite width, at such a fixed point). ValueError for sizes below 1
    and for variances out of range.
    """
    if min(depth, width, draws, batch) < 1:
        raise ValueError(f"depth, width, draws, batch: {depth}, {width}, {draws}, {batch}; all must be at least 1")
    if not 0 <= bias_variance < math.inf:
        raise ValueError(f"bias_variance: {bias_variance} must be finite and at least 0")
    scale = math.sqrt(_weight_variance(f, weight_variance, (0.0,)) / width)
    spread = math.sqrt(float(_positive("variance", variance)))
    start = (spread * torch.randn(draws, batch, width, generator=generator)).requires_grad_()
    h = start
    for _ in range(depth):
        h = f(h) @ (scale * torch.randn(draws, width, width, generator=generator))
        if bias_variance:
            h = h + math.sqrt(bias_variance) * torch.randn(draws, 1, width, generator=generator)
    (gradient,) = torch.autograd.grad(h, start, torch.randn(h.shape, generator=generator))
    return tuple(g.detach().square().mean((1, 2)).numpy() for g in (gradient, h))


# --- Rounding as a non-linearity, and training without a gradient


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Within the block, arithmetic of this thread replaces denormal numbers by 0, in torch and in numpy.

    The flag belongs to the calling thread alone: torch's other threads would go on rounding gradually, so the block
    runs torch with one thread. Flag and thread count are put back at the end, also of a block within a block.
    RuntimeError where the processor has no such mode.
    """
    threads, before = torch.get_num_threads(), np.float32(SMALLEST_NORMAL) * np.float32(0.5) == 0
    torch.set_num_threads(1)
    try:
        if not torch.set_flush_denormal(True):
            raise RuntimeError("flushed_denormals: this processor has no mode that flushes denormal numbers")
        yield
    finally:
        torch.set_flush_denormal(bool(before))
        torch.set_num_threads(threads)


def round_trip(x: Tensor) -> Tensor:
    """(x·2⁻¹²⁶)·2¹²⁶ in float32: x itself in exact arithmetic.

    Under `flushed_denormals` entries with |x| < 1 become 0. ValueError unless x is float32.
    """
    if not isinstance(x, Tensor) or x.dtype != torch.float32:
        raise ValueError("x: must be a float32 tensor, whose smallest normal number is 2⁻¹²⁶")
    return (x * SMALLEST_NORMAL) * (1 / SMALLEST_NORMAL)  # both powers of 2 are exact


def unpack(candidates: Tensor, sizes: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
    """Layers of fully connected networks from flat parameter vectors.

    candidates: (models, parameters). sizes: widths from input to output. Returns what `forward` takes.
    ValueError where the number of parameters does not fit the sizes.
    """
    count = sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False))
    if candidates.ndim != 2 or candidates.shape[1] != count:
        raise ValueError(f"candidates: shape {tuple(candidates.shape)}, accepted: (models, {count}) for {sizes}")
    layers, start = [], 0
    for fan_in, fan_out in zip(sizes, sizes[1:], strict=False):
        block = candidates[:, start : start + (fan_in + 1) * fan_out].unflatten(1, (fan_in + 1, fan_out))
        layers.append((block[:, :-1], block[:, -1:]))
        start += (fan_in + 1) * fan_out
    return layers


def rounding_network(candidates: Tensor, x: Tensor, sizes: Sequence[int]) -> Tensor:
    """Logits (models, classes, batch) of linear layers with `round_trip` between them: on paper one linear map.

    candidates: (models, parameters) float32, laid out as in `unpack`. x: (batch, inputs), the same for all models.
    sizes: widths from inputs to classes. The batch comes last, as `cross_entropy` wants it, and the first layers of
    all models are one matrix product. ValueError where the sizes do not fit.
    """
    if candidates.dtype != torch.float32 or x.dtype != torch.float32:
        raise ValueError(f"candidates, x: are {candidates.dtype} and {x.dtype}, accepted: float32")
    if x.ndim != 2 or len(sizes) < 2 or x.shape[1] != sizes[0]:
        raise ValueError(f"x: shape {tuple(x.shape)}, accepted: (batch, {sizes[0]}) for {tuple(sizes)}")
    layers = [(w.transpose(1, 2), b.transpose(1, 2)) for w, b in unpack(candidates, sizes)]
    weight, bias = layers[0]
    h = (weight.reshape(-1, sizes[0]) @ x.T).unflatten(0, (len(candidates), sizes[1])) + bias
    for weight, bias in layers[1:]:
        h = torch.baddbmm(bias, weight, round_trip(h))
    return h


def _centred_ranks(losses: Tensor) -> Tensor:
    """Ranks of losses (n,), scaled to −1/2 for the smallest … 1/2 for the largest; equal losses share their mean."""
    _, place, count = torch.unique(losses, return_inverse=True, return_counts=True)
    middle = count.cumsum(0) - (count + 1) / 2
    return middle[place] / (len(losses) - 1) - 0.5


def evolve(
    loss: Callable[[Tensor], Tensor],
    start: Tensor,
    *,
    generations: int,
    pairs: int,
    sigma: float,
    lr: float,
    generator: torch.Generator,
    weight_decay: float = 0.0,
    betas: tuple[float, float] = (0.9, 0.999),
) -> tuple[Tensor, Tensor]:
    """Minimise ``loss`` by antithetic evolution strategies with centred ranks and Adam (Salimans et al. 2017).

    loss: maps candidates (2·pairs, n) to losses (2·pairs,) in one batched call; it needs no gradient. nan counts as
    the worst, and equal losses share their mean rank. The candidates of one generation are start ± sigma·ε, the + half
    first; noise inside ``loss``, such as a minibatch, is shared by them. start: (n,) floating, finite. sigma, lr > 0;
    generations, pairs ≥ 1. The rate falls linearly from lr to 0. weight_decay ≥ 0: each step also shrinks the
    parameters by the factor 1 − rate·weight_decay, apart from the adaptive step (arXiv:1711.05101).
    Returns the final parameters (n,) and the mean loss of each generation (generations,).
    ValueError for bad arguments and for losses of another shape.
    """
    _floating("start", start)
    if start.ndim != 1 or start.numel() == 0:
        raise ValueError(f"start: shape {tuple(start.shape)}, accepted: (n,) with n ≥ 1")
    if generations < 1 or pairs < 1:
        raise ValueError(f"generations, pairs: {generations}, {pairs}; both must be at least 1")
    _positive("sigma", sigma)
    _positive("lr", lr)
    if not 0 <= weight_decay < math.inf:
        raise ValueError(f"weight_decay: {weight_decay} must be finite and at least 0")
    if not torch.isfinite(start).all():
        raise ValueError("start: holds a nan or an inf")
    mean, first, second = start.detach().clone(), torch.zeros_like(start), torch.zeros_like(start)
    history = []
    for step in range(1, generations + 1):
        noise = torch.randn(pairs, start.numel(), generator=generator, dtype=start.dtype)
        with torch.no_grad():
            losses = loss(torch.cat([mean + sigma * noise, mean - sigma * noise]))
        if not isinstance(losses, Tensor) or losses.shape != (2 * pairs,):
            shape = tuple(getattr(losses, "shape", ()))
            raise ValueError(f"loss: returned shape {shape}, accepted: a tensor of shape ({2 * pairs},)")
        history.append(losses.mean())
        # Ranks instead of losses: the step no longer depends on the loss's scale, nor on single huge values.
        fitness = _centred_ranks(losses.nan_to_num(nan=math.inf, posinf=math.inf)).to(start.dtype)
        gradient = (fitness[:pairs] - fitness[pairs:]) @ noise / (pairs * sigma)
        first.lerp_(gradient, 1 - betas[0])
        second.lerp_(gradient**2, 1 - betas[1])
        size = (second / (1 - betas[1] ** step)).sqrt() + 1e-12
        rate = lr * (1 - (step - 1) / generations)
        mean -= rate * (first / (1 - betas[0] ** step) / size + weight_decay * mean)
    return mean, torch.stack(history)


# --- Arguments


def _floating(name: str, x: Tensor) -> None:
    if not isinstance(x, Tensor) or not x.is_floating_point():
        kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"{name}: is {kind}, accepted: a tensor of floating dtype")


def _positive(name: str, value: float | np.ndarray) -> np.ndarray:
    array = np.asarray(value, dtype=float)
    if array.size == 0 or not (np.isfinite(array) & (array > 0)).all():
        raise ValueError(f"{name}: {value} must be finite and above 0, and not empty")
    return array


def _weight_variance(f: Activation, weight_variance: float | None, kinks: Sequence[float]) -> float:
    return gain(f, kinks) ** 2 if weight_variance is None else float(_positive("weight_variance", weight_variance))
