"""One source file of one canonical table, read by the mapping's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, cast

import ibis

from salesops_lib.data.ingest.cells import KINDS, Cells
from salesops_lib.data.ingest.functions import among, salesforce_id
from salesops_lib.data.ingest.parsing import (
    EXACT,
    Parsed,
    Problem,
    listed_value,
    parsed,
    read_value,
    renamed,
    unlisted,
)
from salesops_lib.data.ingest.reasons import reason
from salesops_lib.data.ingest.rules import REPAIR, flagged

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, StringValue, Value
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.ingest.mapping import Block, Formats
    from salesops_lib.data.ingest.readers import RawTable
    from salesops_lib.data.ingest.rule import ColumnRule, Lookup, Scalar
    from salesops_lib.data.schema import Column, Table

__all__ = ["Surroundings", "read_part"]

_OWN = ("_row", "_skipped", "_reason", "_detail")
_SOUGHT, _HELD = "sought/", "held/key"


@dataclass(frozen=True)
class Surroundings:
    """What a rule may need besides its own file.

    Parameters
    ----------
    formats : Formats
        Formats of the mapping.
    where : str
        What error messages call the block, such as ``x.yaml: tables.reps``.
    lookup : callable
        Gives the table (`key`, `value`) of a second file.
    stages : mapping of str to dict
        Rows of the stages table by stage.
    """

    formats: Formats
    where: str
    lookup: Callable[[Lookup], IbisTable]
    stages: Mapping[str, Mapping[str, Scalar | None]]


def read_part(
    raw: RawTable, block: Block, table: Table, around: Surroundings, place: int
) -> IbisTable:
    """Rows of one file, with what could not be read and what was repaired.

    Parameters
    ----------
    raw : RawTable
        The file.
    block : Block
        What the mapping says about it.
    table : Table
        Canonical table.
    around : Surroundings
        Formats, second files and stages.
    place : int
        Number of the file, stored as `_file`.

    Returns
    -------
    ibis.Table
        The block's canonical columns, money as `EXACT`; `_file`, `_row`,
        `_skipped`, `_reason`, `_detail`, and a column per kind of repair.

    Raises
    ------
    InputError
        The file lacks a column that the mapping names.
    """
    cells = _identified(_picked(raw, block, table, around), block)
    cells = _looked_up(cells, block, around)
    cells = _respelled(cells, block, around)
    cells = _read(cells, block, table, around)
    results = {
        name: _result(cells, table.column(name), rule, around) for name, rule in block.rules.items()
    }
    malformed = cast("StringValue", cells["_malformed"])
    problems = [
        Problem(reason("malformed_row"), malformed.notnull(), malformed),
        *_missing_keys(cells, block),
        *(problem for result in results.values() for problem in result.problems),
    ]
    rows = flagged(cells, problems)
    flags = [name for name in rows.columns if name.startswith(REPAIR)]
    return rows.select(
        **{name: result.value for name, result in results.items()},
        **{name: rows[name] for name in (*_OWN, *flags)},
        _file=ibis.literal(place, "int64"),
    )


def _picked(raw: RawTable, block: Block, table: Table, around: Surroundings) -> IbisTable:
    """Cleaned cells under the canonical names, before any second file is looked into."""
    picked: dict[str, Value] = {}
    blank: list[BooleanValue] = []
    for name, rule in block.rules.items():
        if not rule.columns:
            continue
        where = f"{around.where}.columns.{name}"
        nulls = [*around.formats.null_values, *rule.null_values]
        sources = [raw.column(source, where) for source in rule.columns]
        cleaned = [source.cleaned(nulls) for source in sources]
        cells = _combined(cleaned, rule)
        picked[name] = cells.text
        picked |= {f"{name}/{kind}": part for kind, part in cells.typed.items()}
        blank.append(cells.text.isnull())
        if _identifies(table.column(name)) and rule.source is not None:
            code = f"{REPAIR}{reason('trimmed', name)}"
            picked[code] = (cells.text != sources[0].text).fill_null(False)
    skipped = ~_kept(raw, block, around)
    rows = raw.rows
    if block.footer:
        skipped = skipped | _below(raw, block, around)
    if blank:
        # Spreadsheets like to end in rows of nothing but separators.
        empty = reduce(lambda one, other: one & other, blank)
        skipped = skipped | (empty & raw.rows["_malformed"].isnull())
    for place, name in enumerate(block.not_in):
        picked[f"{_SOUGHT}{place}"] = raw.column(name, f"{around.where}.not_in").cleaned([]).text
    picked_rows = rows.select("_row", "_malformed", **picked, _skipped=skipped.fill_null(False))
    for place, membership in enumerate(block.not_in.values()):
        second = around.lookup(membership.lookup)
        held = second.select(**{_HELD: second["key"]})
        sought = f"{_SOUGHT}{place}"
        joined = picked_rows.left_join(held, picked_rows[sought] == held[_HELD])
        hit = joined["_skipped"] | joined[_HELD].notnull()
        picked_rows = joined.mutate(_skipped=hit).drop(_HELD, sought)
    return picked_rows


def _identified(cells: IbisTable, block: Block) -> IbisTable:
    """Cells with the ids that their rules want, in the form that they want."""
    made: dict[str, Value] = {}
    for name, rule in block.rules.items():
        text = cast("StringValue", cells[name]) if rule.columns else None
        if text is None or not (rule.starting or rule.salesforce_id):
            continue
        if rule.starting is not None:
            wanted = text.startswith(rule.starting)
            text = cast("StringValue", ibis.ifelse(wanted, text, ibis.null("string")))
        made[name] = salesforce_id(text) if rule.salesforce_id else text
    return cells.mutate(**made) if made else cells


def _below(raw: RawTable, block: Block, around: Surroundings) -> BooleanValue:
    """Lines of text that some reports write below their last row.

    A row cut off in the middle is none: it has more than one cell.
    """
    rows = raw.rows
    whole = rows.filter(rows["_malformed"].isnull())
    last = whole["_row"].max().as_scalar()
    texts = [raw.column(name, around.where).cleaned([]).text for name in block.source_columns]
    filled = reduce(lambda one, other: one + other, [t.notnull().cast("int64") for t in texts])
    return rows["_malformed"].notnull() & (rows["_row"] > last.fill_null(0)) & (filled <= 1)


def _combined(cells: list[Cells], rule: ColumnRule) -> Cells:
    if rule.join is not None:
        joined = ibis.literal(rule.glue).join([one.text for one in cells])
        return Cells(cast("StringValue", joined.nullif("")))
    first = cells[0]
    for other in cells[1:]:
        taken = first.text.notnull()
        typed = {
            kind: ibis.ifelse(taken, first.typed.get(kind), other.typed.get(kind))
            for kind in KINDS
            if kind in first.typed or kind in other.typed
        }
        first = Cells(cast("StringValue", ibis.coalesce(first.text, other.text)), **typed)
    return first


def _identifies(column: Column) -> bool:
    return (
        column.references is not None
        or column.name in {"stage", "product"}
        or (column.required and column.type == "string")
    )


def _kept(raw: RawTable, block: Block, around: Surroundings) -> BooleanValue:
    kept: BooleanValue = ibis.literal(True)
    for filters, keeps in ((block.where, True), (block.skip, False)):
        for name, values in filters.items():
            where = f"{around.where}.{'where' if keeps else 'skip'}"
            text = raw.column(name, where).cleaned([]).text.fill_null("")
            hit = text.lower().isin([value.strip().lower() for value in values])
            kept = kept & (hit if keeps else ~hit)
    return kept


def _looked_up(cells: IbisTable, block: Block, around: Surroundings) -> IbisTable:
    """Cells with the values of second files in place of the keys to them."""
    for name, rule in block.rules.items():
        for place, lookup in enumerate(rule.lookup):
            key, value = f"{name}/key{place}", f"{name}/value{place}"
            second = around.lookup(lookup)
            second = second.select(**{key: second["key"], value: second["value"]})
            cells = cells.left_join(second, cells[name] == second[key])
            missing = cells[name].notnull() & cells[key].isnull()
            found: Value = cells[value]
            if lookup.keep:
                found = ibis.ifelse(missing, cells[name], found)
                missing = ibis.literal(False)
            sought = ibis.ifelse(missing, cells[name], ibis.null("string"))
            earlier = f"{name}/missing"
            if earlier in cells.columns:
                sought = ibis.coalesce(cells[earlier], sought)
            dropped = {key, value, f"{name}/number", f"{name}/moment", f"{name}/flag"}
            cells = cells.mutate(**{name: found, earlier: sought})
            cells = cells.drop(*[column for column in cells.columns if column in dropped])
    return cells


def _missing_keys(cells: IbisTable, block: Block) -> list[Problem]:
    problems = []
    for name, rule in block.rules.items():
        if rule.lookup:
            sought = cast("StringValue", cells[f"{name}/missing"])
            files = " or ".join(lookup.file for lookup in rule.lookup)
            detail = cast(
                "StringValue", ibis.literal(f'{name} "') + sought + f'" is not found in {files}'
            )
            problems.append(Problem(reason("not_found", name), sought.notnull(), detail))
    return problems


def _respelled(cells: IbisTable, block: Block, around: Surroundings) -> IbisTable:
    """Cells in the spelling that the mapping declares, and which of them were changed."""
    changed: dict[str, Value] = {}
    for name, rule in block.rules.items():
        aliases = dict(rule.aliases)
        if name == "stage":
            aliases = {stage: stage for stage in around.stages} | aliases
        if aliases and rule.columns:
            text = cast("StringValue", cells[name])
            changed[name] = renamed(text, aliases)
            changed[REPAIR + reason("alias", name)] = (changed[name] != text).fill_null(False)
    return cells.mutate(**changed) if changed else cells


def _read(cells: IbisTable, block: Block, table: Table, around: Surroundings) -> IbisTable:
    """Cells, with what they hold beside them in columns of their own."""
    read: dict[str, Value] = {}
    for name, rule in block.rules.items():
        if rule.columns:
            typed = {k: cells[f"{name}/{k}"] for k in KINDS if f"{name}/{k}" in cells.columns}
            own = Cells(cast("StringValue", cells[name]), **typed)
            read[f"{name}/read"] = read_value(own, table.column(name), rule, around.formats)
        elif rule.constant is not None:
            read[f"{name}/read"] = ibis.literal(rule.constant).cast(_kind(table.column(name)))
    cells = cells.mutate(**read)
    by_stage: dict[str, Value] = {}
    for name, rule in block.rules.items():
        if rule.stage is not None:
            values = {stage: row.get(rule.stage) for stage, row in around.stages.items()}
            stage = cast("StringValue", cells["stage/read"])
            by_stage[f"{name}/read"] = listed_value(stage, table.column(name), values)
    return cells.mutate(**by_stage) if by_stage else cells


def _result(cells: IbisTable, column: Column, rule: ColumnRule, around: Surroundings) -> Parsed:
    read = cells[f"{column.name}/read"]
    if rule.constant is not None:
        return Parsed(read)
    if rule.stage is not None:
        stage = cast("StringValue", cells["stage/read"])
        strange = stage.notnull() & ~among(stage.lower(), [one.lower() for one in around.stages])
        return Parsed(read, [unlisted(stage, strange, column.name, around.stages, "unknown_stage")])
    return parsed(cast("StringValue", cells[column.name]), read, column, rule, around.formats)


def _kind(column: Column) -> str:
    kinds = {
        "money": EXACT,
        "number": "float64",
        "integer": "int64",
        "timestamp": "timestamp(6)",
    }
    return kinds.get(column.type, column.type)
