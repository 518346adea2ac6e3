"""What all tests for gaming share: who may be named, and how a test is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from salesops_lib.definition import Definition
    from salesops_lib.formats import Formatter

__all__ = ["LEVELS", "SIZE", "Case", "GamingTest", "gaming_test"]

SIZE = 0.05
"""Chance that a test names anything at all where everybody is honest."""

LEVELS = {"all": 0.8, "team": 0.1, "rep": 0.1}
"""Part of `SIZE` that is spent on everybody together, on all teams, and on all people: the
last two are strict, because they point at somebody."""

FEWEST = {"all": 40, "team": 30, "rep": 20}
"""Fewest cases that each level is judged on, where a test does not say otherwise."""


@dataclass(frozen=True)
class Case:
    """One group, tested.

    Parameters
    ----------
    level : str
        ``all``, ``team`` or ``rep``.
    group, label : str
        Key and name.
    n : int
        Cases behind it.
    effect : float or None
        What is measured, in the unit of the test's definition.
    low, high : float or None
        Its 95 % interval.
    p : float
        Chance of as much where everybody is honest.
    """

    level: str
    group: str
    label: str
    n: int
    effect: float | None
    low: float | None
    high: float | None
    p: float


@dataclass(frozen=True)
class GamingTest:
    """A test for gaming: everybody together, teams, and those people whom chance clears not.

    A person has a row only where the test finds something that chance does not explain,
    corrected for all that was tested. Nobody else is in the result, by name or number.

    Parameters
    ----------
    definition : Definition
        What is tested.
    frame : DataFrame
        `level` (all, team, rep), `group`, `label`, `n`, `effect`, `low`, `high` (in the
        definition's unit), `p`, `p_adjusted` (corrected for all that was tested) and
        `verdict` (found, not found, too few).
    tested : dict
        How many groups were tested, by level.
    sentence : str
        What was found, told.
    scope : str
        Label of the scope.
    show : Formatter
        Formats of the report.
    reason : str
        Why there is no test; empty where there is.
    """

    definition: Definition
    frame: pd.DataFrame
    tested: Mapping[str, int]
    sentence: str
    scope: str
    show: Formatter
    reason: str = ""
    further: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_computable(self) -> bool:
        """Whether anything was tested."""
        return not self.reason

    @property
    def is_found(self) -> bool:
        """Whether anything is beyond chance."""
        return bool((self.frame["verdict"] == "found").any())

    @property
    def p(self) -> float | None:
        """Chance of as much, of everybody together, before correction."""
        rows = self.frame[(self.frame["level"] == "all") & (self.frame["verdict"] != "too few")]
        return float(rows["p"].iloc[0]) if len(rows) else None

    def found(self, level: str) -> list[str]:
        """Keys of the groups of a level that are beyond chance."""
        rows = self.frame[(self.frame["level"] == level) & (self.frame["verdict"] == "found")]
        return list(rows["group"])

    @property
    def headline(self) -> str:
        """One sentence: what was found, or that nothing was, or why there is no test."""
        if self.reason:
            return self.show.say(
                "{measure}: not computable: {reason}.",
                measure=self.definition.name,
                reason=self.reason,
            )
        return self.sentence

    @property
    def grid(self) -> Grid:
        """The tests as a table."""
        show, say, unit = self.show, self.show.say, self.definition.unit
        headers = (
            (say("Scope"), "text"),
            (say("Cases"), "number"),
            (self.definition.short or self.definition.name, "number"),
            (say("95% interval"), "number"),
            (say("p, corrected"), "number"),
            (say("Finding"), "text"),
        )
        verdicts = {
            "found": say("beyond chance"),
            "not found": say("as chance has it"),
            "too few": say("too few cases"),
        }
        rows = tuple(
            (
                Cell(row.label, "head"),
                Cell(show.count(row.n), number=row.n),
                Cell(show.value(row.effect, unit), number=row.effect),
                Cell(show.interval(row.low, row.high, unit)),
                Cell("" if row.p_adjusted != row.p_adjusted else show.decimal(row.p_adjusted, 3)),
                Cell(verdicts[row.verdict], "text"),
            )
            for row in rows_of(self.frame)
        )
        note = say(
            "People are listed only where chance does not explain what is found; {people} were "
            "tested. A finding is a question to ask, and no proof of intent.",
            people=show.count(self.tested.get("rep", 0)),
        )
        caption = say("{measure}, {scope}", measure=self.definition.name, scope=self.scope)
        return Grid(caption, headers, rows, note, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        numbers = ("n", "effect", "low", "high", "p", "p_adjusted")
        rows = [
            {key: json_number(value) if key in numbers else value for key, value in row.items()}
            for row in self.frame.to_dict(orient="records")
        ]
        return {
            "kind": "gaming_test",
            "id": self.definition.id,
            "unit": self.definition.unit,
            "headline": self.headline,
            "tested": dict(self.tested),
            "rows": rows,
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def gaming_test(
    cases: Iterable[Case], fewest: Mapping[str, int] | None = None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Verdicts on tested groups, corrected for all of them.

    Parameters
    ----------
    cases : iterable of Case
        What was tested.
    fewest : mapping, optional
        Fewest cases by level. Default: `FEWEST`.

    Returns
    -------
    frame : DataFrame
        As `GamingTest.frame`: everybody together, then teams, then people, by corrected p.
    tested : dict
        How many had enough cases, by level.

    Notes
    -----
    Holm (1979) within each level, and each level's p ÷ its part of the size (`LEVELS`):
    where everybody is honest, all levels together name anything in at most 5 %.
    """
    needed = FEWEST | dict(fewest or {})
    rows: list[dict[str, Any]] = []
    tested: dict[str, int] = {}
    given = list(cases)
    for level, part in LEVELS.items():
        of_level = [case for case in given if case.level == level]
        enough = [c for c in of_level if c.n >= needed[level] and c.effect is not None]
        tested[level] = len(enough)
        adjusted = _holm([case.p for case in enough])
        for case, p in zip(enough, adjusted, strict=True):
            corrected = min(1.0, p / part)
            found = corrected <= SIZE
            if found or level != "rep":
                rows.append(_row(case, corrected, "found" if found else "not found"))
        if level != "rep":
            few = [case for case in of_level if case not in enough]
            rows += [_row(case, np.nan, "too few") for case in few]
    columns = [*Case.__dataclass_fields__, "p_adjusted", "verdict"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.astype({"effect": float, "low": float, "high": float, "p": float})
    order = {level: place for place, level in enumerate(LEVELS)}
    frame = (
        frame.assign(place=frame["level"].map(order))
        .sort_values(["place", "p_adjusted", "label", "group"], ignore_index=True)
        .drop(columns="place")
    )
    return frame, tested


def _row(case: Case, p_adjusted: float, verdict: str) -> dict[str, Any]:
    row = dict(vars(case)) | {"p_adjusted": p_adjusted, "verdict": verdict}
    if verdict == "too few":
        # A number that is too small to be judged would be read as one that was.
        row |= {"effect": None, "low": None, "high": None, "p": None}
    return row


def _holm(p_values: list[float]) -> list[float]:
    if not p_values:
        return []
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(p_values, method="holm")[1]]
