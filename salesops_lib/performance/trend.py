"""The trend: the last eight periods, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import ibis
import numpy as np
import pandas as pd
from ibis import _

from salesops_lib.fragments import Cell, Grid
from salesops_lib.performance.comparison import MISSING_AMOUNTS_LIMIT, is_truncated
from salesops_lib.performance.pipeline import quota_by
from salesops_lib.results import rows_of
from salesops_lib.stats import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View

__all__ = [
    "TREND_PERIODS",
    "BookingsTrend",
    "Trend",
    "WinRateTrend",
    "bookings_trend",
    "trend",
    "win_rate_trend",
]

TREND_PERIODS = 8


@dataclass(frozen=True)
class Trend:
    """Past periods of a scope, oldest first.

    Parameters
    ----------
    frame : DataFrame
        One row a period: `period`, `bookings`, `quota` (NaN without),
        `pipeline_created`, `average_deal` (reporting currency), `won`, `lost`,
        `deals_created`, `win_rate`, `low`, `high` (Wilson 95 %), `cycle_days`
        (median of the won), `note` (why a row is to be read with care). Money
        and rates are NaN where the extract has no closed deal yet.
    view : View
        What was looked at.
    """

    frame: pd.DataFrame
    view: View

    def series(self, measure: str) -> list[float | None]:
        """Values of one measure, oldest first; empty where the trend lacks it."""
        if measure == "attainment":
            values = self.frame["bookings"] / self.frame["quota"]
        elif measure in self.frame:
            values = self.frame[measure]
        else:
            return []
        return [None if pd.isna(value) else float(value) for value in values]

    @property
    def covered(self) -> pd.DataFrame:
        """Rows from the extract's first closed deal on; what charts draw."""
        known = self.frame["bookings"].notna()
        return self.frame[known] if known.any() else self.frame.tail(1)

    def known(self, column: str) -> list[Any]:
        """Rows that have a value, oldest first."""
        return list(rows_of(self.frame.dropna(subset=[column])))

    @property
    def grid(self) -> Grid:
        """The numbers behind the charts."""
        show = self.view.show
        headers = tuple(
            (text, "text" if text in {"Period", "Note"} else "number")
            for text in (
                "Period", f"Bookings, {show.currency}", f"Quota, {show.currency}", "Won", "Lost",
                "Win rate", "95% interval", "Median cycle", f"Pipeline created, {show.currency}",
                "Note",
            )
        )  # fmt: skip
        rows = tuple(
            (
                Cell(row.period, "head"),
                Cell(show.amount(row.bookings)),
                Cell(show.amount(row.quota)),
                Cell(show.count(row.won)),
                Cell(show.count(row.lost)),
                Cell(show.value(row.win_rate, "share")),
                Cell(show.interval(row.low, row.high, "share")),
                Cell(show.value(row.cycle_days, "days")),
                Cell(show.amount(row.pipeline_created)),
                Cell(row.note, "text"),
            )
            for row in rows_of(self.frame)
        )
        return Grid(f"Trend of {self.view.scope.phrase}", headers, rows)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        frame = self.frame.astype(object).where(self.frame.notna(), None)
        return {"kind": "trend", "rows": frame.to_dict(orient="records")}


@dataclass(frozen=True)
class _TrendChart:
    """What the charts of a trend share; each says what it draws."""

    trend: Trend

    chart: ClassVar[str]
    drawn: ClassVar[str]

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        periods = self.trend.covered["period"]
        span = f"{periods.iloc[0]} to {periods.iloc[-1]}"
        return f"{self.drawn}, {span}. Source: snapshot {self.trend.view.snapshot.id}."

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        return self.trend.grid

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {"chart": self.chart, **self.trend.records()}


@dataclass(frozen=True)
class BookingsTrend(_TrendChart):
    """Bookings and quota by period.

    Parameters
    ----------
    trend : Trend
        The periods.
    """

    chart = "bookings_trend"
    drawn = "Closed-won amount by close date, with the quota of the period"

    @property
    def headline(self) -> str:
        """One sentence: where the current period stands in the row."""
        show, known = self.trend.view.show, self.trend.known("bookings")
        if len(known) < 2:
            return "There is no earlier period to compare with."
        now = known[-1]
        rank = sum(row.bookings > now.bookings for row in known) + 1
        place = "highest" if rank == 1 else f"{_ordinal(rank)} highest"
        amount = show.money(now.bookings, compact=True)
        return f"{now.period} booked {amount}, the {place} of {len(known)} periods"

    @property
    def alt(self) -> str:
        """The chart in words: what, from when to when, highest, lowest, latest."""
        show, known = self.trend.view.show, self.trend.known("bookings")
        if not known:
            return "Bar chart of bookings by period, without any closed deal."
        best = max(known, key=lambda row: row.bookings)
        worst = min(known, key=lambda row: row.bookings)
        return (
            f"Bar chart of bookings of {self.trend.view.scope.phrase} by period, "
            f"{known[0].period} to {known[-1].period}. Highest: {best.period} with "
            f"{show.money(best.bookings, compact=True)}; lowest: {worst.period} with "
            f"{show.money(worst.bookings, compact=True)}; latest: "
            f"{show.money(known[-1].bookings, compact=True)}."
        )


