"""Exercises: a student's answer is called on known cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def check_answer(
    name: str, answer: Callable[..., Any], cases: Sequence[tuple[tuple, Any]], *, rtol: float = 1e-9, atol: float = 0.0
) -> None:
    """Call ``answer(*arguments)`` for every (arguments, expected) of ``cases`` and say how many are right.

    Results may be numbers or arrays; shapes must be equal and values close within rtol, atol.
    An exercise not yet begun (NotImplementedError) only prints so; a wrong one raises AssertionError with
    the first wrong case. ValueError for an empty list of cases.
    """
    if not cases:
        raise ValueError(f"{name}: cases is empty, so nothing would be checked")
    for arguments, expected in cases:
        try:
            result = answer(*arguments)
        except NotImplementedError:
            print(f"{name}: not begun yet.")
            return
        result, expected = np.asarray(result), np.asarray(expected)
        shown = ", ".join(repr(argument) for argument in arguments)
        if result.shape != expected.shape:
            raise AssertionError(
                f"{name}: for ({shown}) the answer has shape {result.shape}, expected {expected.shape}"
            )
        if not np.allclose(result, expected, rtol=rtol, atol=atol):
            raise AssertionError(f"{name}: for ({shown}) the answer is {result}, expected {expected}")
    print(f"{name}: all {len(cases)} cases right.")
