"""Every private interface of another package that the course uses, one function each.

A new version may take any of them away; `tests/test_compat.py` says with which version each was last seen to work.
Packages are imported inside the functions, so that a reader of one notebook loads only what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def functorch_active() -> bool:
    """Whether a transform of `torch.func` (grad, vmap, jvp, …) is running: torch has no public way to ask."""
    import torch

    return torch._C._are_functorch_transforms_active()


def forward_mode_active() -> bool:
    """Whether a level of `torch.autograd.forward_ad` is open; unpacking a tensor, the public way, fails compiled."""
    from torch.autograd import forward_ad

    return forward_ad._current_level >= 0


def exponential_left(factor: Tensor, x: Tensor) -> Tensor:
    """factor · e^{min(x, 0)} in one pass over memory: what torch's backward pass of ELU does to a gradient."""
    import torch

    return torch.ops.aten.elu_backward(factor, 1, 1, 1, False, x)


def stored_derivative_rules() -> Iterator[tuple[type, str]]:
    """(class, method name) of each derivative rule that sympy has stored: of functions, powers, integrals, …

    Those of a variable, a sum and a product are left out: sympy's limits do not get through without them.
    """
    import sympy

    def below(cls: type) -> Iterator[type]:
        sub: type
        for sub in cls.__subclasses__():
            yield sub
            yield from below(sub)

    for cls in set(below(sympy.Expr)) - {sympy.Add, sympy.Mul, sympy.AtomicExpr}:
        for name in ("fdiff", "_eval_derivative"):
            if name in vars(cls):
                yield cls, name


def wrap_output_comparison(wrapper: Callable[..., bool]) -> None:
    """Let nbval compare a cell's outputs by wrapper(original, cell, test, ref, skip): it has no hook for tolerances."""
    import nbval.plugin

    original = nbval.plugin.IPyNbCell.compare_outputs

    def compare(cell: Any, test: Any, ref: Any, skip_compare: Any = None) -> bool:
        return wrapper(original, cell, test, ref, skip_compare)

    nbval.plugin.IPyNbCell.compare_outputs = compare


def without_local_constants() -> None:
    """Keep Hypothesis from drawing the constants of whatever project files are imported by then.

    With them the examples of a test depend on which tests ran before it in the same process, also when derandomised.
    """
    from hypothesis.internal.conjecture import providers

    providers.is_local_module_file = lambda path: False  # type: ignore[assignment] # it has a cache of its own


def without_slow_grammar() -> None:
    """Keep jsonschema, which nbformat imports, from loading rfc3987_syntax: 4 s for a check that no notebook needs.

    jsonschema does without it where it is not installed; None in `sys.modules` says just that. Call it before nbformat
    is imported for the first time.
    """
    import sys

    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # None is what Python documents
