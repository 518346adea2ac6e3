"""Periods of a fiscal calendar and the labels that name them.

`salesops_lib.calendar` makes the periods; this module knows what a period is
and how its label is written and read.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import total_ordering

from salesops_lib.errors import InputError

__all__ = ["KINDS", "Period", "as_day", "kind_rank", "label_parts"]

KINDS = ("week", "month", "quarter", "year")
"""Kinds of period, shortest first."""

_LABELS = {
    "quarter": re.compile(r"(?P<year>[0-9]{4})-Q(?P<number>[1-4])"),
    "month": re.compile(r"(?P<year>[0-9]{4})-(?P<number>0[1-9]|1[0-2])"),
    "year": re.compile(r"FY(?P<year>[0-9]{4})(?P<number>)"),
    "week": re.compile(r"(?P<year>[0-9]{4})-W(?P<number>[0-9]{2})"),
}

# What people write instead, only to say "did you mean".
_GAP = r"[\s/_.-]*"
_YEAR = r"(?:FY\s*)?'?(?P<year>20[0-9]{2}|[0-9]{2})"
_LOOSE = (
    (re.compile(rf"{_YEAR}{_GAP}Q\s*(?P<number>[1-4])", re.I), "{year}-Q{number}"),
    (re.compile(rf"Q\s*(?P<number>[1-4]){_GAP}{_YEAR}", re.I), "{year}-Q{number}"),
    (re.compile(rf"{_YEAR}{_GAP}W\s*(?P<number>[0-9]{{1,2}})", re.I), "{year}-W{number:0>2}"),
    (re.compile(rf"W\s*(?P<number>[0-9]{{1,2}}){_GAP}{_YEAR}", re.I), "{year}-W{number:0>2}"),
    (
        re.compile(rf"(?P<year>20[0-9]{{2}}){_GAP}M?(?P<number>1[0-2]|0?[1-9])", re.I),
        "{year}-{number:0>2}",
    ),
    (
        re.compile(rf"M?(?P<number>1[0-2]|0?[1-9]){_GAP}(?P<year>20[0-9]{{2}})", re.I),
        "{year}-{number:0>2}",
    ),
    (re.compile(r"(?P<year>20[0-9]{2})"), "FY{year}"),
    (re.compile(rf"FY{_GAP}'?(?P<year>20[0-9]{{2}}|[0-9]{{2}})", re.I), "FY{year}"),
)


@total_ordering
@dataclass(frozen=True)
class Period:
    """A week, month, quarter or year of one fiscal calendar.

    Periods sort by first day, then by last day. A `FiscalCalendar` makes them.

    Parameters
    ----------
    kind : str
        ``week``, ``month``, ``quarter`` or ``year``.
    fiscal_year : int
        Fiscal year that it belongs to.
    number : int
        Its place in that year, from 1. A month's number is its place in the
        fiscal year, not its calendar month; a year's number is 1.
    start, end : date
        First and last day, both inside.

    Examples
    --------
    >>> quarter = Period("quarter", 2026, 3, dt.date(2026, 7, 1), dt.date(2026, 9, 30))
    >>> print(quarter, quarter.days)
    2026-Q3 92
    """

    kind: str
    fiscal_year: int
    number: int
    start: dt.date
    end: dt.date

    @property
    def label(self) -> str:
        """Label such as ``2026-Q3``, ``2026-09``, ``FY2026`` or ``2026-W27``."""
        if self.kind == "quarter":
            return f"{self.fiscal_year}-Q{self.number}"
        if self.kind == "week":
            return f"{self.fiscal_year}-W{self.number:02}"
        if self.kind == "year":
            return f"FY{self.fiscal_year}"
        # A month of whole weeks may start in the calendar month before and end
        # in the one after, but its middle lies in the one it stands for.
        return f"{self.start + (self.end - self.start) / 2:%Y-%m}"

    @property
    def days(self) -> int:
        """Number of days, weekends included."""
        return (self.end - self.start).days + 1

    def contains(self, day: dt.date) -> bool:
        """Whether a day lies in this period, its first and last day included."""
        return self.start <= as_day(day) <= self.end

    def __str__(self) -> str:
        return self.label

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Period):
            return NotImplemented
        return self._order() < other._order()

    def _order(self) -> tuple[object, ...]:
        return (self.start, self.end, KINDS.index(self.kind), self.fiscal_year, self.number)


def label_parts(text: str) -> tuple[str, int, int]:
    """Kind, year and number that a period's label names.

    Parameters
    ----------
    text : str
        ``2026-Q3``, ``2026-09``, ``FY2026`` or ``2026-W27``.

    Returns
    -------
    tuple of str, int, int
        Kind; year; number. Of a month these are its calendar year and month,
        of the others the fiscal year and the place in it.

    Raises
    ------
    InputError
        The text is not such a label.

    Examples
    --------
    >>> label_parts("2026-Q3")
    ('quarter', 2026, 3)
    """
    for kind, pattern in _LABELS.items():
        found = pattern.fullmatch(text)
        if found:
            return kind, int(found["year"]), int(found["number"] or 1)
    shown = repr(text if len(text) <= 40 else f"{text[:40]}...")
    meant = _meant(text)
    hint = f"; did you mean `{meant}`?" if meant else "."
    raise InputError(
        f"{shown} is not a period{hint} A period is a quarter such as 2026-Q3,"
        " a month such as 2026-09, a year such as FY2026 or a week such as 2026-W27"
    )


def _meant(text: str) -> str | None:
    for pattern, label in _LOOSE:
        found = pattern.fullmatch(text.strip())
        if found:
            year = found["year"]
            parts = {**found.groupdict(), "year": year if len(year) == 4 else f"20{year}"}
            return label.format(**parts)
    return None


def kind_rank(kind: str) -> int:
    """Place of a kind of period among `KINDS`, shortest first; InputError if unknown.

    Examples
    --------
    >>> kind_rank("quarter")
    2
    """
    if kind not in KINDS:
        raise InputError(f"`{kind}` is not a kind of period", found=str(kind), allowed=KINDS)
    return KINDS.index(kind)


def as_day(value: object) -> dt.date:
    """Day of a date or a moment; InputError for anything else, a missing date too.

    Examples
    --------
    >>> as_day(dt.datetime(2026, 9, 30, 17, 5))
    datetime.date(2026, 9, 30)
    """
    if isinstance(value, dt.datetime):
        # The missing date of pandas is a datetime too, but equals nothing.
        value = value.date() if value == value else None
    if isinstance(value, dt.date):
        return value
    raise InputError(f"`{value}` stands where a date such as 2026-09-30 is needed")
