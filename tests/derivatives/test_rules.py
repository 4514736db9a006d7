"""helpers.derivatives.rules: the lock holds inside, and opens again."""

import pytest
import sympy as sp

from helpers.derivatives import DerivativeRuleUsed, limit_derivative, without_derivative_rules

x = sp.Symbol("x", real=True)


def test_limit_derivative_uses_no_rule(monkeypatch):
    """Even with `diff` itself out of order the limit comes out: nothing falls back to it."""
    monkeypatch.setattr(sp, "diff", None)
    assert limit_derivative(sp.sin(x), x) == sp.cos(x)
    with without_derivative_rules(), pytest.raises(DerivativeRuleUsed, match="sin"):
        sp.sin(x).diff(x)
    assert sp.sin(x).diff(x) == sp.cos(x)  # the rules are back


@pytest.mark.parametrize(
    "expr",
    [
        sp.sin(x),
        x**2,
        sp.Abs(x),
        sp.Max(0, x),
        sp.sign(x),
        x * sp.exp(x),
        sp.erf(x),
        sp.Integral(sp.sin(x), (x, 0, x)),
        sp.Piecewise((x**2, x > 0), (0, True)),
    ],
    ids=str,
)
def test_every_stored_rule_is_locked(expr):
    assert expr.diff(x) is not None  # sympy remembers it, and must not hand it out inside
    with without_derivative_rules():
        with pytest.raises(DerivativeRuleUsed):
            expr.diff(x)
        assert (3 * x + 1).diff(x) == 3  # sums and products stay
    assert expr.diff(x) is not None


def test_the_rule_that_series_use_is_locked():
    with without_derivative_rules():
        for function in (sp.sin(x), sp.exp(x), sp.log(x), sp.atan(x)):
            with pytest.raises(DerivativeRuleUsed):
                function.fdiff()
    assert sp.sin(x).fdiff() == sp.cos(x)


def test_the_lock_opens_after_an_error():
    with pytest.raises(KeyError), without_derivative_rules():
        raise KeyError
    assert (x**3).diff(x) == 3 * x**2
    with without_derivative_rules():
        with pytest.raises(DerivativeRuleUsed), without_derivative_rules():
            (x**2).diff(x)
        with pytest.raises(DerivativeRuleUsed):  # the inner block has left the outer lock closed
            (x**2).diff(x)
    assert (x**2).diff(x) == 2 * x
