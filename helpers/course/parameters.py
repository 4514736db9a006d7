"""The parameters of a notebook: what its cell tagged "parameters" sets, and what a reader asks for instead."""

from __future__ import annotations

import ast
import copy
import hashlib
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nbformat import NotebookNode
from papermill.parameterize import parameterize_notebook

_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}

BUDGET = "budget"  # stands for every whole-number parameter but the seed, all scaled at once


def evaluate(text: str) -> Any:
    """The value of a literal or of arithmetic on numbers, such as ``2**22`` or ``(16, 64)``; ValueError otherwise.

    >>> evaluate("2**18"), evaluate("(16, 2 * 32)"), evaluate("'rademacher'")
    (262144, (16, 64), 'rademacher')
    """

    def value(node: ast.AST) -> Any:
        match node:
            case ast.Expression(body):
                return value(body)
            case ast.Constant(constant):
                return constant
            case ast.Tuple(elements):
                return tuple(value(element) for element in elements)
            case ast.List(elements):
                return [value(element) for element in elements]
            case ast.UnaryOp(op, operand) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](value(operand))
            case ast.BinOp(left, op, right) if type(op) in _OPERATORS:
                a, b = value(left), value(right)
                if isinstance(op, ast.Pow) and not abs(b) <= 64:  # 9**9**9 would never end
                    raise ValueError(f"{text!r}: has an exponent beyond 64")
                return _OPERATORS[type(op)](a, b)
        raise ValueError(f"{text!r}: is neither a literal nor arithmetic on numbers")

    try:
        return value(ast.parse(text.strip(), mode="eval"))
    except (SyntaxError, TypeError, ArithmeticError) as error:
        raise ValueError(f"{text!r}: is neither a literal nor arithmetic on numbers") from error


def published(notebook: NotebookNode) -> dict[str, Any]:
    """Name → value of what the cells tagged "parameters" assign, in their order."""
    found = {}
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    found[node.targets[0].id] = evaluate(ast.unparse(node.value))
    return found


def scaled(values: Mapping[str, Any], name: str, factor: float) -> dict[str, Any]:
    """The whole-number parameter ``name`` of ``values`` (BUDGET: all but the seed) times ``factor``, at least 1.

    >>> scaled({"seed": 3, "steps": 7, "sizes": (2, 3)}, "budget", 0.5)
    {'steps': 4}
    """
    chosen = [
        key for key, value in values.items() if isinstance(value, int) and key != "seed" and name in (key, BUDGET)
    ]
    return {key: max(1, round(values[key] * factor)) for key in chosen}


def check(stem: str, values: Mapping[str, Any], notebook: NotebookNode) -> None:
    """ValueError unless every one of ``values`` is a parameter of ``notebook``, of the kind of its published value.

    Whole numbers must be ≥ 1, also within a tuple; a seed may be 0.
    """
    known = published(notebook)
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"{stem} has no parameter {name}; it has: {', '.join(known)}")
        parts, references = (list(x) if isinstance(x, (tuple, list)) else [x] for x in (value, known[name]))
        nested = isinstance(value, (tuple, list)) == isinstance(known[name], (tuple, list))
        kinds = (int, float) if isinstance(references[0], float) else (type(references[0]),)
        if not nested or not parts or any(type(part) not in kinds for part in parts):
            raise ValueError(f"{stem}: {name} is {value!r}; give a value like the published {known[name]!r}")
        least = 0 if name == "seed" else min([1, *references])
        if kinds == (int,) and min(parts) < least:
            raise ValueError(f"{stem}: {name} is {value!r}; give whole numbers ≥ {least}")


def with_parameters(stem: str, notebook: NotebookNode, values: Mapping[str, Any]) -> NotebookNode:
    """A copy of ``notebook`` with a cell behind its parameters that sets ``values`` (papermill). Errors as `check`."""
    if not values:
        return notebook
    check(stem, values, notebook)
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])  # papermill expects them, and its own entry
    notebook.metadata["papermill"] = {}
    return parameterize_notebook(notebook, dict(values), kernel_name="python3", language="python")


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """``["seed=3", "score_count=2**18"]`` as names and values; ValueError for another form.

    >>> parse_assignments(["seed=3", "score_count=2**18"])
    {'seed': 3, 'score_count': 262144}
    """
    parsed = {}
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        if not separator or not name.isidentifier() or not text.strip():
            raise ValueError(f"-p {assignment!r} is not of the form NAME=VALUE")
        try:
            parsed[name] = evaluate(text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return parsed


def label(values: Mapping[str, Any]) -> str:
    """A folder's name for ``values``: readable, and another one for other values.

    >>> label({"seed": 3, "training_lengths": (16, 64)})
    'seed=3,training_lengths=16+64'
    """
    text = ",".join(f"{name}={value}" for name, value in sorted(values.items()))
    plain = re.sub(r"[^\w=,.+-]", "", text.replace(", ", "+"))
    return plain if len(plain) <= 100 else plain[:80] + hashlib.sha256(text.encode()).hexdigest()[:12]
