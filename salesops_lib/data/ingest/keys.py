"""Rows of one key: put together where the mapping says so, merged where they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import ibis

from salesops_lib.data.ingest.parsing import EXACT
from salesops_lib.data.ingest.reasons import reason
from salesops_lib.data.ingest.rules import REPAIR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ibis.expr.types import BooleanValue, StringValue, Value
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.schema import Table

__all__ = ["completed_groups", "grouped", "key_text", "repeated_keys", "same_key", "verdicts"]


def same_key(left: IbisTable, right: IbisTable, key: Sequence[str]) -> list[BooleanValue]:
    """Conditions under which two tables' rows have one key; empty equals empty."""
    return [cast("BooleanValue", left[name].identical_to(right[name])) for name in key]


def key_text(rows: IbisTable, key: Sequence[str]) -> StringValue:
    """Key as people read it, such as ``rep_id "7", measure "bookings"``."""
    parts = [
        ibis.literal(f'{name} "') + rows[name].cast("string").fill_null("") + '"' for name in key
    ]
    return cast("StringValue", ibis.literal(", ").join(parts))


def completed_groups(lines: IbisTable, table: Table) -> IbisTable:
    """Lines in which no group is left with only some of its lines.

    A line without a key cannot be grouped; a line that belongs together with
    a bad one would give a sum that looks right and is not.
    """
    key = [name for name in table.key if name in lines.columns]
    needed = [name for name in key if table.column(name).required]
    for name in needed:
        lacking = lines["_reason"].isnull() & lines[name].isnull()
        lines = lines.mutate(
            _reason=ibis.ifelse(lacking, reason("missing_value", name), lines["_reason"]),
            _detail=ibis.ifelse(lacking, f"{name} is empty", lines["_detail"]),
        )
    bad = lines.filter(lines["_reason"].notnull()).select(*key).distinct()
    bad = bad.rename({f"bad/{name}": name for name in key}).mutate(_bad=True)
    same = [lines[name].identical_to(bad[f"bad/{name}"]) for name in key]
    joined = lines.left_join(bad, same)
    hit = joined["_reason"].isnull() & joined["_bad"].fill_null(False)
    detail = ibis.literal("another row of ") + key_text(joined, key) + " cannot be used"
    return joined.mutate(
        _reason=ibis.ifelse(hit, reason("incomplete_group"), joined["_reason"]),
        _detail=ibis.ifelse(hit, detail, joined["_detail"]),
    ).drop("_bad", *[f"bad/{name}" for name in key])


def grouped(lines: IbisTable, table: Table, summed: Sequence[str]) -> IbisTable:
    """One row for all usable lines of one key.

    Parameters
    ----------
    lines : ibis.Table
        Lines, from `completed_groups`.
    table : Table
        Canonical table.
    summed : sequence of str
        Columns that are added up; empty where a line lacks the number.

    Returns
    -------
    ibis.Table
        The columns of `lines`, with `_lines`, the number of lines. A column in
        which the lines disagree is empty, and so is a sum with a part missing.
    """
    key = [name for name in table.key if name in lines.columns]
    good = lines.filter(lines["_reason"].isnull() & ~lines["_skipped"])
    values: dict[str, Value] = {}
    for column in table.columns:
        name = column.name
        if name not in lines.columns or name in key:
            continue
        cells = good[name]
        if name in summed:
            agree = (cells.count() == 0) | (cells.count() == good.count())
            value = _sum(cells)
        else:
            agree = cells.nunique() <= 1
            value = cells.arbitrary()
        values[name] = ibis.ifelse(agree, value, None)
        values[REPAIR + reason("disagreement", name)] = ~agree
    flags = {name: good[name].any() for name in lines.columns if name.startswith(REPAIR)}
    groups = good.group_by(key).aggregate(
        **values, **flags, _file=good["_file"].min(), _row=good["_row"].min(), _lines=good.count()
    )
    return groups.mutate(
        _skipped=ibis.literal(False),
        _reason=ibis.null("string"),
        _detail=ibis.null("string"),
    )


def _sum(cells: Value) -> Value:
    kind = cells.type()
    # Binary numbers would add up to other digits in another order.
    total = cells.cast(EXACT).sum() if kind.is_floating() else cells.sum()
    return total.try_cast(kind)


def repeated_keys(rows: IbisTable, table: Table) -> IbisTable:
    """Keys that more than one row has."""
    key = [name for name in table.key if name in rows.columns]
    counted = rows.group_by(key).aggregate(_copies=rows.count())
    whole = [counted[name].notnull() for name in key if table.column(name).required]
    return counted.filter(counted["_copies"] > 1, *whole)


def verdicts(twins: IbisTable, table: Table, supplied: Mapping[str, Sequence[int]]) -> IbisTable:
    """What becomes of the rows that share a key: one row each, merged or in conflict.

    Rows agree when every column holds the same in all of them, counting only
    the blocks of the mapping that supply the column. A good and a bad row
    never agree.

    Parameters
    ----------
    twins : ibis.Table
        All rows of the keys that occur more than once.
    table : Table
        Canonical table.
    supplied : mapping of str to sequence of int
        Blocks that supply each column.

    Returns
    -------
    ibis.Table
        The columns of `twins`, with `_copies`, `_clash` (names of the columns
        that contradict, or empty) and `_good` (whether all rows are usable).
    """
    key = [name for name in table.key if name in twins.columns]
    values: dict[str, Value] = {}
    clashes: list[Value] = []
    for name, blocks in supplied.items():
        if name in key:
            continue
        cells, counts = twins[name], twins["_block"].isin(blocks)
        different = cells.nunique(where=counts)
        partly = (different == 1) & (cells.isnull() & counts).any()
        clashes.append(ibis.ifelse((different > 1) | partly, name, ibis.null("string")))
        values[name] = cells.arbitrary(where=counts)
    good = twins["_reason"].isnull()
    clashes.append(ibis.ifelse(good.any() & ~good.all(), "validity", ibis.null("string")))
    flags = {name: twins[name].any() for name in twins.columns if name.startswith(REPAIR)}
    return twins.group_by(key).aggregate(
        **values,
        **flags,
        _file=twins["_file"].min(),
        _row=twins["_row"].min(),
        _block=twins["_block"].min(),
        _lines=twins["_lines"].sum(),
        _copies=twins.count(),
        _good=good.all(),
        _clash=ibis.literal(", ").join(clashes).nullif(""),
    )
