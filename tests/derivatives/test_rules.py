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
