"""Claims: every statement gets its verdict from numbers, never from the author's hand.

A claim compares what is *stated* (by the article, or by the course's own theory) with what was
*measured*. The comparison has three outcomes, given a tolerance and the uncertainty of the measurement:

- agrees: the whole interval measured ± uncertainty lies within the tolerance;
- differs: the whole interval lies outside;
- undecided: the interval straddles the edge. An undecided claim is an error, so that no verdict hangs on luck.

The author declares the verdict that is expected, and the cell fails when the numbers say otherwise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import sympy
from IPython.display import display

VERDICTS = ("reproduced", "corrected", "refuted", "not testable here")
SYMBOLS = {"reproduced": "✅", "corrected": "✏️", "refuted": "❌", "not testable here": "💬"}
MIME = "application/vnd.scientific-spaces-course.claims+json"
_ID = re.compile(r"([SFEXB])(\d+)([a-z]?)")


class ClaimError(AssertionError):
    """The numbers do not support the verdict that was declared."""


@dataclass(frozen=True)
class Claim:
    """One row of a notebook's table of claims; every field is text, ready to print."""

    id: str
    statement: str
    by: str  # "article" or "course": whose statement is judged
    stated: str
    measured: str
    verdict: str


def expand_ids(text: str) -> list[str]:
    """Ids in ``text``: ``"S1-S3 E2"`` gives ``["S1", "S2", "S3", "E2"]``. ValueError for anything else."""
    ids = []
    for part in text.split():
        first, _, last = part.partition("-")
        start, stop = _ID.fullmatch(first), _ID.fullmatch(last or first)
        if not start or not stop or start[3] or stop[3] or start[1] != stop[1]:
            raise ValueError(f"owed: {part!r} is not an id such as 'S4' or a range such as 'S1-S8'")
        ids += [f"{start[1]}{k}" for k in range(int(start[2]), int(stop[2]) + 1)]
    return ids


