"""On which days past quarters are forecast again: week 1, 5, 9 and 13 of each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View

__all__ = ["PERIODS", "WEEKS", "Horizon", "forecast_day", "past_horizons"]

WEEKS = (1, 5, 9, 13)
"""Weeks of a quarter at whose first day a forecast is judged."""

PERIODS = 8
"""Past quarters that the record covers, unless it is asked for more."""


@dataclass(frozen=True)
class Horizon:
    """One forecast of one period: the day at whose end it is made.

    Parameters
    ----------
    period : Period
        Period forecast.
    week : int
        Week of the period, from 1.
    day : date
        First day of that week.
    """

    period: Period
    week: int
    day: dt.date


def forecast_day(period: Period, week: int) -> dt.date:
    """First day of a period's week, counted in sevens from the period's own first day.

    Parameters
    ----------
    period : Period
        Period forecast.
    week : int
        From 1. After week 13 of a quarter, 6 to 8 days are left.

    Returns
    -------
    date

    Raises
    ------
    InputError
        The period has no such week.

    Examples
    --------
    >>> from salesops_lib.calendar import FiscalCalendar
    >>> print(forecast_day(FiscalCalendar().period("2026-Q3"), 5))
    2026-07-29
    """
    day = period.start + dt.timedelta(days=7 * (week - 1))
    if week < 1 or day > period.end:
        last = (period.days + 6) // 7
        raise InputError(f"{period} has no week {week}: its weeks are 1 to {last}")
    return day


def past_horizons(
    view: View, periods: int = PERIODS, weeks: Sequence[int] = WEEKS, *, running: bool = True
) -> list[Horizon]:
    """Forecasts of the last finished quarters, and of the one that runs.

    Parameters
    ----------
    view : View
        Calendar and as-of date.
    periods : int
        How many finished quarters.
    weeks : sequence of int
        Which weeks of each; those that a quarter has not are left out.
    running : bool
        Whether the quarter that runs on the as-of date comes too, up to that date.

    Returns
    -------
    list of Horizon
        Oldest first.
    """
    now = view.calendar.period_of(view.as_of, "quarter")
    # On its last day a quarter is over.
    last = now if view.as_of >= now.end else view.calendar.prior(now)
    found = list(view.calendar.trailing(last, periods)) if periods > 0 else []
    if running and now != last:
        found.append(now)
    return [
        Horizon(period, week, day)
        for period in found
        for week in sorted(set(weeks))
        if week <= (period.days + 6) // 7 and (day := forecast_day(period, week)) <= view.as_of
    ]
