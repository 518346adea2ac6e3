"""Source files as tables of cells: text files, workbooks and Parquet files."""

from __future__ import annotations

import csv
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import duckdb
import ibis

from salesops_lib.data.ingest.cells import Cells
from salesops_lib.data.ingest.ragged import staged_text
from salesops_lib.data.ingest.sources import PARQUET, WORKBOOK, Export
from salesops_lib.data.ingest.workbooks import staged_sheet
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ibis.backends.duckdb import Backend
    from ibis.expr.types import StringValue, Value
    from ibis.expr.types import Table as IbisTable

__all__ = ["FURTHER", "Layout", "RawTable", "TextFile", "raw_table", "text_file", "tidy_name"]

_SEPARATORS = (",", ";", "\t", "|")
_SPREADSHEET_HINT = re.compile(r'^"?sep=(.)"?$')
_WHOLE = 1e15

FURTHER = "(further cells)"
"""What the cells are called that a row has beyond the header."""


@dataclass(frozen=True)
class Layout:
    """How the cells lie in a file; see `mapping.Block`."""

    sheet: str | None = None
    separator: str = "auto"
    encoding: str | None = None
    header: int = 1


@dataclass(frozen=True)
class RawTable:
    """A source file as it stands.

    Parameters
    ----------
    name : str
        Name of the file inside the export.
    cells : dict of str to Cells
        Cells by column name.
    twice : frozenset of str
        Column names that stand more than once in the header.
    rows : ibis.Table
        One row per data row, in the file's order: the cells, `_malformed` (what
        is wrong with the row's shape, or empty) and perhaps `_row` (from 1).
    again : callable, optional
        Gives the same table by the slower way that endures ragged rows.
    """

    name: str
    cells: dict[str, Cells]
    twice: frozenset[str]
    rows: IbisTable
    again: Callable[[], RawTable] | None = None

    def numbered(self) -> RawTable:
        """The same table with the column `_row`."""
        if "_row" in self.rows.columns:
            return self
        rows = self.rows.mutate(_row=ibis.row_number() + 1)
        again = self.again
        return RawTable(self.name, self.cells, self.twice, rows, again)

    def column(self, name: str, where: str) -> Cells:
        """Cells of a column.

        Raises
        ------
        InputError
            The file has no such column, or two of that name.
        """
        wanted = tidy_name(name)
        if wanted in self.twice:
            raise InputError(f"the column `{wanted}` stands twice in {self.name}", where=where)
        if wanted not in self.cells:
            raise InputError(
                f"{self.name} has no column `{wanted}`",
                where=where,
                found=wanted,
                allowed=self.cells,
            )
        return self.cells[wanted]


def tidy_name(name: str) -> str:
    """Column name without blanks at its ends and with single blanks inside."""
    return " ".join(name.replace("\ufeff", "").split())


def raw_table(
    backend: Backend, export: Export, path: Path, layout: Layout, needed: Iterable[str]
) -> RawTable:
    """Table of a source file's cells.

    Parameters
    ----------
    backend : ibis backend
        DuckDB connection that reads the file.
    export : Export
        The export that the file belongs to.
    path : Path
        File.
    layout : Layout
        How its cells lie.
    needed : iterable of str
        Columns that will be asked for: they tell the separator.

    Returns
    -------
    RawTable

    Raises
    ------
    InputError
        The file is empty, damaged, or holds no column names.
    """
    export.fingerprint(path)
    suffix = path.suffix.lower()
    if suffix in PARQUET:
        return _from_parquet(backend, export, path)
    if suffix in WORKBOOK:
        header, staged = staged_sheet(path, export, layout.sheet, layout.header)
        return _named(export.name(path), header, backend.read_parquet(str(staged)))
    text = text_file(export, path, layout, needed)
    return _from_text(backend, export, path, text)


@dataclass(frozen=True)
class TextFile:
    """A separated text file whose header has been read.

    Parameters
    ----------
    path : Path
        The text as UTF-8.
    header : tuple of str
        Column names as they stand.
    separator : str
        One character.
    line : int
        Line of the header, from 1.
    """

    path: Path
    header: tuple[str, ...]
    separator: str
    line: int


