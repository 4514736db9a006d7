"""Claims: every statement gets its verdict from numbers, never from the author's hand.

A claim compares what is *stated* (by the article, or by the course's own theory) with what was
*measured*. The comparison has three outcomes, given a tolerance and the uncertainty of the measurement:

- agrees: the whole interval measured ± uncertainty lies within the tolerance;
- differs: the whole interval lies outside;
- undecided: the interval straddles the edge. An undecided claim is an error, so that no verdict hangs on luck.

The author declares the verdict that is expected, and the cell fails when the numbers say otherwise. That holds at the
published parameters. A reader who changes one goes on: the verdict that comes out is shown beside the published one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import sympy
from IPython.display import display

from helpers.course.digits import format_value
from helpers.course.evidence import format_interval, format_measured, with_deviation
from helpers.course.judging import Interval, NoEvidence, agreement, extent, judge, numbers
from helpers.course.recording import changed_parameters, published_parameters
from helpers.course.recording import recording as is_recording
from helpers.course.verdicts import ID, MIME, OWED, SYMBOLS, VERDICTS, Claim, base_id, expand_ids, markdown_table


class ClaimError(AssertionError):
    """The numbers do not support the verdict that was declared."""


class Claims:
    """The claims of one notebook.

    notebook: its stem, such as ``"6_attention_scale"``.
    owed: the ids that the notebook must close, such as ``"S1-S13 F1-F2"``, by default those that OWED lists; `table`
    fails when one is open. ValueError for a notebook that OWED does not know, or a bad id.
    tolerance, digits: what `check` and `bound` take where they are given none.
    """

    def __init__(self, notebook: str, owed: str | None = None, *, tolerance: float = 0.0, digits: int = 3):
        if owed is None and notebook not in OWED:
            raise ValueError(f"notebook: {notebook!r} owes nothing yet; give owed=, or list it in OWED")
        self.notebook, self.tolerance, self.digits = notebook, tolerance, digits
        self.owed = expand_ids(OWED[notebook] if owed is None else owed)
        self._published = published_parameters(notebook)
        self._claims: dict[str, Claim] = {}

    def check(
        self,
        id: str,
        statement: str,
        stated: Any,
        measured: Any,
        *,
        tolerance: float | None = None,
        relative: bool = False,
        uncertainty: Any = 0.0,
        corrected: Any = None,
        expect: str = "reproduced",
        by: str = "article",
        digits: int | None = None,
    ) -> None:
        """Compare a stated value with a measured one, and show the verdict.

        stated, measured: number, bool, numpy / torch array, or sympy expression; they broadcast against each other.
        ``measured`` may be an `Interval`, as `mean_interval` gives it, in place of ``uncertainty``.
        tolerance: largest |stated − measured| that counts as agreement (÷ |stated| if ``relative``), ≥ 0.
        uncertainty: half-width of the interval of ``measured``, ≥ 0, in the units of ``measured``.
        corrected: the right value where the stated one is wrong: it must agree with ``measured``, and stated must not.
        expect: "reproduced" or "refuted"; with ``corrected`` it is "corrected".
        by: "article" or "course": whose statement it is.
        digits: significant digits to print, fewer where the tolerance is coarser.

        Raises ClaimError when the numbers give another verdict or leave it undecided, ValueError for bad arguments.
        """
        expect = self._expected(id, expect, corrected)
        measured, uncertainty = self._split(measured, uncertainty)
        tolerance = self.tolerance if tolerance is None else tolerance
        digits = self.digits if digits is None else digits
        how = tolerance, relative
        outcome: bool | str | None = None
        with self._recorded():
            outcome = agreement(stated, measured, *how, uncertainty)
            if outcome is False and corrected is not None:
                outcome = "corrected" if agreement(corrected, measured, *how, uncertainty) else None
        unit = tolerance * float(np.abs(numbers("stated", stated)).max()) if relative else tolerance
        shown = format_measured(measured, unit, uncertainty, digits)
        if outcome is not None:
            right = stated if corrected is None else corrected
            shown = with_deviation(shown, right, measured, *how, unit, digits)
        stated_text = format_value(stated, 0.0, digits + 1)
        if corrected is not None:
            stated_text += f" → {format_value(corrected, 0.0, digits + 1)}"
        self._close(id, statement, by, stated_text, shown, outcome, expect, measured)

    def bound(
        self,
        id: str,
        statement: str,
        measured: Any,
        *,
        above: float = -math.inf,
        below: float = math.inf,
        uncertainty: Any = 0.0,
        corrected: tuple[float, float] | None = None,
        by: str = "article",
        expect: str = "reproduced",
        digits: int | None = None,
    ) -> None:
        """Judge the statement that every entry of ``measured`` lies in [above, below].

        corrected: the interval (above, below) that does hold where the stated one does not.
        Other arguments and errors as in `check`.
        """
        if math.isinf(above) and math.isinf(below):
            raise ValueError(f"{id}: give above=, below= or both")
        expect = self._expected(id, expect, corrected)
        measured, uncertainty = self._split(measured, uncertainty)
        digits = self.digits if digits is None else digits

        def inside(low: float, high: float) -> bool | None:
            values = numbers("measured", measured)
            return judge(np.minimum(values - low, high - values), numbers("uncertainty", uncertainty))

        outcome: bool | str | None = None
        with self._recorded():
            outcome = inside(above, below)
            if outcome is False and corrected is not None:
                outcome = "corrected" if inside(*corrected) else None
        stated = format_interval(above, below, digits) + (
            f" → {format_interval(*corrected, digits)}" if corrected else ""
        )
        shown = format_measured(measured, 0.0, uncertainty, digits, as_range=True)
        self._close(id, statement, by, stated, shown, outcome, expect, measured)

    def holds(
        self,
        id: str,
        statement: str,
        condition: Any,
        *,
        evidence: Any = None,
        by: str = "article",
        expect: str = "reproduced",
    ) -> None:
        """Judge a statement by a computed truth value; refuted (or corrected) where ``condition`` is false.

        For facts that are not a number, such as "the symbolic difference is zero". Prefer `check` and `bound`.
        evidence: what was counted or measured, shown beside the truth value: a number, an array, or a short text.
        """
        if not isinstance(condition, (bool, np.bool_)) and condition not in (sympy.true, sympy.false):
            raise ValueError(f"{id}: condition must be a computed bool, got {type(condition).__name__}")
        condition = bool(condition)
        outcome = expect if not condition and expect == "corrected" else condition
        shown = format_value(condition)
        if evidence is not None:
            shown += f": {evidence if isinstance(evidence, str) else format_measured(evidence, 0.0, 0.0, 3, True)}"
        self._close(id, statement, by, format_value(True), shown, outcome, expect)

    def note(self, id: str, statement: str, *, reason: str, by: str = "article") -> None:
        """List an item that no number can test here (a definition, somebody's ImageNet table), with the reason."""
        if not reason.strip():
            raise ValueError(f"{id}: reason must say why nothing here can test it")
        self._close(id, statement, by, "", reason, "not testable here", "not testable here")

    def verdict(self, id: str) -> str:
        """The verdict of a claim that was judged. KeyError for one that was not."""
        return self._claims[id].verdict

    def table(self) -> None:
        """Show all claims in the article's order, and in how many audited runs it held.

        ClaimError when an owed item is still open.
        """
        from helpers.course.held import held_in_store  # here, as it loads nbformat, which no other claim needs

        missing = [id for id in self.owed if id not in {base_id(key) for key in self._claims}]
        if missing:
            raise ClaimError(f"{self.notebook}: no claim closes {', '.join(missing)}")
        order = {id: k for k, id in enumerate(self.owed)}
        rows = sorted(self._claims.values(), key=lambda claim: (order.get(base_id(claim.id), math.inf), claim.id))
        data = {"notebook": self.notebook, "claims": [row.row() for row in rows]}
        other = [row.id for row in rows if row.published]
        summary = f"{len(rows)} claims, none open" + (f"; not as published: {', '.join(other)}" if other else "")
        held = {} if is_recording(self._published) else held_in_store(self.notebook)
        display({"text/markdown": markdown_table(rows, held), "text/plain": summary, MIME: data}, raw=True)

    def _close(
        self, id: str, statement: str, by: str, stated: str, shown: str, outcome: Any, expect: str, measured: Any = None
    ) -> None:
        if expect not in VERDICTS:
            raise ValueError(f"{id}: expect={expect!r} is not one of {', '.join(VERDICTS)}")
        if by not in ("article", "course"):
            raise ValueError(f"by={by!r} is not 'article' or 'course'")
        if not ID.fullmatch(id) or base_id(id) not in self.owed:
            raise ValueError(f"{id!r} is not an owed id of {self.notebook}, with at most one letter behind it")
        if (previous := self._claims.get(id)) and previous.statement != statement:
            raise ValueError(f"{id} is already the claim {previous.statement!r}; use {id}a, {id}b for its parts")
        verdict = {True: "reproduced", False: "refuted", None: "undecided"}.get(outcome, outcome)
        recording = is_recording(self._published)
        if verdict != expect and not recording:
            raise ClaimError(
                f"{id}: declared {expect!r}, but the numbers say {verdict!r}\n"
                f"  statement: {statement}\n  stated:    {stated}\n  measured:  {shown}"
            )
        claim = Claim(id, statement, by, stated, shown, verdict)
        if recording:
            low, high = extent(measured)
            claim = replace(claim, published=expect if verdict != expect else None, low=low, high=high)
        self._claims[id] = claim
        judged = verdict
        if claim.published:
            changed = [f"{name}={value}" for name, value in changed_parameters(self._published).items()]
            judged = f"{verdict} at {', '.join(changed) or 'these settings'} (published: {expect})"
        evidence = f"{shown}" if verdict == "not testable here" else f"stated {stated}; measured {shown}"
        text = f"{SYMBOLS[verdict]} **{id}, {judged}**: {statement} ({evidence})"
        data = {"text/markdown": text, "text/plain": f"{id} {judged}: {statement} ({evidence})"}
        # While recording, each claim is kept by itself: a notebook that ends early has no table.
        display(data | ({MIME: {"notebook": self.notebook, "claim": claim.row()}} if recording else {}), raw=True)

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """While recording, a measurement that is empty or has a nan leaves the claim undecided."""
        try:
            yield
        except NoEvidence:
            if not is_recording(self._published):
                raise

    @staticmethod
    def _expected(id: str, expect: str, corrected: Any) -> str:
        if (corrected is None and expect == "corrected") or (corrected is not None and expect == "refuted"):
            raise ValueError(f"{id}: corrected= goes with the verdict 'corrected', and only with it")
        return expect if corrected is None else "corrected"

    @staticmethod
    def _split(measured: Any, uncertainty: Any) -> tuple[Any, Any]:
        return measured if isinstance(measured, Interval) else (measured, uncertainty)
