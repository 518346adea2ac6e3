"""Landing: where the bookings of a running period are heading.

Past periods say what share of their bookings they had once the same share of
working days was over. The median of these shares is what a period has by now;
how wrong that would have been in the past is the interval.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import median
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from salesops_lib.performance.backtest import LEAST_PERIODS, backtest, landing_interval
from salesops_lib.performance.cohorts import NO_GROUP, answered_with, grouped
from salesops_lib.performance.comparison import is_truncated, period_labels
from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.performance.formulas import share_of
from salesops_lib.performance.pipeline import quota_by
from salesops_lib.results import Measure, MeasureRow, Value
from salesops_lib.rows import rows_of
from salesops_lib.words import nameless_group

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    import pandas as pd
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View

__all__ = ["PAST_PERIODS", "booked_by", "history_of", "landing", "pace", "past_periods"]

PAST_PERIODS = 12
"""How many past periods are looked at; older ones tell of another company."""


def landing(view: View, by: str | None = None) -> Measure:
    """Bookings to date ÷ the share that past periods had by the same day.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    by : str, optional
        What to split by; each group is measured by its own past.

    Returns
    -------
    Measure
        In the reporting currency, with its backtested interval; `n` is the number of
        past periods. Only the current period has a value. Once it has ended, that is
        its bookings.
    """
    return _paced(view, "landing", by, lambda _group, value: value)


def pace(view: View, by: str | None = None) -> Measure:
    """Bookings to date ÷ (quota x the share that past periods had by the same day).

    Parameters
    ----------
    view, by
        As for `landing`; quotas are set by region, team and rep only.

    Returns
    -------
    Measure
        A share of the quota: 100 % is on course. `n` and interval as for `landing`.
    """
    quotas = quota_by(view, view.period.start, view.period.end, by)

    def value(group: str, landed: Value) -> Value:
        quota = quotas.get(group)
        if quota is None:
            return Value(None, landed.n, reason=view.show.say("no quota in this period"))
        if landed.number is None:
            return landed
        low, high = (None if end is None else end / quota for end in (landed.low, landed.high))
        return Value(share_of(float(landed.number), quota), landed.n, low, high)

    return _paced(view, "pace", by, value)


def _paced(
    view: View, measure: str, by: str | None, value_of: Callable[[str, Value], Value]
) -> Measure:
    booked = booked_by(view, by)
    labels = dict(_labels(view, by)) or {"all": "All"}
    order = [span.label for span, _day in past_periods(view)]
    rows = []
    for group, stored in sorted(labels.items(), key=lambda pair: (pair[1], pair[0])):
        label = nameless_group(by, view.show) if by and group == NO_GROUP else stored
        value = value_of(group, _landing(view, booked.get(group, {}), order))
        rows.append(MeasureRow(group, label, "current", value))
    periods = {"current": period_labels(view)["current"], "prior": "", "last_year": ""}
    definition = DEFINITIONS[measure].said(view.show)
    return Measure(definition, tuple(rows), periods, by, view.scope_phrase, view.show)


def _landing(view: View, booked: dict[str, Any], order: list[str]) -> Value:
    say, now = view.show.say, booked.get(view.period.label)
    so_far = 0.0 if now is None else float(now.to_date)
    past = history_of(booked, order)
    if view.as_of >= view.period.end:
        return Value(so_far, len(past))
    if len(past) < LEAST_PERIODS:
        reason = say(
            "{least} past periods with bookings are needed, the extract has {count}",
            least=view.show.count(LEAST_PERIODS),
            count=view.show.count(len(past)),
        )
        return Value(None, len(past), reason=reason)
    share = median(part / total for _, part, total in past)
    if share <= 0:
        reason = say("by this day at least half of the past periods had booked nothing")
        return Value(None, len(past), reason=reason)
    if so_far <= 0:
        return Value(None, len(past), reason=say("nothing was booked so far"))
    errors = backtest([part for _, part, _ in past], [total for _, _, total in past])
    low, high = landing_interval(so_far / share, errors) or (None, None)
    # What is booked is booked.
    low = low if low is None else max(low, so_far)
    high = high if high is None else max(high, so_far)
    return Value(so_far / share, len(past), low, high)


def history_of(booked: dict[str, Any], order: list[str]) -> list[tuple[str, float, float]]:
    """Label, bookings by the day looked at, and all bookings of the past periods that count."""
    cells = [(label, booked.get(label)) for label in order]
    return [
        (label, max(0.0, float(cell.to_date)), float(cell.total))
        for label, cell in cells
        if cell is not None and cell.total > 0
    ]


@lru_cache(maxsize=32)
def past_periods(view: View) -> list[tuple[Period, dt.date]]:
    """Past periods that the extract covers, oldest first, with the day looked at in each."""
    share = view.calendar.elapsed_share(view.period, view.as_of)
    spans = view.calendar.trailing(view.calendar.prior(view.period), PAST_PERIODS)
    first = view.starts_on
    return [
        (span, span.end if share >= 1 else view.day_at(span, share))
        for span in spans
        if first is not None and first <= span.end and not is_truncated(view, span.start)
    ]


def booked_by(view: View, by: str | None) -> dict[str, dict[str, Any]]:
    """Rows of `_bookings` by group and period."""
    frame = _bookings(view, answered_with(by))
    found: dict[str, dict[str, Any]] = {}
    for row in rows_of(frame[frame["by"] == (by or NO_GROUP)]):
        found.setdefault(row.group, {})[row.period] = row
    return found


def _labels(view: View, by: str | None) -> Any:
    frame = _bookings(view, answered_with(by))
    of_by = frame[frame["by"] == (by or NO_GROUP)]
    return zip(of_by["group"], of_by["label"], strict=True)


@lru_cache(maxsize=32)
def _bookings(view: View, groupings: tuple[str | None, ...]) -> pd.DataFrame:
    spans = [*past_periods(view), (view.period, min(view.as_of, view.period.end))]
    table = ibis.memtable(
        {
            "period": [span.label for span, _day in spans],
            "first": [span.start for span, _day in spans],
            "day": [day for _span, day in spans],
            "last": [min(span.end, view.as_of) for span, _day in spans],
        },
        schema={"period": "string", "first": "date", "day": "date", "last": "date"},
    )

    def query(deals: IbisTable) -> IbisTable:
        won = deals.filter(_.is_won)
        rows = won.inner_join(
            table, [won.close_date >= table["first"], won.close_date <= table["last"]]
        )
        sums = grouped(rows, groupings, "period").agg(
            label=_.label.min(),
            to_date=_.amount.sum(where=_.close_date <= _.day).fill_null(0).cast("float64"),
            total=_.amount.sum().fill_null(0).cast("float64"),
        )
        return sums.order_by("label", "group", "scope", "by", "period")

    return view.tally("pacing", "deals", query, groupings, *spans)
