"""Text files that are not quite regular, read row by row."""

from __future__ import annotations

import csv
import sys
from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["staged_text"]

_BATCH = 50_000


def staged_text(source: Path, name: str, header: Sequence[str], separator: str, line: int) -> Path:
    """Parquet copy of a text file in which rows may have too few or too many cells.

    Blank lines are left out. A row of another length than the header's is kept,
    with a word on what is wrong with it, so that ingest can quarantine it. Cells
    beyond the header stand in a column of their own.

    Parameters
    ----------
    source : Path
        The text as UTF-8; the copy is written beside it.
    name : str
        How error messages call the file.
    header : sequence of str
        Column names.
    separator : str
        One character.
    line : int
        Line of the header, from 1.

    Returns
    -------
    Path
        File with the columns ``c0``, ``c1`` …, one more for further cells,
        ``_row`` and ``_malformed``.

    Raises
    ------
    InputError
        A quote is never closed, or stands inside a quoted cell: it cannot be
        told where the rows end.
    """
    target = source.with_name(f"{source.stem}_{line}_{ord(separator)}.parquet")
    width = len(header)
    schema = pa.schema(
        [(f"c{place}", pa.string()) for place in range(width + 1)]
        + [("_row", pa.int64()), ("_malformed", pa.string())]
    )
    rows = _rows(source, name, separator, line)
    done = 0
    with pq.ParquetWriter(target, schema) as writer:
        while batch := list(islice(rows, _BATCH)):
            wrong = [_shape(row, width) for row in batch]
            padded = (_padded(row, width, separator) for row in batch)
            columns = [pa.array(column, pa.string()) for column in zip(*padded, strict=True)]
            numbers = pa.array(range(done + 1, done + len(batch) + 1), pa.int64())
            writer.write_table(
                pa.table([*columns, numbers, pa.array(wrong, pa.string())], schema=schema)
            )
            done += len(batch)
    return target


def _rows(source: Path, name: str, separator: str, line: int) -> Iterator[list[str]]:
    csv.field_size_limit(sys.maxsize)
    with source.open(encoding="utf-8-sig", newline="") as file:
        for _ in range(line - 1):
            file.readline()
        reader = csv.reader(file, delimiter=separator, skipinitialspace=True, strict=True)
        start = line
        try:
            for place, row in enumerate(reader):
                if place and row:
                    yield row
                start = line + reader.line_num
        except csv.Error:
            raise InputError(
                "a quote is not closed, or stands inside a quoted cell; "
                "in a quoted cell each quote is written twice",
                where=f"{name}:{start}",
            ) from None


def _padded(row: list[str], width: int, separator: str) -> list[str | None]:
    further = separator.join(row[width:]) or None
    return [*row[:width], *[None] * (width - len(row)), further]


def _shape(row: list[str], width: int) -> str | None:
    if len(row) < width:
        return f"{len(row)} cells where the header has {width}"
    if len(row) > width and any(cell.strip() for cell in row[width:]):
        return f"{len(row)} cells where the header has {width}"
    return None
