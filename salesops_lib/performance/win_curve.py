"""Wins by the age of deals, where losing competes and open deals are still undecided."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
from ibis import _

from salesops_lib.data.view import ROLES
from salesops_lib.incidence import Incidence, cumulative_incidence
from salesops_lib.performance.cohorts import answered_with, grouped, in_order
from salesops_lib.performance.comparison import begins_late, compared
from salesops_lib.results import Measure, Value
from salesops_lib.rows import rows_of

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr.types import Table as IbisTable
    from numpy.typing import NDArray

    from salesops_lib.data.view import Role, View

__all__ = ["HORIZON_DAYS", "WinCurve", "win_curve", "win_rate_in_time"]

HORIZON_DAYS = 180
"""Age at which deals are judged, unless told otherwise."""

_FOLLOWED = 0.1
"""Share of the deals that must have been there for that long: of fewer, a deal or two
would decide the end of the curve."""


@dataclass(frozen=True)
class Cohort:
    """Deals that a curve rests on: days of their creation, and the day they are seen at."""

    first: dt.date
    last: dt.date
    seen: dt.date
    truncated: bool


@dataclass(frozen=True)
class WinCurve:
    """What became of deals by their age.

    Parameters
    ----------
    incidence : Incidence
        Shares won and lost by age in days.
    deals : int
        Deals that it rests on.
    known : int
        Of them, those decided by the horizon, or seen to be open then.
    followed : int
        Of them, those created at least as many days before they were last seen.
    days : int
        The horizon.
    """

    incidence: Incidence
    deals: int
    known: int
    followed: int
    days: int

    @property
    def shares(self) -> tuple[float, float, float]:
        """Shares won, lost and open at the horizon; they add up to 1."""
        won, lost = self.incidence.at(self.days)
        return won, lost, max(0.0, 1 - won - lost)


def win_rate_in_time(view: View, by: str | None = None, days: int = HORIZON_DAYS) -> Measure:
    """Share of deals that are won by a given age.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    by : str, optional
        What to split by.
    days : int
        The age.

    Returns
    -------
    Measure
        A share; `n` is the number of deals created. Open deals count for as long as
        they were seen (Aalen-Johansen, lost competing), so that it does not fall when
        much has been created lately.
    """

    def value(row: Any, role: Role) -> Value:
        curve = _curve(row, days)
        if reason := _lacking(view, role, curve, days):
            return Value(None, curve.deals, reason=reason)
        low, high = curve.incidence.interval(days, curve.known) or (None, None)
        cohort = _cohorts(view, days)[role]
        care = ""
        if cohort.truncated:
            care = view.show.say(
                "truncated: without the deals created before {day}, where the extract begins",
                day=view.show.date(cohort.first),
            )
        return Value(curve.shares[0], curve.deals, low, high, care)

    frame = _decisions(view, days, answered_with(by))
    frame = frame[frame["by"] == (by or "")]
    return compared(view, "win_rate_in_time", frame, by, value, closed=False)


def win_curve(view: View, days: int = HORIZON_DAYS) -> WinCurve:
    """Shares won and lost by age, of the deals that `win_rate_in_time` rests on.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    days : int
        The horizon.

    Returns
    -------
    WinCurve
    """
    frame = _decisions(view, days, answered_with(None))
    rows = [row for row in rows_of(frame) if row.by == "" and row.role == "current"]
    return _curve(rows[0] if rows else None, days)


def _curve(row: Any, days: int) -> WinCurve:
    won, lost, open_ = (_ages(row, name) for name in ("won_ages", "lost_ages", "open_ages"))
    decided = int((won <= days).sum() + (lost <= days).sum())
    later = sum(int((ages > days).sum()) for ages in (won, lost)) + int((open_ >= days).sum())
    return WinCurve(
        cumulative_incidence(won, lost, open_),
        len(won) + len(lost) + len(open_),
        decided + later,
        0 if row is None else int(row.followed),
        days,
    )


def _ages(row: Any, column: str) -> NDArray[np.float64]:
    """Ages in days; a list of none comes back from the query as nothing, or as NaN."""
    ages = np.atleast_1d(np.asarray(() if row is None else getattr(row, column), dtype=float))
    known: NDArray[np.float64] = ages[~np.isnan(ages)]
    return known


def _lacking(view: View, role: Role, curve: WinCurve, days: int) -> str:
    """Why there is no rate; empty where there is."""
    say, cohort = view.show.say, _cohorts(view, days)[role]
    if view.starts_on is None:
        return say("the extract begins before any deal has closed")
    if cohort.first > cohort.last:
        day = view.show.date(view.starts_on)
        return say("the extract begins later: its first closed deal is of {day}", day=day)
    if curve.deals == 0:
        return say("no deal was created")
    if curve.followed < max(1.0, _FOLLOWED * curve.deals):
        return say(
            "fewer than 1 in 10 of the deals were created {days} days or more before",
            days=view.show.count(days),
        )
    return ""


@lru_cache(maxsize=32)
def _cohorts(view: View, days: int) -> dict[Role, Cohort]:
    """Deals of each role: created in a year, or twice the horizon where that is longer.

    All roles are seen for as many days after the end of their window.
    """
    lag = view.as_of - view.windows["current"].end
    span = dt.timedelta(days=max(365, 2 * days) - 1)
    cohorts: dict[Role, Cohort] = {}
    for role in ROLES:
        last = view.windows[role].end
        first, begins = last - span, view.starts_on
        # Of the deals created before the extract begins, those that closed at once are
        # not in it: the others would look slow, and luckier or unluckier than they were.
        truncated = begins is not None and begins_late(view, first, begins)
        if truncated and begins is not None:
            first = begins
        cohorts[role] = Cohort(first, last, last + lag, truncated)
    return cohorts


@lru_cache(maxsize=32)
def _decisions(view: View, days: int, groupings: tuple[str | None, ...]) -> pd.DataFrame:
    cohorts = _cohorts(view, days)
    table = ibis.memtable(
        {
            "role": list(ROLES),
            "first_created": [cohorts[role].first for role in ROLES],
            "last_created": [cohorts[role].last for role in ROLES],
            "seen": [cohorts[role].seen for role in ROLES],
        },
        schema={"role": "string", "first_created": "date", "last_created": "date", "seen": "date"},
    )
    age = _.age_then.cast("float64")

    def query(deals: IbisTable) -> IbisTable:
        rows = deals.inner_join(
            table,
            [
                deals.created_date >= table.first_created,
                deals.created_date <= table.last_created,
            ],
        ).mutate(decided=_.is_closed & (_.close_date <= _.seen))
        rows = rows.mutate(
            age_then=ibis.ifelse(_.decided, _.close_date, _.seen).delta(_.created_date, unit="day"),
            could_be=_.seen.delta(_.created_date, unit="day"),
        )
        # What closed before it was created has no age.
        rows = rows.filter(_.age_then >= 0)
        sums = grouped(rows, groupings, "role").agg(
            label=_.label.min(),
            followed=_.count(where=_.could_be >= days),
            won_ages=age.collect(where=_.decided & _.is_won),
            lost_ages=age.collect(where=_.decided & ~_.is_won),
            open_ages=age.collect(where=~_.decided),
        )
        return in_order(sums)

    dates = [(cohort.first, cohort.last, cohort.seen) for cohort in cohorts.values()]
    return view.tally("win_curve", "deals", query, groupings, days, dates)
