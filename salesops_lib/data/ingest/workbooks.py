"""Sheets of spreadsheet workbooks."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from salesops_lib.data.ingest.sources import Export

__all__ = ["sheet_names", "sheet_rows", "staged_sheet"]


def staged_sheet(
    path: Path, export: Export, sheet: str | None, header: int
) -> tuple[tuple[str, ...], Path]:
    """Column names of a sheet, and a Parquet copy of its rows.

    Numbers, dates and booleans keep their type in columns of their own beside
    the text, so that they never go through a format. Blank rows are left out.

    Parameters
    ----------
    path : Path
        Workbook.
    export : Export
        The export that it belongs to.
    sheet : str, optional
        Name of the sheet. Default: the only one.
    header : int
        Row that holds the column names, from 1.

    Returns
    -------
    tuple of tuple of str and Path
        Column names; file with the columns ``c0``, ``number0``, ``moment0``,
        ``flag0`` …, ``_row`` and ``_malformed``.

    Raises
    ------
    InputError
        The workbook is damaged, the sheet is not in it or holds no column names.
    """
    name = export.name(path)
    lines = sheet_rows(path, name, sheet)
    titles = [_text(cell) or "" for cell in lines[header - 1]] if len(lines) >= header else []
    if not any(title.strip() for title in titles):
        raise InputError(
            f"row {header} holds no column names; name their row with `header`", where=name
        )
    rows = [row for row in lines[header:] if any(_text(cell) for cell in row)]
    columns: dict[str, pa.Array] = {}
    for place in range(len(titles)):
        columns |= _columns(place, [row[place] for row in rows])
    columns["_row"] = pa.array(range(1, len(rows) + 1), pa.int64())
    columns["_malformed"] = pa.nulls(len(rows), pa.string())
    target = export.work / f"sheet_{len(list(export.work.iterdir()))}.parquet"
    pq.write_table(pa.table(columns), target)
    return tuple(titles), target


def sheet_names(path: Path, name: str) -> list[str]:
    """Names of a workbook's sheets.

    Raises
    ------
    InputError
        The workbook is damaged.
    """
    try:
        return CalamineWorkbook.from_path(str(path)).sheet_names
    except CalamineError:
        raise InputError("not a whole workbook; save it again", where=name) from None


def sheet_rows(path: Path, name: str, sheet: str | None) -> list[list[Any]]:
    """Rows of a sheet from its first one on, all of one length.

    Raises
    ------
    InputError
        The workbook is damaged or the sheet is not in it.
    """
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = book.sheet_names
        if sheet is None and len(names) > 1:
            raise InputError(
                "the workbook has several sheets; name one with `sheet`", where=name, allowed=names
            )
        if sheet is not None and sheet not in names:
            raise InputError(
                f"the workbook has no sheet `{sheet}`", where=name, found=sheet, allowed=names
            )
        chosen: CalamineSheet = book.get_sheet_by_name(sheet or names[0])
        return chosen.to_python(skip_empty_area=False)
    except CalamineError:
        raise InputError("not a whole workbook; save it again", where=name) from None


def _columns(place: int, cells: Sequence[Any]) -> dict[str, pa.Array]:
    columns = {f"c{place}": pa.array([_text(cell) for cell in cells], pa.string())}
    numbers = [cell if _is_number(cell) else None for cell in cells]
    moments = [_moment(cell) for cell in cells]
    flags = [cell if isinstance(cell, bool) else None for cell in cells]
    if any(number is not None for number in numbers):
        columns[f"number{place}"] = pa.array(numbers, pa.float64())
    if any(moment is not None for moment in moments):
        columns[f"moment{place}"] = pa.array(moments, pa.timestamp("us"))
    if any(flag is not None for flag in flags):
        columns[f"flag{place}"] = pa.array(flags, pa.bool_())
    return columns


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _moment(cell: Any) -> dt.datetime | None:
    if isinstance(cell, dt.datetime):
        return cell
    if isinstance(cell, dt.date):
        return dt.datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - the sheet has no zone
    return None


def _text(cell: Any) -> str | None:
    """Cell as a person reads it: no ``.0`` behind a whole number, ISO dates."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    if isinstance(cell, dt.date | dt.datetime | dt.time):
        return cell.isoformat()
    return str(cell) or None
