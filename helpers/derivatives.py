"""Derivatives: as a limit (sympy), as a quotient (floats), and by automatic differentiation (dual numbers, Taylor).

Source: 苏剑林 (Su Jianlin), 微积分学习（二）：导数, https://spaces.ac.cn/archives/118.
Notation: h for the article's Δx, and

    f'(x) = lim_{h→0} (f(x + h) − f(x)) / h.

The functions come in the order in which the notebook `1_derivatives` uses them. Functions ``f`` that are handed in act
elementwise and are written with Python's operators and numpy's functions (`np.exp`, `np.sin`, …): the same ``f`` then
takes floats, arrays, `Dual` and `Taylor` numbers.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import sympy
from scipy.optimize import linprog
from sympy.core.cache import clear_cache
from sympy.functions.elementary.hyperbolic import InverseHyperbolicFunction
from sympy.functions.elementary.trigonometric import InverseTrigonometricFunction

Function = Callable[[Any], Any]

SCHEMES = ("forward", "backward", "central", "complex")


# --- Input checks ----------------------------------------------------------------------------------------------------


def _real(name: str, value: Any) -> Any:
    """``value`` as a finite real float scalar or array; integers become float64. ValueError otherwise."""
    if isinstance(value, float) and math.isfinite(value):  # the common case, and np.float64 is a float
        return value
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: is ragged; give a number or a rectangular array of numbers") from error
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        raise ValueError(f"{name}: has type {type(value).__name__} ({array.dtype}); give real numbers")
    if array.size == 0:
        raise ValueError(f"{name}: is empty; give at least one number")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: holds nan or inf; give finite numbers")
    return array[()]


def _order(name: str, value: Any, low: int, high: int) -> int:
    """``value`` as an int in [low, high]. ValueError otherwise."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
        raise ValueError(f"{name}: is {value!r}; give an integer from {low} to {high}")
    return int(value)


def _function(f: Any) -> None:
    if not callable(f):
        raise ValueError(f"f: has type {type(f).__name__}; give a function of one variable")


# --- The derivative as a limit ---------------------------------------------------------------------------------------


class DerivativeRuleUsed(Exception):
    """sympy asked for one of its stored derivative rules while `without_derivative_rules` forbade them."""


def _subclasses(cls: type) -> Iterator[type]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


@contextmanager
def without_derivative_rules() -> Iterator[None]:
    """Within this block sympy's stored derivatives of functions and powers raise DerivativeRuleUsed.

    sympy's `limit` expands functions in series, and it takes the coefficients of, say, sin(x + h) from the rule
    sin' = cos. A "proof" of sin' = cos by that limit would go in a circle. Here the circle is an error.
    Not thread-safe: the rules are switched off for the whole process.
    """

    def forbidden(self: Any, *_: Any) -> None:
        raise DerivativeRuleUsed(f"the derivative of {self}")

    rules = [(cls, "fdiff") for cls in {sympy.Function, *_subclasses(sympy.Function)} if "fdiff" in vars(cls)]
    rules.append((sympy.Pow, "_eval_derivative"))
    stored = [(cls, name, vars(cls)[name]) for cls, name in rules]
    clear_cache()  # a remembered result would slip past the lock
    for cls, name, _ in stored:
        setattr(cls, name, forbidden)
    try:
        yield
    finally:
        for cls, name, rule in stored:
            setattr(cls, name, rule)


_IN_SINES = {
    sympy.sec: lambda z: 1 / sympy.cos(z),
    sympy.csc: lambda z: 1 / sympy.sin(z),
    sympy.tan: lambda z: sympy.sin(z) / sympy.cos(z),
    sympy.cot: lambda z: sympy.cos(z) / sympy.sin(z),
    sympy.tanh: lambda z: sympy.sinh(z) / sympy.cosh(z),
}


def _quotient_forms(quotient: sympy.Expr) -> Iterator[sympy.Expr]:
    """The quotient in equal forms, the most helpful first: each addition theorem sympy knows, then simpler shapes."""
    in_sines = quotient
    for function, replacement in _IN_SINES.items():
        in_sines = in_sines.replace(function, replacement)
    in_sines_factored = sympy.factor(sympy.expand_trig(sympy.together(in_sines)))
    if in_sines != quotient:
        yield in_sines_factored
    yield sympy.expand(quotient, func=True, trig=True, log=True)
    yield in_sines_factored
    yield sympy.simplify(quotient)
    yield quotient


