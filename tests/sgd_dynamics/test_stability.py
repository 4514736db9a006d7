"""Stability on a quadratic: against one step of the scheme, eigenvalues, and values by hand."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import betas, between, hard, inf, many, nan, right_or_refused, share, whole


@pytest.mark.parametrize("scheme", sd.SCHEMES)
@given(st.floats(0.01, 5), st.floats(0, 1), st.floats(-2, 2), st.floats(-2, 2))
def test_amplification_is_one_step_of_integrate(scheme, a, beta, theta, v):
    k = 0.7
    one = sd.integrate(
        lambda x: k * x,
        [theta],
        velocity=v,
        learning_rate=a / k,
        momentum=beta,
        steps=1,
        scheme=scheme,
        hessian=lambda x: np.full(x.shape + (1,), k),
    )
    expected = sd.amplification(a, beta, scheme) @ [theta, v]
    np.testing.assert_allclose([one[0][0], one[1][0]], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("scheme", sd.SCHEMES)
def test_spectral_radius_equals_eigenvalues(scheme):
    rng = np.random.default_rng(0)
    a, beta = rng.uniform(0, 5, (40, 1)), rng.uniform(0, 1, 30)
    radius = np.abs(np.linalg.eigvals(sd.amplification(a, beta, scheme))).max(-1)
    np.testing.assert_allclose(sd.spectral_radius(a, beta, scheme), radius, rtol=1e-6, atol=1e-7)
    assert sd.amplification(a, beta, scheme).shape == (40, 30, 2, 2)


@pytest.mark.parametrize("scheme", ["heavy_ball", "nesterov_half", "nesterov"])
@given(betas, st.floats(1e-4, 0.9))
def test_stability_limit_is_the_edge(scheme, beta, inside):
    limit = sd.stability_limit(beta, scheme)
    assert sd.spectral_radius(limit * inside, beta, scheme) < 1
    assert sd.spectral_radius(limit * (1 + 1e-6), beta, scheme) > 1
    assert sd.spectral_radius(limit, beta, scheme) == pytest.approx(1, abs=1e-7)


@given(betas, st.floats(1e-3, 1e9))
def test_implicit_scheme_is_stable_everywhere(beta, a):
    assert sd.spectral_radius(a, beta, "implicit") < 1
    assert sd.stability_limit(beta, "implicit") == inf


def test_stability_limit_values_and_order():
    beta = np.array([0.0, 0.5, 0.9])
    np.testing.assert_allclose(sd.stability_limit(beta, "heavy_ball"), [2, 3, 3.8])
    np.testing.assert_allclose(sd.stability_limit(beta, "nesterov_half"), 2)
    np.testing.assert_allclose(sd.stability_limit(beta, "nesterov"), [2, 1.5, 3.8 / 2.8])
    assert sd.stability_limit(0.5, "nesterov").shape == ()


@pytest.mark.parametrize("method", ["gradient_descent", "heavy_ball", "nesterov", "nesterov_best"])
@pytest.mark.parametrize("kappa", [1.0, 10.0, 1e4])
def test_optimal_tuning_contracts_as_promised(method, kappa):
    rate, momentum, contraction = sd.optimal_tuning(0.5, 0.5 * kappa, method)
    k = 0.5 * np.geomspace(1, kappa, 400)
    scheme = "nesterov" if "nesterov" in method else "heavy_ball"
    worst = sd.spectral_radius(rate * k, momentum, scheme).max()
    # at a double root the eigenvalue is only accurate to the square root of rounding
    assert worst == pytest.approx(contraction, abs=3e-7)


SHARES = {"heavy_ball": 0, "nesterov_half": 0.5, "nesterov": 1}


def force_and_kept(a, beta, scheme):
    if scheme == "implicit":
        return a / (1 + a / 2), beta / (1 + a / 2)
    return a, beta * (1 - SHARES[scheme] * a)


def fits(scheme):
    """Whether a and β are in range, and 2 + 2c − f is within float64."""
    return lambda a, b: a >= 0 and 0 <= b <= 1 and (scheme == "implicit" or a * (1 + 2 * SHARES[scheme] * b) < inf)


def a_scheme(rng):
    return str(rng.choice(sd.SCHEMES))


@many(hard, share, a_scheme)
def test_amplification_at_any_scale(a, beta, scheme):
    def entries(a, beta):
        matrix = sd.amplification(a, beta, scheme)
        return matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 1, 0], matrix[..., 1, 1]

    def right(a, b):
        force, kept = force_and_kept(a, b, scheme)
        return 1 - force, kept, -force, kept

    right_or_refused(entries, {"a": a, "beta": beta}, fits(scheme), right, lambda a, b: (1e-15, 5e-16))


def exact_radius(a, beta, scheme):
    force, kept = force_and_kept(a, beta, scheme)
    half = (1 - force + kept) / 2
    root = mpmath.sqrt(half**2 - kept)
    return max(abs(half + root), abs(half - root))


def double_root_slack(scheme):
    """Rounding of the coefficients, divided by the distance of the two roots: √rounding where they meet."""

    def slack(a, b):
        force, kept = force_and_kept(a, b, scheme)
        half = (1 - force + kept) / 2
        size = max(1.0, abs(half), math.sqrt(abs(kept)))
        change = 1e-15 * size
        return 1e-15, change / math.sqrt(max(abs((half / size) ** 2 - kept / size / size), 1e-15))

    return slack


@many(hard, share, a_scheme)
def test_spectral_radius_at_any_scale(a, beta, scheme):
    right_or_refused(
        lambda a, beta: sd.spectral_radius(a, beta, scheme),
        {"a": a, "beta": beta},
        fits(scheme),
        lambda a, b: exact_radius(a, b, scheme),
        double_root_slack(scheme),
    )


@many(hard, share, a_scheme)
def test_spectral_radius_by_eigenvalues_at_any_scale(a, beta, scheme):
    right_or_refused(
        lambda a, beta: sd.spectral_radius_by_eigenvalues(a, beta, scheme),
        {"a": a, "beta": beta},
        fits(scheme),
        lambda a, b: exact_radius(a, b, scheme),
        lambda a, b: (1e-14, 20 * double_root_slack(scheme)(a, b)[1]),
    )


@many(whole(4, 41), whole(-40, 41), between(0, 1), a_scheme)
def test_spectral_radius_is_on_the_right_side_of_one(ulps, exponent, beta, scheme):
    """From four units in the last place of the limit on, and for a down to 1e−280."""
    limit = sd.stability_limit(beta, scheme) if beta < 1 else 4.0
    near = [limit * (1 + sign * ulps * 2**-52) for sign in (-1, 1)] if scheme != "implicit" else []
    for a in [*near, 10.0**exponent, 10.0 ** (7 * exponent), 0.0]:
        with mpmath.workdps(700):
            exact = exact_radius(mpmath.mpf(a), mpmath.mpf(beta), scheme)
            side = float(exact - 1) if abs(exact - 1) > 4e-16 else 0.0
        radius = float(sd.spectral_radius(a, beta, scheme))
        if side:
            assert (radius > 1) == (side > 0) and radius != 1, (a, radius, side)
        if a == 0:
            assert radius == 1


@many(share, a_scheme)
def test_stability_limit_at_any_scale(beta, scheme):
    if scheme == "implicit":
        right = lambda b: mpmath.mpf(1)  # noqa: E731
        function = lambda beta: np.isinf(sd.stability_limit(beta, scheme)) * 1.0  # noqa: E731
    else:
        right = lambda b: 2 * (1 + b) / (1 + 2 * SHARES[scheme] * b)  # noqa: E731
        function = lambda beta: sd.stability_limit(beta, scheme)  # noqa: E731
    right_or_refused(function, {"beta": beta}, lambda b: 0 <= b < 1, right, lambda b: (1e-15, 0))


@many(whole(-300, 301), whole(0, 301), between(1, 10), between(1, 9.9))
def test_optimal_tuning_at_any_scale(exponent, more, mu, factor):
    low, high = mu * 10.0**exponent, mu * 10.0 ** min(exponent + more, 306) * factor
    high = max(low, high)
    with mpmath.workdps(700):
        m, t = mpmath.mpf(low), mpmath.mpf(high)
        root, best = mpmath.sqrt(t / m), mpmath.sqrt(3 * t / m + 1)
        rate = (root - 1) / (root + 1)
        right = {
            "gradient_descent": (2 / (t + m), 0, (t - m) / (t + m)),
            "heavy_ball": (4 / (mpmath.sqrt(t) + mpmath.sqrt(m)) ** 2, rate**2, rate),
            "nesterov": (1 / t, rate, 1 - 1 / root),
            "nesterov_best": (4 / (3 * t + m), (best - 2) / (best + 2), 1 - 2 / best),
        }
        for method, expected in right.items():
            found = sd.optimal_tuning(low, high, method)
            assert all(type(x) is float for x in found)
            assert abs(found[0] - expected[0]) <= 2e-15 * expected[0]
            assert abs(found[1] - expected[1]) <= 1e-15 and abs(found[2] - expected[2]) <= 1e-15


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("a", lambda: sd.amplification(-1.0, 0.5, "nesterov")),
        ("beta", lambda: sd.amplification(1.0, 1.5, "nesterov")),
        ("scheme", lambda: sd.amplification(1.0, 0.5, "newton")),
        ("scheme", lambda: sd.stability_limit(0.5, "newton")),
        ("beta", lambda: sd.stability_limit(1.0, "nesterov")),
        ("beta", lambda: sd.stability_limit(nan, "implicit")),
        ("smallest", lambda: sd.optimal_tuning(0.0, 1.0, "nesterov")),
        ("largest", lambda: sd.optimal_tuning(2.0, 1.0, "nesterov")),
        ("method", lambda: sd.optimal_tuning(1.0, 2.0, "adam")),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=rf"(^|, ){name}[,:]"):
        call()
