"""Bookings, win rates, deal sizes and cycles: what became of deals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from salesops_lib.performance.cohorts import closed_deals, created_deals
from salesops_lib.performance.comparison import amounts_missing, compared
from salesops_lib.performance.formulas import share_of
from salesops_lib.results import Measure, Value
from salesops_lib.stats import (
    amount_share_interval,
    mean_interval,
    median_interval,
    wilson_interval,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from salesops_lib.data.view import View

__all__ = [
    "average_deal",
    "bookings",
    "cycle_days",
    "deals_created",
    "deals_won",
    "median_deal",
    "pipeline_created",
    "win_rate",
    "win_rate_created",
    "win_rate_value",
]


def bookings(view: View, by: str | None = None) -> Measure:
    """Sum of the amounts of won deals, by close date.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    by : str, optional
        What to split by: region, team, rep, product, segment and others.

    Returns
    -------
    Measure
        In the reporting currency; `n` is the number of won deals.
    """
    return compared(
        view,
        "bookings",
        closed_deals(view, by),
        by,
        lambda row, _role: Value(_number(row, "won_amount"), _count(row, "won")),
    )


def deals_won(view: View, by: str | None = None) -> Measure:
    """Number of won deals, by close date.

    Parameters
    ----------
    view, by
        As for `bookings`.

    Returns
    -------
    Measure
        A count; `n` is the number of closed deals.
    """
    return compared(
        view,
        "deals_won",
        closed_deals(view, by),
        by,
        lambda row, _role: Value(_count(row, "won"), _count(row, "won") + _count(row, "lost")),
    )


def win_rate(view: View, by: str | None = None) -> Measure:
    """Won ÷ (won + lost) of the deals closed in the period, by count.

    Parameters
    ----------
    view, by
        As for `bookings`.

    Returns
    -------
    Measure
        A share with its Wilson interval; `n` is the number of closed deals.
    """

    def value(row: Any, _role: str) -> Value:
        won, n = _count(row, "won"), _count(row, "won") + _count(row, "lost")
        return _share(won, n, view.show.say("no deal closed"))

    return compared(view, "win_rate", closed_deals(view, by), by, value)


def win_rate_value(view: View, by: str | None = None) -> Measure:
    """Won amount ÷ (won amount + lost amount) of the deals closed in the period.

    Parameters
    ----------
    view, by
        As for `bookings`.

    Returns
    -------
    Measure
        A share, in whose interval few large deals count as few; `n` is the number of
        closed deals. Not computable where more than `MISSING_AMOUNTS_LIMIT` of the
        lost deals have no amount.
    """

    def value(row: Any, _role: str) -> Value:
        lost, n = _count(row, "lost"), _count(row, "won") + _count(row, "lost")
        if n == 0:
            return Value(None, 0, reason=view.show.say("no deal closed"))
        reason = amounts_missing(view, lost, _count(row, "lost_valued"), "lost")
        if reason:
            return Value(None, n, reason=reason)
        won_amount, lost_amount = _number(row, "won_amount"), _number(row, "lost_amount")
        total = won_amount + lost_amount
        if total <= 0:
            return Value(None, n, reason=view.show.say("the closed deals have no amounts"))
        squares = float(_number(row, "squares"))
        interval = amount_share_interval(float(won_amount), float(total), squares)
        return Value(float(won_amount / total), n, *(interval or (None, None)))

    return compared(view, "win_rate_value", closed_deals(view, by), by, value)


def win_rate_created(view: View, by: str | None = None) -> Measure:
    """Won ÷ created, of the deals created in the period.

    Parameters
    ----------
    view, by
        As for `bookings`.

    Returns
    -------
    Measure
        A share with its Wilson interval; `n` is the number of created deals.
        All periods are observed for the same number of days after their end.
    """

    def value(row: Any, _role: str) -> Value:
        reason = view.show.say("no deal was created")
        return _share(_count(row, "won"), _count(row, "created"), reason)

    return compared(view, "win_rate_created", created_deals(view, by), by, value)


def average_deal(view: View, by: str | None = None) -> Measure:
    """Mean amount of won deals with an amount.

    Parameters
    ----------
    view, by
        As for `bookings`.

    Returns
    -------
    Measure
        In the reporting currency, with a Student interval.
    """

    def value(row: Any, _role: str) -> Value:
        amounts = _list(row, "amounts")
        if not len(amounts):
            return Value(None, 0, reason=view.show.say("no won deal has an amount"))
        deviation = float(np.std(amounts, ddof=1)) if len(amounts) > 1 else math.nan
        mean = float(np.mean(amounts))
        low, high = mean_interval(len(amounts), mean, deviation) or (None, None)
        return Value(mean, len(amounts), low if low is None else max(0.0, low), high)

    return compared(view, "average_deal", closed_deals(view, by), by, value)


def median_deal(view: View, by: str | None = None) -> Measure:
    """Median amount of won deals with an amount.

    Parameters
    ----------
    view, by
        As for `bookings`.

    Returns
    -------
    Measure
        In the reporting currency, with an interval from order statistics.
    """
    value = _median("amounts", view.show.say("no won deal has an amount"))
    return compared(view, "median_deal", closed_deals(view, by), by, value)


def cycle_days(view: View, by: str | None = None) -> Measure:
    """Median days from creation to close of won deals.

    Parameters
    ----------
    view, by
        As for `bookings`.

    Returns
    -------
    Measure
        In days, with an interval from order statistics.
    """
    reason = view.show.say("no won deal has a created date before its close date")
    value = _median("cycles", reason)
    return compared(view, "cycle_days", closed_deals(view, by), by, value)


def pipeline_created(view: View, by: str | None = None) -> Measure:
    """Sum of the amounts of the deals created in the period, at today's amounts.

    Parameters
    ----------
    view, by
        As for `bookings`.

    Returns
    -------
    Measure
        In the reporting currency; `n` is the number of created deals. Not
        computable where more than `MISSING_AMOUNTS_LIMIT` of them have no amount.
    """

    def value(row: Any, _role: str) -> Value:
        n = _count(row, "created")
        reason = amounts_missing(view, n, _count(row, "valued"), "created")
        return Value(None if reason else _number(row, "created_amount"), n, reason=reason)

    return compared(view, "pipeline_created", created_deals(view, by), by, value, closed=False)


def deals_created(view: View, by: str | None = None) -> Measure:
    """Number of deals created in the period.

    Parameters
    ----------
    view, by
        As for `bookings`.

    Returns
    -------
    Measure
        A count.
    """
    return compared(
        view,
        "deals_created",
        created_deals(view, by),
        by,
        lambda row, _role: Value(_count(row, "created"), _count(row, "created")),
        closed=False,
    )


def _median(column: str, reason: str) -> Callable[[Any, str], Value]:
    def value(row: Any, _role: str) -> Value:
        values = _list(row, column)
        if not len(values):
            return Value(None, 0, reason=reason)
        low, high = median_interval(values) or (None, None)
        return Value(float(np.median(values)), len(values), low, high)

    return value


def _share(successes: int, trials: int, reason: str) -> Value:
    interval = wilson_interval(successes, trials)
    if interval is None:
        return Value(None, 0, reason=reason)
    return Value(share_of(successes, trials), trials, *interval)


def _count(row: Any, column: str) -> int:
    return 0 if row is None else int(getattr(row, column))


def _number(row: Any, column: str) -> Any:
    """Sum of a column; the sum of no rows is 0."""
    number = 0 if row is None else getattr(row, column)
    return 0 if number is None or number != number else number


def _list(row: Any, column: str) -> Any:
    values = () if row is None else getattr(row, column)
    return () if values is None or (isinstance(values, float) and math.isnan(values)) else values
