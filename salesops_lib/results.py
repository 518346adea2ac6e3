"""Results of measures: one object, and every view of it.

A number reaches a reader as a table, a chart, a sentence or a line of JSON.
All of them are made from the same result, so they cannot disagree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from salesops_lib.formats import Formatter, Unit

__all__ = [
    "MIME",
    "Definition",
    "Measure",
    "MeasureRow",
    "Value",
    "change_of",
    "json_number",
    "rows_of",
]

MIME = "application/vnd.salesops+json"
"""Media type under which a result's machine-readable values leave the kernel."""

FRAME_COLUMNS = ("group", "label", "role", "period", "value", "n", "low", "high", "reason")


@dataclass(frozen=True)
class Definition:
    """What a measure means, in the words of the field.

    Parameters
    ----------
    id : str
        Name in code, JSON and links.
    name : str
        Name for readers.
    unit : str
        ``money``, ``share``, ``count``, ``days``, ``ratio`` or ``money_per_day``.
    formula : str
        How it is computed.
    population : str
        Which deals, people or days it counts.
    anchor : str
        Which date places a case in a period.
    edge_cases : str
        What happens where the plain formula has no answer.
    better : str
        Which direction is good news.
    short : str
        Name in the head of a narrow column; empty where the name is short.
    """

    id: str
    name: str
    unit: Unit
    formula: str
    population: str
    anchor: str
    edge_cases: str = ""
    better: Literal["higher", "lower", "neither"] = "higher"
    short: str = ""


@dataclass(frozen=True)
class Value:
    """One number with all that is needed to judge it.

    Parameters
    ----------
    number : float, Decimal or None
        None where it is not computable.
    n : int, optional
        Cases behind it.
    low, high : float, optional
        95 % interval.
    reason : str
        Why there is no number, or why it must be read with care.
    """

    number: float | Decimal | None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class MeasureRow:
    """One group in one period, as a measure function hands it over."""

    group: str
    label: str
    role: str
    value: Value


