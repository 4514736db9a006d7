"""sympy without its table of derivatives, so that a limit proves a rule and does not repeat it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sympy.core.cache import clear_cache

from helpers._compat import stored_derivative_rules


class DerivativeRuleUsed(Exception):
    """sympy asked for one of its stored derivative rules while `without_derivative_rules` forbade them."""


@contextmanager
def without_derivative_rules() -> Iterator[None]:
    """Within this block sympy's stored derivatives of functions, powers and integrals raise DerivativeRuleUsed.

    Those of a variable, a sum and a product stay: sympy works with polynomials by them, and none gives sin' or (xⁿ)'.
    sympy's `limit` expands functions in series, and it takes the coefficients of, say, sin(x + h) from the rule
    sin' = cos. A "proof" of sin' = cos by that limit would go in a circle. Here the circle is an error.
    Not thread-safe: the rules are switched off for the whole process.

    >>> import sympy
    >>> x = sympy.Symbol("x")
    >>> with without_derivative_rules():
    ...     sympy.sin(x).diff(x)
    Traceback (most recent call last):
    helpers.derivatives.rules.DerivativeRuleUsed: the derivative of sin(x)
    >>> sympy.sin(x).diff(x)
    cos(x)
    """

    def forbidden(self: Any, *_: Any) -> None:
        raise DerivativeRuleUsed(f"the derivative of {self}")

    stored = [(cls, name, vars(cls)[name]) for cls, name in stored_derivative_rules()]
    clear_cache()  # a remembered result would slip past the lock
    for cls, name, _ in stored:
        setattr(cls, name, forbidden)
    try:
        yield
    finally:
        for cls, name, rule in stored:
            setattr(cls, name, rule)
