"""Days, months and quarters of the simulated company.

Days are counted from 1970-01-01 and moments in seconds from there (UTC), so
that whole columns are plain integers.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from salesops_lib.data.sample.arrays import Floats, Ints

__all__ = [
    "AS_OF",
    "CRM_START",
    "DAY",
    "EXPORT_SECOND",
    "FAR",
    "FIRST_QUARTER",
    "HISTORY_START",
    "LAST_QUARTER",
    "date_of",
    "day_of",
    "fiscal_label",
    "month_of",
    "month_start",
    "quarter_of",
    "quarter_start",
    "weekday_in_month",
    "working_moment",
]

DAY = 86_400
FAR = 100_000
"""A day after everything (2243): no end yet."""


def day_of(year: int, month: int, day: int) -> int:
    """Day number of a date.

    Examples
    --------
    >>> day_of(1970, 1, 2)
    1
    """
    return dt.date(year, month, day).toordinal() - dt.date(1970, 1, 1).toordinal()


def date_of(day: int) -> dt.date:
    """Date of a day number."""
    return dt.date.fromordinal(int(day) + dt.date(1970, 1, 1).toordinal())


HISTORY_START = day_of(2022, 1, 1)
"""The simulation starts here, so that 2023 begins with a full pipeline."""

CRM_START = day_of(2023, 1, 1)
"""Deals that closed before this day were not moved into the CRM."""

AS_OF = day_of(2026, 9, 30)
"""Day of the export."""

EXPORT_SECOND = (AS_OF + 1) * DAY - 1
"""Last second of the day of the export."""

FIRST_QUARTER = 4
"""2023-Q1, counted from 2022-Q1."""

LAST_QUARTER = 18
"""2026-Q3, the quarter that ends on the as-of day."""


def _months(days: Ints) -> Ints:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def month_of(days: Ints) -> Ints:
    """Months since January 2022.

    Examples
    --------
    >>> month_of(np.array([day_of(2022, 1, 31), day_of(2023, 3, 1)])).tolist()
    [0, 14]
    """
    return _months(np.asarray(days, dtype=np.int64)) - 52 * 12


def month_start(months: Ints) -> Ints:
    """First day of each month (counted from January 2022)."""
    first = np.asarray(months, dtype=np.int64) + 52 * 12
    return first.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def quarter_of(days: Ints) -> Ints:
    """Quarters since 2022-Q1.

    Examples
    --------
    >>> quarter_of(np.array([AS_OF])).tolist() == [LAST_QUARTER]
    True
    """
    return month_of(days) // 3


def quarter_start(quarter: int) -> int:
    """First day of a quarter (counted from 2022-Q1)."""
    return day_of(2022 + quarter // 4, quarter % 4 * 3 + 1, 1)


def fiscal_label(quarter: int) -> str:
    """Label of a quarter.

    Examples
    --------
    >>> fiscal_label(18)
    '2026-Q3'
    """
    return f"{2022 + quarter // 4}-Q{quarter % 4 + 1}"


def weekday_in_month(days: Ints) -> Ints:
    """Days moved off the weekend without leaving their month.

    Saturday and Sunday become the Monday after, or the Friday before where the
    month ends first.

    Examples
    --------
    >>> days = np.array([day_of(2026, 8, 1), day_of(2026, 5, 31)])  # a Saturday, a Sunday
    >>> [date_of(d).isoformat() for d in weekday_in_month(days)]
    ['2026-08-03', '2026-05-29']
    """
    weekday = (days + 3) % 7
    ahead = np.where(weekday > 4, 7 - weekday, 0)
    back = np.where(weekday > 4, weekday - 4, 0)
    return np.where(_months(days + ahead) == _months(days), days + ahead, days - back)


def working_moment(day: Ints, share: Floats) -> Ints:
    """Moment of a working day, 07:00 to 17:00 UTC, in the order of `share` (0 to 1).

    Examples
    --------
    >>> int(working_moment(np.array([0]), np.array([0.5]))[0]) / 3600
    12.0
    """
    return day * DAY + 7 * 3600 + np.floor(share * 36_000).astype(np.int64)
