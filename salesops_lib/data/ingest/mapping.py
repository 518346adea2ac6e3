"""Mappings: how a company's export becomes the canonical tables.

A mapping is a YAML file that an analyst can read and change. Its models are
built from the canonical tables themselves, so a misspelt table or column is
found before any data is read, with its line and the nearest right spelling.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, create_model, model_validator

from salesops_lib.data.ingest.functions import ISO
from salesops_lib.data.ingest.rule import (
    ColumnRule,
    DateFormats,
    Encoding,
    FileName,
    Mark,
    Membership,
    Separator,
    TextList,
    ThousandsMark,
    check_marks,
    checked_rule,
    refused,
)
from salesops_lib.data.schema import TABLES, Column, Table
from salesops_lib.yamlfile import Strict

__all__ = ["STATE_COLUMNS", "Block", "Formats", "Group", "Limits", "Mapping"]


STATE_COLUMNS = {
    "stage": "stage",
    "amount": "amount",
    "close_date": "close_date",
    "owner": "owner_id",
    "forecast_category": "forecast_category",
    "probability": "probability",
}
"""Fields of the history, and the column of the deals that says how each is read."""


class Formats(Strict):
    """How dates and numbers are written, unless a column says otherwise.

    Parameters
    ----------
    date : list of str
        Date formats, tried in order; ``iso`` stands for the usual ISO 8601 spellings.
    decimal, thousands : str
        Marks of a number. An empty `thousands` means that there is none.
    null_values : list of str
        Texts that mean "empty" in every column.
    """

    date: DateFormats = Field([ISO])
    decimal: Mark = "."
    thousands: ThousandsMark = ""
    null_values: TextList = Field([])

    @model_validator(mode="after")
    def _marks_differ(self) -> Formats:
        check_marks(self.decimal, self.thousands)
        return self


class Limits(Strict):
    """When bad rows are too many to go on.

    Parameters
    ----------
    quarantined : float
        Largest share of a table's rows that may be quarantined.
    tables : dict of str to float
        Another share for single tables.
    """

    quarantined: float = Field(0.01, ge=0, le=1, strict=False)
    tables: dict[str, Annotated[float, Field(ge=0, le=1, strict=False)]] = Field({})

    @model_validator(mode="after")
    def _known_tables(self) -> Limits:
        for name in self.tables:
            if name not in TABLES:
                raise refused(f"unknown table `{name}`", name, list(TABLES))
        return self

    def of(self, table: str) -> float:
        """Largest share of quarantined rows of one table."""
        return self.tables.get(table, self.quarantined)


class Group(Strict):
    """How several source rows of one key become one row.

    Parameters
    ----------
    sum : list of str
        Canonical columns that are added up. Any other column in which the rows
        disagree becomes empty.
    """

    sum: list[str] = Field([])


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


class Block(Strict):
    """One source of one canonical table.

    Parameters
    ----------
    file : list of str
        Files in the export folder: names or patterns such as ``Opportunity*.csv``.
    sheet : str, optional
        Sheet of a workbook. Default: the only one.
    separator : str
        One character, or ``auto``.
    encoding : str, optional
        Overrides the mapping's encoding.
    header : int
        Line that holds the column names, from 1.
    where, skip : dict of str to list of str
        Source column and values: rows that are kept, rows that are left out.
        An empty text stands for an empty cell.
    group : Group, optional
        Several source rows of one key become one.
    columns : model
        A `ColumnRule` for each canonical column that the source supplies.
    rows : list, optional
        Rows written in the mapping itself, instead of `file` and `columns`.
    optional : bool
        Left out where the export lacks the file, or a column that the block needs.
    unless : str, optional
        Left out where the export has this file, which tells the same better.
    optional_columns : list of str
        Source columns that an export may lack: what is read from them is then left out.
    not_in : dict of str to Membership
        Source column and second file: rows whose value stands there are left out.
    footer : bool
        Lines of text below the last row of data are left out.
    states : model, optional
        In the history, whose rows then tell how a deal stood: a `ColumnRule` per field.
    """

    file: Annotated[list[FileName], Field(min_length=1), BeforeValidator(_listed)] | None = None
    sheet: str | None = None
    separator: Separator = "auto"
    encoding: Encoding | None = None
    header: int = Field(1, ge=1, le=1000)
    where: dict[str, TextList] = Field({})
    skip: dict[str, TextList] = Field({})
    group: Group | None = None
    columns: Any = None
    rows: Any = None
    optional: bool = False
    unless: FileName | None = None
    optional_columns: TextList = Field([])
    not_in: dict[str, Membership] = Field({})
    footer: bool = False
    states: Any = None

    @model_validator(mode="after")
    def _one_source(self) -> Block:
        if (self.file is None) == (self.rows is None):
            raise refused("needs either `file` with `columns`, or `rows`")
        if self.file is not None and self.columns is None:
            raise refused("`file` needs `columns`")
        if self.rows is not None:
            more = sorted(self.model_fields_set - {"rows"})
            if more:
                raise refused(f"`rows` stands alone, without `{more[0]}`")
        summed = self.group.sum if self.group is not None else []
        for name in summed:
            if name not in self.rules:
                raise refused(f"`group` adds up `{name}`, which is not among the columns")
        return self

    @model_validator(mode="after")
    def _optional_is_used(self) -> Block:
        for name in self.optional_columns:
            if name not in self.source_columns:
                raise refused(
                    f"`optional_columns` names `{name}`, which the block does not read",
                    name,
                    sorted(self.source_columns),
                )
        return self

    @property
    def rules(self) -> dict[str, ColumnRule]:
        """Rules by canonical column, in stored order."""
        rules = self.column_rules
        if self.states is not None:
            field, rule = next(iter(self.state_rules.items()))
            rules |= {"field": ColumnRule(constant=field), "new_value": rule}
        return rules

    @property
    def column_rules(self) -> dict[str, ColumnRule]:
        """Rules of `columns` by canonical column, in stored order."""
        return _given(self.columns) if self.columns is not None else {}

    @property
    def state_rules(self) -> dict[str, ColumnRule]:
        """Rules of `states` by field; empty when the rows tell changes."""
        return _given(self.states) if self.states is not None else {}

    @property
    def source_columns(self) -> set[str]:
        """Source columns that the block reads, in its own file."""
        rules = [*self.rules.values(), *self.state_rules.values()]
        read = {name for rule in rules for name in rule.columns}
        return read | set(self.where) | set(self.skip) | set(self.not_in)

    @property
    def inline(self) -> list[dict[str, Any]]:
        """Rows written in the mapping itself, with the columns that any of them names."""
        rows = [row.model_dump() for row in self.rows or []]
        named = {name for row in self.rows or [] for name in row.model_fields_set}
        return [{name: value for name, value in row.items() if name in named} for row in rows]


def _given(model: Strict) -> dict[str, ColumnRule]:
    listed = {name: getattr(model, name) for name in type(model).model_fields}
    return {name: rule for name, rule in listed.items() if rule is not None}


_VALUE_TYPES: dict[str, Any] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": Annotated[float, Field(strict=False)],
    "money": Annotated[float, Field(strict=False)],
    "date": dt.date,
    "timestamp": dt.datetime,
}


def _value_type(column: Column) -> Any:
    if column.allowed:
        return Literal[column.allowed]
    plain = _VALUE_TYPES[column.type]
    if column.minimum is None and column.maximum is None:
        return plain
    return Annotated[plain, Field(ge=column.minimum, le=column.maximum)]


def _required(column: Column, kind: Any) -> Any:
    return (kind, ...) if column.required else (kind | None, None)


def _block_model(table: Table) -> type[Block]:
    rules: dict[str, Any] = {
        column.name: _required(column, _rule_type(column, table)) for column in table.columns
    }
    values: dict[str, Any] = {
        column.name: _required(column, _value_type(column)) for column in table.columns
    }
    columns = create_model(f"{table.name}_columns", __base__=Strict, **rules)
    row = create_model(f"{table.name}_row", __base__=Strict, **values)
    fields: dict[str, Any] = {"columns": (columns | None, None), "rows": (list[row] | None, None)}
    if table.name != "opportunity_history":
        return create_model(f"{table.name}_block", __base__=Block, states=(None, None), **fields)
    # States are told per field, so that their columns name neither field nor value.
    deals, kind = TABLES["opportunities"], rules["field"][0]
    told: dict[str, Any] = {
        field: (_rule_type(deals.column(column), table) | None, None)
        for field, column in STATE_COLUMNS.items()
    }
    rules["field"] = (kind | None, None)
    changes = create_model(f"{table.name}_columns", __base__=Strict, **rules)
    states = create_model("states", __base__=Strict, **told)
    fields |= {"columns": (changes | None, None), "states": (states | None, None)}
    checks: dict[str, Any] = {"_told": model_validator(mode="after")(_states_or_changes)}
    return create_model(f"{table.name}_block", __base__=Block, __validators__=checks, **fields)


def _rule_type(column: Column, table: Table) -> Any:
    return Annotated[ColumnRule, AfterValidator(partial(_fitting, column, table))]


def _states_or_changes(block: Block) -> Block:
    if block.columns is None:
        return block
    told = _given(block.columns)
    if block.states is None and "field" not in told:
        raise refused("the history needs `field` among its columns, or `states`")
    if block.states is not None:
        more = sorted({"field", "old_value", "new_value"} & set(told))
        if more:
            raise refused(f"`states` tells fields and values: no column `{more[0]}` beside it")
        if not block.state_rules:
            raise refused("`states` is empty", allowed=list(STATE_COLUMNS))
        if block.group is not None:
            raise refused("`states` and `group` do not go together")
    return block


def _fitting(column: Column, table: Table, rule: ColumnRule) -> ColumnRule:
    if rule.stage is not None and table.name != "opportunities":
        raise refused("`stage` can only be used in the opportunities table")
    return checked_rule(rule, column)


def _tables_model() -> type[Strict]:
    fields: dict[str, Any] = {}
    for table in TABLES.values():
        block = _block_model(table)
        blocks = Annotated[list[block], Field(min_length=1), BeforeValidator(_listed)]  # type: ignore[valid-type]
        fields[table.name] = (
            (blocks, ...) if table.name == "opportunities" else (blocks | None, None)
        )
    return create_model("Tables", __base__=Strict, **fields)


if TYPE_CHECKING:
    Tables = Any
else:
    Tables = _tables_model()


class Mapping(Strict):
    """How a company's export becomes the canonical tables.

    Parameters
    ----------
    version : int
        Version of the mapping format: 1.
    name : str
        Short name of the company or source.
    description : str
        One sentence.
    encoding : str
        Encoding of text files. ``auto``: UTF-8 or UTF-16 with their marks,
        UTF-8 without one, and Windows-1252 for what is not UTF-8.
    formats : Formats
        How dates and numbers are written.
    limits : Limits
        When bad rows are too many.
    tables : model
        For each canonical table a `Block`, or a list of blocks put one below
        the other.
    """

    version: Literal[1]
    name: str = Field(min_length=1, max_length=80)
    description: str = ""
    encoding: Encoding = "auto"
    formats: Formats = Formats()
    limits: Limits = Limits()
    tables: Tables

    @model_validator(mode="after")
    def _marks_differ(self) -> Mapping:
        for table in self.table_names:
            for block in self.blocks(table):
                for name, rule in block.rules.items():
                    thousands = rule.thousands
                    thousands = self.formats.thousands if thousands is None else thousands
                    where = f"tables.{table}.columns.{name}: "
                    check_marks(rule.decimal or self.formats.decimal, thousands, where)
        return self

    @model_validator(mode="after")
    def _stages_are_there(self) -> Mapping:
        for block in self.blocks("opportunities"):
            by_stage = [name for name, rule in block.rules.items() if rule.stage is not None]
            if by_stage and all(one.optional or one.unless for one in self.blocks("stages")):
                raise refused(
                    f"`{by_stage[0]}` is taken from the stages, but there is no `stages` table"
                )
            if by_stage and "stage" not in block.rules:
                raise refused(
                    f"`{by_stage[0]}` is taken from the stages, but `stage` is not mapped"
                )
        return self

    def blocks(self, table: str) -> list[Block]:
        """Blocks of one canonical table; empty when the mapping leaves it out."""
        blocks: list[Block] | None = getattr(self.tables, table)
        return blocks or []

    @property
    def table_names(self) -> list[str]:
        """Canonical tables that the mapping supplies, in the schema's order."""
        return [name for name in TABLES if self.blocks(name)]

    @property
    def normal_form(self) -> dict[str, Any]:
        """Contents as plain JSON values, without what was left at its default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
