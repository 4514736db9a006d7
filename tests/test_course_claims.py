"""Claims: the verdict follows from the numbers, in both directions."""

import numpy as np
import pytest
import sympy
import torch

from helpers.course.claims import ClaimError, Claims
from helpers.course.training import mean_interval
from helpers.course.verdicts import count_verdicts, expand_ids


@pytest.fixture
def claims():
    return Claims("0_test", owed="S1-S3 E1")


def row(claims, id="S1"):
    return claims._claims[id]


def test_ids_expand_and_bad_ones_are_named():
    assert expand_ids("S9-S11 E2 X1") == ["S9", "S10", "S11", "E2", "X1"]
    for bad in ("S", "Q1", "S1-E2", "s1", "S1a"):
        with pytest.raises(ValueError, match=bad):
            expand_ids(bad)


@pytest.mark.parametrize(
    ("stated", "measured", "options"),
    [
        (2.5, 2.4, {"tolerance": 0.11}),
        (1e6, 1.01e6, {"tolerance": 0.011, "relative": True}),
        ([1.0, 2.0], np.array([1.0, 2.0 + 1e-9]), {"tolerance": 1e-8}),
        (3.0, torch.tensor([3.0, 3.01]), {"tolerance": 0.02}),
        (True, np.bool_(True), {}),
        (2, 2, {}),
        (np.inf, np.inf, {}),
        (1 + 2j, 1 + 2.001j, {"tolerance": 0.01}),
        (0.0, 0.3, {"tolerance": 0.5, "uncertainty": 0.19}),
    ],
)
def test_agreement_reproduces(claims, stated, measured, options):
    claims.check("S1", "a statement", stated, measured, **options)
    assert row(claims).verdict == "reproduced"
    with pytest.raises(ClaimError, match="declared 'refuted', but the numbers say 'reproduced'"):
        claims.check("S2", "a statement", stated, measured, expect="refuted", **options)


@pytest.mark.parametrize(
    ("stated", "measured", "options"),
    [
        (2.5, 2.4, {"tolerance": 0.09}),
        (1.0, 1.02, {"tolerance": 0.01, "relative": True}),
        ([1.0, 2.0], [1.0, 2.1], {"tolerance": 0.01}),
        (False, True, {}),
        (np.inf, 5.0, {"tolerance": 100}),
        (0.0, 0.9, {"tolerance": 0.5, "uncertainty": 0.39}),
    ],
)
def test_difference_must_be_declared(claims, stated, measured, options):
    with pytest.raises(ClaimError, match="declared 'reproduced', but the numbers say 'refuted'"):
        claims.check("S1", "a statement", stated, measured, **options)
    assert "S1" not in claims._claims
    claims.check("S1", "a statement", stated, measured, expect="refuted", **options)
    assert row(claims).verdict == "refuted"


def test_an_interval_across_the_edge_decides_nothing(claims):
    for expect in ("reproduced", "refuted"):
        with pytest.raises(ClaimError, match="undecided"):
            claims.check("S1", "close", 0, 0.45, tolerance=0.5, uncertainty=0.1, expect=expect)


def test_an_interval_brings_its_uncertainty(claims):
    interval = mean_interval(np.array([0.9, 1.0, 1.1, 1.0]))
    claims.check("S1", "one", 1, interval, tolerance=0.2)
    claims.bound("S2", "about one", interval, above=0.8, below=1.2)
    assert [row(claims, id).measured for id in ("S1", "S2")] == ["1 ± 0.1", "1 ± 0.1"]
    with pytest.raises(ClaimError, match="undecided"):
        claims.check("S3", "one", 1, interval, tolerance=0.05)


def test_a_notebook_has_its_own_tolerance_and_digits(capsys):
    claims = Claims("1_test", owed="S1-S3", tolerance=0.01, digits=2)
    claims.check("S1", "π", 3.14, np.pi)
    claims.check("S2", "π", 3.14, np.pi, tolerance=0.001, expect="refuted", digits=4)
    assert (row(claims, "S1").stated, row(claims, "S2").stated) == ("3.14", "3.14")
    assert row(claims, "S1").measured.startswith("3.1,") and row(claims, "S2").measured == "3.142"


def test_corrected_needs_a_wrong_statement_and_a_right_one(claims):
    claims.check("E1", "π is 3", 3, 3.14159265, corrected=np.pi, tolerance=1e-6)
    assert row(claims, "E1").verdict == "corrected" and row(claims, "E1").stated == "3 → 3.142"
    with pytest.raises(ClaimError, match="reproduced"):  # the stated value was right after all
        claims.check("S1", "x", 3, 3, corrected=3)
    with pytest.raises(ClaimError, match="undecided"):  # neither value is right
        claims.check("S1", "x", 3, 5, corrected=4)
    for options in ({"expect": "corrected"}, {"expect": "refuted", "corrected": 4}):
        with pytest.raises(ValueError, match="corrected="):
            claims.check("S1", "x", 3, 4, **options)


