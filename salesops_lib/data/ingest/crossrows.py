"""Rules between the rows of a table: assignments that overlap, shares that do not add up."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

import ibis

from salesops_lib.data.ingest.reasons import reason
from salesops_lib.data.ingest.rules import REPAIR

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend
    from ibis.expr.types import Table as IbisTable
    from ibis.expr.types import TimestampValue

__all__ = ["SHARE_TOLERANCE", "contradictory", "with_ends"]

SHARE_TOLERANCE = 0.0001
"""How far the revenue shares of a deal may add up to something else than 1."""

_EVER, _NEVER = dt.date(1, 1, 1), dt.date(9999, 12, 31)


def with_ends(assignments: IbisTable) -> IbisTable:
    """Assignments of an export without end dates: each ends before the next one begins."""
    later = ibis.window(
        group_by="rep_id", order_by=[assignments["effective_from"].asc(nulls_first=True)]
    )
    following = assignments["effective_from"].lead().over(later).cast("timestamp(6)")
    end = cast("TimestampValue", following - ibis.interval(days=1)).date()
    return assignments.mutate(
        **{"effective_to": end, REPAIR + reason("end_set", "effective_to"): end.notnull()}
    )


def contradictory(backend: Backend, rows: IbisTable, name: str) -> IbisTable | None:
    """Rows that contradict other rows of their table, with reason and detail.

    Parameters
    ----------
    backend : ibis backend
        Connection that the rows live in.
    rows : ibis.Table
        Usable rows of a canonical table.
    name : str
        Canonical table.

    Returns
    -------
    ibis.Table or None
        Columns of `rows`; None when the table has no such rule, or no row breaks it.
    """
    if name == "rep_assignments" and "effective_from" in rows.columns:
        return _overlapping(backend, rows)
    if name == "opportunity_splits":
        return _unequal(rows)
    return None


def _overlapping(backend: Backend, rows: IbisTable) -> IbisTable | None:
    """Assignments that begin before an earlier one of the same person ends."""
    ends = "effective_to" if "effective_to" in rows.columns else None
    spans = rows.mutate(
        _start=ibis.coalesce(rows["effective_from"], _EVER),
        _end=ibis.coalesce(rows[ends], _NEVER) if ends else ibis.literal(_NEVER),
    )
    earlier = ibis.window(group_by="rep_id", order_by="_start", rows=(None, -1))
    marked = spans.mutate(_before=spans["_end"].max().over(earlier))
    people = marked.filter(marked["_start"] <= marked["_before"]).select("rep_id").distinct()
    doubtful = spans.semi_join(people, "rep_id").order_by("rep_id", "_start")
    frame = doubtful.select("rep_id", "_start", "_end").to_pyarrow().to_pylist()
    found = []
    busy: dict[str, dt.date] = {}
    for span in frame:
        until = busy.get(span["rep_id"])
        if until is not None and span["_start"] <= until:
            found.append({"rep_id": span["rep_id"], "_start": span["_start"], "_until": until})
        else:
            busy[span["rep_id"]] = span["_end"]
    if not found:
        return None
    schema = ibis.schema({"rep_id": "string", "_start": "date", "_until": "date"})
    late = backend.create_table("late_assignments", ibis.memtable(found, schema=schema))
    joined = spans.inner_join(late, ["rep_id", "_start"])
    detail = (
        ibis.literal('rep_id "')
        + joined["rep_id"]
        + '" has an assignment from '
        + joined["_start"].cast("string")
        + " although an earlier one runs until "
        + joined["_until"].cast("string")
    )
    return joined.mutate(_reason=ibis.literal(reason("overlapping_assignment")), _detail=detail)


def _unequal(rows: IbisTable) -> IbisTable | None:
    """Revenue splits of the deals whose shares do not add up to 1."""
    revenue = rows.filter(rows["kind"] == "revenue")
    sums = revenue.group_by("opportunity_id").aggregate(
        _sum=revenue["share"].cast("decimal(38, 8)").sum()
    )
    wrong = sums.filter((sums["_sum"] - 1).abs() > SHARE_TOLERANCE)
    if not wrong.count().execute():
        return None
    joined = revenue.inner_join(wrong, "opportunity_id")
    detail = (
        ibis.literal('the revenue shares of opportunity_id "')
        + joined["opportunity_id"]
        + '" add up to '
        + joined["_sum"].cast("float64").cast("string")
    )
    return joined.mutate(_reason=ibis.literal(reason("shares_not_one")), _detail=detail)
