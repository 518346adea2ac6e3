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
from salesops_lib.data.organisation import places

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.snapshot import Snapshot

__all__ = ["quota_facts", "quota_parts"]


def quota_facts(snapshot: Snapshot, reporting: str, as_of: dt.date) -> IbisTable:
    """Every quota that counts, once for each place its owner was in meanwhile.

    Roll-ups of other people's quotas are left out. Of several versions the
    highest one in force on the as-of date counts.

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
        `measure`, `rep_id`, `rep_name`, `team`, `region`, `period_start`,
        `period_end` (of the whole quota), `span_start`, `span_end` (its days in
        this place, inclusive) and `amount` (the whole quota, reporting currency).
    """
    valid = snapshot.table("quotas").filter(
        ~ibis.coalesce(_.is_rollup, ibis.literal(value=False)),
        _.effective_from.isnull() | (_.effective_from <= as_of),
    )
    of_one = ibis.window(group_by=["rep_id", "measure", "period_start"])
    newest = valid.mutate(version=ibis.coalesce(_.version, 0)).filter(
        lambda rows: rows.version == rows.version.max().over(of_one)
    )
    quotas = converted(snapshot, newest, reporting, _.period_start)
    there = places(snapshot).rename(place_rep="rep_id").drop("role", "manager_id")
    joined = quotas.left_join(
        there,
        [
            quotas.rep_id == there.place_rep,
            quotas.period_start <= there.place_to,
            quotas.period_end >= there.place_from,
        ],
    )
    people = snapshot.table("reps").select("rep_id", _.name.name("rep_name"))
    return (
        joined.left_join(people, "rep_id")
        .mutate(
            rep_name=ibis.coalesce(_.rep_name, _.rep_id),
            span_start=ibis.greatest(_.period_start, ibis.coalesce(_.place_from, _.period_start)),
            span_end=ibis.least(_.period_end, ibis.coalesce(_.place_to, _.period_end)),
        )
        .select(
            "measure", "rep_id", "rep_name", "team", "region", "period_start", "period_end",
            "span_start", "span_end", "amount",
        )
        .order_by("measure", "rep_id", "period_start", "span_start")
    )  # fmt: skip


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


def _share(amount: Decimal, days: int, of: int) -> Decimal:
    """Amount of the first days, to the cent, an exact half upwards."""
    cents = int(amount * 100)
    return Decimal((2 * cents * days + of) // (2 * of)) / 100
