"""Exercises: a student's answer is called on known cases, and every kind of slip gets one friendly line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers.course.judging import numbers

BEGUN = "not begun yet"  # what an untouched exercise says: its body raises NotImplementedError


def check_answer(
    name: str, answer: Callable[..., Any], cases: Sequence[tuple[tuple, Any]], *, rtol: float = 1e-9, atol: float = 0.0
) -> None:
    """Call ``answer(*arguments)`` for every (arguments, expected) of ``cases``, and print how it went in one line.

    Results may be numbers or arrays (numpy, torch, lists); shapes must be equal and values close within rtol, atol.
    The line names the first case that fails: a wrong value, no value, another type or shape, or an exception in the
    student's code, which does not end the notebook. ValueError for an empty list of cases.

    >>> check_answer("Double", lambda x: x + x, [((1,), 2), ((2.5,), 5.0)])
    Double: all 2 cases right.
    >>> check_answer("Double", lambda x: x * x, [((2,), 4), ((3,), 6)])
    Double: for (3) the answer is 9, expected 6.
    """
    if not cases:
        raise ValueError(f"{name}: cases is empty, so nothing would be checked")
    for arguments, expected in cases:
        if complaint := _complaint(answer, arguments, expected, rtol, atol):
            print(f"{name}: {complaint}")
            return
    print(f"{name}: all {len(cases)} cases right.")


def check_outcome(name: str, experiment: Callable[[], Any], wanted: str, reached: Callable[[Any], bool]) -> None:
    """Run the student's ``experiment()`` and print whether its outcome is what the exercise asks for.

    wanted: the aim in words, such as "a gain with a share of saturated units below 5 %".
    reached: says of the outcome whether it is that. Slips are told as in `check_answer`.

    >>> check_outcome("A small step", lambda: 0.01, "a step below 0.1", lambda step: step < 0.1)
    A small step: reached, with 0.01 (a step below 0.1).
    >>> check_outcome("A small step", lambda: 0.5, "a step below 0.1", lambda step: step < 0.1)
    A small step: not yet, 0.5 is not a step below 0.1.
    """
    try:
        outcome = experiment()
        if outcome is None:
            print(f"{name}: the function returns nothing; does it end with return?")
        elif reached(outcome):
            print(f"{name}: reached, with {_shown(outcome)} ({wanted}).")
        else:
            print(f"{name}: not yet, {_shown(outcome)} is not {wanted}.")
    except NotImplementedError:
        print(f"{name}: {BEGUN}.")
    except Exception as error:
        print(f"{name}: the code stops with {type(error).__name__}: {_first_line(error)}.")


def _complaint(answer: Callable[..., Any], arguments: tuple, expected: Any, rtol: float, atol: float) -> str:
    """What is wrong with the answer in this case; empty where it is right."""
    case = f"for ({', '.join(map(_shown, arguments))})"
    try:
        result = answer(*arguments)
    except NotImplementedError:
        return f"{BEGUN}."
    except Exception as error:
        return f"{case} the code stops with {type(error).__name__}: {_first_line(error)}."
    if result is None:
        return f"{case} the function returns nothing; does it end with return?"
    try:
        given = numbers("answer", result)
    except ValueError:  # also for what is empty or nan
        return f"{case} the answer is {_shown(result)}, which is no number or array of numbers."
    right = numbers("expected", expected)
    if given.shape != right.shape:
        return f"{case} the answer has shape {given.shape}, expected {right.shape}."
    if not np.allclose(given, right, rtol=rtol, atol=atol):
        return f"{case} the answer is {_shown(result)}, expected {_shown(expected)}."
    return ""


def _shown(value: Any) -> str:
    """``value`` in one line, long arrays by their ends."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    with np.printoptions(threshold=6, edgeitems=2, precision=6):
        text = str(value) if isinstance(value, (np.ndarray, np.generic, float)) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= 120 else text[:117] + "…"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0].rstrip(".")
