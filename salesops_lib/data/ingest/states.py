"""Histories that tell how a deal stood at a moment, instead of what changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import ibis

from salesops_lib.data.ingest.mapping import STATE_COLUMNS
from salesops_lib.data.ingest.rule import ColumnRule
from salesops_lib.data.schema import TABLES, Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.ingest.mapping import Block
    from salesops_lib.data.ingest.session import Session
    from salesops_lib.data.schema import Table

__all__ = ["as_text", "previous_told", "state_blocks"]

_MONEY = "decimal(18, 2)"


def state_blocks(block: Block, table: Table) -> list[tuple[Block, Table]]:
    """Block with a table for each field that its rows state; itself where they state none.

    Parameters
    ----------
    block : Block
        Block of the mapping.
    table : Table
        Canonical table.

    Returns
    -------
    list of tuple of Block and Table
        In each table, `new_value` is of the type of its field.
    """
    if block.states is None:
        return [(block, table)]
    found = []
    for field, rule in block.state_rules.items():
        values = {"field": ColumnRule(constant=field), "new_value": rule}
        columns = block.columns.model_copy(update=values)
        single = block.model_copy(update={"columns": columns, "states": None})
        found.append((single, _shaped(table, field)))
    return found


def _shaped(table: Table, field: str) -> Table:
    deals = TABLES["opportunities"].column(STATE_COLUMNS[field])
    told = replace(deals, name="new_value", references=None)
    columns: list[Column] = [told if one.name == "new_value" else one for one in table.columns]
    return replace(table, columns=tuple(columns))


def as_text(rows: IbisTable, table: Table) -> IbisTable:
    """Rows of a history with the values as text: ISO dates, plain numbers."""
    if table.name != "opportunity_history" or "new_value" not in rows.columns:
        return rows
    kind, value = table.column("new_value").type, rows["new_value"]
    if kind == "string":
        return rows
    value = value.cast(_MONEY) if kind == "money" else value
    return rows.mutate(new_value=value.cast("string"))


def previous_told(
    session: Session, changes: IbisTable, lacking: Sequence[int]
) -> tuple[IbisTable, int]:
    """Changes with the value before, where an export tells the new one only.

    It is the new value of the deal's last row about the same field; of one
    moment, the rows follow each other as in the file. The first row of a deal
    has an empty value before it. A row whose value is the one before says
    nothing new.

    Parameters
    ----------
    session : Session
        The run.
    changes : ibis.Table
        Usable rows, with `_block`, `_file`, `_row` and `_lines`.
    lacking : sequence of int
        Blocks of the mapping that do not tell the value before.

    Returns
    -------
    tuple of ibis.Table and int
        The rows that say something, and how many do not.
    """
    known = changes["old_value"] if "old_value" in changes.columns else ibis.null("string")
    marked = changes.mutate(_mine=changes["_block"].isin(lacking), old_value=known)
    earlier = ibis.window(
        group_by=["opportunity_id", "field", "_mine"], order_by=["changed_at", "_file", "_row"]
    )
    told = marked.mutate(_before=marked["new_value"].lag().over(earlier))
    told = told.mutate(
        _same=told["_mine"] & told["new_value"].identical_to(told["_before"]),
        old_value=ibis.ifelse(told["_mine"], told["_before"], told["old_value"]),
    )
    told = session.stored(told.drop("_before", "_mine"))
    same = told.filter(told["_same"])["_lines"].sum().to_pyarrow().as_py()
    return told.filter(~told["_same"]).drop("_same"), int(same or 0)
