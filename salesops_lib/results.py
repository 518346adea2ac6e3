"""Results of measures: one object, and every view of it.

A number reaches a reader as a table, a chart, a sentence or a line of JSON.
All of them are made from the same result, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from salesops_lib.definition import Definition
from salesops_lib.rows import json_number
from salesops_lib.words import grouping_word

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.formats import Formatter, Unit

__all__ = [
    "MIME",
    "Definition",
    "Drawn",
    "Measure",
    "MeasureRow",
    "Value",
    "change_of",
]

MIME = "application/vnd.salesops+json"
"""Media type under which a result's machine-readable values leave the kernel."""

FRAME_COLUMNS = ("group", "label", "role", "period", "value", "n", "low", "high", "reason")


@dataclass(frozen=True)
class Drawn:
    """What a chart shows, for machines that check it.

    Parameters
    ----------
    unit : str
        Unit of its numbers, as an axis names it.
    prior : str
        Label of the period before, which it shows; ``none:`` and why where it cannot.
    uncertainty : str
        ``interval`` (drawn), ``n`` (cases named), or ``exact`` (sums and counts).
    """

    unit: str
    prior: str
    uncertainty: Literal["interval", "n", "exact"]


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

    def __post_init__(self) -> None:
        """Nothing is one thing: what is not a number is None."""
        for name in ("number", "low", "high"):
            value = getattr(self, name)
            if value is not None and value != value:
                object.__setattr__(self, name, None)


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
    rows : tuple of MeasureRow
        One a group and period; groups in the order in which they are shown.
    periods : dict
        Label of the period of each role.
    by : str or None
        What the groups are; None for one single group.
    scope : str
        Label of the scope.
    show : Formatter
        Formats of the report.
    """

    definition: Definition
    rows: tuple[MeasureRow, ...]
    periods: dict[str, str]
    by: str | None
    scope: str
    show: Formatter

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The measure as a table.

        One row a group and period: `group` (key), `label`, `role` (current,
        prior or last_year), `period`, `value` (in the definition's unit; money
        in the reporting currency), `n`, `low`, `high` (95 % interval) and
        `reason` (why not computable, or a warning).
        """
        records = [
            (
                row.group,
                row.label,
                row.role,
                self.periods[row.role],
                row.value.number,
                row.value.n,
                row.value.low,
                row.value.high,
                row.value.reason,
            )
            for row in self.rows
        ]
        # The index of a folder needs results, and no table: pandas takes a moment to load.
        import pandas as pd

        frame = pd.DataFrame.from_records(records, columns=list(FRAME_COLUMNS))
        return frame.astype({"value": object, "n": "Int64", "low": float, "high": float})

    @cached_property
    def _values(self) -> dict[tuple[str, str], Value]:
        return {(row.group, row.role): row.value for row in self.rows}

    @cached_property
    def groups(self) -> list[tuple[str, str]]:
        """Key and label of each group, in shown order."""
        return list(dict.fromkeys((row.group, row.label) for row in self.rows))

    @property
    def is_computable(self) -> bool:
        """Whether any group has a number in any period."""
        return any(row.value.number is not None for row in self.rows)

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
        missing = Value(None, reason=self.show.say("no such group in this period"))
        return self._values.get((group or "", role), missing)

    def period(self, role: str = "current") -> str:
        """Label of a role's period; empty where the measure has none."""
        return self.periods.get(role, "")

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
        say, name, value = self.show.say, self.definition.name, self.value()
        if value.number is None:
            return say("{measure}: not computable: {reason}.", measure=name, reason=value.reason)
        compared = [
            say("{change} on {period}", change=self.change_text(role), period=self.period(role))
            for role in ("prior", "last_year")
            if self.change(role) is not None
        ]
        words = {
            "measure": name,
            "scope": self.scope,
            "period": self.period(),
            "value": self.text(),
        }
        if not compared:
            return say("{measure} of {scope} in {period}: {value}.", **words)
        return say(
            "{measure} of {scope} in {period}: {value}, {comparisons}.",
            comparisons=self.show.listed(compared),
            **words,
        )

    @property
    def alt(self) -> str:
        """The measure as a chart in words: what by what, highest, lowest."""
        show, by = self.show, grouping_word(self.by or "", self.show)
        words = {"measure": self.definition.name, "by": by, "period": self.period()}
        known = [
            (float(value.number), label)
            for group, label in self.groups
            if (value := self.value(group=group)).number is not None
        ]
        if not known:
            return show.say(
                "Bar chart. {measure} by {by}, {period}: no group has a value.", **words
            )
        (low, last), (high, first) = min(known), max(known)
        unit = self.definition.unit
        return show.counted(
            len(known),
            "Bar chart. {measure} of {scope} by {by}, {period} against {prior}, {count} group: "
            "{first} with {high}.",
            "Bar chart. {measure} of {scope} by {by}, {period} against {prior}, {count} groups. "
            "Highest: {first} with {high}; lowest: {last} with {low}.",
            scope=self.scope,
            prior=self.period("prior"),
            first=first,
            high=show.value(high, unit, compact=True),
            last=last,
            low=show.value(low, unit, compact=True),
            **words,
        )

    def records(self) -> dict[str, Any]:
        """Values for machines: plain types only, missing numbers as None."""
        rows = [_record(row, self.periods[row.role]) for row in self.rows]
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


def _record(row: MeasureRow, period: str) -> dict[str, Any]:
    """One row for machines; what is empty is left out, but never the value."""
    value = row.value
    record: dict[str, Any] = {
        "group": row.group,
        "label": row.label,
        "role": row.role,
        "period": period,
        "value": json_number(value.number),
    }
    for key, number in (("n", value.n), ("low", value.low), ("high", value.high)):
        if (plain := json_number(number)) is not None:
            record[key] = plain
    return record | ({"reason": value.reason} if value.reason else {})


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
