"""Pacing: where the bookings of a running period are heading.

Past periods say what share of their bookings they had once the same share of
working days was over. The median of these shares is what a period has by now;
how wrong that would have been in the past is the interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import median
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from ibis import _

from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.performance.backtest import LEAST_PERIODS, backtest, landing_interval
from salesops_lib.performance.cohorts import NO_GROUP, answered_with, grouped
from salesops_lib.performance.comparison import is_truncated, period_labels
from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.performance.formulas import share_of
from salesops_lib.performance.pipeline import quota_by
from salesops_lib.results import MIME, Measure, MeasureRow, Value, rows_of
from salesops_lib.words import nameless_group

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from ibis.expr.types import Table as IbisTable

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View

__all__ = [
    "PAST_PERIODS",
    "Pacing",
    "landing",
    "pace",
    "pacing",
]

PAST_PERIODS = 12
"""How many past periods are looked at; older ones tell of another company."""


@dataclass(frozen=True)
class Pacing:
    """Where a running period is heading, and how often that was right before.

    Parameters
    ----------
    frame : DataFrame
        One row a past period that counts, oldest first: `period`, `day` (at which the
        same share of working days was over), `to_date`, `total` (reporting currency),
        `share`, `foretold` (NaN for the first ones) and `error` (foretold ÷ total − 1).
    landing, pace : Measure
        The estimate, and bookings to date against the quota's share by now.
    elapsed : float
        Share of the period's working days that are over.
    view : View
        What was looked at.
    """

    frame: pd.DataFrame
    landing: Measure
    pace: Measure
    elapsed: float
    view: View

    @property
    def headline(self) -> str:
        """One sentence: where the period lands, and how sure that is."""
        show, value = self.view.show, self.landing.value()
        period = self.landing.period()
        if value.number is None:
            return self.landing.headline
        words = {
            "period": period,
            "gone": show.share(self.elapsed, 0),
            "amount": show.money(value.number, compact=True),
        }
        if self.elapsed >= 1:
            return show.say("{period} has ended; its bookings are {amount}.", **words)
        ends = show.interval(value.low, value.high, "money")
        if not ends:
            return show.say(
                "At the pace of past periods {period} lands at {amount}; {gone} of its working "
                "days are over.",
                **words,
            )
        return show.say(
            "At the pace of past periods {period} lands at {amount}, 95% interval {ends}; {gone} "
            "of its working days are over.",
            ends=ends,
            **words,
        )

    @property
    def grid(self) -> Grid:
        """The past periods, and what would have been foretold of them."""
        show, say, money = self.view.show, self.view.show.say, self.view.show.currency
        headers = (
            (say("Period"), "text"),
            (say("Day"), "text"),
            (say("Booked by then, {currency}", currency=money), "number"),
            (say("Bookings, {currency}", currency=money), "number"),
            (say("Share by then"), "number"),
            (say("Foretold, {currency}", currency=money), "number"),
            (say("Error"), "number"),
        )
        digits = show.cents(self.frame["total"])
        rows = tuple(
            (
                Cell(show.period(row.period), "head"),
                Cell(show.day_month(row.day), "text"),
                Cell(show.amount(row.to_date, digits)),
                Cell(show.amount(row.total, digits)),
                Cell(show.share(row.share)),
                Cell(show.amount(row.foretold, digits)),
                Cell("" if row.error != row.error else show.share(row.error, signed=True)),
            )
            for row in rows_of(self.frame)
        )
        return Grid(say("Past periods by the same day"), headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        frame = self.frame.assign(day=self.frame["day"].map(str))
        plain = frame.astype(object).where(frame.notna(), None)
        return {
            "kind": "pacing",
            "headline": self.headline,
            "elapsed": self.elapsed,
            "measures": [self.landing.records(), self.pace.records()],
            "rows": plain.to_dict(orient="records"),
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def pacing(view: View) -> Pacing:
    """Where the period is heading, with the backtest behind it.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    Pacing
    """
    days = {span.label: day for span, day in _past(view)}
    booked = _booked(view, None)
    past = _history(booked.get("all", {}), list(days))
    errors = backtest([part for _, part, _ in past], [total for _, _, total in past])
    rows = [
        (
            label,
            days[label],
            part,
            total,
            part / total,
            *_foretold(error, total),
        )
        for (label, part, total), error in zip(past, errors, strict=True)
    ]
    columns = ["period", "day", "to_date", "total", "share", "foretold", "error"]
    frame = pd.DataFrame(rows, columns=columns)
    elapsed = view.calendar.elapsed_share(view.period, view.as_of)
    return Pacing(frame, landing(view), pace(view), elapsed, view)


def _foretold(error: float | None, total: float) -> tuple[float, float]:
    if error is None or not math.isfinite(error):
        return math.nan, math.nan
    return total * math.exp(-error), math.exp(-error) - 1


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
    booked = _booked(view, by)
    labels = dict(_labels(view, by)) or {"all": "All"}
    order = [span.label for span, _day in _past(view)]
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
    past = _history(booked, order)
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


def _history(booked: dict[str, Any], order: list[str]) -> list[tuple[str, float, float]]:
    """Label, bookings by the day looked at, and all bookings of the past periods that count."""
    cells = [(label, booked.get(label)) for label in order]
    return [
        (label, max(0.0, float(cell.to_date)), float(cell.total))
        for label, cell in cells
        if cell is not None and cell.total > 0
    ]


def _past(view: View) -> list[tuple[Period, dt.date]]:
    """Past periods that the extract covers, oldest first, with the day looked at in each."""
    share = view.calendar.elapsed_share(view.period, view.as_of)
    spans = view.calendar.trailing(view.calendar.prior(view.period), PAST_PERIODS)
    first = view.starts_on
    return [
        (span, view.day_at(span, share))
        for span in spans
        if first is not None and first <= span.end and not is_truncated(view, span.start)
    ]


def _booked(view: View, by: str | None) -> dict[str, dict[str, Any]]:
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
    spans = [*_past(view), (view.period, min(view.as_of, view.period.end))]
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
