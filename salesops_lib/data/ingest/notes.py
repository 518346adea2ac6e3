"""Warnings about rows that are kept: counted, never changed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

import ibis

from salesops_lib.data.ingest.reasons import reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ibis.expr.types import BooleanValue, NumericValue, Value
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.schema import Table

__all__ = ["noted"]

_LATER = {"opportunities": "last_activity_date", "activities": "at"}


def noted(
    table: Table, kept: Mapping[str, IbisTable], columns: tuple[str, ...], as_of: dt.date
) -> dict[str, int]:
    """Number of kept rows by warning.

    Parameters
    ----------
    table : Table
        Canonical table.
    kept : mapping of str to ibis.Table
        Usable rows of every table that there is.
    columns : tuple of str
        Columns that the export supplies.
    as_of : date
        The day that the data shows.

    Returns
    -------
    dict of str to int
        Reasons that at least one row has, in a fixed order.
    """
    rows = kept[table.name]
    conditions = _conditions(rows, table, columns, as_of)
    counts: dict[str, int] = {}
    if conditions:
        sums = {f"n{place}": one.sum() for place, one in enumerate(conditions.values())}
        found = rows.aggregate(**sums).to_pyarrow().to_pylist()[0]
        counts = {name: found[f"n{place}"] or 0 for place, name in enumerate(conditions)}
    for name in columns:
        target = table.column(name).references
        if target is not None and target.partition(".")[0] in kept:
            counts[reason("unknown_reference", name)] = _dangling(rows, name, target, kept)
    if table.name == "opportunities" and "stage" in columns and "stages" in kept:
        counts[reason("stage_contradicts_flags")] = _contradicted(rows, kept["stages"])
    elif table.name == "opportunities" and "stage" in columns:
        counts[reason("mixed_stage")] = _mixed(rows)
    return {name: count for name, count in counts.items() if count}


def _conditions(
    rows: IbisTable, table: Table, columns: tuple[str, ...], as_of: dt.date
) -> dict[str, BooleanValue]:
    conditions: dict[str, BooleanValue] = {}
    day = ibis.literal(as_of)
    later = _LATER.get(table.name)
    if later in columns:
        conditions[reason("later_than_as_of", later)] = rows[later].cast("date") > day
    if "amount" in columns:
        amount = cast("NumericValue", rows["amount"])
        conditions[reason("negative_amount", "amount")] = amount < 0
        bare = rows["currency"].isnull() if "currency" in columns else ibis.literal(True)
        if "currency" in table.column_names:
            conditions[reason("missing_currency", "currency")] = amount.notnull() & bare
    if table.name == "stages" and "default_probability" in columns:
        sure = cast("NumericValue", rows["default_probability"]).isin([0, 1])
        conditions[reason("chance_contradicts_flags")] = sure != rows["is_closed"]
    if table.name == "opportunities" and "close_date" in columns:
        late = rows["is_closed"] & (rows["close_date"] > day)
        conditions[reason("future_dated_won")] = late & rows["is_won"]
        conditions[reason("future_dated_lost")] = late & ~rows["is_won"]
        if "created_date" in columns:
            conditions[reason("closed_before_created")] = rows["is_closed"] & (
                rows["close_date"] < rows["created_date"]
            )
    return conditions


def _dangling(rows: IbisTable, name: str, target: str, kept: Mapping[str, IbisTable]) -> int:
    other, _, column = target.partition(".")
    known = kept[other].select(_known=kept[other][column]).distinct()
    mentioned: Value = rows[name]
    strange = rows.filter(mentioned.notnull()).anti_join(known, rows[name] == known["_known"])
    return int(strange.count().execute())


def _mixed(rows: IbisTable) -> int:
    """Deals in stages of which some are open and some closed, where no table tells the stages."""
    staged = rows.filter(rows["stage"].notnull())
    stages = staged.group_by("stage").aggregate(
        deals=staged.count(), closed=staged["is_closed"].cast("int64").sum()
    )
    mixed = stages.filter(stages["closed"] > 0, stages["closed"] < stages["deals"])
    return int(mixed["deals"].sum().execute() or 0)


def _contradicted(rows: IbisTable, stages: IbisTable) -> int:
    # Where no stage is closed, stages do not tell outcomes: some CRMs keep them apart.
    if not stages["is_closed"].any().to_pyarrow().as_py():
        return 0
    said = stages.select(_stage="stage", _closed="is_closed", _won="is_won")
    joined = rows.inner_join(said, rows["stage"] == said["_stage"])
    differs = (joined["is_closed"] != joined["_closed"]) | (joined["is_won"] != joined["_won"])
    return int(joined.filter(differs).count().execute())