def _format(value: Any, tolerance: float = 0.0, digits: int = 3) -> str:
    """``value`` with no more digits than ``tolerance`` makes meaningful, and at most ``digits`` significant ones."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, sympy.Basic) and not value.is_number:
        return f"${sympy.latex(value)}$"
    if isinstance(value, (int, np.integer)):
        return str(value)
    array = np.asarray(value)
    if array.ndim:
        if array.size > 6:
            return f"array of shape {array.shape}"
        return "[" + ", ".join(_format(x.item(), tolerance, digits) for x in array.ravel()) + "]"
    if isinstance(value, (complex, np.complexfloating)):
        return f"{_format(value.real, tolerance, digits)} + {_format(value.imag, tolerance, digits)}i"
    x = float(value)
    if not math.isfinite(x) or x == 0:
        return f"{x:g}"
    last = math.floor(math.log10(abs(x))) - digits + 1
    if tolerance > 0:
        last = max(last, math.floor(math.log10(tolerance)))
    rounded = round(x, -last)
    return f"{rounded:.{max(digits, 1)}g}" if abs(rounded) < 10**digits else f"{rounded:.10g}"


def _numbers(name: str, value: Any) -> np.ndarray:
    """``value`` as a float64 (or complex128) array; ValueError when it is not numeric, is empty or has a nan."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    try:
        array = np.asarray(value)
        if array.dtype == object:
            array = np.vectorize(complex)(array)
            array = array.real if not array.imag.any() else array
        array = array.astype(complex if np.iscomplexobj(array) else float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {value!r} is not a number or an array of numbers") from error
    if array.size == 0 or np.isnan(array).any():
        raise ValueError(f"{name}: is empty or holds a nan, which can support no verdict")
    return array


def _distance(a: Any, b: Any, relative: bool) -> np.ndarray:
    """|a − b| elementwise, divided by |a| where ``relative``; 0 for equal infinities."""
    a, b = np.broadcast_arrays(_numbers("stated", a), _numbers("measured", b))
    equal = a == b
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.where(equal, 0.0, np.abs(a - b))
        return np.where(equal, 0.0, distance / np.abs(a)) if relative else distance


def _judge(margin: np.ndarray, uncertainty: np.ndarray) -> bool | None:
    """True where every margin is surely ≥ 0, False where one is surely < 0, None where that is undecided."""
    if (margin - uncertainty >= 0).all():
        return True
    if (margin + uncertainty < 0).any():
        return False
    return None


class Claims:
    """The claims of one notebook.

    notebook: its stem, such as ``"6_attention_scale"``.
    owed: the ids that the notebook must close, such as ``"S1-S13 F1-F2 E1-E6 B1-B4"``; `table` fails when one is open.
    """

    def __init__(self, notebook: str, owed: str):
        self.notebook = notebook
        self.owed = expand_ids(owed)
        self._claims: dict[str, Claim] = {}

    def check(
        self,
        id: str,
        statement: str,
        *,
        measured: Any,
        article: Any = None,
        theory: Any = None,
        tolerance: float = 0.0,
        relative: bool = False,
        uncertainty: Any = 0.0,
        corrected: Any = None,
        expect: str = "reproduced",
        digits: int = 3,
    ) -> None:
        """Compare a stated value with a measured one, and show the verdict.

        measured: number, bool, numpy / torch array, or sympy expression; its counterpart broadcasts against it.
        article | theory: what the article states, or what the course itself predicts; give exactly one.
        tolerance: largest |stated − measured| that counts as agreement (÷ |stated| if ``relative``), ≥ 0.
        uncertainty: half-width of the interval of ``measured``, ≥ 0, in the units of ``measured``.
        corrected: the right value, required by and only with ``expect="corrected"``; it must agree with ``measured``.
        expect: "reproduced", "corrected" or "refuted".
        digits: significant digits to print, fewer where the tolerance is coarser.

        Raises ClaimError when the numbers give another verdict or leave it undecided, ValueError for bad arguments.
        """
        if (article is None) == (theory is None):
            raise ValueError(f"{id}: give exactly one of article= and theory=")
        if (corrected is not None) != (expect == "corrected"):
            raise ValueError(f"{id}: corrected= goes with expect='corrected', and only with it")
        stated = theory if article is None else article

        def agrees(value: Any) -> bool | None:
            if isinstance(value, sympy.Basic) or isinstance(measured, sympy.Basic):
                difference = sympy.simplify(sympy.sympify(value) - sympy.sympify(measured))
                if not difference.is_number or tolerance == 0:
                    return difference == 0
            spread = _numbers("uncertainty", uncertainty)
            if relative:
                spread = spread / np.abs(_numbers("stated", value))
            return _judge(tolerance - _distance(value, measured, relative), spread)

        outcome = agrees(stated)
        if outcome is False and corrected is not None:
            outcome = "corrected" if agrees(corrected) else None
        shown = self._shown(measured, tolerance * self._size(stated) if relative else tolerance, uncertainty, digits)
        stated_text = _format(stated, 0.0, digits + 1)
        if corrected is not None:
            stated_text += f" → {_format(corrected, 0.0, digits + 1)}"
        self._close(id, statement, article is not None, stated_text, shown, outcome, expect)

    def bound(
        self,
        id: str,
        statement: str,
        *,
        measured: Any,
        above: float = -math.inf,
        below: float = math.inf,
        uncertainty: Any = 0.0,
        corrected: tuple[float, float] | None = None,
        by: str = "article",
        expect: str = "reproduced",
        digits: int = 3,
    ) -> None:
        """Judge the statement that every entry of ``measured`` lies in [above, below].

        corrected: with ``expect="corrected"``, the interval (above, below) that does hold.
        by: "article" or "course", whose statement it is. Other arguments and errors as in `check`.
        """
        if math.isinf(above) and math.isinf(below):
            raise ValueError(f"{id}: give above=, below= or both")
        if (corrected is not None) != (expect == "corrected"):
            raise ValueError(f"{id}: corrected= goes with expect='corrected', and only with it")
        values, spread = _numbers("measured", measured), _numbers("uncertainty", uncertainty)

        def inside(low: float, high: float) -> bool | None:
            return _judge(np.minimum(values - low, high - values), spread)

        outcome = inside(above, below)
        if outcome is False and corrected is not None:
            outcome = "corrected" if inside(*corrected) else None

        def interval(low: float, high: float) -> str:
            low_text, high_text = _format(low, 0.0, digits + 1), _format(high, 0.0, digits + 1)
            return (
                f"≥ {low_text}"
                if math.isinf(high)
                else f"≤ {high_text}"
                if math.isinf(low)
                else f"{low_text} … {high_text}"
            )

        stated = interval(above, below) + (f" → {interval(*corrected)}" if corrected else "")
        if values.size > 6:
            shown = f"{_format(values.min(), 0.0, digits)} … {_format(values.max(), 0.0, digits)}"
        else:
            shown = self._shown(values if values.ndim else values.item(), 0.0, uncertainty, digits)
        self._close(id, statement, self._by(by), stated, shown, outcome, expect)

    def holds(
        self, id: str, statement: str, condition: Any, *, by: str = "article", expect: str = "reproduced"
    ) -> None:
        """Judge a statement by a computed truth value; refuted (or corrected) where ``condition`` is false.

        For facts that are not a number, such as "the symbolic difference is zero". Prefer `check` and `bound`.
        """
        if not isinstance(condition, (bool, np.bool_)) and condition not in (sympy.true, sympy.false):
            raise ValueError(f"{id}: condition must be a computed bool, got {type(condition).__name__}")
        condition = bool(condition)
        outcome = expect if not condition and expect == "corrected" else condition
        self._close(id, statement, self._by(by), _format(True), _format(condition), outcome, expect)

    def note(self, id: str, statement: str, *, reason: str, by: str = "article") -> None:
        """List an item that no number can test here (a definition, somebody's ImageNet table), with the reason."""
        if not reason.strip():
            raise ValueError(f"{id}: reason must say why nothing here can test it")
        self._close(id, statement, self._by(by), "", reason, "not testable here", "not testable here")

    def table(self) -> None:
        """Show all claims; ClaimError when an owed item is still open."""
        missing = [id for id in self.owed if id not in {self._base(key) for key in self._claims}]
        if missing:
            raise ClaimError(f"{self.notebook}: no claim closes {', '.join(missing)}")
        order = {id: k for k, id in enumerate(self.owed)}
        rows = sorted(self._claims.values(), key=lambda claim: (order.get(self._base(claim.id), math.inf), claim.id))
        lines = ["| id | statement | by | stated | measured | verdict |", "|---|---|---|---|---|---|"]
        for row in rows:
            cells = (row.id, row.statement, row.by, row.stated, row.measured, f"{SYMBOLS[row.verdict]} {row.verdict}")
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        text = "\n".join(lines)
        data = {"notebook": self.notebook, "claims": [asdict(row) for row in rows]}
        display({"text/markdown": text, "text/plain": f"{len(rows)} claims, none open", MIME: data}, raw=True)

    def _close(
        self, id: str, statement: str, by_article: bool, stated: str, shown: str, outcome: Any, expect: str
    ) -> None:
        if expect not in VERDICTS:
            raise ValueError(f"{id}: expect={expect!r} is not one of {', '.join(VERDICTS)}")
        if not _ID.fullmatch(id) or self._base(id) not in self.owed:
            raise ValueError(f"{id!r} is not an owed id of {self.notebook}, with at most one letter behind it")
        previous = self._claims.get(id)
        if previous and previous.statement != statement:
            raise ValueError(f"{id} is already the claim {previous.statement!r}; use {id}a, {id}b for its parts")
        verdict = {True: "reproduced", False: "refuted", None: "undecided"}.get(outcome, outcome)
        claim = Claim(id, statement, "article" if by_article else "course", stated, shown, verdict)
        if verdict != expect:
            raise ClaimError(
                f"{id}: declared {expect!r}, but the numbers say {verdict!r}\n"
                f"  statement: {statement}\n  stated:    {stated}\n  measured:  {shown}"
            )
        self._claims[id] = claim
        evidence = f"{shown}" if verdict == "not testable here" else f"stated {stated}; measured {shown}"
        text = f"{SYMBOLS[verdict]} **{id}, {verdict}**: {statement} ({evidence})"
        display({"text/markdown": text, "text/plain": f"{id} {verdict}: {statement} ({evidence})"}, raw=True)

    @staticmethod
    def _base(id: str) -> str:
        return id.rstrip("abcdefghijklmnopqrstuvwxyz")

    @staticmethod
    def _by(by: str) -> bool:
        if by not in ("article", "course"):
            raise ValueError(f"by={by!r} is not 'article' or 'course'")
        return by == "article"

    @staticmethod
    def _size(value: Any) -> float:
        return float(np.abs(_numbers("stated", value)).max())

    @staticmethod
    def _shown(measured: Any, tolerance: float, uncertainty: Any, digits: int) -> str:
        width = float(np.max(np.abs(_numbers("uncertainty", uncertainty))))
        if hasattr(measured, "detach"):
            measured = measured.detach().cpu().numpy()
        text = _format(measured, width or tolerance, digits)
        return f"{text} ± {_format(width, 0.0, 1)}" if width > 0 else text


def count_verdicts(claims: Iterable[dict[str, str]]) -> dict[str, int]:
    """How many of ``claims`` (rows as in the table's data) carry each verdict."""
    counts = dict.fromkeys(VERDICTS, 0)
    for claim in claims:
        counts[claim["verdict"]] += 1
    return counts
