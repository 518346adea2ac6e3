"""The trend: the last eight periods, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd
from ibis import _

from salesops_lib.fragments import Cell, Grid
from salesops_lib.performance.comparison import MISSING_AMOUNTS_LIMIT, is_truncated
from salesops_lib.performance.pipeline import quota_by
from salesops_lib.rows import rows_of
from salesops_lib.stats import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ibis.expr.types import Table as IbisTable

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View

__all__ = ["TREND_PERIODS", "Trend", "trend"]

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
        return [row for row in self._rows if getattr(row, column) == getattr(row, column)]

    @cached_property
    def _rows(self) -> list[Any]:
        return list(rows_of(self.frame))

    @property
    def grid(self) -> Grid:
        """The numbers behind the charts."""
        show, say, money = self.view.show, self.view.show.say, self.view.show.currency
        headers = (
            (say("Period"), "text"),
            (say("Bookings, {currency}", currency=money), "number"),
            (say("Quota, {currency}", currency=money), "number"),
            (say("Won"), "number"),
            (say("Lost"), "number"),
            (say("Win rate"), "number"),
            (say("95% interval"), "number"),
            (say("Median cycle, days"), "number"),
            (say("Pipeline created, {currency}", currency=money), "number"),
            (say("Note"), "text"),
        )
        booked, goals, created = (
            show.cents(self.frame[column]) for column in ("bookings", "quota", "pipeline_created")
        )
        rows = tuple(
            (
                Cell(show.period(row.period), "head"),
                Cell(show.amount(row.bookings, booked)),
                Cell(show.amount(row.quota, goals)),
                Cell(show.count(row.won)),
                Cell(show.count(row.lost)),
                Cell(show.value(row.win_rate, "share")),
                Cell(show.interval(row.low, row.high, "share")),
                Cell(show.whole(row.cycle_days)),
                Cell(show.amount(row.pipeline_created, created)),
                Cell(row.note, "text"),
            )
            for row in rows_of(self.frame)
        )
        caption = say("Trend of {scope}", scope=self.view.scope_phrase)
        return Grid(caption, headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        frame = self.frame.astype(object).where(self.frame.notna(), None)
        return {"kind": "trend", "rows": frame.to_dict(orient="records")}


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

    def closed(deals: IbisTable) -> IbisTable:
        rows = deals.filter(_.is_closed, _.close_date <= view.as_of)
        return _by_period(rows, "close_date", spans).agg(
            bookings=_.amount.sum(where=_.is_won).cast("float64"),
            won=_.count(where=_.is_won),
            lost=_.count(where=~_.is_won),
            # Not the mean, which engines round each in their way.
            average_deal=_.amount.sum(where=_.is_won & (_.amount > 0)).cast("float64")
            / _.count(where=_.is_won & (_.amount > 0)),
            # Not by `where`: Spark's median takes none.
            cycle_days=ibis.ifelse(_.is_won & (_.age_days >= 0), _.age_days, ibis.null()).median(),
        )

    def created(deals: IbisTable) -> IbisTable:
        return _by_period(deals, "created_date", spans).agg(
            deals_created=_.count(),
            valued=_.count(where=(_.amount > 0).fill_null(False)),
            pipeline_created=_.amount.sum().cast("float64"),
        )

    frame = pd.DataFrame({"period": [span.label for span in spans]})
    for query in (closed, created):
        part = view.tally(f"trend-{query.__name__}", "deals", query, *spans)
        frame = frame.merge(part, on="period", how="left")
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
    return joined.group_by("scope", "period")


def _rate(won: int, lost: int) -> tuple[float | None, float | None, float | None]:
    interval = wilson_interval(won, won + lost)
    return (won / (won + lost), *interval) if interval else (None, None, None)


def _note(view: View, span: Period) -> str:
    first = view.starts_on
    if first is None or first > span.end:
        return view.show.say("before the extract's first closed deal")
    if is_truncated(view, span.start):
        return view.show.say("truncated: the extract begins in it")
    if span.contains(view.as_of) and view.as_of < span.end:
        return view.show.say("running, to {day}", day=view.show.day_month(view.as_of))
    return ""