@dataclass(frozen=True)
class WinRateTrend(_TrendChart):
    """The closed win rate by period, with intervals.

    Parameters
    ----------
    trend : Trend
        The periods.
    """

    chart = "win_rate_trend"
    drawn = "Won ÷ (won + lost) by close date, with 95% Wilson intervals"

    @property
    def headline(self) -> str:
        """One sentence on the win rate of the last period against the one before."""
        show, known = self.trend.view.show, self.trend.known("win_rate")
        if len(known) < 2:
            return "There is no earlier win rate to compare with."
        before, now = known[-2:]
        apart = now.low > before.high or now.high < before.low
        verdict = "more than chance explains" if apart else "within what chance explains"
        moved = show.points(now.win_rate - before.win_rate)
        return (
            f"The closed win rate is {show.share(now.win_rate)}, {moved} on {before.period}: "
            f"{verdict}"
        )

    @property
    def alt(self) -> str:
        """The win rate chart in words."""
        show, known = self.trend.view.show, self.trend.known("win_rate")
        if not known:
            return "Line chart of the closed win rate by period, without any closed deal."
        best = max(known, key=lambda row: row.win_rate)
        worst = min(known, key=lambda row: row.win_rate)
        return (
            f"Line chart of the closed win rate of {self.trend.view.scope.phrase} by period "
            f"with 95% intervals. Highest: {best.period} with {show.share(best.win_rate)}; lowest: "
            f"{worst.period} with {show.share(worst.win_rate)}; latest: "
            f"{show.share(known[-1].win_rate)} of {known[-1].won + known[-1].lost} closed deals."
        )


def bookings_trend(view: View) -> BookingsTrend:
    """Bookings and quota of the last eight periods.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    BookingsTrend
    """
    return BookingsTrend(trend(view))


def win_rate_trend(view: View) -> WinRateTrend:
    """Closed win rate of the last eight periods.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    WinRateTrend
    """
    return WinRateTrend(trend(view))


@lru_cache(maxsize=16)
def trend(view: View, periods: int = TREND_PERIODS) -> Trend:
    """The last periods of the report's kind, its own included.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    periods : int
        How many.

    Returns
    -------
    Trend
    """
    spans = view.calendar.trailing(view.period, periods)
    closed = _by_period(
        view.deals.filter(_.is_closed, _.close_date <= view.as_of), "close_date", spans
    ).agg(
        bookings=_.amount.sum(where=_.is_won).cast("float64"),
        won=_.count(where=_.is_won),
        lost=_.count(where=~_.is_won),
        average_deal=_.amount.mean(where=_.is_won & (_.amount > 0)).cast("float64"),
        cycle_days=_.age_days.median(where=_.is_won & (_.age_days >= 0)),
    )
    created = _by_period(view.deals, "created_date", spans).agg(
        deals_created=_.count(),
        valued=_.count(where=_.amount > 0),
        pipeline_created=_.amount.sum().cast("float64"),
    )
    frame = pd.DataFrame({"period": [span.label for span in spans]})
    for part in (closed, created):
        frame = frame.merge(part.to_pandas(), on="period", how="left")
    counts = ["won", "lost", "deals_created"]
    frame[counts] = frame[counts].fillna(0).astype(int)
    frame["note"] = [_note(view, span) for span in spans]
    first = view.starts_on
    covered = np.array([first is not None and first <= span.end for span in spans])
    frame["bookings"] = frame["bookings"].fillna(0.0).where(covered)
    missing = frame["deals_created"] - frame["valued"].fillna(0)
    counted = missing <= MISSING_AMOUNTS_LIMIT * frame["deals_created"]
    frame["pipeline_created"] = frame["pipeline_created"].fillna(0.0).where(counted)
    frame = frame.drop(columns="valued")
    frame["quota"] = [
        quota_by(view, span.start, min(span.end, view.as_of)).get("all") for span in spans
    ]
    frame["quota"] = frame["quota"].astype(float)
    rates = [_rate(won, lost) for won, lost in zip(frame["won"], frame["lost"], strict=True)]
    frame[["win_rate", "low", "high"]] = pd.DataFrame(rates, index=frame.index, dtype=float)
    return Trend(frame, view)


def _by_period(rows: Any, day: str, spans: Sequence[Period]) -> Any:
    table = ibis.memtable(
        {
            "period": [span.label for span in spans],
            "first": [span.start for span in spans],
            "last": [span.end for span in spans],
        },
        schema={"period": "string", "first": "date", "last": "date"},
    )
    joined = rows.inner_join(table, [rows[day] >= table["first"], rows[day] <= table["last"]])
    return joined.group_by("period")


def _rate(won: int, lost: int) -> tuple[float | None, float | None, float | None]:
    interval = wilson_interval(won, won + lost)
    return (won / (won + lost), *interval) if interval else (None, None, None)


def _note(view: View, span: Period) -> str:
    first = view.starts_on
    if first is None or first > span.end:
        return "before the extract's first closed deal"
    if is_truncated(view, span.start):
        return "truncated: the extract begins in it"
    if span.contains(view.as_of) and view.as_of < span.end:
        return f"running, to {view.show.day_month(view.as_of)}"
    return ""


def _ordinal(rank: int) -> str:
    return {2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth", 7: "seventh"}.get(
        rank, f"{rank}th"
    )
