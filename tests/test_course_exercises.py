"""The checkers of exercises: one friendly line for every kind of slip, and never a traceback."""

import numpy as np
import pytest
import torch

from helpers.course.exercises import check_answer, check_outcome


def unfinished(*arguments):
    raise NotImplementedError


def nothing(*arguments):
    pass


@pytest.mark.parametrize(
    ("answer", "cases", "line"),
    [
        (lambda x: 2 * x, [((1,), 2), ((2.5,), 5.0)], "all 2 cases right."),
        (lambda x: torch.tensor([x, x], requires_grad=True), [((1.0,), np.ones(2))], "all 1 cases right."),
        (lambda x: [x, 1], [((1j,), [1j, 1])], "all 1 cases right."),
        (unfinished, [((1,), 2)], "not begun yet."),
        (lambda x: 2, [((1,), 2), ((2,), 4)], "for (2) the answer is 2, expected 4."),
        (lambda x: x, [((np.arange(9.0),), 2 * np.arange(9))], "for ([0. 1. ... 7. 8.]) the answer is [0."),
        (nothing, [((1,), 2)], "for (1) the function returns nothing; does it end with return?"),
        (lambda x: [x, x], [((1,), 1)], "for (1) the answer has shape (2,), expected ()."),
        (lambda x: "two", [((1,), 2)], "for (1) the answer is 'two', which is no number or array of numbers."),
        (lambda x: [1, [2, 3]], [((1,), 2)], "for (1) the answer is [1, [2, 3]], which is no number"),
        (lambda x: float("nan"), [((1,), 2)], "for (1) the answer is nan, which is no number or array of numbers."),
        (lambda: 1, [((1,), 2)], "for (1) the code stops with TypeError: "),
        (lambda x: x / 0, [((1,), 2)], "for (1) the code stops with ZeroDivisionError: division by zero."),
        (lambda x: 2 + 1e-7, [((1,), 2)], "for (1) the answer is 2.0000001, expected 2."),
    ],
)
def test_answers(capsys, answer, cases, line):
    check_answer("One", answer, cases)
    printed = capsys.readouterr().out
    assert printed.startswith(f"One: {line}") and printed.count("\n") == 1


@pytest.mark.parametrize(
    ("experiment", "line"),
    [
        (lambda: 0.05, "reached, with 0.05 (a step below 0.1)."),
        (lambda: 0.5, "not yet, 0.5 is not a step below 0.1."),
        (unfinished, "not begun yet."),
        (nothing, "the function returns nothing; does it end with return?"),
        (lambda: "x", "the code stops with TypeError: "),
    ],
)
def test_outcomes(capsys, experiment, line):
    check_outcome("Two", experiment, "a step below 0.1", lambda step: step < 0.1)
    printed = capsys.readouterr().out
    assert printed.startswith(f"Two: {line}") and printed.count("\n") == 1


def interrupted():
    raise KeyboardInterrupt


def test_an_exercise_without_cases_is_the_teachers_mistake():
    with pytest.raises(ValueError, match="nothing would be checked"):
        check_answer("Three", lambda x: x, [])
    with pytest.raises(KeyboardInterrupt):
        check_answer("Four", lambda x: interrupted(), [((1,), 1)])
