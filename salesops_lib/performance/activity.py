"""Activity: what people logged, and whether the log can be believed."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from ibis import _

from salesops_lib.data.activity import activity_facts
from salesops_lib.data.view import ROLES
from salesops_lib.performance.cohorts import (
    NO_GROUP,
    PLACES,
    answered_with,
    grouped,
    in_order,
    window_table,
)
from salesops_lib.performance.comparison import begins_late, compared
from salesops_lib.performance.formulas import share_of
from salesops_lib.results import Measure, Value
from salesops_lib.stats import wilson_interval
from salesops_lib.words import grouping_word

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.view import Role, View

__all__ = ["CAPTURE_LIMIT", "activity_capture", "activity_rate"]

CAPTURE_LIMIT = 0.50
"""Share of deals with any activity below which the number of activities says nothing."""

_FOUR_WEEKS = 20


def activity_capture(view: View, by: str | None = None) -> Measure:
    """Deals with at least one logged activity ÷ deals.

    Parameters
    ----------
    view : View
        Scope, period and calendar.
    by : str, optional
        What to split by.

    Returns
    -------
    Measure
        A share with its Wilson interval; `n` is the number of deals closed in the
        period or open at its end.
    """

    def value(row: Any, role: Role) -> Value:
        reason = _lacking(view, role)
        deals = 0 if row is None else int(row.deals)
        if reason or deals == 0:
            reason = reason or view.show.say("no deal was open or closed")
            return Value(None, deals, reason=reason)
        low, high = wilson_interval(row.active, deals) or (None, None)
        return Value(share_of(row.active, deals), deals, low, high)

    frame = _of_grouping(_captured(view, answered_with(by)), by)
    return compared(view, "activity_capture", frame, by, value, closed=False)


def activity_rate(view: View, by: str | None = None) -> Measure:
    """Completed activities per rep in four weeks, 20 working days.

    Parameters
    ----------
    view : View
        Scope, period and calendar.
    by : str, optional
        None, region, team or rep.

    Returns
    -------
    Measure
        `n` is the number of activities. Not computable where fewer than
        `CAPTURE_LIMIT` of the deals have any activity.
    """
    say = view.show.say
    lacking = "" if view.snapshot.has("reps") else say("this export has no list of reps")
    if by is not None and by not in PLACES:
        lacking = say("activities are not logged by {by}", by=grouping_word(by, view.show))
    if lacking:
        nothing = pd.DataFrame({"group": [], "label": [], "role": []})
        return compared(
            view,
            "activity_rate",
            nothing,
            by,
            lambda _row, _role: Value(None, reason=lacking),
            closed=False,
        )
    whole, capture = activity_capture(view), activity_capture(view, by)
    with_deals = {group for group, _label in capture.groups}

    def value(row: Any, role: Role) -> Value:
        reason = _lacking(view, role)
        if reason or row is None or row.days == 0:
            return Value(None, reason=reason or say("no rep was employed"))
        # Who has no deal is judged by how the whole scope logs.
        captured = capture.value(role, row.group) if row.group in with_deals else whole.value(role)
        if captured.number is None:
            return Value(None, reason=captured.reason)
        if captured.number < CAPTURE_LIMIT:
            share = view.show.share(captured.number, 0)
            reason = say("only {share} of the deals have any activity", share=share)
            return Value(None, int(row.activities), reason=reason)
        return Value(_FOUR_WEEKS * row.activities / row.days, int(row.activities))

    frame = _of_grouping(_worked(view), by)
    return compared(view, "activity_rate", frame, by, value, closed=False)


def _of_grouping(frame: pd.DataFrame, by: str | None) -> pd.DataFrame:
    return frame[frame["by"] == (by or NO_GROUP)]


def _lacking(view: View, role: Role) -> str:
    """Why activities say nothing of a period; empty where they do."""
    say = view.show.say
    if not view.snapshot.has("activities"):
        return say("this export has no activities")
    if not view.snapshot.has("activities", "opportunity_id"):
        return say("the activities do not say which deal they belong to")
    first = _activities_begin(view)
    if first is not None and begins_late(view, view.windows[role].start, first):
        return say("the activities begin on {day}", day=view.show.date(first))
    return ""


@lru_cache(maxsize=64)
def _activities_begin(view: View) -> dt.date | None:
    """Day of the first activity in the whole export."""

    def query(deals: IbisTable) -> IbisTable:
        first = activity_facts(view.snapshot.whole).agg(first=_.day.min())
        return deals.select("scope").distinct().cross_join(first).order_by("scope")

    found = pd.to_datetime(view.tally("activities-begin", "deals", query)["first"]).dropna()
    return None if found.empty else found.iloc[0].date()


@lru_cache(maxsize=32)
def _captured(view: View, groupings: tuple[str | None, ...]) -> pd.DataFrame:
    windows = window_table(view)

    def query(deals: IbisTable) -> IbisTable:
        activities = activity_facts(view.snapshot.whole).filter(_.opportunity_id.notnull())
        first = activities.group_by(active_deal=_.opportunity_id).agg(first=_.day.min())
        known = deals.filter(~_.is_closed | (_.close_date <= view.as_of))
        rows = known.inner_join(
            windows,
            [
                known.created_date <= windows.window_end,
                ~known.is_closed | (known.close_date >= windows.window_start),
            ],
        ).left_join(first, _.opportunity_id == first.active_deal)
        sums = grouped(rows, groupings, "role").agg(
            label=_.label.min(),
            deals=_.count(),
            active=_.count(where=_.first <= _.window_end),
        )
        return in_order(sums)

    return view.tally("captured", "deals", query, groupings)


@lru_cache(maxsize=32)
def _worked(view: View) -> pd.DataFrame:
    days = _working_days(view)
    table = ibis.memtable(
        {"role": [role for role, _day in days], "work_day": [day for _role, day in days]},
        schema={"role": "string", "work_day": "date"},
    )
    windows = window_table(view)

    def query(people: IbisTable) -> IbisTable:
        worked = people.inner_join(
            table,
            [people.first_day <= table.work_day, people.last_day >= table.work_day],
        ).mutate(days=1, activities=0)
        done = activity_facts(view.snapshot.whole)
        during = people.inner_join(
            done,
            [
                people.owner_id == done.rep_id,
                people.first_day <= done.day,
                people.last_day >= done.day,
            ],
        )
        # On any day: who writes a mail on Saturday has written one.
        logged = during.inner_join(
            windows, [during.day >= windows.window_start, during.day <= windows.window_end]
        ).mutate(days=0, activities=1)
        columns = ["scope", "owner_id", "owner_name", "team", "region", "role", "days",
                   "activities"]  # fmt: skip
        rows = worked.select(columns).union(logged.select(columns))
        sums = grouped(rows, PLACES, "role").agg(
            label=_.label.min(), days=_.days.sum(), activities=_.activities.sum()
        )
        return in_order(sums)

    return view.tally("worked", "employment", query, days)


def _working_days(view: View) -> list[tuple[Role, dt.date]]:
    """Every working day of each window."""
    found: list[tuple[Role, dt.date]] = []
    for role in ROLES:
        window = view.windows[role]
        span = (window.end - window.start).days + 1
        every = (window.start + dt.timedelta(days=n) for n in range(span))
        found += [(role, day) for day in every if view.calendar.working_days(day, day)]
    return found
