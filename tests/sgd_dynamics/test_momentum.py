"""Friction and momentum: inverse of each other, against mpmath and values by hand."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import sgd_dynamics as sd
from tests.sgd_dynamics.strategies import betas, hard, inf, many, nan, right_or_refused, share


@given(st.floats(0, 50), st.floats(1e-3, 3))
def test_friction_and_momentum_are_inverse(friction, step):
    alpha, beta = sd.momentum_from_friction(friction, step)
    assert -1 < beta <= 1 and 0 < alpha <= step * step  # correctly rounded, as γ² and 1 + λγ/2 ≥ 1 are; ** is not
    back = sd.friction_from_momentum(alpha, beta)
    np.testing.assert_allclose(back, (friction, step), rtol=1e-9, atol=1e-9)


def test_momentum_from_friction_values():
    np.testing.assert_allclose(sd.momentum_from_friction(2.0, 0.5), (0.25 / 1.5, 1 / 3))
    np.testing.assert_allclose(sd.momentum_from_friction_nesterov(2.0, [0.5, 0.1]), ([0.25, 0.01], [0.0, 0.8]))


@given(betas, st.floats(1e-6, 1))
def test_corrected_momentum_keeps_the_friction(beta, r):
    exact, article = sd.corrected_momentum_exact(beta, r), sd.corrected_momentum(beta, r)
    assert (1 - exact) ** 2 / (1 + exact) == pytest.approx(r * (1 - beta) ** 2 / (1 + beta), rel=1e-7)
    friction, _ = sd.friction_from_momentum(0.3, beta)
    assert sd.friction_from_momentum(0.3 * r, exact)[0] == pytest.approx(friction, rel=1e-7)
    assert beta - 1e-12 <= exact <= article + 1e-12 < 1 + 1e-11  # the linearised rule raises the momentum too much


def test_corrected_momentum_values():
    assert sd.corrected_momentum(0.9, 0.25) == pytest.approx(0.95)
    for beta, r in ((0.9, 0.1), (0.0, 0.5), (0.5, 20.0), (1 - 1e-9, 1e-300)):
        with mpmath.workdps(200):
            c = mpmath.mpf(r) * (1 - mpmath.mpf(beta)) ** 2 / (1 + mpmath.mpf(beta))
            root = (2 + c - mpmath.sqrt((2 + c) ** 2 - 4 * (1 - c))) / 2
            assert float(sd.corrected_momentum_exact(beta, r)) == pytest.approx(float(root), rel=1e-13, abs=1e-13)
    assert sd.corrected_momentum_exact(0.5, 1e300) == pytest.approx(-1)
    assert sd.corrected_momentum(0.9, 1.0) == sd.corrected_momentum_exact(0.9, 1.0) == pytest.approx(0.9)


@many(hard, hard)
def test_momentum_from_friction_at_any_scale(friction, step):
    right_or_refused(
        sd.momentum_from_friction,
        {"friction": friction, "step": step},
        lambda f, h: f >= 0 and h > 0 and f * h < inf,  # λγ must fit, too
        lambda f, h: (h**2 / (1 + f * h / 2), (1 - f * h / 2) / (1 + f * h / 2)),
        lambda f, h: (1e-15, 5e-16),
    )


@many(hard, hard)
def test_momentum_from_friction_nesterov_at_any_scale(friction, step):
    right_or_refused(
        sd.momentum_from_friction_nesterov,
        {"friction": friction, "step": step},
        lambda f, h: f >= 0 and h > 0,
        lambda f, h: (h**2, 1 - f * h),
        lambda f, h: (1e-15, 5e-16),
    )


@many(hard, share)
def test_friction_from_momentum_at_any_scale(learning_rate, momentum):
    right_or_refused(
        sd.friction_from_momentum,
        {"learning_rate": learning_rate, "momentum": momentum},
        lambda a, b: a > 0 and -1 < b <= 1,
        lambda a, b: (2 * (1 - b) / mpmath.sqrt(2 * a * (1 + b)), mpmath.sqrt(2 * a / (1 + b))),
        lambda a, b: (2e-15, 5e-324),
    )


@many(share, hard)
def test_corrected_momentum_at_any_scale(beta, r):
    right_or_refused(
        sd.corrected_momentum,
        {"beta": beta, "r": r},
        lambda b, r: 0 <= b < 1 and r > 0,
        lambda b, r: 1 - (1 - b) * mpmath.sqrt(r),
        lambda b, r: (1e-15, 5e-16),
    )


@many(share, hard)
def test_corrected_momentum_exact_at_any_scale(beta, r):
    def root(b, r):
        with mpmath.workdps(700):
            c = r * (1 - b) ** 2 / (1 + b)
            return (2 + c - mpmath.sqrt(c**2 + 8 * c)) / 2

    right_or_refused(
        sd.corrected_momentum_exact,
        {"beta": beta, "r": r},
        lambda b, r: 0 <= b < 1 and r > 0,
        root,
        lambda b, r: (1e-15, 1e-15),
    )


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("beta", lambda: sd.corrected_momentum(1.0, 0.5)),
        ("beta", lambda: sd.corrected_momentum_exact(-0.1, 0.5)),
        ("r", lambda: sd.corrected_momentum(0.9, 0.0)),
        ("r", lambda: sd.corrected_momentum_exact(0.9, nan)),
        ("friction", lambda: sd.momentum_from_friction(-1.0, 0.1)),
        ("step", lambda: sd.momentum_from_friction(1.0, 0.0)),
        ("step", lambda: sd.momentum_from_friction_nesterov(1.0, nan)),
        ("learning_rate", lambda: sd.friction_from_momentum(0.0, 0.5)),
        ("momentum", lambda: sd.friction_from_momentum(1.0, -1.0)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=rf"(^|, ){name}[,:]"):
        call()
