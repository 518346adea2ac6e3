"""The fiscal calendar: which days make a week, month, quarter or year.

A company's year may start in any month, and may be made of calendar months or
of whole weeks (4-4-5, 4-5-4, 5-4-4; 52 or 53 weeks). All labels, neighbours
and working days come from here, so that no two figures disagree about where a
quarter ends. Nothing reads the clock. Definitions: docs/calendar.md.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from operator import attrgetter, index
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.errors import InputError
from salesops_lib.fiscal_year import CalendarSettings, fiscal_month, year_layout
from salesops_lib.period import Period, as_day, kind_rank, label_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EARLIEST", "LATEST", "CalendarSettings", "FiscalCalendar", "Period"]

EARLIEST, LATEST = 1980, 2200
"""First and last fiscal year; anything beyond is a typing error."""


class FiscalCalendar:
    """A company's fiscal calendar: its periods, their neighbours, working days.

    It is immutable, can be compared, hashed and pickled, and is cheap to make.

    Parameters
    ----------
    settings : CalendarSettings, optional
        How the company cuts time. Default: the calendar year.
    non_working : mapping of date to bool, optional
        Days that differ from the Monday-to-Friday week, and whether they are
        worked: a holiday is False, a Saturday that is worked is True.

    Raises
    ------
    InputError
        A day is not a date, or a value is not true or false.

    Examples
    --------
    >>> retail = FiscalCalendar(CalendarSettings(
    ...     year_starts=2, year_named="by_start", weeks="4-5-4"))
    >>> year = retail.year(2023)
    >>> print(year.start, year.end, year.days // 7)
    2023-01-29 2024-02-03 53
    >>> print(*retail.within(retail.quarter(2023, 4), "month"))
    2023-11 2023-12 2024-01
    """

    __slots__ = ("_extra_days", "_holidays", "_settings")

    def __init__(
        self,
        settings: CalendarSettings | None = None,
        non_working: Mapping[dt.date, bool] | None = None,
    ) -> None:
        self._settings = settings or CalendarSettings()
        worked = _workdays(non_working or {})
        # What a plain week says already is dropped: equal calendars are equal.
        self._holidays = tuple(day for day in worked if _is_weekday(day) and not worked[day])
        self._extra_days = tuple(day for day in worked if not _is_weekday(day) and worked[day])

    @property
    def settings(self) -> CalendarSettings:
        """How the company cuts time."""
        return self._settings

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FiscalCalendar):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def __repr__(self) -> str:
        return (
            f"<FiscalCalendar {self._settings!r}, {len(self._holidays)} holidays,"
            f" {len(self._extra_days)} worked weekend days>"
        )

    def _identity(self) -> tuple[object, ...]:
        return (self._settings, self._holidays, self._extra_days)

    def period(self, text: str) -> Period:
        """Period that a label names.

        Parameters
        ----------
        text : str
            ``2026-Q3`` (third quarter of fiscal 2026), ``2026-09`` (the fiscal
            month that stands for September 2026, whatever the fiscal year),
            ``FY2026`` or ``2026-W27`` (27th week of fiscal 2026, not ISO's).

        Returns
        -------
        Period

        Raises
        ------
        InputError
            The text is no such label, or the calendar has no such period.

        Examples
        --------
        >>> federal = FiscalCalendar(CalendarSettings(year_starts=10))
        >>> federal.period("2026-Q1").start
        datetime.date(2025, 10, 1)
        >>> FiscalCalendar().period("Q3 2026")
        Traceback (most recent call last):
        ...
        salesops_lib.errors.InputError: 'Q3 2026' is not a period; did you mean `2026-Q3`? ...
        """
        kind, year, number = label_parts(str(text))
        if kind == "month":
            year, number = fiscal_month(self._settings, year, number)
        return self._numbered(kind, year, number)

    def year(self, fiscal_year: int) -> Period:
        """Fiscal year by its number, such as 2026 for FY2026."""
        return self._numbered("year", fiscal_year, 1)

    def quarter(self, fiscal_year: int, number: int) -> Period:
        """Quarter 1 to 4 of a fiscal year."""
        return self._numbered("quarter", fiscal_year, number)

    def month(self, fiscal_year: int, number: int) -> Period:
        """Month of a fiscal year by its place in that year, 1 to 12."""
        return self._numbered("month", fiscal_year, number)

    def week(self, fiscal_year: int, number: int) -> Period:
        """Week of a fiscal year, from 1."""
        return self._numbered("week", fiscal_year, number)

    def period_of(self, day: dt.date, kind: str = "quarter") -> Period:
        """Period of a kind that holds a day.

        Parameters
        ----------
        day : date
            The day. Of a moment, the date part counts.
        kind : str
            ``week``, ``month``, ``quarter`` or ``year``.

        Returns
        -------
        Period

        Raises
        ------
        InputError
            No such kind, no date, or a day beyond the calendar's years.

        Examples
        --------
        >>> print(FiscalCalendar().period_of(dt.date(2026, 9, 30)))
        2026-Q3
        """
        day, rank = as_day(day), kind_rank(kind)
        year, _ = fiscal_month(self._settings, day.year, day.month)
        # A year of whole weeks may start or end a few days into another month.
        for candidate in (year, year + 1, year - 1):
            if EARLIEST <= candidate <= LATEST:
                periods = year_layout(self._settings, candidate)[rank]
                if periods[0].start <= day <= periods[-1].end:
                    return periods[bisect_right(periods, day, key=attrgetter("start")) - 1]
        raise InputError(f"{day} lies outside the fiscal years {EARLIEST} to {LATEST}")

    def prior(self, period: Period, steps: int = 1) -> Period:
        """Period of the same kind that many steps earlier (later if negative).

        Raises
        ------
        InputError
            The period is of another calendar, or the answer is out of range.

        Examples
        --------
        >>> calendar = FiscalCalendar()
        >>> print(calendar.prior(calendar.period("2026-Q1")))
        2025-Q4
        """
        rank = self._known(period)
        year, place = period.fiscal_year, period.number - 1 - steps
        while place < 0:
            year -= 1
            place += len(self._year(year)[rank])
        while place >= len(self._year(year)[rank]):
            place -= len(self._year(year)[rank])
            year += 1
        return self._year(year)[rank][place]

    def next(self, period: Period) -> Period:
        """Period of the same kind that follows."""
        return self.prior(period, -1)

    def same_last_year(self, period: Period) -> Period:
        """Period of the same kind and number in the fiscal year before.

        A month is compared with the month of the same name. A week that the
        year before does not have (the 53rd) is compared with its last week.
        Lengths may differ: compare `Period.days`.

        Examples
        --------
        >>> calendar = FiscalCalendar()
        >>> print(calendar.same_last_year(calendar.period("2026-09")))
        2025-09
        """
        periods = self._year(period.fiscal_year - 1)[self._known(period)]
        return periods[min(period.number, len(periods)) - 1]

    def trailing(self, period: Period, count: int) -> tuple[Period, ...]:
        """Periods of the same kind ending with this one, oldest first.

        Examples
        --------
        >>> calendar = FiscalCalendar()
        >>> print(*calendar.trailing(calendar.period("2026-Q1"), 3))
        2025-Q3 2025-Q4 2026-Q1
        """
        if count < 1:
            raise InputError(f"{count} periods were asked for, but at least 1 is needed")
        return tuple(self.prior(period, steps) for steps in reversed(range(count)))

    def within(self, period: Period, kind: str) -> tuple[Period, ...]:
        """Shorter periods that make up a period, in order, without gap or overlap.

        Where fiscal months are calendar months, a week may cross the edge of a
        month or quarter. It is then cut at the edge and keeps its label, so
        that the parts always sum to the whole. A cut week has no neighbours and
        no year before: compare with the parts of the neighbouring period.

        Parameters
        ----------
        period : Period
            The longer period.
        kind : str
            Kind of its parts; its own kind gives the period alone.

        Returns
        -------
        tuple of Period

        Raises
        ------
        InputError
            The kind is longer than the period, or the period is of another calendar.

        Examples
        --------
        >>> calendar = FiscalCalendar()
        >>> print(*calendar.within(calendar.period("2026-Q3"), "month"))
        2026-07 2026-08 2026-09
        """
        rank = kind_rank(kind)
        if rank > self._known(period):
            raise InputError(f"a {period.kind} has no {kind}s inside it; ask for a shorter kind")
        return tuple(
            Period(
                part.kind,
                part.fiscal_year,
                part.number,
                max(part.start, period.start),
                min(part.end, period.end),
            )
            for part in self._year(period.fiscal_year)[rank]
            if part.start <= period.end and part.end >= period.start
        )

    def working_days(self, start: dt.date, end: dt.date) -> int:
        """Number of working days from `start` to `end`, both included.

        Monday to Friday, less the holidays, plus other days that are worked.
        0 when `end` lies before `start`.

        Examples
        --------
        >>> christmas = {dt.date(2026, 12, 25): False}
        >>> FiscalCalendar(None, christmas).working_days(
        ...     dt.date(2026, 12, 21), dt.date(2026, 12, 27))
        4
        """
        start, end = as_day(start), as_day(end)
        if end < start:
            return 0
        weekdays = np.busday_count(np.datetime64(start), np.datetime64(end) + 1)
        holidays = _count_between(self._holidays, start, end)
        return int(weekdays) - holidays + _count_between(self._extra_days, start, end)

    def elapsed_share(self, period: Period, as_of: dt.date) -> float:
        """Share of a period's working days that are over, `as_of` included.

        Working days from the first day to `as_of` over all working days: 0
        before the period and 1 from its last day on. A period without a
        working day counts all days instead.

        Returns
        -------
        float
            0 to 1.

        Examples
        --------
        >>> calendar = FiscalCalendar()
        >>> quarter = calendar.period("2026-Q3")
        >>> calendar.elapsed_share(quarter, dt.date(2026, 8, 14))  # 33 of 66
        0.5
        """
        as_of = as_day(as_of)
        if as_of < period.start:
            return 0.0
        if as_of >= period.end:
            return 1.0
        total = self.working_days(period.start, period.end)
        if total == 0:
            return ((as_of - period.start).days + 1) / period.days
        return self.working_days(period.start, as_of) / total

    def _year(self, fiscal_year: int) -> tuple[tuple[Period, ...], ...]:
        year = index(fiscal_year)  # a NumPy integer is welcome, 2026.0 is not
        if not EARLIEST <= year <= LATEST:
            raise InputError(f"fiscal year {year} is outside {EARLIEST} to {LATEST}")
        return year_layout(self._settings, year)

    def _numbered(self, kind: str, fiscal_year: int, number: int) -> Period:
        periods = self._year(fiscal_year)[kind_rank(kind)]
        if not 1 <= number <= len(periods):
            raise InputError(
                f"fiscal year {fiscal_year} has no {kind} {number};"
                f" its {kind}s are numbered 1 to {len(periods)}"
            )
        return periods[number - 1]

    def _known(self, period: Period) -> int:
        """Rank of the kind of a period, which must be one of this calendar's own."""
        rank = kind_rank(period.kind)
        if period not in self._year(period.fiscal_year)[rank]:
            raise InputError(
                f"{period} from {period.start} to {period.end} is not a whole period of this"
                " calendar; it is the cut part of a week, or another calendar made it"
            )
        return rank


def _workdays(non_working: Mapping[dt.date, bool]) -> dict[dt.date, bool]:
    """Overrides as plain days and truth values, by date."""
    worked: dict[dt.date, bool] = {}
    for day, is_worked in non_working.items():
        # "False" and 0.0 would pass for true and false without a word.
        if not isinstance(is_worked, bool | np.bool_):
            raise InputError(
                f"whether {as_day(day)} is worked is given as `{is_worked}`,"
                " but must be true or false"
            )
        worked[as_day(day)] = bool(is_worked)
    return dict(sorted(worked.items()))


def _is_weekday(day: dt.date) -> bool:
    return day.weekday() < 5


def _count_between(days: tuple[dt.date, ...], start: dt.date, end: dt.date) -> int:
    return bisect_right(days, end) - bisect_left(days, start)
