"""How a company cuts a fiscal year into quarters, months and weeks.

`salesops_lib.calendar` is the front door; this module holds the settings and
the layout of one year.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from itertools import accumulate
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from salesops_lib.period import KINDS, Period
from salesops_lib.yamlfile import Strict

__all__ = ["CalendarSettings", "fiscal_month", "year_layout"]

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = dt.timedelta(days=1)
_WEEK = dt.timedelta(weeks=1)


class CalendarSettings(Strict):
    """How a company cuts time; the ``calendar`` part of a parameter file.

    Parameters
    ----------
    year_starts : int
        Calendar month, 1 to 12, in which the fiscal year starts. The last
        month of the year is the one before it.
    year_named : str
        ``by_end``: fiscal 2026 is the year whose last month lies in calendar
        2026. ``by_start``: the one whose first month does. The same thing when
        the year starts in January.
    weeks : str
        ``months``: fiscal months are calendar months. ``4-4-5``, ``4-5-4``,
        ``5-4-4``: they are whole weeks, and each quarter has 13 of them.
    year_ends_on : str
        Weekday on which a year of whole weeks ends.
    year_end_rule : str
        ``nearest``: the year ends on that weekday nearest to the end of its
        last month. ``last``: on the last such weekday in that month.

    Examples
    --------
    >>> CalendarSettings(year_starts=7).year_named
    'by_end'
    """

    year_starts: int = Field(default=1, ge=1, le=12)
    year_named: Literal["by_end", "by_start"] = "by_end"
    weeks: Literal["months", "4-4-5", "4-5-4", "5-4-4"] = "months"
    year_ends_on: Literal[
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
    ] = "saturday"
    year_end_rule: Literal["nearest", "last"] = "nearest"

    @field_validator("year_ends_on", "year_end_rule")
    @classmethod
    def _has_effect(cls, value: str, info: ValidationInfo) -> str:
        # The defaults pass, so that dumped settings can be read back.
        default = cls.model_fields[str(info.field_name)].default
        if info.data.get("weeks") == "months" and value != default:
            raise ValueError(
                f"`{value}` has no effect while `weeks` is `months`;"
                " set `weeks` to 4-4-5, 4-5-4 or 5-4-4, or leave this key out"
            )
        return value


@lru_cache(maxsize=1024)
def year_layout(settings: CalendarSettings, fiscal_year: int) -> tuple[tuple[Period, ...], ...]:
    """All periods of a fiscal year, one tuple for each of `KINDS`, each in order.

    Parameters
    ----------
    settings : CalendarSettings
        How the company cuts time.
    fiscal_year : int
        The year.

    Returns
    -------
    tuple of tuple of Period
        Weeks, months, quarters, and the year itself.

    Examples
    --------
    >>> weeks, months, quarters, (year,) = year_layout(CalendarSettings(year_starts=7), 2026)
    >>> print(year.start, months[0], quarters[0].end)
    2025-07-01 2025-07 2025-09-30
    """
    start, stop = _first_day(settings, fiscal_year), _first_day(settings, fiscal_year + 1)
    if settings.weeks == "months":
        numbers = range(settings.year_starts - 1, settings.year_starts + 11)
        months = [dt.date(start.year + number // 12, number % 12 + 1, 1) for number in numbers]
        monday = start + (7 - start.weekday()) * _DAY
        weeks = [start, *_every_week(monday, stop)]
    else:
        # A 53rd week is no part of the pattern, so it falls to the last month.
        lengths = [int(length) for length in settings.weeks.split("-")] * 4
        months = [start + weeks * _WEEK for weeks in accumulate(lengths[:-1], initial=0)]
        weeks = _every_week(start, stop)
    starts = (weeks, months, months[::3], [start])
    return tuple(
        tuple(
            Period(kind, fiscal_year, number, first, following - _DAY)
            for number, (first, following) in enumerate(
                zip(firsts, [*firsts[1:], stop], strict=True), 1
            )
        )
        for kind, firsts in zip(KINDS, starts, strict=True)
    )


def fiscal_month(settings: CalendarSettings, year: int, month: int) -> tuple[int, int]:
    """Fiscal year, and place in it, of the month that stands for a calendar month.

    Examples
    --------
    >>> fiscal_month(CalendarSettings(year_starts=10), 2025, 11)
    (2026, 2)
    """
    starting = year - (month < settings.year_starts)
    return starting + _ahead(settings), (month - settings.year_starts) % 12 + 1


def _ahead(settings: CalendarSettings) -> int:
    """Years by which a fiscal year's name is ahead of the calendar year it starts in."""
    return int(settings.year_starts > 1 and settings.year_named == "by_end")


def _first_day(settings: CalendarSettings, fiscal_year: int) -> dt.date:
    first = dt.date(fiscal_year - _ahead(settings), settings.year_starts, 1)
    if settings.weeks == "months":
        return first
    month_end = first - _DAY
    beyond = (month_end.weekday() - _WEEKDAYS.index(settings.year_ends_on)) % 7
    if settings.year_end_rule == "nearest" and beyond > 3:
        beyond -= 7
    return first - beyond * _DAY


def _every_week(start: dt.date, stop: dt.date) -> list[dt.date]:
    return [start + days * _DAY for days in range(0, (stop - start).days, 7)]