def test_sympy_statements_are_compared_symbolically(claims):
    x = sympy.symbols("x")
    claims.check("S1", "Pythagoras", 1, sympy.sin(x) ** 2 + sympy.cos(x) ** 2)
    claims.check("S2", "no identity", sympy.sin(x), sympy.cos(x), expect="refuted")
    claims.check("S3", "a number", sympy.sqrt(2), 1.41421356, tolerance=1e-7, by="course")
    assert [row(claims, id).by for id in ("S1", "S3")] == ["article", "course"]


def test_bounds(claims):
    claims.bound("S1", "all inside", np.linspace(2, 3, 9), above=2, below=3)
    claims.bound("S2", "one is outside", [2.5, 3.5], above=2, below=3, expect="refuted")
    claims.bound("S3", "wider", [2.5, 3.5], below=3, corrected=(2, 4), by="course")
    assert row(claims, "S3").stated == "≤ 3 → 2 … 4"
    with pytest.raises(ClaimError, match="undecided"):
        claims.bound("E1", "at the edge", 2.0, uncertainty=0.1, above=2)
    with pytest.raises(ValueError, match="above="):
        claims.bound("E1", "no edge", 2.0)


def test_holds_and_note(claims):
    claims.holds("S1", "true", np.all([1, 1]))
    claims.holds("S2", "false", sympy.sympify(1) > 2, expect="refuted")
    claims.note("S3", "a definition", reason="it defines, and states nothing")
    assert [row(claims, f"S{k}").verdict for k in (1, 2, 3)] == ["reproduced", "refuted", "not testable here"]
    with pytest.raises(ValueError, match="computed bool"):
        claims.holds("E1", "not a bool", 1)
    with pytest.raises(ValueError, match="reason"):
        claims.note("E1", "why", reason=" ")


@pytest.mark.parametrize("measured", [[], np.nan, [1.0, np.nan], "three", None])
def test_what_is_no_measurement_supports_nothing(claims, measured):
    with pytest.raises(ValueError, match="measured"):
        claims.check("S1", "x", 1.0, measured, tolerance=10)


def test_arguments_are_checked(claims):
    with pytest.raises(ValueError, match="not an owed id"):
        claims.check("S9", "x", 1, 1)
    with pytest.raises(ValueError, match="is not one of"):
        claims.check("S1", "x", 1, 1, expect="true")
    with pytest.raises(ValueError, match="'article' or 'course'"):
        claims.holds("S1", "x", True, by="me")


def test_one_id_one_statement_but_a_cell_may_run_again(claims):
    for _ in range(2):
        claims.check("S1a", "x", 1, 1)
    with pytest.raises(ValueError, match="already the claim"):
        claims.check("S1a", "y", 1, 1)


def test_table_demands_every_owed_item(claims, capsys):
    claims.check("S1b", "a part closes its item", 1, 1)
    claims.check("S2", "x", 1, 1)
    with pytest.raises(ClaimError, match="no claim closes S3, E1"):
        claims.table()
    claims.check("S3", "x", 1, 1)
    claims.note("E1", "x", reason="y")
    claims.table()
    assert "4 claims, none open" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "options", "shown"),
    [
        (2.4837, {"tolerance": 0.5}, "2.5"),
        (0.84134, {"tolerance": 0.005}, "0.841"),
        (12345.678, {"tolerance": 100}, "12300"),
        (2.1534, {"tolerance": 1, "uncertainty": 0.03}, "2.15 ± 0.03"),
    ],
)
def test_printed_digits_follow_the_tolerance(claims, value, options, shown):
    claims.check("S1", "x", value + options["tolerance"] / 2, value, **options)
    assert row(claims).measured == shown


@pytest.mark.parametrize(
    ("stated", "measured", "options", "shown"),
    [
        (0, 4.2e-5, {"tolerance": 1e-4}, "4.2e-05 ≤ 0.0001"),
        (2.5, 2.5003, {"tolerance": 0.01, "relative": True}, "2.5, off by 0.00012 ≤ 0.01 of it"),
        (np.zeros(10), np.full(10, 1e-5), {"tolerance": 1e-4}, "10 values, off by 1e-05 ≤ 0.0001"),
        (3, np.array([3.5, 4]), {"tolerance": 0.1, "expect": "refuted"}, "[3.5, 4], off by 1 > 0.1"),
        (2, 3.0003, {"tolerance": 0.01, "expect": "corrected", "corrected": 3}, "3, off by 0.0003 ≤ 0.01"),
        (sympy.Rational(1, 3), 1 / 3 + 1e-11, {"tolerance": 1e-9}, "0.333, off by 1e-11 ≤ 1e-09"),
        (3, 3, {}, "3"),
    ],
)
def test_numbers_that_read_alike_show_their_deviation(claims, stated, measured, options, shown):
    claims.check("S1", "x", stated, measured, **options)
    assert row(claims).measured == shown


@pytest.mark.parametrize(
    ("evidence", "shown"), [(None, "yes"), ("0 of 12 fail", "yes: 0 of 12 fail"), (np.linspace(0, 1, 9), "yes: 0 … 1")]
)
def test_a_truth_value_shows_what_was_counted(claims, evidence, shown):
    claims.holds("S1", "x", True, evidence=evidence)
    assert row(claims).measured == shown


def test_counts():
    assert count_verdicts([{"verdict": "refuted"}] * 2)["refuted"] == 2
