"""Quotas cut to a period and to the places that carried them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from salesops_lib.data.exchange import converted
from salesops_lib.data.organisation import places

if TYPE_CHECKING:
    import datetime as dt

    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.view import View

__all__ = ["quota_parts"]

_CENTS = "decimal(18, 2)"


def quota_parts(view: View, start: dt.date, end: dt.date, measure: str = "bookings") -> IbisTable:
    """Quota of each rep and team between two days.

    A quota is spread evenly over the days of its own period. The part of a span
    is round(quota x days up to its end ÷ all days) less the same up to its
    start, so that the parts of any partition add up to the quota to the cent.
    Roll-ups of other people's quotas are left out. The highest version in force
    on the as-of date counts.

    Parameters
    ----------
    view : View
        Supplies snapshot, scope, currency and as-of date.
    start, end : date
        First and last day, inclusive.
    measure : str
        What the quota counts.

    Returns
    -------
    ibis.Table
        `rep_id`, `rep_name`, `team`, `region`, `amount` (reporting currency, at
        the rate of the quota's first day) and `ramp_percent`; one row a rep,
        quota period and place.
    """
    snapshot = view.snapshot
    valid = snapshot.table("quotas").filter(
        _.measure == measure,
        ~ibis.coalesce(_.is_rollup, ibis.literal(value=False)),
        _.effective_from.isnull() | (_.effective_from <= view.as_of),
        _.period_start <= end,
        _.period_end >= start,
    )
    latest = ibis.window(group_by=["rep_id", "period_start"])
    newest = valid.mutate(version=ibis.coalesce(_.version, 0)).filter(
        lambda rows: rows.version == rows.version.max().over(latest)
    )
    in_currency = converted(snapshot, newest, view.currency.reporting, _.period_start)
    there = places(snapshot).rename(place_rep="rep_id").drop("role", "manager_id")
    joined = in_currency.left_join(
        there,
        [
            in_currency.rep_id == there.place_rep,
            in_currency.period_start <= there.place_to,
            in_currency.period_end >= there.place_from,
        ],
    )
    first = ibis.greatest(_.period_start, start, ibis.coalesce(_.place_from, _.period_start))
    last = ibis.least(_.period_end, end, ibis.coalesce(_.place_to, _.period_end))
    spans = joined.mutate(first=first, last=last).filter(_["first"] <= _["last"])
    days = _.period_end.delta(_.period_start, unit="day") + 1
    after = (_.amount * (_["last"].delta(_.period_start, unit="day") + 1) / days).round(2)
    before = (_.amount * _["first"].delta(_.period_start, unit="day") / days).round(2)
    people = snapshot.table("reps").select("rep_id", _.name.name("rep_name"))
    parts = (
        spans.mutate(amount=after.cast(_CENTS) - before.cast(_CENTS))
        .left_join(people, "rep_id")
        .mutate(rep_name=ibis.coalesce(_.rep_name, _.rep_id))
        .select("rep_id", "rep_name", "team", "region", "amount", "ramp_percent")
    )
    match view.scope.kind:
        case "company":
            return parts
        case "rep":
            return parts.filter(_.rep_id == view.scope.key)
        case kind:
            return parts.filter(_[kind] == view.scope.key)
