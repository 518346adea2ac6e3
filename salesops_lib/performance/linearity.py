"""Linearity: how the bookings of a period spread over its months or weeks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from ibis import _

from salesops_lib.data.view import ROLES
from salesops_lib.fragments import Cell, Grid
from salesops_lib.performance.cohorts import answered_with, grouped, in_order, in_windows
from salesops_lib.performance.comparison import compared, extract_state, period_labels
from salesops_lib.performance.formulas import share_of
from salesops_lib.results import Drawn, Measure, Value
from salesops_lib.rows import rows_of
from salesops_lib.stats import amount_share_interval

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import Role, View

__all__ = ["LATE_DAYS", "Linearity", "late_share", "linearity"]

LATE_DAYS = 14
"""The last days of a period that a push to its end shows in."""

_DEFAULT_PARTS = {"year": "month", "quarter": "month", "month": "week", "week": "week"}


@dataclass(frozen=True)
class Linearity:
    """Share of a period's bookings in each of its parts, against an even pace.

    Parameters
    ----------
    frame : DataFrame
        One row a role and part, in order of time: `role`, `part` (its place in the
        period, from 1), `label`, `start`, `end` (cut where the period still runs),
        `working_days`, `deals`, `bookings` (reporting currency), `share` of the
        period's bookings so far, `low`, `high` (95 % interval), `even` (share of the
        working days so far), `running` and `running_even` (the same, cumulative).
        Shares are NaN where the extract does not cover the period or its bookings
        are not above 0.
    kind : str
        Kind of the parts: week, month or quarter.
    view : View
        What was looked at.
    """

    frame: pd.DataFrame
    kind: str
    view: View

    def of(self, role: Role = "current") -> pd.DataFrame:
        """Rows of one period."""
        return self.frame[self.frame["role"] == role]

    @property
    def is_computable(self) -> bool:
        """Whether the report's own period has shares."""
        return bool(self.of()["share"].notna().any())

    @property
    def undrawn(self) -> str:
        """Why there is no chart; empty where there is one."""
        return "" if self.is_computable and len(self.of()) > 1 else self.headline

    @property
    def headline(self) -> str:
        """One sentence: the part that stands out most above an even pace."""
        show, period = self.view.show, period_labels(self.view)["current"]
        if not self.is_computable:
            return show.say("Linearity of {period}: nothing was booked.", period=period)
        if len(self.of()) < 2:
            return show.say(
                "Linearity of {period}: there are no two parts of it to compare.", period=period
            )
        most = max(rows_of(self.of()), key=lambda row: row.share - row.even)
        return show.say(
            "Most above an even pace in {period}: {part} with {share} of the bookings; an even "
            "pace is {even}.",
            period=period,
            part=show.period(most.label),
            share=show.share(most.share),
            even=show.share(most.even),
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        show = self.view.show
        parts = [
            show.say("{part} {share}", part=show.period(row.label), share=show.share(row.share))
            for row in rows_of(self.of())
            if row.share == row.share
        ]
        if not parts:
            return self.headline
        return show.say(
            "Bar chart of the share of bookings of {scope} by part of {period}: {shares}.",
            scope=self.view.scope_phrase,
            period=period_labels(self.view)["current"],
            shares=show.listed(parts),
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the period before, and how uncertain its numbers are."""
        say = self.view.show.say
        return Drawn(say("Share of bookings"), period_labels(self.view)["prior"], "interval")

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        return self.view.show.say(
            "Share of the bookings of {period} by close date, with 95% intervals; dashed: its "
            "share of the working days, an even pace; thin bars: {prior}. Source: snapshot "
            "{snapshot}.",
            period=period_labels(self.view)["current"],
            prior=period_labels(self.view)["prior"],
            snapshot=self.view.snapshot.id,
        )

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show, say, periods = self.view.show, self.view.show.say, period_labels(self.view)
        headers = (
            (say("Part"), "text"),
            (say("Deals"), "number"),
            (say("Bookings, {currency}", currency=show.currency), "number"),
            (say("Share of bookings"), "number"),
            (say("95% interval"), "number"),
            (say("Even pace"), "number"),
            (periods["prior"], "number"),
            (periods["last_year"], "number"),
        )
        now = list(rows_of(self.of()))
        digits = show.cents(row.bookings for row in now)
        then = [
            dict(zip(self.of(role)["part"], self.of(role)["share"], strict=True))
            for role in ROLES[1:]
        ]
        rows = tuple(
            (
                Cell(show.period(row.label), "head"),
                Cell(show.count(row.deals)),
                Cell(show.amount(row.bookings, digits)),
                Cell(show.value(row.share, "share")),
                Cell(show.interval(row.low, row.high, "share")),
                Cell(show.share(row.even)),
                *(Cell(show.value(shares.get(row.part), "share")) for shares in then),
            )
            for row in now
        )
        caption = say("Linearity of bookings, {period}", period=periods["current"])
        return Grid(caption, headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        frame = self.frame.assign(
            start=self.frame["start"].map(str), end=self.frame["end"].map(str)
        )
        plain = frame.astype(object).where(frame.notna(), None)
        return {
            "kind": "linearity",
            "part": self.kind,
            "headline": self.headline,
            "rows": plain.to_dict(orient="records"),
        }


def linearity(view: View, kind: str | None = None) -> Linearity:
    """Share of the period's bookings by month or week, against an even pace.

    An even pace is the part's share of the period's working days. While the
    period runs, all shares are of what is booked, and of the days gone, so far;
    the periods it is compared with end at the same share of their working days.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    kind : str, optional
        ``week``, ``month`` or ``quarter``. Default: months of a quarter or year,
        weeks of a month.

    Returns
    -------
    Linearity

    Raises
    ------
    InputError
        No such kind, or it is longer than the period.
    """
    kind = kind or _DEFAULT_PARTS[view.period.kind]
    parts = {role: _parts(view, role, kind) for role in ROLES}
    counted = _by_part(view, kind)
    cells = {(row.role, row.part): row for row in rows_of(counted)}
    rows = [row for role in ROLES for row in _shares(view, role, parts[role], cells)]
    return Linearity(pd.DataFrame(rows), kind, view)


def _parts(view: View, role: Role, kind: str) -> list[tuple[int, Period, dt.date]]:
    """Place, part and last day that counts, of the parts that have begun."""
    window = view.windows[role]
    parts = enumerate(view.calendar.within(view.periods[role], kind), start=1)
    return [(n, part, min(part.end, window.end)) for n, part in parts if part.start <= window.end]


@lru_cache(maxsize=32)
def _by_part(view: View, kind: str) -> pd.DataFrame:
    spans = [
        (role, number, part.start, end)
        for role in ROLES
        for number, part, end in _parts(view, role, kind)
    ]
    names = ("role", "part", "first", "last")
    table = ibis.memtable(
        {name: [span[n] for span in spans] for n, name in enumerate(names)},
        schema={"role": "string", "part": "int64", "first": "date", "last": "date"},
    )
    amount = _.amount.cast("float64")

    def query(deals: IbisTable) -> IbisTable:
        won = deals.filter(_.is_won)
        rows = won.inner_join(table, [won.close_date >= table["first"],
                                      won.close_date <= table["last"]])  # fmt: skip
        sums = rows.group_by("scope", "role", "part").agg(
            deals=_.count(),
            bookings=_.amount.sum().fill_null(0).cast("float64"),
            squares=(amount * amount).sum().fill_null(0),
        )
        return sums.order_by("role", "part", "scope")

    return view.tally("linearity", "deals", query, *spans)


def _shares(
    view: View,
    role: Role,
    parts: list[tuple[int, Period, dt.date]],
    cells: dict[tuple[str, int], Any],
) -> list[dict[str, Any]]:
    covered = extract_state(view, role) in {"whole", "truncated"}
    found = [cells.get((role, number)) for number, _part, _end in parts]
    total = sum(cell.bookings for cell in found if cell)
    squares = sum(cell.squares for cell in found if cell)
    days = [_working_days(view, role, part, end) for _number, part, end in parts]
    rows, booked, gone = [], 0.0, 0
    for (number, part, end), cell, worked in zip(parts, found, days, strict=True):
        amount = cell.bookings if cell else 0.0
        booked, gone = booked + amount, gone + worked
        interval = amount_share_interval(amount, total, squares) if covered else None
        low, high = interval or (None, None)
        rows.append(
            {
                "role": role,
                "part": number,
                "label": part.label,
                "start": part.start,
                "end": end,
                "working_days": worked,
                "deals": cell.deals if cell else 0,
                "bookings": amount,
                "share": _number(share_of(amount, total) if covered else None),
                "low": _number(low),
                "high": _number(high),
                "even": _number(share_of(worked, sum(days))),
                "running": _number(share_of(booked, total) if covered else None),
                "running_even": _number(share_of(gone, sum(days))),
            }
        )
    return rows


def _working_days(view: View, role: Role, part: Period, end: dt.date) -> int:
    """Working days of a part; all days where its period has no working day at all."""
    period, calendar = view.periods[role], view.calendar
    if calendar.working_days(period.start, period.end) == 0:
        return (end - part.start).days + 1
    return calendar.working_days(part.start, end)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def late_share(view: View, by: str | None = None) -> Measure:
    """Share of the period's bookings won in its last two weeks.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    by : str, optional
        What to split by.

    Returns
    -------
    Measure
        A share with its interval, in which few large deals count as few; `n` is the
        number of won deals. Not computable while the period runs.
    """
    say = view.show.say

    def value(row: Any, role: Role) -> Value:
        n = 0 if row is None else int(row.won)
        if not view.windows[role].complete:
            return Value(None, n, reason=say("the period is still running"))
        if view.periods[role].days <= LATE_DAYS:
            return Value(None, n, reason=say("the period is no longer than two weeks"))
        share = None if row is None else share_of(row.late, row.booked)
        if share is None:
            return Value(None, n, reason=say("nothing was booked"))
        low, high = amount_share_interval(row.late, row.booked, row.squares) or (None, None)
        return Value(share, n, low, high)

    return compared(view, "late_share", _late(view, answered_with(by), by), by, value)


def _late(view: View, groupings: tuple[str | None, ...], by: str | None) -> pd.DataFrame:
    frame = _late_deals(view, groupings)
    return frame[frame["by"] == (by or "")]


@lru_cache(maxsize=32)
def _late_deals(view: View, groupings: tuple[str | None, ...]) -> pd.DataFrame:
    amount = _.amount.cast("float64")
    late = _.window_end.delta(_.close_date, unit="day") < LATE_DAYS

    def query(deals: IbisTable) -> IbisTable:
        rows = in_windows(view, deals.filter(_.is_won), "close_date")
        sums = grouped(rows, groupings, "role").agg(
            label=_.label.min(),
            won=_.count(),
            booked=_.amount.sum().fill_null(0).cast("float64"),
            late=_.amount.sum(where=late).fill_null(0).cast("float64"),
            squares=(amount * amount).sum().fill_null(0),
        )
        return in_order(sums)

    return view.tally("late", "deals", query, groupings)
