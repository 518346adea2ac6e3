"""One canonical table, from its source files to the rows that are kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import ibis

from salesops_lib.data.ingest.crossrows import contradictory, with_ends
from salesops_lib.data.ingest.keys import (
    completed_groups,
    grouped,
    key_text,
    repeated_keys,
    same_key,
    verdicts,
)
from salesops_lib.data.ingest.parsing import EXACT
from salesops_lib.data.ingest.parts import Surroundings, read_part
from salesops_lib.data.ingest.readers import Layout, RawTable
from salesops_lib.data.ingest.reasons import reason
from salesops_lib.data.ingest.rules import REPAIR, checked
from salesops_lib.data.ingest.session import Session, Source
from salesops_lib.data.ingest.states import as_text, previous_told, state_blocks
from salesops_lib.data.schema import TABLES
from salesops_lib.data.snapshot import ibis_schema
from salesops_lib.errors import SalesOpsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.ingest.mapping import Block
    from salesops_lib.data.ingest.rule import Scalar
    from salesops_lib.data.schema import Table

__all__ = ["FROM_MAPPING", "Ingested", "ingested_table"]

FROM_MAPPING = "(mapping)"
"""What stands for the file name of rows written in the mapping itself."""

_BAD = ("_file", "_row", "_reason", "_detail")


@dataclass(frozen=True)
class Ingested:
    """What came of one canonical table.

    Parameters
    ----------
    kept : ibis.Table
        Usable rows with all canonical columns.
    bad : ibis.Table
        Quarantined source rows: `_file`, `_row`, `_reason`, `_detail`.
    columns : tuple of str
        Canonical columns that the mapping supplies.
    read, skipped, kept_count : int
        Source rows; those left out by filter; rows kept.
    repaired, quarantined : dict of str to int
        Rows by reason.
    earliest : date, optional
        Of deals: the first day that one was created, or closed.
    """

    kept: IbisTable
    bad: IbisTable
    columns: tuple[str, ...]
    read: int
    skipped: int
    kept_count: int
    repaired: dict[str, int]
    quarantined: dict[str, int]
    earliest: dt.date | None = None


@dataclass(frozen=True)
class _Read:
    """A block after reading: rows to go on with, and the lines they came from when grouped."""

    rows: IbisTable
    lines: IbisTable | None
    read: int
    skipped: int


def ingested_table(
    session: Session, table: Table, stages: Mapping[str, Mapping[str, Scalar | None]]
) -> Ingested:
    """Canonical table, read, checked and cleared of repeated and contradictory rows.

    Parameters
    ----------
    session : Session
        The run.
    table : Table
        Canonical table.
    stages : mapping
        Rows of the stages table by stage.

    Returns
    -------
    Ingested

    Raises
    ------
    InputError
        A file or column is missing, or a file cannot be read.
    """
    blocks = session.mapping.blocks(table.name)
    done = [_block(session, table, block, stages) for block in blocks]
    supplied = _supplied(blocks, table)
    rows = _stacked([one.rows for one in done], table, tuple(supplied))
    bad = [rows.filter(rows["_reason"].notnull())]
    good = rows.filter(rows["_reason"].isnull())
    repaired: dict[str, int] = {}
    if table.key and (twins := _twins(session, rows, table)) is not None:
        settled = session.stored(verdicts(twins, table, supplied))
        good, conflicts = _merged(session, rows, settled, table)
        bad.append(conflicts)
    unchanged = 0
    if table.name == "opportunity_history" and (lacking := _lacking(blocks, supplied)):
        good, unchanged = previous_told(session, good, lacking)
        supplied["old_value"] = [*range(len(blocks))]
    dated = table.name == "rep_assignments" and "effective_from" in supplied
    if dated and "effective_to" not in supplied:
        good = with_ends(good)
        supplied["effective_to"] = [*range(len(blocks))]
    if (late := contradictory(session.backend, good, table.name)) is not None:
        late = session.stored(late)
        key = [name for name in table.key if name in rows.columns]
        bad.append(_copies(rows, late, key))
        good = good.anti_join(late, same_key(good, late, key))
    columns = tuple(name for name in table.column_names if name in supplied)
    quarantined = session.stored(_source_rows(bad, done, table))
    read, skipped = sum(one.read for one in done), sum(one.skipped for one in done)
    counts = _counts(good)
    repaired = {name.removeprefix(REPAIR): n for name, n in counts.items() if REPAIR in name}
    repaired |= {
        reason("identical_row"): counts["copies"] - counts["rows"],
        reason("grouped_row"): counts["lines"] - counts["copies"],
        reason("unchanged"): unchanged,
    }
    reasons = _by_reason(quarantined)
    _nothing_lost(table, read, skipped, sum(reasons.values()), counts["lines"] + unchanged)
    return Ingested(
        kept=_canonical(good, table),
        bad=quarantined,
        columns=columns,
        read=read,
        skipped=skipped,
        kept_count=counts["rows"],
        repaired={name: count for name, count in sorted(repaired.items()) if count},
        quarantined=reasons,
        earliest=_earliest(rows) if table.name == "opportunities" else None,
    )


def _block(
    session: Session,
    table: Table,
    block: Block,
    stages: Mapping[str, Mapping[str, Scalar | None]],
) -> _Read:
    if block.rows is not None:
        parts = [_inline(session, table, block)]
    else:
        where = session.where(table.name, block)
        parts = [
            part
            for single, shape in state_blocks(block, table)
            for part in _parts(session, shape, single, stages, where)
        ]
    lines = reduce(lambda one, other: one.union(other), parts)
    tally = lines.aggregate(read=lines.count(), skipped=lines["_skipped"].sum())
    counted = tally.to_pyarrow().to_pylist()[0]
    read, skipped = counted["read"], counted["skipped"] or 0
    lines = lines.filter(~lines["_skipped"])
    if block.group is None:
        rows = lines.mutate(_lines=ibis.literal(1, "int64"), _copies=ibis.literal(1, "int64"))
        return _Read(rows, None, read, skipped)
    lines = session.stored(completed_groups(lines, table))
    groups = grouped(lines, table, block.group.sum).mutate(_copies=ibis.literal(1, "int64"))
    return _Read(session.stored(checked(groups, table, session.as_of)), lines, read, skipped)


def _parts(
    session: Session,
    table: Table,
    block: Block,
    stages: Mapping[str, Mapping[str, Scalar | None]],
    where: str,
) -> list[IbisTable]:
    around = Surroundings(
        session.mapping.formats, where, lambda lookup: session.second(lookup, where), stages
    )
    needed = {
        source: f"{where}.columns.{name}"
        for name, rule in block.rules.items()
        for source in rule.columns
    }
    needed |= dict.fromkeys(block.where, f"{where}.where")
    needed |= dict.fromkeys(block.skip, f"{where}.skip")
    needed |= dict.fromkeys(block.not_in, f"{where}.not_in")
    layout = Layout(block.sheet, block.separator, block.encoding, block.header)

    def make(raw: RawTable, place: int) -> IbisTable:
        rows = read_part(raw, block, table, around, place)
        if block.group is not None:
            return rows
        return checked(as_text(rows, table), TABLES[table.name], session.as_of)

    paths = session.export.files(block.file or [], f"{where}.file")
    return [session.read(path, layout, needed, make) for path in paths]


def _inline(session: Session, table: Table, block: Block) -> IbisTable:
    rows: list[dict[str, Any]] = block.inline
    types = ibis_schema(table)
    names = list(rows[0]) if rows else [table.columns[0].name]
    kinds = {name: _loose(types[name]) for name in names}
    numbered = [{**row, "_row": place} for place, row in enumerate(rows, start=1)]
    held = ibis.memtable(numbered, schema=ibis.schema({**kinds, "_row": "int64"}))
    money = {name: held[name].cast(EXACT) for name in names if types[name].is_decimal()}
    place = len(session.sources)
    session.sources.append(Source(FROM_MAPPING))
    read = held.mutate(
        **money,
        _file=ibis.literal(place, "int64"),
        _skipped=ibis.literal(False),
        _reason=ibis.null("string"),
        _detail=ibis.null("string"),
    )
    return session.stored(checked(read, table, session.as_of))


def _loose(kind: ibis.DataType) -> ibis.DataType:
    return ibis.dtype("float64") if kind.is_decimal() else kind


def _supplied(blocks: Sequence[Block], table: Table) -> dict[str, list[int]]:
    """Blocks that supply each column, in stored order."""
    found: dict[str, list[int]] = {}
    for name in table.column_names:
        places = [
            place
            for place, block in enumerate(blocks)
            if name in block.rules or any(name in row for row in block.inline[:1])
        ]
        if places:
            found[name] = places
    return found


def _lacking(blocks: Sequence[Block], supplied: Mapping[str, Sequence[int]]) -> list[int]:
    """Blocks of the history that tell new values only."""
    told = {*supplied.get("old_value", [])}
    news = {*supplied.get("new_value", [])}
    return [place for place in range(len(blocks)) if place in news - told]


def _stacked(parts: Sequence[IbisTable], table: Table, columns: tuple[str, ...]) -> IbisTable:
    """Rows of all blocks, one below the other, with the same columns."""
    types = ibis_schema(table)
    flags = sorted({name for part in parts for name in part.columns if name.startswith(REPAIR)})
    shaped = []
    for place, part in enumerate(parts):
        values = {
            name: part[name].cast(types[name]) if name in part.columns else ibis.null(types[name])
            for name in columns
        }
        marks = {
            name: part[name] if name in part.columns else ibis.literal(False) for name in flags
        }
        shaped.append(
            part.select(
                **values,
                **marks,
                **{name: part[name] for name in (*_BAD, "_lines", "_copies")},
                _block=ibis.literal(place, "int64"),
            )
        )
    return reduce(lambda one, other: one.union(other), shaped)


def _twins(session: Session, rows: IbisTable, table: Table) -> IbisTable | None:
    """All rows of the keys that occur more than once; None when each is unique."""
    repeated = session.stored(repeated_keys(rows, table))
    if not repeated.count().execute():
        return None
    key = [name for name in table.key if name in rows.columns]
    return session.stored(rows.semi_join(repeated, same_key(rows, repeated, key)))


def _merged(
    session: Session, rows: IbisTable, settled: IbisTable, table: Table
) -> tuple[IbisTable, IbisTable]:
    """Usable rows with each key once, and the rows in conflict."""
    key = [name for name in table.key if name in rows.columns]
    good = rows.filter(rows["_reason"].isnull())
    alone = good.anti_join(settled, same_key(good, settled, key))
    agreed = settled.filter(settled["_clash"].isnull() & settled["_good"]).mutate(
        _reason=ibis.null("string"), _detail=ibis.null("string")
    )
    clash = settled.filter(settled["_clash"].notnull())
    detail = (
        key_text(clash, key)
        + " stands on "
        + clash["_copies"].cast("string")
        + " rows that differ in "
        + clash["_clash"]
    )
    clash = clash.mutate(_reason=ibis.literal(reason("conflicting_rows")), _detail=detail)
    both = alone.union(agreed.select(*alone.columns))
    return session.stored(both), session.stored(_copies(rows, clash, key))


def _copies(rows: IbisTable, bad: IbisTable, key: Sequence[str]) -> IbisTable:
    """All rows, usable so far, of the keys that turned out bad, with the reason."""
    good = rows.filter(rows["_reason"].isnull()).drop("_reason", "_detail")
    renamed = bad.select(
        **{f"of/{name}": bad[name] for name in key}, _reason="_reason", _detail="_detail"
    )
    same = [good[name].identical_to(renamed[f"of/{name}"]) for name in key]
    return good.inner_join(renamed, same).select(*rows.columns)


def _source_rows(bad: Sequence[IbisTable], done: Sequence[_Read], table: Table) -> IbisTable:
    """Source rows behind quarantined rows: themselves, or all lines of a group."""
    found = [
        block.lines.filter(block.lines["_reason"].notnull()).select(*_BAD)
        for block in done
        if block.lines is not None
    ]
    for rows in bad:
        for place, block in enumerate(done):
            mine = rows.filter(rows["_block"] == place)
            if block.lines is None:
                found.append(mine.select(*_BAD))
                continue
            key = [name for name in table.key if name in block.lines.columns]
            found.append(_copies(block.lines, mine, key).select(*_BAD))
    return reduce(lambda one, other: one.union(other), found)


def _counts(good: IbisTable) -> dict[str, int]:
    flags = {name: good[name].sum() for name in good.columns if name.startswith(REPAIR)}
    counted = good.aggregate(
        rows=good.count(), copies=good["_copies"].sum(), lines=good["_lines"].sum(), **flags
    )
    return {name: n or 0 for name, n in counted.to_pyarrow().to_pylist()[0].items()}


def _by_reason(bad: IbisTable) -> dict[str, int]:
    counted = bad.group_by("_reason").aggregate(n=bad.count()).order_by("_reason")
    return {row["_reason"]: row["n"] for row in counted.to_pyarrow().to_pylist()}


def _earliest(rows: IbisTable) -> dt.date | None:
    """First day of the deals: created where that is known, or else closed."""
    found: dt.date | None = None
    if "created_date" in rows.columns:
        found = rows["created_date"].min().to_pyarrow().as_py()
    elif "close_date" in rows.columns:
        found = rows.filter(rows["is_closed"])["close_date"].min().to_pyarrow().as_py()
    return found


def _canonical(good: IbisTable, table: Table) -> IbisTable:
    types = ibis_schema(table)
    return good.select(
        **{
            name: good[name].cast(types[name]) if name in good.columns else ibis.null(types[name])
            for name in table.column_names
        }
    )


def _nothing_lost(table: Table, read: int, skipped: int, bad: int, lines: int) -> None:
    if read != skipped + bad + lines:
        raise SalesOpsError(
            f"{table.name}: of {read} rows read, {skipped} were skipped, {bad} quarantined and "
            f"{lines} kept; the rest is lost, which is a fault of this library"
        )
