"""A mapping cut to what an export has, where the mapping allows something to be absent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from salesops_lib.data.ingest.readers import Layout, text_file, tidy_name
from salesops_lib.data.ingest.sources import PARQUET, WORKBOOK, Export
from salesops_lib.data.ingest.workbooks import staged_sheet
from salesops_lib.data.schema import TABLES
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from salesops_lib.data.ingest.mapping import Block, Mapping
    from salesops_lib.data.ingest.rule import ColumnRule, Lookup, Membership

__all__ = ["column_names", "fitted"]


def fitted(mapping: Mapping, export: Export, name: str) -> tuple[Mapping, tuple[str, ...]]:
    """Mapping without the optional files and columns that an export lacks.

    Parameters
    ----------
    mapping : Mapping
        The whole mapping.
    export : Export
        The export.
    name : str
        What error messages call the mapping.

    Returns
    -------
    tuple of Mapping and tuple of str
        The mapping for this export, and what it was cut by.

    Raises
    ------
    InputError
        A file cannot be read. What is absent and not optional is left to the reading.
    """
    cutting = _Cutting(export, name)
    tables: dict[str, Any] = {}
    for table in mapping.table_names:
        cut = [cutting.block(table, block) for block in mapping.blocks(table)]
        tables[table] = [block for block in cut if block is not None] or None
    remaining = mapping.tables.model_copy(update=tables)
    left_out = tuple(dict.fromkeys(cutting.left_out))
    return mapping.model_copy(update={"tables": remaining}), left_out


def column_names(export: Export, path: Path, layout: Layout, needed: Iterable[str]) -> set[str]:
    """Column names of a source file, as `RawTable.cells` has them.

    Raises
    ------
    InputError
        The file cannot be read or holds no column names.
    """
    suffix = path.suffix.lower()
    if suffix in PARQUET:
        try:
            names = pq.read_schema(path).names
        except (pa.ArrowException, OSError):
            raise InputError(
                "not a whole Parquet file; export it again", where=export.name(path)
            ) from None
    elif suffix in WORKBOOK:
        names, _ = staged_sheet(path, export, layout.sheet, layout.header)
    else:
        names = text_file(export, path, layout, needed).header
    return {tidy_name(one) for one in names}


@dataclass
class _Cutting:
    """What was seen of an export so far, and what was left out."""

    export: Export
    name: str
    left_out: list[str] = field(default_factory=list)

    def block(self, table: str, block: Block) -> Block | None:
        """Block for this export; None when it is left out."""
        rules = [*block.rules.values(), *block.state_rules.values()]
        tolerant = any(second.optional for rule in rules for second in rule.lookup)
        tolerant = tolerant or any(second.optional for second in block.not_in.values())
        if block.unless is not None and self._there(block.unless):
            return None
        if block.file is None or not (block.optional or block.optional_columns or tolerant):
            return block
        files = [one for one in block.file if self._there(one)] if block.optional else block.file
        if not files:
            self.left_out.append(" or ".join(block.file))
            return None
        block = block.model_copy(update={"file": files})
        absent = self._absent(table, block)
        if absent is None:
            return None
        return self._without(table, block, absent)

    def _absent(self, table: str, block: Block) -> set[str] | None:
        """Optional columns that the files lack; None when they lack a needed one."""
        layout = Layout(block.sheet, block.separator, block.encoding, block.header)
        absent: set[str] = set()
        for path in self.export.files(block.file or [], f"{self.name}: tables.{table}.file"):
            self.export.fingerprint(path)
            names = column_names(self.export, path, layout, sorted(block.source_columns))
            lacking = {one for one in block.source_columns if tidy_name(one) not in names}
            needed = sorted(lacking - set(block.optional_columns))
            if needed and block.optional:
                self._lacks(path, needed)
                return None
            told = sorted(lacking & set(block.optional_columns))
            self._lacks(path, told)
            absent |= set(told)
        return absent

    def _lacks(self, path: Path, columns: list[str]) -> None:
        if columns:
            self.left_out.append(f"{', '.join(columns)} in {self.export.name(path)}")

    def _without(self, table: str, block: Block, absent: set[str]) -> Block | None:
        columns = {name: self._rule(rule, absent) for name, rule in block.column_rules.items()}
        for column in TABLES[table].columns:
            if column.required and column.name in columns and columns[column.name] is None:
                if block.optional:
                    self.left_out.append(f"{column.name} for {table}")
                    return None
                # The reading then says which column is missing.
                columns[column.name] = block.column_rules[column.name]
        states: Any = block.states
        if states is not None:
            told = {name: self._rule(rule, absent) for name, rule in block.state_rules.items()}
            if not any(told.values()):
                return None
            states = states.model_copy(update=told)
        group = block.group
        if group is not None:
            summed = [name for name in group.sum if columns[name] is not None]
            group = group.model_copy(update={"sum": summed})
        return block.model_copy(
            update={
                "columns": block.columns.model_copy(update=columns),
                "states": states,
                "where": {k: v for k, v in block.where.items() if k not in absent},
                "skip": {k: v for k, v in block.skip.items() if k not in absent},
                "not_in": {
                    k: v for k, v in block.not_in.items() if k not in absent and self._usable(v)
                },
                "group": group,
            }
        )

    def _rule(self, rule: ColumnRule, absent: set[str]) -> ColumnRule | None:
        """Rule without what is absent; None when nothing is left of it."""
        if rule.source in absent:
            return None
        kept: dict[str, Any] = {}
        for key, names in (("first", rule.first), ("join", rule.join)):
            if names is not None:
                kept[key] = [one for one in names if one not in absent]
                if not kept[key]:
                    return None
        lookups = [second for second in rule.lookup if self._usable(second)]
        if any(second not in lookups and not second.keep for second in rule.lookup):
            return None
        return rule.model_copy(update={**kept, "lookup": lookups})

    def _usable(self, second: Lookup | Membership) -> bool:
        if not second.optional or self._there(second.file):
            return True
        self.left_out.append(second.file)
        return False

    def _there(self, pattern: str) -> bool:
        if (self.export.folder / pattern).is_file():
            return True
        found = self.export.folder.glob(pattern)
        return any(path.is_file() for path in found) if set("*?[") & set(pattern) else False