@dataclass(frozen=True)
class Measure:
    """A measure, for one group or many, with what it is compared with.

    Parameters
    ----------
    definition : Definition
        What it means.
    frame : DataFrame
        One row a group and period: `group` (key), `label`, `role` (current,
        prior or last_year), `period`, `value` (in the definition's unit; money
        in the reporting currency), `n`, `low`, `high` (95 % interval) and
        `reason` (why not computable, or a warning).
    by : str or None
        What the groups are; None for one single group.
    scope : str
        Label of the scope.
    show : Formatter
        Formats of the report.
    """

    definition: Definition
    frame: pd.DataFrame
    by: str | None
    scope: str
    show: Formatter

    @classmethod
    def of_rows(
        cls,
        definition: Definition,
        rows: list[MeasureRow],
        periods: dict[str, str],
        by: str | None,
        scope: str,
        show: Formatter,
    ) -> Measure:
        """Measure from its rows.

        Parameters
        ----------
        definition : Definition
            What it means.
        rows : list of MeasureRow
            Groups in the order in which they are shown.
        periods : dict
            Label of the period of each role.
        by, scope, show
            As for the class.

        Returns
        -------
        Measure
        """
        records = [
            (
                row.group,
                row.label,
                row.role,
                periods[row.role],
                row.value.number,
                row.value.n,
                row.value.low,
                row.value.high,
                row.value.reason,
            )
            for row in rows
        ]
        frame = pd.DataFrame.from_records(records, columns=list(FRAME_COLUMNS))
        frame = frame.astype({"value": object, "n": "Int64", "low": float, "high": float})
        return cls(definition, frame, by, scope, show)

    @cached_property
    def _cells(self) -> dict[tuple[str, str], Any]:
        return {(row.group, row.role): row for row in rows_of(self.frame)}

    @cached_property
    def groups(self) -> list[tuple[str, str]]:
        """Key and label of each group, in shown order."""
        return list(dict.fromkeys((row.group, row.label) for row in rows_of(self.frame)))

    def value(self, role: str = "current", group: str | None = None) -> Value:
        """One number of the measure.

        Parameters
        ----------
        role : str
            ``current``, ``prior`` or ``last_year``.
        group : str, optional
            Key of a group. Default: the first one.

        Returns
        -------
        Value
            With no number where the group has no row.
        """
        if group is None and self.groups:
            group = self.groups[0][0]
        row = self._cells.get((group or "", role))
        if row is None:
            return Value(None, reason="no such group in this period")
        return Value(
            None if row.value is None or row.value != row.value else row.value,
            None if pd.isna(row.n) else int(row.n),
            None if math.isnan(row.low) else float(row.low),
            None if math.isnan(row.high) else float(row.high),
            str(row.reason),
        )

    @cached_property
    def _periods(self) -> dict[str, str]:
        return dict(zip(self.frame["role"], self.frame["period"], strict=True))

    def period(self, role: str = "current") -> str:
        """Label of a role's period; empty where the measure has none."""
        return self._periods.get(role, "")

    def text(self, role: str = "current", group: str | None = None, *, compact: bool = True) -> str:
        """Number as people read it; a dash where there is none."""
        return self.show.value(
            self.value(role, group).number, self.definition.unit, compact=compact
        )

    def change(self, role: str = "prior", group: str | None = None) -> float | None:
        """Change of the current period on another one.

        Relative for money and counts; a difference for shares, ratios and days.
        None where either number is missing, or the base of a relative change is
        not positive.
        """
        return change_of(
            self.value("current", group).number,
            self.value(role, group).number,
            self.definition.unit,
        )

    def change_text(self, role: str = "prior", group: str | None = None) -> str:
        """Change as people read it, signed; empty where there is none."""
        change = self.change(role, group)
        if change is None:
            return ""
        match self.definition.unit:
            case "money" | "count" | "money_per_day":
                return self.show.share(change, signed=True)
            case unit:
                return self.show.value(change, unit, signed=True)

    def tone(self, role: str = "prior", group: str | None = None) -> str:
        """Whether the change is ``good``, ``bad`` or ``flat`` news."""
        change = self.change(role, group)
        if not change or self.definition.better == "neither":
            return "flat"
        return "good" if (change > 0) == (self.definition.better == "higher") else "bad"

    @property
    def headline(self) -> str:
        """One sentence: the number, and how it compares."""
        name, value = self.definition.name, self.value()
        if value.number is None:
            return f"{name}: not computable: {value.reason}."
        compared = [
            f"{self.change_text(role)} on {self.period(role)}"
            for role in ("prior", "last_year")
            if self.change(role) is not None
        ]
        after = f", {' and '.join(compared)}" if compared else ""
        return f"{name} of {self.scope} in {self.period()}: {self.text()}{after}."

    @property
    def alt(self) -> str:
        """The measure as a chart in words: what by what, highest, lowest."""
        name, period = self.definition.name.lower(), self.period()
        known = [
            (float(value.number), label)
            for group, label in self.groups
            if (value := self.value(group=group)).number is not None
        ]
        if not known:
            return f"Bar chart of {name} by {self.by}, {period}: no group has a value."
        (low, last), (high, first) = min(known), max(known)
        unit = self.definition.unit
        return (
            f"Bar chart of {name} of {self.scope} by {self.by}, {period} against "
            f"{self.period('prior')}, {len(known)} groups. "
            f"Highest: {first} with {self.show.value(high, unit, compact=True)}; "
            f"lowest: {last} with {self.show.value(low, unit, compact=True)}."
        )

    def records(self) -> dict[str, Any]:
        """Values for machines: plain types only, missing numbers as None."""
        rows = [_record(row) for row in self.frame.to_dict(orient="records")]
        return {
            "kind": "measure",
            "id": self.definition.id,
            "unit": self.definition.unit,
            "by": self.by,
            "headline": self.headline if self.by is None else "",
            "definition": self.definition.id,
            "rows": rows,
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        from salesops_lib.fragments import measure_table

        return {"text/plain": self.headline, "text/html": measure_table(self), MIME: self.records()}


def _record(row: dict[Hashable, Any]) -> dict[str, Any]:
    """One row for machines; what is empty is left out, but never the value."""
    record: dict[str, Any] = {str(key): row[key] for key in ("group", "label", "role", "period")}
    record["value"] = json_number(row["value"])
    for key in ("n", "low", "high"):
        if (number := json_number(row[key])) is not None:
            record[key] = number
    return record | ({"reason": row["reason"]} if row["reason"] else {})


def rows_of(frame: pd.DataFrame) -> Iterator[Any]:
    """Rows of a frame as named tuples.

    The same as ``frame.itertuples(index=False)``, whose cells type checkers
    take for any scalar there is.
    """
    return iter(frame.itertuples(index=False))


def change_of(now: Any, then: Any, unit: Unit) -> float | None:
    """Change between two numbers of one unit.

    Parameters
    ----------
    now, then : float, Decimal or None
        The numbers.
    unit : str
        Money and counts change by a share of `then`; shares, ratios and days by
        their difference.

    Returns
    -------
    float or None
        None where a number is missing or a relative change has no positive base.

    Examples
    --------
    >>> change_of(110, 100, "money")
    0.1
    >>> change_of(0.30, 0.25, "share")
    0.05
    >>> change_of(5, 0, "count") is None
    True
    """
    if now is None or then is None:
        return None
    new, old = float(now), float(then)
    if unit in {"money", "count", "money_per_day"}:
        return round(new / old - 1, 12) if old > 0 else None
    return round(new - old, 12)


def json_number(number: Any) -> float | int | None:
    """Number as JSON can hold it: None for missing, NaN and infinity.

    Examples
    --------
    >>> json_number(Decimal("2982255.00")), json_number(float("nan"))
    (2982255.0, None)
    """
    if number is None or pd.isna(number):
        return None
    if isinstance(number, int):
        return number
    # Twelve digits: more are noise of the floating point, and of the file's size.
    plain = float(f"{float(number):.12g}") if not isinstance(number, Decimal) else float(number)
    return plain if math.isfinite(plain) else None