def text_file(export: Export, path: Path, layout: Layout, needed: Iterable[str] = ()) -> TextFile:
    """Header and separator of a text file.

    The separator is the one under which the header shows most of the columns
    that are needed, and then most columns.

    Raises
    ------
    InputError
        The file holds no column names.
    """
    source = export.utf8(path, layout.encoding)
    line = layout.header
    separators: tuple[str, ...] = _SEPARATORS
    with source.open(encoding="utf-8-sig", newline="") as file:
        hint = _SPREADSHEET_HINT.match(file.readline().rstrip("\r\n")) if line == 1 else None
    if hint:
        line, separators = 2, (hint[1],)
    if layout.separator != "auto":
        separators = (layout.separator,)
    wanted = {tidy_name(name) for name in needed}
    headers = [(sign, _header(source, sign, line)) for sign in separators]
    separator, header = max(
        headers, key=lambda one: (len(wanted & {tidy_name(n) for n in one[1]}), len(one[1]))
    )
    if not any(tidy_name(name) for name in header):
        raise InputError(
            f"line {line} holds no column names; name their line with `header`",
            where=export.name(path),
        )
    return TextFile(source, tuple(header), separator, line)


def _header(source: Path, separator: str, line: int) -> list[str]:
    csv.field_size_limit(sys.maxsize)
    with source.open(encoding="utf-8-sig", newline="") as file:
        for _ in range(line - 1):
            file.readline()
        try:
            return next(csv.reader(file, delimiter=separator, skipinitialspace=True), [])
        except csv.Error:
            return []


def _from_text(backend: Backend, export: Export, path: Path, text: TextFile) -> RawTable:
    name = export.name(path)

    def again() -> RawTable:
        staged = staged_text(text.path, name, text.header, text.separator, text.line)
        return _named(name, (*text.header, FURTHER), backend.read_parquet(str(staged)))

    try:
        rows = backend.read_csv(
            str(text.path),
            auto_detect=False,
            header=True,
            skip=text.line - 1,
            delim=text.separator,
            quote='"',
            escape='"',
            columns={f"c{place}": "VARCHAR" for place in range(len(text.header))},
        )
    except duckdb.Error:
        return again()
    raw = _named(name, text.header, rows.mutate(_malformed=ibis.null("string")))
    return RawTable(raw.name, raw.cells, raw.twice, raw.rows, again)


def _named(name: str, header: Iterable[str], rows: IbisTable) -> RawTable:
    """Table whose cells lie in columns ``c0``, ``c1`` … and typed ones beside them."""
    cells: dict[str, Cells] = {}
    twice: set[str] = set()
    for place, title in enumerate(map(tidy_name, header)):
        if not title:
            continue
        if title in cells:
            twice.add(title)
        typed = {
            kind: rows[f"{kind}{place}"]
            for kind in ("number", "moment", "flag")
            if f"{kind}{place}" in rows.columns
        }
        cells[title] = Cells(cast("StringValue", rows[f"c{place}"]), **typed)
    return RawTable(name, cells, frozenset(twice), rows)


def _from_parquet(backend: Backend, export: Export, path: Path) -> RawTable:
    name = export.name(path)
    try:
        rows = backend.read_parquet(str(export.link(path)))
    except duckdb.Error:
        raise InputError("not a whole Parquet file; export it again", where=name) from None
    renamed = rows.select(**{f"p{place}": rows[old] for place, old in enumerate(rows.columns)})
    held = renamed.mutate(_malformed=ibis.null("string"))
    cells: dict[str, Cells] = {}
    twice: set[str] = set()
    for place, title in enumerate(map(tidy_name, rows.columns)):
        if title in cells:
            twice.add(title)
        cells[title] = _parquet_cells(held[f"p{place}"])
    return RawTable(name, cells, frozenset(twice), held)


def _parquet_cells(column: Value) -> Cells:
    kind = column.type()
    if kind.is_string():
        return Cells(cast("StringValue", column))
    if kind.is_boolean():
        return Cells(column.cast("string"), flag=column)
    if kind.is_date():
        return Cells(column.cast("string"), moment=column.cast("timestamp(6)"))
    if kind.is_timestamp():
        moment = column.cast("timestamp(6)")
        return Cells(moment.cast("string"), moment=moment)
    if kind.is_floating():
        number = ibis.ifelse(column.isnan(), None, column)
        whole = (number.abs() < _WHOLE) & (number == number.floor())
        text = ibis.ifelse(whole, number.try_cast("int64").cast("string"), number.cast("string"))
        return Cells(text, number=number)
    if kind.is_numeric():
        return Cells(column.cast("string"), number=column)
    return Cells(column.cast("string"))