def _is_settled(limit: sympy.Expr) -> bool:
    return not limit.has(sympy.oo, -sympy.oo, sympy.zoo, sympy.nan, sympy.AccumBounds, sympy.Limit)


def _limit(quotient: sympy.Expr, h: sympy.Symbol) -> sympy.Expr:
    """lim_{h→0+} of the quotient: the first finite result of its forms, else what the last form that answered says."""
    answer, reason = None, None
    for form in _quotient_forms(quotient):
        try:
            answer = sympy.limit(form, h, 0, "+")
        except (DerivativeRuleUsed, NotImplementedError, ValueError, TypeError) as error:
            reason = error
            continue
        if _is_settled(answer):
            return answer
    if answer is None:
        raise ValueError(f"expr: sympy finds no limit of {quotient} from the definition alone (stopped at {reason})")
    return answer


def _checked_expression(expr: Any, x: Any) -> sympy.Expr:
    if not isinstance(x, sympy.Symbol):
        raise ValueError(f"x: has type {type(x).__name__}; give a sympy Symbol")
    expr = sympy.sympify(expr)
    if not isinstance(expr, sympy.Expr) or expr.has(sympy.nan, sympy.oo, -sympy.oo, sympy.zoo):
        raise ValueError(f"expr: {expr} is not a finite sympy expression")
    if expr.has(sympy.floor, sympy.ceiling, sympy.frac):  # sympy 1.14 never returns from their limits
        raise ValueError(f"expr: {expr} has steps; write the piece around the point you ask for")
    return expr


def _checked_point(at: Any) -> sympy.Expr:
    at = sympy.sympify(at)
    if not isinstance(at, sympy.Expr) or not at.is_finite or not at.is_real:
        raise ValueError(f"at: is {at}; give a finite real number")
    return at


def one_sided_derivatives(expr: Any, x: sympy.Symbol, at: Any) -> tuple[sympy.Expr, sympy.Expr]:
    """Left and right limit of (f(at + h) − f(at)) / h as sympy gives them: a number, ±oo or AccumBounds (no limit).

    expr: f as a sympy expression in x, real near ``at``; a value of its own at one point is written as a Piecewise.
    ValueError for a bad argument or where sympy finds no answer.
    """
    expr, h, at = _checked_expression(expr, x), sympy.Dummy("h", positive=True), _checked_point(at)

    def side(sign: int) -> sympy.Expr:
        return _limit((expr.subs(x, at + sign * h) - expr.subs(x, at)) / (sign * h), h)

    with without_derivative_rules():
        return side(-1), side(+1)


def symmetric_derivative(expr: Any, x: sympy.Symbol, at: Any) -> sympy.Expr:
    """lim_{h→0} (f(at + h) − f(at − h)) / (2h); it can exist where f has no derivative. Arguments as above."""
    expr, h, at = _checked_expression(expr, x), sympy.Dummy("h", positive=True), _checked_point(at)
    with without_derivative_rules():
        return _limit((expr.subs(x, at + h) - expr.subs(x, at - h)) / (2 * h), h)


def limit_derivative(expr: Any, x: sympy.Symbol) -> sympy.Expr:
    """f'(x) as the limit of the difference quotient, from both sides, with sympy's own derivative rules switched off.

    expr: a sympy expression in the real symbol x (declare it positive where f needs that, as for log x).
    An inverse function such as asin, whose quotient has no addition theorem, is turned round: with x = sin y and
    x + h = sin(y + k) its quotient is 1 / ((sin(y + k) − sin y) / k), and k → 0 as h → 0.
    ValueError for a bad argument, where the two sides differ, where the limit is not finite, or where sympy cannot
    find it without a derivative rule. There is no fallback to `sympy.diff`.
    """
    expr = _checked_expression(expr, x)
    if not expr.has(x):
        return sympy.Integer(0)  # the quotient is (c − c)/h = 0 for every h
    real = x if x.is_real else sympy.Dummy(x.name, real=True)
    with without_derivative_rules():
        result = _two_sided(expr.subs(x, real), real)
    return sympy.simplify(result).subs(real, x)


