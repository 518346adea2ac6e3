"""Windows of measurement: since when results count, and against which quotas."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.period import Period

__all__ = ["Span", "Window", "earlier_periods", "window_of"]

_MONTHS = {"month": 1, "quarter": 3, "year": 12}

Span = Literal["period", "quarter", "year"]
"""Since when results count."""


@dataclass(frozen=True)
class Window:
    """Days whose results count for one payment, and those that the quota is for.

    Parameters
    ----------
    start, end : date
        First and last day of the results.
    quota_end : date
        Last day of the quotas; the first is `start`.
    share_of_year : Fraction
        Part of a year's pay at target that belongs to it.
    """

    start: dt.date
    end: dt.date
    quota_end: dt.date
    share_of_year: Fraction


def window_of(
    plan: Plan, period: Period, calendar: FiscalCalendar, span: Span, *, full_quota: bool
) -> Window:
    """Window of one pay period.

    Parameters
    ----------
    plan : Plan
        Before its first day nothing counts.
    period : Period
        The pay period.
    calendar : FiscalCalendar
        Whose quarters and years count.
    span : str
        ``period``, ``quarter`` or ``year``.
    full_quota : bool
        Whether quota and pay at target are those of the whole span, or to date.

    Returns
    -------
    Window

    Raises
    ------
    InputError
        The span is shorter than the pay period.
    """
    months = _MONTHS[period.kind]
    whole = period if span == "period" else calendar.period_of(period.start, span)
    if _MONTHS[whole.kind] < months:
        raise InputError(f"pay by the {period.kind} cannot be measured over a {span}")
    start = max(whole.start, plan.from_)
    end = whole.end if plan.to is None else min(whole.end, plan.to)
    covered = calendar.within(whole, period.kind)
    counted = [part for part in covered if part.end >= start and part.start <= end]
    if not full_quota:
        end = period.end
        counted = [part for part in counted if part.end <= end]
    share = Fraction(months * len(counted), 12)
    return Window(start, period.end, end, share)


def earlier_periods(window: Window, period: Period, calendar: FiscalCalendar) -> list[Period]:
    """Pay periods of a window that come before the one that is paid, oldest first."""
    found = []
    before = calendar.prior(period)
    while before.start >= window.start:
        found.append(before)
        before = calendar.prior(before)
    return found[::-1]
