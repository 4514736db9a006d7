"""Derivatives: as a limit (sympy), as a quotient (floats), and by automatic differentiation (dual numbers, Taylor).

Source: 苏剑林 (Su Jianlin), 微积分学习（二）：导数, https://spaces.ac.cn/archives/118.
Notation: h for the article's Δx, and

    f'(x) = lim_{h→0} (f(x + h) − f(x)) / h.

Functions ``f`` that are handed in act elementwise and are written with Python's operators and numpy's functions
(`np.exp`, `np.sin`, …): the same ``f`` then takes floats, arrays, `Dual` and `Taylor` numbers.

A file per idea:

- `quotients`: the derivative as a quotient of floats, the best step, Richardson's extrapolation.
- `taylor`: truncated power series, and with them the n-th derivative in one pass.
- `limits`: the limit of the quotient by sympy, from both sides, from one side, and around a point.
- `rules`: sympy with its stored derivatives locked away, so that a limit proves a rule and does not repeat it.
- `dual`: dual numbers, the chain rule as arithmetic; nested, the n-th derivative by its definition.
- `straightness`: how far a curve is from straight in a small window.
- `nowhere_differentiable`: Weierstrass's function and the size of its secant slopes.
- `_number`: what dual and Taylor numbers share, operators and refusals, and `primal`.
- `_series`: the recurrences of powers and of exp, also where their value at 0 underflows.
- `_arguments`, `_types`: argument checks of this package, and what its functions take and give.
"""

from helpers.derivatives._number import primal
from helpers.derivatives.dual import Dual, nested_derivative
from helpers.derivatives.limits import limit_derivative, one_sided_derivatives, symmetric_derivative
from helpers.derivatives.nowhere_differentiable import weierstrass, weierstrass_rms_slope
from helpers.derivatives.quotients import SCHEMES, difference_quotient, optimal_step, richardson
from helpers.derivatives.rules import DerivativeRuleUsed, without_derivative_rules
from helpers.derivatives.straightness import line_defect
from helpers.derivatives.taylor import Taylor, derivative

__all__ = [
    "difference_quotient",
    "derivative",
    "limit_derivative",
    "Dual",
    "one_sided_derivatives",
    "symmetric_derivative",
    "line_defect",
    "without_derivative_rules",
    "DerivativeRuleUsed",
    "SCHEMES",
    "optimal_step",
    "richardson",
    "Taylor",
    "nested_derivative",
    "primal",
    "weierstrass",
    "weierstrass_rms_slope",
]