def _two_sided(expr: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    if isinstance(expr, (InverseTrigonometricFunction, InverseHyperbolicFunction)) and expr.args == (x,):
        y = sympy.Dummy("y", real=True)
        return 1 / _two_sided(expr.inverse()(y), y).subs(y, expr)
    h = sympy.Dummy("h", positive=True)
    left, right = (_limit((expr.subs(x, x + s * h) - expr) / (s * h), h) for s in (-1, +1))
    if not _is_settled(left) or not _is_settled(right):
        raise ValueError(f"expr: the limits from the left and right, {left} and {right}, are not both finite")
    if sympy.simplify(left - right) != 0:
        raise ValueError(f"expr: the limits from the left and right differ: {left} and {right}")
    return right


def line_defect(f: Function, x: float, scale: float, points: int = 201) -> tuple[float, float]:
    """How far f is from straight in the window x ± scale: (defect, slope of the best line through (x, f(x))).

    defect: min over slopes c of max over |h| ≤ scale of |f(x + h) − f(x) − c h| / scale, on an even grid of ``points``.
    f is differentiable at x exactly when the defect tends to 0 with the scale for slopes that settle.
    The minimum is a linear programme in (c, defect). ValueError for a bad argument.
    """
    _function(f)
    x, scale = _real("x", x), _real("scale", scale)
    if scale <= 0 or np.ndim(x) or np.ndim(scale):
        raise ValueError("x, scale: give two numbers, scale > 0")
    t = np.linspace(-1, 1, 2 * (_order("points", points, 3, 100001) // 2) + 1)
    g = _real("f(x + h)", (f(x + scale * t) - f(np.full(1, x))) / scale)
    size = max(1.0, float(np.abs(g).max()))  # the solver's tolerances are absolute
    rows = np.concatenate([np.stack([t, -np.ones_like(t)], 1), np.stack([-t, -np.ones_like(t)], 1)])
    best = linprog([0, 1], rows, np.concatenate([g, -g]) / size, bounds=[(None, None), (0, None)])
    return float(best.fun * size), float(best.x[0] * size)


# --- The derivative as a quotient of floats --------------------------------------------------------------------------


def _steps(x: Any, h: Any) -> tuple[np.ndarray, np.ndarray, np.dtype]:
    x, h = _real("x", x), _real("h", h)
    dtype = np.result_type(x, h)
    if np.any(np.asarray(h, dtype) == 0):
        raise ValueError(f"h: is 0 (or rounds to 0 in {dtype}); give a step different from 0")
    try:
        np.broadcast_shapes(np.shape(x), np.shape(h))
    except ValueError as error:
        raise ValueError(f"h: shape {np.shape(h)} does not broadcast against x of shape {np.shape(x)}") from error
    return np.asarray(x, dtype), np.asarray(h, dtype), dtype


def _values(f: Function, at: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        values = np.asarray(f(at))
    if values.dtype.kind not in "iufc" or not np.isfinite(values).all():
        raise ValueError("f: is not finite and numeric at every point used, x ± h; choose x and h inside its domain")
    return values


def difference_quotient(f: Function, x: Any, h: Any, scheme: str = "forward") -> np.ndarray | np.floating:
    """An approximation of f'(x) from differences, in the precision of x and h (float32 stays float32).

    ==========  ===================================  =======================
    scheme      formula                              error for smooth f
    ==========  ===================================  =======================
    forward     (f(x + h) − f(x)) / h                h f''/2
    backward    (f(x) − f(x − h)) / h                −h f''/2
    central     (f(x + h) − f(x − h)) / (2h)         h² f'''/6
    complex     Im f(x + ih) / h                     −h² f'''/6, no cancellation
    ==========  ===================================  =======================

    x, h: real numbers or arrays that broadcast against each other; h ≠ 0.
    "complex" (Squire & Trapp 1998) needs an f that is analytic and written without abs, sign or comparisons.
    ValueError for a bad argument, for values of f that are not finite, and where f drops the imaginary part.
    """
    _function(f)
    if scheme not in SCHEMES:
        raise ValueError(f"scheme: {scheme!r} is not one of {', '.join(SCHEMES)}")
    x, h, dtype = _steps(x, h)
    if scheme == "complex":
        values = _values(f, x + h * np.asarray(1j, np.result_type(dtype, np.complex64)))
        if values.dtype.kind != "c":
            raise ValueError("f: returned real numbers for a complex argument; the complex scheme needs an analytic f")
        return (values.imag / h)[()]
    if scheme == "forward":
        return ((_values(f, x + h) - _values(f, x)) / h)[()]
    if scheme == "backward":
        return ((_values(f, x) - _values(f, x - h)) / h)[()]
    return ((_values(f, x + h) - _values(f, x - h)) / (2 * h))[()]


def optimal_step(scheme: str, dtype: Any = np.float64) -> float:
    """The step h that balances truncation h^p and rounding ε/h, for an f with f, f', f'', f''' of about equal size.

    forward, backward: √ε; central: ε^{1/3}, with ε the machine epsilon of ``dtype``. A function that varies on the
    length L wants L times that. complex: nothing cancels, so any h with h² far below ε is as good as another;
    √(smallest normal number) is returned, for which h² does not underflow. ValueError for a bad argument.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"scheme: {scheme!r} is not one of {', '.join(SCHEMES)}")
    try:
        info = np.finfo(dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"dtype: {dtype!r} is not a floating-point type") from error
    if scheme == "complex":
        return float(np.sqrt(info.tiny))
    return float(info.eps) ** (1 / 3 if scheme == "central" else 1 / 2)


def richardson(f: Function, x: Any, h: Any, order: int = 4) -> np.ndarray | np.floating:
    """f'(x) by Richardson extrapolation of central quotients with the steps h, h/2, h/4, …; the error is O(h^order).

    The error of a central quotient is a series in h²: from D(h) and D(h/2) the combination (4 D(h/2) − D(h))/3 has no
    h² term, and so on (Richardson 1911; Romberg's triangle). order: even, 2 to 20; 2 is the central quotient itself.
    f is used within [x − h, x + h] only. Other arguments and errors as in `difference_quotient`.
    """
    if _order("order", order, 2, 20) % 2:
        raise ValueError(f"order: is {order}; a central quotient has even orders only")
    x, h, _ = _steps(x, h)
    row = [difference_quotient(f, x, h / 2**k, "central") for k in range(order // 2)]
    for j in range(1, order // 2):
        row = [fine + (fine - coarse) / (4**j - 1) for coarse, fine in zip(row, row[1:], strict=False)]
    return row[0]


# --- Automatic differentiation ---------------------------------------------------------------------------------------


class _Number:
    """Python's operators and numpy's functions, handed on to the arithmetic of the subclass.

    numpy calls ``__array_ufunc__`` for ``array * number`` and for ``np.exp(number)``, so both sides of an operator and
    numpy's own function names work. A subclass has the static methods named in ``_OPERATIONS``.
    """

    __slots__ = ()
    __hash__ = None  # equal values can have different slopes

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        name = _OPERATIONS.get(ufunc.__name__)
        if name is None or method != "__call__" or options:
            known = ", ".join(sorted(_OPERATIONS))
            raise ValueError(f"{type(self).__name__}: np.{ufunc.__name__} has no rule here; there are {known}")
        return getattr(type(self), name)(*inputs)

    def __add__(self, other: Any) -> Any:
        return self._add(self, other)

    def __radd__(self, other: Any) -> Any:
        return self._add(other, self)

    def __sub__(self, other: Any) -> Any:
        return self._subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return self._multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._divide(other, self)

    def __pow__(self, other: Any) -> Any:
        return self._power(self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._power(other, self)

    def __neg__(self) -> Any:
        return self._negative(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self._abs(self)

    def __lt__(self, other: Any) -> Any:
        return primal(self) < primal(other)

    def __le__(self, other: Any) -> Any:
        return primal(self) <= primal(other)

    def __gt__(self, other: Any) -> Any:
        return primal(self) > primal(other)

    def __ge__(self, other: Any) -> Any:
        return primal(self) >= primal(other)

    def __eq__(self, other: Any) -> Any:
        return primal(self) == primal(other)

    def __ne__(self, other: Any) -> Any:
        return primal(self) != primal(other)


_OPERATIONS = {
    "add": "_add",
    "subtract": "_subtract",
    "multiply": "_multiply",
    "divide": "_divide",
    "power": "_power",
    "negative": "_negative",
    "positive": "__pos__",
    "absolute": "_abs",
    "square": "_square",
    "exp": "_exp",
    "log": "_log",
    "sin": "_sin",
    "cos": "_cos",
    "tanh": "_tanh",
    "sqrt": "_sqrt",
    "less": "__lt__",
    "less_equal": "__le__",
    "greater": "__gt__",
    "greater_equal": "__ge__",
    "equal": "__eq__",
    "not_equal": "__ne__",
}


def primal(x: Any) -> Any:
    """The plain value inside a `Dual` (of any depth) or `Taylor` number; other values pass through."""
    while isinstance(x, Dual):
        x = x.value
    return x.coefficients[0] if isinstance(x, Taylor) else x


def _require(condition: Any, operation: str, needed: str) -> None:
    if not (condition if isinstance(condition, bool) else np.all(condition)):
        raise ValueError(f"{operation}: has no derivative here; the argument must be {needed}")


def _check_power(base: Any, exponent: Any) -> None:
    whole = np.equal(exponent, np.round(exponent))
    _require((base > 0) | (whole & ((base != 0) | (exponent >= 0))), "power", "> 0, or the exponent an integer")


class Dual(_Number):
    """A dual number value + slope·ε with ε² = 0 (Clifford 1873): f(x + ε) = f(x) + f'(x) ε. Forward-mode AD.

    value: a real number, a numpy array, or again a Dual. slope: the same kinds, broadcasting against ``value``.
    ``Dual(x)`` is the variable x itself (slope 1); a nested ``Dual(Dual(x))`` carries the second derivative in
    ``.slope.slope`` (see `nested_derivative`). A Dual of smaller depth, a number or an array counts as a constant.
    A Dual does not know whose variable it is: give independent variables separate depths.

    Operators + − * / ** abs, comparisons (of the plain values), and np.exp, log, sin, cos, tanh, sqrt, square.
    ValueError for arguments that are not finite real numbers and where the derivative does not exist (log 0, |0|).
    """

    __slots__ = ("value", "slope")

    def __init__(self, value: Any, slope: Any = 1.0):
        value = value if isinstance(value, Dual) else _real("value", value)
        slope = slope if isinstance(slope, Dual) else _real("slope", slope)
        if _depth(slope) > _depth(value):
            raise ValueError("slope: is nested deeper than value")
        shape = np.shape(primal(value))
        try:
            fits = np.broadcast_shapes(shape, np.shape(primal(slope))) == shape
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"slope: shape {np.shape(primal(slope))} does not broadcast to value's shape {shape}")
        self.value, self.slope = value, slope

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.slope!r})"

    @staticmethod
    def _add(a: Any, b: Any) -> Dual:
        (a, da), (b, db) = _split(a, b)
        return _dual(a + b, da + db)

    @staticmethod
    def _subtract(a: Any, b: Any) -> Dual:
        (a, da), (b, db) = _split(a, b)
        return _dual(a - b, da - db)

    @staticmethod
    def _multiply(a: Any, b: Any) -> Dual:
        (a, da), (b, db) = _split(a, b)
        return _dual(a * b, da * b + a * db)

    @staticmethod
    def _divide(a: Any, b: Any) -> Dual:
        (a, da), (b, db) = _split(a, b)
        _require(primal(b) != 0, "division", "divided by a number ≠ 0")
        quotient = a / b
        return _dual(quotient, (da - quotient * db) / b)

    @staticmethod
    def _power(a: Any, b: Any) -> Dual:
        if isinstance(b, Dual):  # a^b = e^{b ln a}, for every a > 0
            _require(primal(a) > 0, "power", "> 0 when the exponent varies")
            return np.exp(b * np.log(a))
        b = _real("exponent", b)
        _check_power(primal(a), b)
        reduced = np.where(b == 0, 1.0, b)[()] - 1  # 0 · x^{−1} would be nan at x = 0
        return _dual(np.power(a.value, b), b * np.power(a.value, reduced) * a.slope)

    @staticmethod
    def _square(a: Dual) -> Dual:
        return a * a

    @staticmethod
    def _negative(a: Dual) -> Dual:
        return _dual(-a.value, -a.slope)

    @staticmethod
    def _abs(a: Dual) -> Dual:
        sign = np.sign(primal(a))
        _require(sign != 0, "abs", "≠ 0")
        return _dual(sign * a.value, sign * a.slope)

    @staticmethod
    def _exp(a: Dual) -> Dual:
        exp = np.exp(a.value)
        return _dual(exp, exp * a.slope)

    @staticmethod
    def _log(a: Dual) -> Dual:
        _require(primal(a) > 0, "log", "> 0")
        return _dual(np.log(a.value), a.slope / a.value)

    @staticmethod
    def _sin(a: Dual) -> Dual:
        return _dual(np.sin(a.value), np.cos(a.value) * a.slope)

    @staticmethod
    def _cos(a: Dual) -> Dual:
        return _dual(np.cos(a.value), -np.sin(a.value) * a.slope)

    @staticmethod
    def _tanh(a: Dual) -> Dual:
        tanh = np.tanh(a.value)
        return _dual(tanh, (1 - tanh * tanh) * a.slope)

    @staticmethod
    def _sqrt(a: Dual) -> Dual:
        _require(primal(a) > 0, "sqrt", "> 0")
        root = np.sqrt(a.value)
        return _dual(root, a.slope / (2 * root))


def _dual(value: Any, slope: Any) -> Dual:
    """A Dual without the checks of the constructor: the results of arithmetic are what they are."""
    dual = object.__new__(Dual)
    dual.value, dual.slope = value, slope
    return dual


def _depth(x: Any) -> int:
    depth = 0
    while isinstance(x, Dual):
        x, depth = x.value, depth + 1
    return depth


def _split(a: Any, b: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """(value, slope) of both operands at the greater of their depths, where the shallower one is a constant."""
    depth_a, depth_b = _depth(a), _depth(b)
    if depth_a == 0:
        a = _real("operand", a)
    if depth_b == 0:
        b = _real("operand", b)
    return (
        (a.value, a.slope) if depth_a >= depth_b else (a, 0.0),
        (b.value, b.slope) if depth_b >= depth_a else (b, 0.0),
    )


def nested_derivative(f: Function, x: Any, n: int = 1) -> Any:
    """f^(n)(x) by n nested dual numbers: the definition "derivative of the (n−1)-th derivative", run literally.

    The work doubles with every n (a Dual of Duals of Duals …); `derivative` needs O(n²). x: number or array.
    Errors as in `derivative`, n from 0 to 12.
    """
    _function(f)
    value = _real("x", x)
    n = _order("n", n, 0, 12)
    for _ in range(n):
        value = Dual(value)
    with np.errstate(all="ignore"):  # overflow is reported by the check of the result
        result = f(value)
    _derivative_result(primal(result), x)
    for depth in range(n, 0, -1):  # a result of smaller depth does not depend on this copy of x
        result = result.slope if _depth(result) == depth else 0.0
    return _derivative_result(result, x)


class Taylor(_Number):
    """A truncated power series c₀ + c₁ t + … + c_n tⁿ; with x + t put into f, c_k = f^(k)(x) / k!.

    coefficients: list of n + 1 floats or arrays that broadcast against each other.
    variable: a token; two series can be combined only when they are series in the same variable.
    Products and quotients cost O(n²); so do exp, log, sin, cos, tanh and powers, by the recurrences that their
    differential equations give (Griewank & Walther 2008, ch. 13). Operations and errors as in `Dual`.
    """

    __slots__ = ("coefficients", "variable")

    def __init__(self, coefficients: list[Any], variable: object = None):
        self.coefficients, self.variable = coefficients, variable

    def __repr__(self) -> str:
        return f"Taylor({self.coefficients!r})"

    @staticmethod
    def _add(a: Any, b: Any) -> Taylor:
        a, b, variable = _series_pair(a, b)
        return Taylor(list(map(operator.add, a, b)), variable)

    @staticmethod
    def _subtract(a: Any, b: Any) -> Taylor:
        a, b, variable = _series_pair(a, b)
        return Taylor(list(map(operator.sub, a, b)), variable)

    @staticmethod
    def _multiply(a: Any, b: Any) -> Taylor:
        if not isinstance(a, Taylor):
            a, b = b, a
        if not isinstance(b, Taylor):  # a constant: no convolution needed
            b = _real("operand", b)
            return Taylor([c * b for c in a.coefficients], a.variable)
        a, b, variable = _series_pair(a, b)
        return Taylor([_inner(a[: k + 1], b[k::-1]) for k in range(len(a))], variable)

    @staticmethod
    def _divide(a: Any, b: Any) -> Taylor:
        a, b, variable = _series_pair(a, b)
        _require(b[0] != 0, "division", "divided by a number ≠ 0")
        quotient = [a[0] / b[0]]
        for k in range(1, len(a)):
            quotient.append((a[k] - _inner(b[1 : k + 1], quotient[::-1])) / b[0])
        return Taylor(quotient, variable)

    @staticmethod
    def _power(a: Any, b: Any) -> Taylor:
        if isinstance(b, Taylor):
            _require(primal(a) > 0, "power", "> 0 when the exponent varies")
            return np.exp(b * np.log(a))
        b, base = _real("exponent", b), a.coefficients
        _check_power(base[0], b)
        if np.ndim(b) == 0 and b == round(b) and abs(b) <= 64:
            return _whole_power(a, int(b))
        _require(base[0] != 0, "power", "≠ 0 for this exponent")
        power = [_value(np.power, base[0], b)]
        for k in range(1, len(base)):
            terms = [(b * j - (k - j)) * base[j] * power[k - j] for j in range(1, k + 1)]
            power.append(sum(terms) / (k * base[0]))
        return Taylor(power, a.variable)

    @staticmethod
    def _square(a: Taylor) -> Taylor:
        return a * a

    @staticmethod
    def _negative(a: Taylor) -> Taylor:
        return Taylor([-c for c in a.coefficients], a.variable)

    @staticmethod
    def _abs(a: Taylor) -> Taylor:
        sign = _value(np.sign, a.coefficients[0])
        _require(sign != 0, "abs", "≠ 0")
        return Taylor([sign * c for c in a.coefficients], a.variable)

    @staticmethod
    def _exp(a: Taylor) -> Taylor:  # e' = a' e
        slopes, exp = _slopes(a), [_value(np.exp, a.coefficients[0])]
        for k in range(1, len(slopes)):
            exp.append(_inner(slopes[1 : k + 1], exp[::-1]) / k)
        return Taylor(exp, a.variable)

    @staticmethod
    def _log(a: Taylor) -> Taylor:  # a l' = a'
        base = a.coefficients
        _require(base[0] > 0, "log", "> 0")
        log, slopes = [_value(np.log, base[0])], []
        for k in range(1, len(base)):
            slopes.append((k * base[k] - _inner(slopes, base[k - 1 : 0 : -1])) / base[0])
            log.append(slopes[-1] / k)
        return Taylor(log, a.variable)

    @staticmethod
    def _sin(a: Taylor) -> Taylor:
        return _sine_and_cosine(a)[0]

    @staticmethod
    def _cos(a: Taylor) -> Taylor:
        return _sine_and_cosine(a)[1]

    @staticmethod
    def _tanh(a: Taylor) -> Taylor:  # t' = (1 − t²) a'
        slopes, tanh = _slopes(a), [_value(np.tanh, a.coefficients[0])]
        rest = [1 - tanh[0] * tanh[0]]
        for k in range(1, len(slopes)):
            tanh.append(_inner(slopes[1 : k + 1], rest[::-1]) / k)
            rest.append(-_inner(tanh, tanh[::-1]))
        return Taylor(tanh, a.variable)

    @staticmethod
    def _sqrt(a: Taylor) -> Taylor:  # r² = a
        square = a.coefficients
        _require(square[0] > 0, "sqrt", "> 0")
        root = [_value(np.sqrt, square[0])]
        for k in range(1, len(square)):
            root.append((square[k] - _inner(root[1:], root[:0:-1])) / (2 * root[0]))
        return Taylor(root, a.variable)


def _series_pair(a: Any, b: Any) -> tuple[list[Any], list[Any], object]:
    """Coefficients of both operands, and their variable; a constant becomes a series."""
    if not isinstance(a, Taylor):
        return [_real("operand", a)] + [0.0] * (len(b.coefficients) - 1), b.coefficients, b.variable
    if not isinstance(b, Taylor):
        return a.coefficients, [_real("operand", b)] + [0.0] * (len(a.coefficients) - 1), a.variable
    if a.variable is not b.variable or len(a.coefficients) != len(b.coefficients):
        raise ValueError("operand: is a series in the variable of another derivative(); ask for a higher n instead")
    return a.coefficients, b.coefficients, a.variable


def _inner(a: list[Any], b: list[Any]) -> Any:
    return sum(map(operator.mul, a, b))


def _slopes(a: Taylor) -> list[Any]:
    return [k * c for k, c in enumerate(a.coefficients)]


def _value(ufunc: np.ufunc, *arguments: Any) -> Any:
    """ufunc(*arguments), where numbers give a Python float: its arithmetic is several times faster than numpy's."""
    result = ufunc(*arguments)
    return result if np.ndim(result) else float(result)


def _whole_power(a: Taylor, exponent: int) -> Taylor:
    """a^exponent by repeated squaring; it holds for a(0) = 0 too, where the recurrence for real powers divides by 0."""
    if exponent < 0:
        return 1.0 / _whole_power(a, -exponent)
    result, square = Taylor([1.0] + [0.0] * (len(a.coefficients) - 1), a.variable), a
    while exponent:
        if exponent % 2:
            result = result * square
        exponent //= 2
        if exponent:
            square = square * square
    return result


def _sine_and_cosine(a: Taylor) -> tuple[Taylor, Taylor]:
    """s' = a' c and c' = −a' s, solved together."""
    slopes = _slopes(a)
    sine, cosine = [_value(np.sin, a.coefficients[0])], [_value(np.cos, a.coefficients[0])]
    for k in range(1, len(slopes)):
        next_sine = _inner(slopes[1 : k + 1], cosine[::-1]) / k
        cosine.append(-_inner(slopes[1 : k + 1], sine[::-1]) / k)
        sine.append(next_sine)
    return Taylor(sine, a.variable), Taylor(cosine, a.variable)


def _derivative_result(result: Any, x: Any) -> Any:
    if isinstance(result, float) and isinstance(x, float) and math.isfinite(result):
        return float(result)
    if np.asarray(result).dtype.kind not in "iuf" or not np.isfinite(result).all():
        raise ValueError("f: did not give finite real numbers at x; is x in the domain of f, and small enough?")
    shape = np.broadcast_shapes(np.shape(result), np.shape(x))
    return np.array(np.broadcast_to(result, shape), dtype=float)[()]


def derivative(f: Function, x: Any, n: int = 1) -> Any:
    """f^(n)(x), exact up to rounding, by truncated Taylor arithmetic: O(n²) per operation of f, all orders in one pass.

    f: elementwise, from the operations listed in `Dual`. x: a finite real number or array; n: 0 to 170 (170! is the
    largest factorial in a float64). Returns float64 of x's shape (broadcast with the arrays that f uses).
    ValueError for a bad argument, where f has no derivative at x, and where the result overflows.
    """
    _function(f)
    value, n = _real("x", x), _order("n", n, 0, 170)
    value = np.asarray(value, np.float64) if np.ndim(value) else float(value)
    variable = object()
    with np.errstate(all="ignore"):  # overflow is reported by the check of the result
        result = f(Taylor([value, 1.0, *[0.0] * (n - 1)][: n + 1], variable))
    if not isinstance(result, Taylor):
        result = Taylor([result] + [0.0] * n, variable)  # a constant
    if result.variable is not variable:
        raise ValueError("f: returned a series in the variable of another derivative()")
    _derivative_result(result.coefficients[0], value)
    with np.errstate(over="ignore"):
        return _derivative_result(result.coefficients[n] * float(math.factorial(n)), value)


# --- Where derivatives fail ------------------------------------------------------------------------------------------


def _weierstrass_parameters(a: float, b: int, terms: int) -> None:
    if not 0 < a < 1:
        raise ValueError(f"a: is {a!r}; give a number with 0 < a < 1")
    _order("b", b, 2, 64)
    _order("terms", terms, 1, 1000)


def weierstrass(x: Any, a: float = 0.5, b: int = 13, terms: int = 40) -> np.ndarray | np.floating:
    """Weierstrass's function W(x) = Σ_{k < terms} a^k cos(b^k π x): continuous, and nowhere differentiable if ab ≥ 1.

    a: in (0, 1). b: integer, 2 to 64 (Weierstrass 1872 asked for odd b with ab > 1 + 3π/2; Hardy 1916 for ab ≥ 1).
    x: real. b^k x is reduced mod 2 at every step, which is exact for a multiple of 2^−44 (else rounding
    errors grow by the factor b per term, and the function is that of a nearby point per term).
    """
    _weierstrass_parameters(a, b, terms)
    phase = np.mod(np.asarray(_real("x", x), float), 2.0)
    total = np.zeros_like(phase)
    for k in range(terms):
        total += a**k * np.cos(np.pi * phase)
        phase = np.mod(b * phase, 2.0)
    return total[()]


def weierstrass_rms_slope(h: Any, a: float = 0.5, b: int = 13, terms: int = 40) -> np.ndarray | np.floating:
    """Root mean square over x of the secant slope (W(x + h) − W(x)) / h, exactly.

    The cosines are orthogonal, so the mean of (W(x + h) − W(x))² is Σ_k a^{2k} (1 − cos(b^k π h)). For small h it grows
    like h^{α − 1} with α = ln(1/a) / ln b. h: multiples of 2^−44, ≠ 0. Other arguments as in `weierstrass`.
    """
    _weierstrass_parameters(a, b, terms)
    h = np.asarray(_real("h", h), float)
    if np.any(h == 0):
        raise ValueError("h: is 0; give a step different from 0")
    # 1 − cos(πt) loses the digits of a small t, 2 sin²(πt/2) keeps them
    phase, mean_square = np.mod(h, 2.0), np.zeros_like(h)
    for k in range(terms):
        mean_square += a ** (2 * k) * 2 * np.sin(np.pi * phase / 2) ** 2
        phase = np.mod(b * phase, 2.0)
    return (np.sqrt(mean_square) / np.abs(h))[()]
