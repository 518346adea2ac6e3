"""Quotas, placed in the organisation and cut to any span of days."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from ibis import _

from salesops_lib.data.exchange import converted
from salesops_lib.data.organisation import EVER, NEVER, places

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.snapshot import Snapshot

__all__ = ["full_quota_reps", "quota_facts", "quota_parts"]

_COLUMNS = (
    "measure",
    "rep_id",
    "rep_name",
    "team",
    "region",
    "period_start",
    "period_end",
    "span_start",
    "span_end",
    "amount",
    "is_ramping",
)
_OVERLAY = "overlay"


def quota_facts(snapshot: Snapshot, reporting: str, as_of: dt.date) -> IbisTable:
    """Every quota that counts, once for each place its owner was in meanwhile.

    Roll-ups of other people's quotas are left out, and so are those of overlays, whose
    credit is in no total. Of several versions the highest one in force on the as-of
    date counts. Somebody hired within a quota's period has it for the days from then
    on. From the day after somebody has left, the quota stays with the team, and is
    nobody's.

    Parameters
    ----------
    snapshot : Snapshot
        Source.
    reporting : str
        Currency wanted; a quota is converted at the rate of its first day.
    as_of : date
        Day the versions are judged at.

    Returns
    -------
    ibis.Table
        `measure`, `rep_id` and `rep_name` (null: nobody's), `team`, `region`,
        `period_start`, `period_end` (days that the whole quota is for), `span_start`,
        `span_end` (its days in this place, inclusive), `amount` (the whole quota,
        reporting currency) and `is_ramping` (it is less than a full quota).
    """
    valid = snapshot.table("quotas").filter(
        ~ibis.coalesce(_.is_rollup, ibis.literal(value=False)),
        _.effective_from.isnull() | (_.effective_from <= as_of),
    )
    of_one = ibis.window(group_by=["rep_id", "measure", "period_start"])
    numbered = valid.mutate(version=ibis.coalesce(_.version, 0))
    # In two steps, for engines that filter by no window.
    numbered = numbered.mutate(latest=_.version.max().over(of_one))
    newest = numbered.filter(_.version == _.latest).drop("latest")
    quotas = converted(snapshot, newest, reporting, _.period_start)
    there = places(snapshot).rename(place_rep="rep_id").drop("manager_id")
    joined = quotas.left_join(
        there,
        [
            quotas.rep_id == there.place_rep,
            quotas.period_start <= there.place_to,
            quotas.period_end >= there.place_from,
        ],
    )
    people = snapshot.table("reps").select(
        "rep_id", _.name.name("rep_name"), "hire_date", "leave_date"
    )
    hired_within = (_.hire_date > _.period_start) & (_.hire_date <= _.period_end)
    placed = (
        joined.left_join(people, "rep_id")
        .filter(ibis.coalesce(_.role.lower(), "") != _OVERLAY)
        .mutate(
            rep_name=ibis.coalesce(_.rep_name, _.rep_id),
            period_start=ibis.ifelse(hired_within, _.hire_date, _.period_start),
            last_day=ibis.coalesce(_.leave_date, NEVER),
            is_ramping=ibis.coalesce(
                _.ramp_percent < 1, _.ramp.lower() == "ramping", ibis.literal(value=False)
            ),
        )
        .mutate(
            span_start=ibis.greatest(_.period_start, ibis.coalesce(_.place_from, _.period_start)),
            span_end=ibis.least(_.period_end, ibis.coalesce(_.place_to, _.period_end)),
        )
        .select(*_COLUMNS, "last_day")
    )
    there_still = placed.mutate(span_end=ibis.least(_.span_end, _.last_day))
    gone = placed.mutate(
        rep_id=ibis.null("string"),
        rep_name=ibis.null("string"),
        span_start=ibis.greatest(
            _.span_start,
            # There is no day after the last one.
            ibis.ifelse(_.last_day < NEVER, _.last_day, EVER) + ibis.interval(days=1),
        ).cast("date"),
    ).filter(_.last_day < NEVER)
    return (
        there_still.union(gone)
        .filter(_.span_start <= _.span_end)
        .select(*_COLUMNS)
        .order_by("measure", "rep_id", "period_start", "span_start", "team", "amount")
    )


def quota_parts(
    quotas: pd.DataFrame, start: dt.date, end: dt.date, measure: str = "bookings"
) -> pd.DataFrame:
    """Parts of quotas that fall between two days.

    A quota is spread evenly over the days of its own period. The part of a span
    is round(quota x days up to its end ÷ all days) less the same up to its
    start, so that the parts of any partition add up to the quota to the cent.

    Parameters
    ----------
    quotas : DataFrame
        Rows of `quota_facts`.
    start, end : date
        First and last day, inclusive.
    measure : str
        What the quota counts.

    Returns
    -------
    DataFrame
        `rep_id`, `rep_name`, `team`, `region` and `amount` (Decimal, reporting
        currency); one row a rep, quota period and place.
    """
    begins, ends, opens, closes = (
        quotas[name].to_numpy("datetime64[D]").astype("int64")
        for name in ("period_start", "period_end", "span_start", "span_end")
    )
    first = np.maximum(opens, np.datetime64(start, "D").astype("int64"))
    last = np.minimum(closes, np.datetime64(end, "D").astype("int64"))
    inside = np.flatnonzero((quotas["measure"].to_numpy() == measure) & (first <= last))
    amounts = [
        _share(amount, to, of) - _share(amount, fro, of)
        for amount, fro, to, of in zip(
            quotas["amount"].to_numpy()[inside],
            (first - begins)[inside].tolist(),
            (last - begins + 1)[inside].tolist(),
            (ends - begins + 1)[inside].tolist(),
            strict=True,
        )
    ]
    columns = {
        name: quotas[name].to_numpy()[inside] for name in ("rep_id", "rep_name", "team", "region")
    }
    return pd.DataFrame({**columns, "amount": pd.Series(amounts, dtype=object)})


def full_quota_reps(
    quotas: pd.DataFrame, start: dt.date, end: dt.date, measure: str = "bookings"
) -> set[str]:
    """Reps with a full quota on each day between two days.

    Not among them is who was hired or left in between, moved out of the scope, was
    absent (there is no quota for these days), or was ramping.

    Parameters
    ----------
    quotas : DataFrame
        Rows of `quota_facts`.
    start, end : date
        First and last day, inclusive.
    measure : str
        What the quota counts.

    Returns
    -------
    set of str
        Their `rep_id`.
    """
    first, last = np.datetime64(start, "D"), np.datetime64(end, "D")
    opens = quotas["span_start"].to_numpy("datetime64[D]")
    closes = quotas["span_end"].to_numpy("datetime64[D]")
    rows = quotas[["rep_id", "is_ramping"]].assign(
        # Spans of one person and measure do not overlap: their days add up.
        days=(np.minimum(closes, last) - np.maximum(opens, first)).astype(int) + 1,
        counts=(quotas["measure"] == measure) & (quotas["amount"].astype(float) > 0),
    )
    rows = rows[rows["counts"] & (rows["days"] > 0) & rows["rep_id"].notna()]
    by_rep = rows.groupby("rep_id").agg(days=("days", "sum"), ramping=("is_ramping", "any"))
    whole = by_rep[(by_rep["days"] >= (end - start).days + 1) & ~by_rep["ramping"].astype(bool)]
    return {str(rep_id) for rep_id in whole.index}


def _share(amount: Decimal, days: int, of: int) -> Decimal:
    """Amount of the first days, to the cent, an exact half upwards."""
    cents = int(amount * 100)
    return Decimal((2 * cents * days + of) // (2 * of)) / 100
